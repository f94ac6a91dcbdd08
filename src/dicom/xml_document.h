#pragma once

#include <pugixml.hpp>
#include <string>
#include <string_view>

namespace lucerna::dicom {

/// Error(kInvalidInput): the body is no data set in the Native DICOM Model, and why.
[[noreturn]] void refuse_xml(const std::string& where, const std::string& what);

/// A document as XML 1.0 has it: in UTF-8, UTF-16, UTF-32 or ISO-8859-1, which its first bytes say,
/// else the `charset` of its media type, else its declaration (RFC 7303 3); with one root, of
/// characters that XML allows (2.2) and references to those or to the five entities of 4.6 (those
/// of a document type are not read), no attribute twice in an element.
/// Anything else is refused: a value that is cut or changed may be another's. Values are UTF-8.
[[nodiscard]] pugi::xml_document parsed_xml(std::string_view document,
                                            std::string_view charset = {});

}  // namespace lucerna::dicom
