#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace lucerna::dicom {

/// A data set of the DICOM JSON model (PS3.18 F.2) as an XML document of the Native DICOM Model
/// (PS3.19 A.1). Characters that XML 1.0 has no place for are left out.
[[nodiscard]] std::string to_native_xml(const nlohmann::json& set);

/// The other way. Values of numeric VRs become numbers where they are written as such. Throws
/// Error(kInvalidInput), saying where, for what is no such document, and for sequences more than 32
/// deep.
[[nodiscard]] nlohmann::json from_native_xml(std::string_view document);

}  // namespace lucerna::dicom
