#include "retrieve/wado.h"

#include "retrieve/address.h"
#include "retrieve/bulk_data.h"
#include "retrieve/frames.h"
#include "retrieve/left_out.h"
#include "retrieve/metadata.h"
#include "retrieve/objects.h"
#include "retrieve/rendered.h"
#include "retrieve/rendered_frames.h"
#include "retrieve/rendering_warnings.h"
#include "retrieve/wado_uri.h"

namespace lucerna::retrieve {

void add_wado(http::Router& router, store::Archive& archive, const WadoOptions& options) {
    const auto add = [&](const std::string& pattern, auto serve) {
        router.add("GET", pattern, [&archive, run = options.run, serve](http::Request& request) {
            return serve(request, archive, run);
        });
    };
    // What gives several instances at once.
    const auto add_together = [&, suspects = std::make_shared<Suspects>()](
                                  const std::string& pattern, auto serve) {
        add(pattern,
            [suspects, serve](http::Request& request, store::Archive& of, const RunParts& run) {
                return serve(request, of, run, suspects);
            });
    };
    // What is rendered, saying which of the parameters did nothing.
    const auto warning = [](auto serve) {
        return [serve](http::Request& request, auto&... others) {
            const std::vector<std::string> warnings = rendering_warnings(request);
            http::Response response = serve(request, others...);
            if (response.status < 300)
                for (const std::string& text : warnings) response.headers.add("Warning", text);
            return response;
        };
    };
    const std::string study = std::string(kRoot) + "/studies/{study}";
    const std::string series = study + "/series/{series}";
    const std::string instance = series + "/instances/{instance}";
    for (const std::string& level : {study, series, instance}) {
        add_together(level, objects);
        add_together(level + "/metadata", metadata);
        add_together(level + "/bulkdata", all_bulk_data);
        add_together(level + "/pixeldata", all_pixel_data);
        add(level + "/thumbnail", thumbnail);
    }
    for (const std::string& level : {study, series})
        add_together(level + "/rendered", warning(rendered_together));
    add(instance + "/rendered", warning(rendered));
    add(instance + "/frames/{frames}", frames);
    add(instance + "/frames/{frames}/rendered", warning(rendered_frames));
    add(instance + "/frames/{frames}/thumbnail", thumbnail);
    add(instance + "/bulkdata/{path...}", bulk_data);
    add("/wado", warning(wado_uri));
}

}  // namespace lucerna::retrieve
