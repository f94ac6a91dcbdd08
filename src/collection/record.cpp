#include "collection/record.h"

namespace lucerna::collection {

std::string_view name_of(Pathology pathology) {
    switch (pathology) {
        case Pathology::kBenign:
            return "BENIGN";
        case Pathology::kMalignant:
            return "MALIGNANT";
        case Pathology::kUnknown:
            break;
    }
    return "?";
}

std::optional<Pathology> pathology_from(std::string_view name) {
    for (const Pathology each : {Pathology::kBenign, Pathology::kMalignant, Pathology::kUnknown})
        if (name == name_of(each)) return each;
    return {};
}

std::string breast_key(const ImageRecord& record) {
    return record.exam + (record.view.laterality == exam::Laterality::kRight ? "/R" : "/L");
}

}  // namespace lucerna::collection
