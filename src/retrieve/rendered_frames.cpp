#include "retrieve/rendered_frames.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/frames.h"
#include "http/multipart_writer.h"
#include "retrieve/address.h"
#include "retrieve/frames.h"
#include "retrieve/held_bytes.h"
#include "retrieve/negotiate.h"
#include "retrieve/rendered.h"
#include "retrieve/rendered_document.h"
#include "retrieve/video.h"

namespace lucerna::retrieve {
namespace {

/// Under "BASE/frames/", with the number and "/rendered" behind.
std::string address_of(const std::string& frames, int number) {
    return frames + std::to_string(number) + "/rendered";
}

/// A part for each of the numbers, which are from 1.
http::Response pictures(const http::Request& request, store::Archive& archive,
                        const PictureAsked& asked, const std::vector<int>& numbers,
                        const RunParts& run) {
    std::string variant = "pictures " + asked.type;
    for (const int number : numbers) variant += "," + std::to_string(number);
    for (const auto& [key, value] : request.query.all()) variant += "&" + key + "=" + value;
    const std::string etag = etag_of({asked.row}, variant);
    if (auto same = unmodified(request, etag)) return *std::move(same);
    // All must be there before the first one is sent.
    const auto require_all = [greatest = *std::max_element(numbers.begin(), numbers.end())](
                                 const dicom::DataSet& header) {
        const int count = dicom::frame_count(header);
        if (greatest > count)
            throw Error(ErrorCode::kNotFound, "there is no frame " + std::to_string(greatest) +
                                                  "; the instance has " + std::to_string(count));
    };
    const std::string frames = url_of(asked.row, base_of(request)) + "/frames/";
    const auto object = object_to_draw(archive, asked.row, run, KeptObject::For::kFrames);
    http::Response response = http::multipart_response(
        asked.type,
        [object, asked, numbers, run, require_all, frames,
         at = std::size_t{0}]() mutable -> std::optional<http::Part> {
            if (at == numbers.size()) return std::nullopt;
            const int number = numbers[at++];
            const auto draw = [object, asked, run, require_all, number] {
                return drawn(*object, asked, run, [&](const dicom::DataSet& header) {
                    require_all(header);
                    return number - 1;
                });
            };
            http::Part part{asked.type, address_of(frames, number)};
            HeldBytes::put_into(part, draw(), draw);
            return part;
        });
    set_cache_headers(response, etag);
    return response;
}

}  // namespace

http::Response rendered_frames(http::Request& request, store::Archive& archive,
                               const RunParts& run) {
    const std::vector<int> numbers = parse_frame_list(request.parameter("frames"));
    const store::InstanceRow row = instances_named(request, archive).front();
    const std::string frames = url_of(row, base_of(request)) + "/frames/";
    if (is_document(row))
        throw Error(ErrorCode::kNotFound, "that instance is a document, which has no frames");
    if (is_video(row)) {
        if (numbers != std::vector{1})
            throw Error(ErrorCode::kNotFound, "a video is one stream, which comes as frame 1");
        return rendered_video(request, archive, row, run, address_of(frames, 1));
    }
    const bool are_many = numbers.size() > 1;
    const RenderedWishes wishes(accepted_by(request), are_many ? Count::kMany : Count::kOne);
    const auto type = choose_picture(wishes.types());
    if (!type)
        return not_acceptable(request, std::string(kPicturesThereAre) +
                                           (are_many ? "; several come as multipart/related" : ""));
    PictureAsked asked{.row = row, .options = render_options(request.query), .type = *type};
    try {
        if (are_many) return pictures(request, archive, asked, numbers, run);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kUnsupported) throw;
        return http::refusal(406, "not-acceptable",
                             std::string("it cannot be rendered: ") + error.what(), request.id);
    }
    asked.frame = numbers.front() - 1;
    if (wishes.in_parts(*type)) asked.part = address_of(frames, numbers.front());
    return picture(request, archive, asked, run);
}

}  // namespace lucerna::retrieve
