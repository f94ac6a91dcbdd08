#pragma once

#include <string_view>

namespace lucerna::dicom {

/// Whether objects of this SOP class are stored (PS3.4 B.5): those of the standard's storage
/// branch, present and future, its few storage classes elsewhere, and every private class.
[[nodiscard]] bool is_storage_class(std::string_view sop_class_uid);

}  // namespace lucerna::dicom
