#include "deidentify/own_capture.h"

#include <string>
#include <vector>

#include "deidentify/whose_date.h"
#include "dicom/limits.h"
#include "dicom/uids.h"
#include "exam/standing_sentences.h"

namespace lucerna::deidentify {
namespace {

namespace tags = dicom::tags;

bool says_findings(const dicom::DataSet& object) {
    if (object.value_count(tags::kImageType) > dicom::kMostListedValues) return false;
    const std::vector<std::string> type = object.texts(tags::kImageType);
    return type.size() == 3 && type[2] == exam::kCaptureOfFindings;
}

}  // namespace

bool is_left_out(const dicom::DataSet& object) {
    return is_own_result(object) &&
           object.text_or(tags::kSopClassUid, "") == dicom::sop_class::kSecondaryCapture &&
           !says_findings(object);
}

std::optional<exam::Refusal> refuse_own_capture(const dicom::DataSet& object) {
    if (!is_left_out(object)) return {};
    return exam::Refusal{exam::RefusalReason::kUnreadable,
                         "it is a capture that may say in its picture what the header of an image "
                         "said, as of one that was not read",
                         dicom::describe(tags::kImageType),
                         "leave it out",
                         "",
                         ""};
}

}  // namespace lucerna::deidentify
