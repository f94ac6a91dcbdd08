#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "http/media_type.h"
#include "http/message.h"
#include "retrieve/negotiate.h"
#include "retrieve/workitem.h"

namespace lucerna::retrieve {

/// How work items come and go (PS3.18 11.1.3): application/dicom+json unless something else is
/// preferred; multipart/related of application/dicom+xml, and that by itself for one item.
struct WorkitemForm {
    enum class Kind { kJson, kXml, kXmlParts };
    Kind kind = Kind::kJson;
    std::string content_type;
};

/// The first of `accepted` that there is. Empty: none of it is acceptable.
[[nodiscard]] std::optional<WorkitemForm> choose_form(std::span<const http::MediaRange> accepted,
                                                      Count count);
/// For the 406.
inline constexpr const char* kWorkitemForms =
    "application/dicom+json, multipart/related; type=\"application/dicom+xml\"";

/// Items are DICOM JSON. Of none at all in XML, 204.
[[nodiscard]] http::Response in_form(const WorkitemForm& form, std::vector<std::string> items);

/// 415 where a body comes in another form.
[[nodiscard]] std::optional<http::Response> refusal_of_form(const http::Request& request);
enum class EmptyBody { kIsRefused, kIsEmptySet };
/// The one data set in the body, by its Content-Type; JSON without one. Throws Error(kInvalidInput)
/// for what is none.
[[nodiscard]] Json data_set_in(http::Request& request, EmptyBody empty = EmptyBody::kIsRefused);

}  // namespace lucerna::retrieve
