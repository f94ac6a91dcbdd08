#include "retrieve/wado.h"

#include "retrieve/address.h"
#include "retrieve/bulk_data.h"
#include "retrieve/frames.h"
#include "retrieve/metadata.h"
#include "retrieve/objects.h"
#include "retrieve/rendered.h"
#include "retrieve/wado_uri.h"

namespace lucerna::retrieve {

void add_wado(http::Router& router, store::Archive& archive, const WadoOptions& options) {
    const auto add = [&](const std::string& pattern, auto serve) {
        router.add("GET", pattern, [&archive, run = options.run, serve](http::Request& request) {
            return serve(request, archive, run);
        });
    };
    const std::string study = std::string(kRoot) + "/studies/{study}";
    const std::string series = study + "/series/{series}";
    const std::string instance = series + "/instances/{instance}";
    for (const std::string& level : {study, series, instance}) {
        add(level, objects);
        add(level + "/metadata", metadata);
        add(level + "/thumbnail", thumbnail);
        add(level + "/bulkdata", all_bulk_data);
        add(level + "/pixeldata", all_pixel_data);
    }
    for (const std::string& level : {study, series}) add(level + "/rendered", rendered_together);
    add(instance + "/rendered", rendered);
    add(instance + "/frames/{frames}", frames);
    add(instance + "/frames/{frames}/rendered", rendered);
    add(instance + "/frames/{frames}/thumbnail", thumbnail);
    add(instance + "/bulkdata/{path...}", bulk_data);
    add("/wado", wado_uri);
}

}  // namespace lucerna::retrieve
