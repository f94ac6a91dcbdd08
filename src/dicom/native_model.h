#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace lucerna::dicom {

/// A data set of the DICOM JSON model (PS3.18 F.2) as an XML document of the Native DICOM Model
/// (PS3.19 A.1). Characters that XML 1.0 has no place for are left out. A private data element
/// names its creator instead of its block.
[[nodiscard]] std::string to_native_xml(const nlohmann::json& set);

/// The other way. Values of numeric VRs become numbers where they are written as such, and private
/// data elements come into the block of their creator. Throws Error(kInvalidInput), saying where,
/// for what is no such document, for sequences more than 32 deep and for more than half a million
/// elements and attributes of XML.
[[nodiscard]] nlohmann::json from_native_xml(std::string_view document);

}  // namespace lucerna::dicom
