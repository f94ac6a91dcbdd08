#pragma once

#include <string_view>

namespace lucerna::dicom {

/// Whether objects of this SOP class are stored (PS3.4 B.5): those of the standard's storage
/// branch, present and future, its few storage classes elsewhere, and every private class; but none
/// that belongs to no patient.
[[nodiscard]] bool is_storage_class(std::string_view sop_class_uid);
/// Of Non-Patient Object Storage (PS3.4 GG): its objects have no patient, study or series, by which
/// all that is kept is sealed, found and erased.
[[nodiscard]] bool is_of_no_patient(std::string_view sop_class_uid);

}  // namespace lucerna::dicom
