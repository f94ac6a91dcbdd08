#include "deidentify/whose_date.h"

#include <algorithm>
#include <iterator>

#include "deidentify/values.h"

namespace lucerna::deidentify {
namespace {

using dicom::Tag;
namespace tags = dicom::tags;

struct Row {
    Tag tag;
    WhoseDate whose;
};

/// Of the dates and times of Table E.1-1 and of the dictionary those that are not the patient's.
constexpr Row kRows[] = {
    {{0x0008, 0x0015}, WhoseDate::kOthers},     // Instance Coercion DateTime
    {{0x0008, 0x0106}, WhoseDate::kPublished},  // Context Group Version
    {{0x0008, 0x0107}, WhoseDate::kPublished},  // Context Group Local Version
    {{0x0008, 0x0404}, WhoseDate::kOthers},     // Item Inventory DateTime
    {{0x0008, 0x0416}, WhoseDate::kOthers},     // Expiration DateTime, of an inventory's access
    {{0x0008, 0x041F}, WhoseDate::kOthers},     // Study Update DateTime
    {{0x0012, 0x0086}, WhoseDate::kOthers},     // Ethics Committee Approval ... Start Date
    {{0x0012, 0x0087}, WhoseDate::kOthers},     // Ethics Committee Approval ... End Date
    {{0x0014, 0x1020}, WhoseDate::kOthers},     // Expiry Date
    {{0x0014, 0x3076}, WhoseDate::kOthers},     // Date of Gain Calibration
    {{0x0014, 0x3077}, WhoseDate::kOthers},     // Time of Gain Calibration
    {{0x0014, 0x4076}, WhoseDate::kOthers},     // Procedure Creation Date
    {{0x0014, 0x4078}, WhoseDate::kOthers},     // Procedure Expiration Date
    {{0x0014, 0x407A}, WhoseDate::kOthers},     // Procedure Last Modified Date
    {{0x0014, 0x407C}, WhoseDate::kOthers},     // Calibration Time
    {{0x0014, 0x407E}, WhoseDate::kOthers},     // Calibration Date
    {{0x0018, 0x1200}, WhoseDate::kOthers},     // Date of Last Calibration
    {{0x0018, 0x1201}, WhoseDate::kOthers},     // Time of Last Calibration
    {{0x0018, 0x1202}, WhoseDate::kOthers},     // DateTime of Last Calibration
    {{0x0018, 0x1203}, WhoseDate::kOthers},     // Calibration DateTime
    {{0x0018, 0x1204}, WhoseDate::kOthers},     // Date of Manufacture
    {{0x0018, 0x1205}, WhoseDate::kOthers},     // Date of Installation
    {{0x0018, 0x700C}, WhoseDate::kOthers},     // Date of Last Detector Calibration
    {{0x0018, 0x700E}, WhoseDate::kOthers},     // Time of Last Detector Calibration
    {{0x0018, 0xA002}, WhoseDate::kOthers},     // Contribution DateTime
    {{0x0040, 0xDB06}, WhoseDate::kPublished},  // Template Version
    {{0x0040, 0xDB07}, WhoseDate::kPublished},  // Template Local Version
    {{0x0044, 0x0004}, WhoseDate::kOthers},     // Approval Status DateTime
    {{0x0044, 0x000B}, WhoseDate::kOthers},     // Product Expiration DateTime
    {{0x0044, 0x0104}, WhoseDate::kOthers},     // Assertion DateTime
    {{0x0044, 0x0105}, WhoseDate::kOthers},     // Assertion Expiration DateTime
    {{0x0068, 0x6226}, WhoseDate::kOthers},     // Effective DateTime, of an implant's template
    {{0x0068, 0x6270}, WhoseDate::kOthers},     // Information Issue DateTime
    {{0x0072, 0x000A}, WhoseDate::kOthers},     // Hanging Protocol Creation DateTime
    {{0x0072, 0x0061}, WhoseDate::kOthers},     // Selector DA Value
    {{0x0072, 0x0063}, WhoseDate::kOthers},     // Selector DT Value
    {{0x0072, 0x006B}, WhoseDate::kOthers},     // Selector TM Value
    {{0x0100, 0x0420}, WhoseDate::kOthers},     // SOP Authorization DateTime
    {{0x0400, 0x0105}, WhoseDate::kOthers},     // Digital Signature DateTime
    {{0x0400, 0x0562}, WhoseDate::kOthers},     // Attribute Modification DateTime
    {{0x300A, 0x022C}, WhoseDate::kOthers},     // Source Strength Reference Date
    {{0x300A, 0x022E}, WhoseDate::kOthers},     // Source Strength Reference Time
};

}  // namespace

WhoseDate whose_date(Tag tag) {
    const auto* const found = std::find_if(std::begin(kRows), std::end(kRows),
                                           [&](const Row& row) { return row.tag == tag; });
    return found == std::end(kRows) ? WhoseDate::kPatients : found->whose;
}

bool is_own_result(const dicom::DataSet& object) {
    return object.text_or(tags::kManufacturer, "") == "Lucerna" &&
           object.text_or(tags::kManufacturerModelName, "") == "Lucerna";
}

std::string no_later_than(std::string_view day, const std::string& value) {
    if (!shifted_date(day, 0)) return "";
    std::string digits = value.substr(0, 10);
    std::erase(digits, '.');
    const std::size_t compared = std::min(digits.size(), day.size());
    return digits.substr(0, compared) > day.substr(0, compared) ? std::string(day) : value;
}

}  // namespace lucerna::deidentify
