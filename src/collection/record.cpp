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

}  // namespace lucerna::collection
