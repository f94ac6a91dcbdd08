#include "store/exam_kinds.h"

#include <algorithm>
#include <span>

#include "dicom/uids.h"

namespace lucerna::store {
namespace {

struct ExamKind {
    std::string_view modality;
    std::span<const std::string_view> sop_classes;
};

// Those too that no model reads yet: whoever sends one is told so. What digitised film, computed
// radiography and older tomosynthesis are stored as is known by the modality alone.
constexpr std::string_view kMammograms[] = {
    dicom::sop_class::kDigitalMammographyForPresentation,
    dicom::sop_class::kDigitalMammographyForProcessing,
    dicom::sop_class::kBreastTomosynthesis,
    dicom::sop_class::kBreastProjectionForPresentation,
    dicom::sop_class::kBreastProjectionForProcessing,
};

constexpr ExamKind kExamKinds[] = {{"MG", kMammograms}};

}  // namespace

bool is_of_an_exam(std::string_view sop_class_uid, std::string_view modality) {
    return std::any_of(std::begin(kExamKinds), std::end(kExamKinds), [&](const ExamKind& kind) {
        const auto& classes = kind.sop_classes;
        return kind.modality == modality ||
               std::find(classes.begin(), classes.end(), sop_class_uid) != classes.end();
    });
}

}  // namespace lucerna::store
