#include "retrieve/deletion.h"

#include "base/error.h"
#include "retrieve/address.h"

namespace lucerna::retrieve {
namespace {

std::string parameter_or_empty(const http::Request& request, std::string_view name) {
    return request.parameters.contains(name) ? request.parameter(name) : std::string();
}

http::Response erased(const http::Request& request, store::Archive& archive) {
    // Refuses what there is not.
    (void)instances_named(request, archive);
    const std::string& study = request.parameter("study");
    const std::string series = parameter_or_empty(request, "series");
    const std::string by = request.principal.empty() ? "anonymous" : request.principal;
    const std::size_t instances =
        series.empty()
            ? archive.erase_study(study, by)
            : archive.erase_part({study, series, parameter_or_empty(request, "instance")}, by);
    if (instances == 0) throw Error(ErrorCode::kNotFound, "somebody else was faster: it is gone");
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
