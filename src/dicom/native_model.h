#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace lucerna::dicom {

/// A data set of the DICOM JSON model (PS3.18 F.2) as an XML document of the Native DICOM Model
/// (PS3.19 A.1). Characters that XML 1.0 has no place for are left out. A private data element
/// names its creator instead of its block.
[[nodiscard]] std::string to_native_xml(const nlohmann::json& set);
/// For who writes such a document piece by piece: what stands before its attributes and behind
/// them, and those of a set, as they stand there or in an item.
[[nodiscard]] std::string native_xml_begin();
[[nodiscard]] std::string native_xml_end();
[[nodiscard]] std::string native_xml_attributes(const nlohmann::json& set);

/// What becomes of the values of numeric VRs that are written as numbers.
enum class XmlNumbers {
    kNumbers,
    kTexts,  ///< letter for letter: "1.50" (DS) says more than 1.5
};
/// The other way; `charset` is what the document's media type says. Private data elements come into
/// the block of their creator. Throws Error(kInvalidInput), saying where, for what is no such
/// document, for sequences more than 32 deep and for more than half a million elements and
/// attributes of XML.
[[nodiscard]] nlohmann::json from_native_xml(std::string_view document,
                                             XmlNumbers numbers = XmlNumbers::kNumbers,
                                             std::string_view charset = {});

}  // namespace lucerna::dicom
