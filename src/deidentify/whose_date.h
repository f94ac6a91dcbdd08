#pragma once

#include <string>
#include <string_view>

#include "dicom/data_set.h"

namespace lucerna::deidentify {

/// Whom a date or time tells of. A day that somebody knows from elsewhere, or that many patients
/// have in common, would give away by how much a patient's dates move if it moved with them.
enum class WhoseDate {
    kPatients,   ///< moves with the patient's (PS3.15 E.3.6)
    kPublished,  ///< of a table or template that anybody can look up: stays as it is
    kOthers,     ///< of a device, product, approval or archive: as without the option
};
[[nodiscard]] WhoseDate whose_date(dicom::Tag tag);

/// Whether this program made the object: on the day of its reading, which is that of its sending,
/// and no day of the patient's.
[[nodiscard]] bool is_own_result(const dicom::DataSet& object);

/// `value` of VR DA or DT, and `day` (YYYYMMDD) where it is of a later one; empty without a day.
[[nodiscard]] std::string no_later_than(std::string_view day, const std::string& value);

}  // namespace lucerna::deidentify
