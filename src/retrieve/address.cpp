#include "retrieve/address.h"

#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "dicom/uids.h"
#include "http/conditions.h"
#include "store/instance_revision.h"

namespace lucerna::retrieve {
namespace {

/// The front of an entity tag, which is the same for every representation of these instances. Of
/// one it is its revision, as the page knows it.
std::string state_of(const std::vector<store::InstanceRow>& rows) {
    if (rows.size() == 1) return "\"" + store::revision_of(rows.front()) + "-";
    std::string all;
    for (const store::InstanceRow& row : rows) all += store::revision_of(row);
    return "\"" + sha256(as_byte_view(all)).substr(0, 32) + "-";
}

}  // namespace

std::string base_of(const http::Request& request) {
    return request.origin + std::string(kRoot);
}

const std::string& uid_of(const http::Request& request, std::string_view name) {
    const std::string& uid = request.parameter(name);
    if (!dicom::is_valid_uid(uid))
        throw Error(ErrorCode::kInvalidInput,
                    "the " + std::string(name) + " in the address is not a UID (PS3.5 9.1)");
    return uid;
}

std::vector<store::InstanceRow> instances_named(const http::Request& request,
                                                store::Archive& archive) {
    const std::string& study = uid_of(request, "study");
    const bool one_series = request.parameters.contains("series");
    const std::string series = one_series ? uid_of(request, "series") : std::string();
    if (request.parameters.contains("instance")) {
        auto row = archive.instance(uid_of(request, "instance"));
        if (!row || row->study_instance_uid != study || row->series_instance_uid != series)
            throw Error(ErrorCode::kNotFound, "there is no such instance in that series");
        return {std::move(*row)};
    }
    std::vector<store::InstanceRow> rows = archive.instances_of(study);
    if (rows.empty()) throw Error(ErrorCode::kNotFound, "there is no such study");
    if (one_series)
        std::erase_if(rows, [&](const auto& row) { return row.series_instance_uid != series; });
    if (rows.empty()) throw Error(ErrorCode::kNotFound, "there is no such series in that study");
    return rows;
}

std::string url_of(const store::InstanceRow& row, std::string_view base) {
    return std::string(base) + "/studies/" + row.study_instance_uid + "/series/" +
           row.series_instance_uid + "/instances/" + row.sop_instance_uid;
}

std::string etag_of(const std::vector<store::InstanceRow>& rows, std::string_view variant) {
    return state_of(rows) + sha256(as_byte_view(variant)).substr(0, 32) + "\"";
}

bool is_of(std::string_view etag, const std::vector<store::InstanceRow>& rows) {
    return etag.starts_with(state_of(rows));
}

void set_cache_headers(http::Response& response, std::string_view etag) {
    response.headers.set("ETag", etag);
    // Proxies that compress take the other one away.
    response.headers.set("X-Lucerna-ETag", etag);
    response.headers.set("Cache-Control", "private, no-cache");
    response.headers.add("Vary", "Accept, Authorization");
}

std::optional<http::Response> unmodified(const http::Request& request, std::string_view etag) {
    if (!http::has_already(request, etag)) return {};
    http::Response whole;
    set_cache_headers(whole, etag);
    return http::not_modified(whole.headers);
}

void warn_of_remaining(http::Response& response, std::string_view base, std::size_t remaining) {
    if (remaining == 0) return;
    const std::string how_many = remaining > kMostCounted
                                     ? "more than " + std::to_string(kMostCounted)
                                     : std::to_string(remaining);
    // As the standard spells it, without the quotes of RFC 7234: clients look for these words.
    response.headers.add("Warning", "299 " + std::string(base) + ": There are " + how_many +
                                        " additional results that can be requested");
}

http::Response not_acceptable(const http::Request& request, std::string_view available) {
    return http::refusal(
        406, "not-acceptable",
        "nothing that Accept asks for can be given; there is " + std::string(available),
        request.id);
}

}  // namespace lucerna::retrieve
