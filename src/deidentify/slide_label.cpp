#include "deidentify/slide_label.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/limits.h"
#include "dicom/uids.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
namespace tags = dicom::tags;

constexpr Tag kSpecimenLabelInImage{0x0048, 0x0010};
constexpr Tag kWholeSlideMicroscopyImageFrameTypeSequence{0x0040, 0x0710};
constexpr Tag kFrameType{0x0008, 0x9007};

/// In capitals, as a code string is meant to be.
bool is(std::string_view value, std::string_view wanted) {
    return std::equal(value.begin(), value.end(), wanted.begin(), wanted.end(), [](char a, char b) {
        return std::toupper(static_cast<unsigned char>(a)) == b;
    });
}

/// Any of the values. Of too many to be listed nobody knows.
bool has(const DataSet& data, Tag type, std::string_view wanted) {
    if (data.value_count(type) > dicom::kMostListedValues) return true;
    const std::vector<std::string> values = data.texts(type);
    return std::any_of(values.begin(), values.end(),
                       [&](const std::string& value) { return is(value, wanted); });
}

/// Where the object says so of itself, or of a frame.
std::optional<Tag> type_that_is(const DataSet& object, std::string_view wanted) {
    if (has(object, tags::kImageType, wanted)) return tags::kImageType;
    for (const Tag groups :
         {tags::kSharedFunctionalGroupsSequence, tags::kPerFrameFunctionalGroupsSequence})
        for (const DataSet& group : object.items(groups))
            for (const DataSet& type : group.items(kWholeSlideMicroscopyImageFrameTypeSequence))
                if (has(type, kFrameType, wanted)) return kFrameType;
    return {};
}

/// An OVERVIEW of something else has no label in it.
bool is_of_a_slide(const DataSet& object) {
    return is(object.text_or(tags::kModality, ""), "SM") ||
           object.text_or(tags::kSopClassUid, "") == dicom::sop_class::kWholeSlideMicroscopy;
}

exam::Refusal refused(std::string what, Tag where) {
    return {exam::RefusalReason::kUnreadable,
            std::move(what),
            dicom::describe(where),
            "leave it out",
            "",
            ""};
}

}  // namespace

std::optional<exam::Refusal> refuse_slide_label(const DataSet& object) {
    const std::string label = object.text_or(kSpecimenLabelInImage, "");
    if (is(label, "YES"))
        return refused("the object says that a specimen's label is in its picture",
                       kSpecimenLabelInImage);
    if (const auto where = type_that_is(object, "LABEL"))
        return refused("it is a picture of a specimen's label", *where);
    if (is(label, "NO") || !is_of_a_slide(object)) return {};
    if (const auto where = type_that_is(object, "OVERVIEW"))
        return refused(
            "it is an overview, and does not say that it is without the specimen's label", *where);
    return {};
}

}  // namespace lucerna::deidentify
