#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "store/archive.h"

namespace lucerna::retrieve {

constexpr std::string_view kRoot = "/dicom-web";

/// The address of the DICOMweb service, as the client sees it, without a slash at its end.
[[nodiscard]] std::string base_of(const http::Request& request);

/// A path parameter that must be a UID. Throws Error(kInvalidInput) if it is none.
[[nodiscard]] const std::string& uid_of(const http::Request& request, std::string_view name);

/// Which instances a request's {study}, {series} and {instance} name, as far as its route has them.
/// Throws Error: kInvalidInput (no UID), kNotFound (there are none).
[[nodiscard]] std::vector<store::InstanceRow> instances_named(const http::Request& request,
                                                              store::Archive& archive);

/// "BASE/studies/.../series/.../instances/..." of one instance.
[[nodiscard]] std::string url_of(const store::InstanceRow& row, std::string_view base);

/// A quoted entity tag that changes when any of these instances does, or `variant`: the
/// representation that was asked for. Of one instance it begins with store::revision_of and "-".
[[nodiscard]] std::string etag_of(const std::vector<store::InstanceRow>& rows,
                                  std::string_view variant);

/// Whether etag_of may have given `etag` of these instances, whatever the representation.
[[nodiscard]] bool is_of(std::string_view etag, const std::vector<store::InstanceRow>& rows);

/// Sets ETag, X-Lucerna-ETag, Cache-Control and Vary: only the client's own cache may keep what is
/// about a person, and must ask again each time whether he still may see it, and it is still so.
void set_cache_headers(http::Response& response, std::string_view etag);

/// 304 where the client has what `etag` names already, with what set_cache_headers sets.
[[nodiscard]] std::optional<http::Response> unmodified(const http::Request& request,
                                                       std::string_view etag);

/// Beyond so many it says no number: to count all would cost more than the search.
inline constexpr std::size_t kMostCounted = 1'000;
/// The Warning that more results can be requested, how many, if any are `remaining` (PS3.18
/// 8.3.4.4.1). `base` is the service's address.
void warn_of_remaining(http::Response& response, std::string_view base, std::size_t remaining);

/// 406, with what there is.
[[nodiscard]] http::Response not_acceptable(const http::Request& request,
                                            std::string_view available);

}  // namespace lucerna::retrieve
