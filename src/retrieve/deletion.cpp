#include "retrieve/deletion.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/conditions.h"
#include "retrieve/address.h"

namespace lucerna::retrieve {
namespace {

std::string parameter_or_empty(const http::Request& request, std::string_view name) {
    return request.parameters.contains(name) ? request.parameter(name) : std::string();
}

/// Whichever representation of it the client has seen.
bool are_met(const http::Request& request, const std::vector<store::InstanceRow>& rows) {
    return http::conditions_of(request, [&](std::string_view tag) { return is_of(tag, rows); }) ==
           http::Conditions::kMet;
}

/// They would not be by whatever there is.
bool need_a_tag(const http::Request& request) {
    return http::conditions_of(request, [](std::string_view) { return false; }) !=
           http::Conditions::kMet;
}

std::size_t erase(const http::Request& request, store::Archive& archive,
                  const store::AsSeen& as_seen) {
    const std::string& study = request.parameter("study");
    const std::string series = parameter_or_empty(request, "series");
    const std::string by = request.principal.empty() ? "anonymous" : request.principal;
    if (series.empty()) return archive.erase_study(study, by, as_seen);
    return archive.erase_part({study, series, parameter_or_empty(request, "instance")}, by,
                              as_seen);
}

/// Throws Error: kNotFound where there is none, and nothing lies there any more of what there was:
/// an erasure that was broken off took it out of the index at once, and its key and objects stay
/// until it is finished; kUnavailable where that cannot be yet.
store::AsSeen rows_of(const http::Request& request, store::Archive& archive) {
    try {
        return instances_named(request, archive);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kNotFound) archive.finish_erasures();
        throw;
    }
}

http::Response erased(const http::Request& request, store::Archive& archive) {
    const store::AsSeen rows = rows_of(request, archive);
    if (!are_met(request, *rows)) return http::precondition_failed(request.id);
    try {
        if (erase(request, archive, need_a_tag(request) ? rows : std::nullopt) == 0)
            throw Error(ErrorCode::kNotFound, "somebody else was faster: it is gone");
    } catch (const Error& error) {
        // Something may have come between the two.
        if (error.code() != ErrorCode::kConflict ||
            are_met(request, instances_named(request, archive)))
            throw;
        return http::precondition_failed(request.id);
    }
    return http::Response::empty();
}

}  // namespace

void add_deletion(http::Router& router, store::Archive& archive) {
    const std::string study = std::string(kRoot) + "/studies/{study}";
    const std::string series = study + "/series/{series}";
    for (const std::string& level : {study, series, series + "/instances/{instance}"})
        router.add(
            "DELETE", level,
            [&archive](http::Request& request) { return erased(request, archive); },
            http::Access::kDelete);
}

}  // namespace lucerna::retrieve
