#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "http/message.h"
#include "retrieve/negotiate.h"

namespace lucerna::retrieve {

inline constexpr const char* kDicomJson = "application/dicom+json";
inline constexpr const char* kPlainJson = "application/json";
inline constexpr const char* kDicomXml = "application/dicom+xml";

/// How data sets without pixels come and go (PS3.18 8.7.3.2): application/dicom+json unless
/// something else is preferred; multipart/related of application/dicom+xml, and that by itself for
/// one.
struct DataSetForm {
    enum class Kind { kJson, kXml, kXmlParts };
    Kind kind = Kind::kJson;
    std::string content_type;
};

/// The first of `accepted` that there is. Empty: none of it is acceptable.
[[nodiscard]] std::optional<DataSetForm> choose_form(std::span<const http::MediaRange> accepted,
                                                     Count count);
/// For the 406.
inline constexpr const char* kDataSetForms =
    "application/dicom+json, multipart/related; type=\"application/dicom+xml\"";

/// Items are DICOM JSON. Of none at all in XML, 204.
[[nodiscard]] http::Response in_form(const DataSetForm& form, std::vector<std::string> items);

/// multipart/related, streamed: `next` gives an item in DICOM JSON, and nothing at the end.
[[nodiscard]] http::Response xml_parts(std::function<std::optional<std::string>()> next);

}  // namespace lucerna::retrieve
