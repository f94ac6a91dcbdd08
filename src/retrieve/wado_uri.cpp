#include "retrieve/wado_uri.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/split.h"
#include "dicom/uids.h"
#include "retrieve/address.h"
#include "retrieve/frames.h"
#include "retrieve/negotiate.h"
#include "retrieve/objects.h"
#include "retrieve/rendered.h"
#include "retrieve/rendered_document.h"
#include "store/matching.h"

namespace lucerna::retrieve {
namespace {

constexpr std::array<std::string_view, 4> kTypes = {"image/jpeg", "image/png", "image/gif",
                                                    "application/dicom"};
constexpr std::array<std::string_view, 1> kObject = {"application/dicom"};

store::InstanceRow row_named(const http::Request& request, store::Archive& archive) {
    for (const char* name : {"studyUID", "seriesUID", "objectUID"})
        if (!dicom::is_valid_uid(request.query.get_or(name, "")))
            throw Error(ErrorCode::kInvalidInput,
                        std::string(name) + " is missing or not a UID (PS3.5 9.1)");
    auto row = archive.instance(request.query.get_or("objectUID", ""));
    if (!row || row->study_instance_uid != request.query.get("studyUID") ||
        row->series_instance_uid != request.query.get("seriesUID"))
        throw Error(ErrorCode::kNotFound, "there is no such instance in that series");
    return *row;
}

/// The parameters of WADO-URI under the names that WADO-RS has for them.
http::Query as_rendered(const http::Query& query) {
    http::Query renamed;
    if (query.has("windowCenter") != query.has("windowWidth"))
        throw Error(ErrorCode::kInvalidInput, "windowCenter and windowWidth come together");
    if (query.has("windowCenter"))
        renamed.add("window",
                    query.get_or("windowCenter", "") + "," + query.get_or("windowWidth", ""));
    if (query.has("rows") || query.has("columns"))
        renamed.add("viewport",
                    query.get_or("columns", "65535") + "," + query.get_or("rows", "65535"));
    if (const auto quality = query.get("imageQuality")) renamed.add("quality", *quality);
    return renamed;
}

/// A part of the picture, by its corners from 0 to 1 (PS3.18 9.1.2.3.4); whole pixels, of which
/// there is one at least.
dicom::SourceRegion region_asked(std::string_view text, const store::InstanceRow& row) {
    std::vector<double> corners;
    for (const std::string_view part : split(text, ",")) {
        const std::string_view number = store::trimmed(part);
        double corner = -1;
        const auto [end, error] =
            std::from_chars(number.data(), number.data() + number.size(), corner);
        const bool is_corner = error == std::errc() && end == number.data() + number.size() &&
                               corner >= 0 && corner <= 1;
        corners.push_back(is_corner ? corner : -1);
    }
    if (corners.size() != 4 || corners[0] < 0 || corners[1] < 0 || corners[0] >= corners[2] ||
        corners[1] >= corners[3])
        throw Error(ErrorCode::kInvalidInput,
                    "region is xmin,ymin,xmax,ymax, from 0 to 1, each maximum beyond its minimum");
    const auto span = [](double from, double to, int pixels, int& first, int& count) {
        first = std::min(static_cast<int>(from * pixels), pixels - 1);
        count = std::max(static_cast<int>(std::ceil(to * pixels)) - first, 1);
    };
    dicom::SourceRegion region;
    span(corners[0], corners[2], row.columns, region.left, region.width);
    span(corners[1], corners[3], row.rows, region.top, region.height);
    return region;
}

/// What would be another picture without it.
void refuse_presentation_states(const http::Request& request) {
    for (const char* name : {"presentationUID", "presentationSeriesUID"})
        if (request.query.has(name))
            throw Error(ErrorCode::kUnsupported,
                        std::string(name) + ": presentation states are not applied here");
}

/// frameNumber, from 1; the first where it is left out. Throws Error(kInvalidInput) as
/// PS3.18 9.5.2 has it: of what is no picture, for several values, and for what is no frame of it.
/// There it is for multi-frame images alone; clients name the one frame of others as well.
int frame_asked(const http::Request& request, const store::InstanceRow& row) {
    const std::size_t values = request.query.get_all("frameNumber").size();
    if (values == 0) return 1;
    if (row.number_of_frames < 1 && row.rows < 1)
        throw Error(ErrorCode::kInvalidInput, "frameNumber is for images; that is none");
    if (values > 1) throw Error(ErrorCode::kInvalidInput, "frameNumber is one number");
    const auto frames = static_cast<std::size_t>(std::max(1, row.number_of_frames));
    return static_cast<int>(request.query.number_or("frameNumber", 1, 1, frames));
}

http::Response object(const http::Request& request, store::Archive& archive,
                      const store::InstanceRow& row, const RunParts& run) {
    http::MediaRange wanted{{"application/dicom", {}}, 1};
    if (const auto syntax = request.query.get("transferSyntax"))
        wanted.media.parameters["transfer-syntax"] = *syntax;
    const auto chosen = choose_object(std::span(&wanted, 1), row.transfer_syntax_uid, Count::kOne,
                                      encodable_pixels_of(archive, row));
    if (!chosen)
        return not_acceptable(request,
                              "application/dicom in transfer syntax " + row.transfer_syntax_uid);
    http::Response response =
        one_object(request, archive, {row, *chosen}, std::span(&wanted, 1), run);
    // The type of WADO-URI has no parameters.
    if (response.status < 300) response.headers.set("Content-Type", "application/dicom");
    return response;
}

}  // namespace

http::Response wado_uri(http::Request& request, store::Archive& archive, const RunParts& run) {
    if (request.query.get("requestType") != "WADO")
        throw Error(ErrorCode::kInvalidInput, "requestType must be WADO");
    if (const auto anonymize = request.query.get("anonymize")) {
        if (*anonymize != "yes")
            throw Error(ErrorCode::kInvalidInput, "anonymize must be yes, or not there at all");
        throw Error(ErrorCode::kUnsupported,
                    "nothing is anonymized here on the way out; lucerna export, and destinations "
                    "that are told to, de-identify");
    }
    const store::InstanceRow row = row_named(request, archive);
    // A request's own line in the log has no query.
    log_event(LogLevel::kInfo, "retrieve.by-uri",
              {{"request", request.id},
               {"studies", row.study_instance_uid},
               {"object", row.sop_instance_uid}});
    const bool is_picture = row.number_of_frames > 0 || row.rows > 0;
    const std::string fallback =
        is_picture ? "image/jpeg" : (is_document(row) ? "*/*" : "application/dicom");
    auto asked = http::parse_accept(request.query.get_or("contentType", fallback));
    // Only RESTful services have parts (PS3.18 8.7).
    std::erase_if(asked, [](const auto& one) { return one.media.type.starts_with("multipart/"); });
    if (is_document(row) && !asked.empty() &&
        (asked.front().media.type == "*/*" || !http::choose(asked, kObject))) {
        (void)frame_asked(request, row);
        return rendered_document(request, archive, row, {asked, Count::kOne}, "", run);
    }
    const auto type = http::choose(asked, kTypes);
    if (!type)
        return not_acceptable(request, "application/dicom, image/jpeg, image/png and image/gif");
    if (*type == kObject.front()) return object(request, archive, row, run);
    refuse_presentation_states(request);
    dicom::RenderOptions options = render_options(as_rendered(request.query));
    if (const auto region = request.query.get("region"); region && row.rows > 0 && row.columns > 0)
        options.region = region_asked(*region, row);
    // Rows and columns are bounds here (PS3.18 9.1.2.3.1).
    options.enlarged = false;
    const int frame = frame_asked(request, row);
    return picture(request, archive,
                   {.row = row, .frame = frame - 1, .options = options, .type = *type}, run);
}

}  // namespace lucerna::retrieve
