#include "retrieve/rendered.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/decoding_memory.h"
#include "dicom/framed_object.h"
#include "dicom/frames.h"
#include "dicom/picture8.h"
#include "dicom/shown_range.h"
#include "dicom/tags.h"
#include "dicom/viewport.h"
#include "http/multipart_writer.h"
#include "http/range.h"
#include "retrieve/address.h"
#include "retrieve/frames.h"
#include "retrieve/held_bytes.h"
#include "retrieve/held_rows.h"
#include "retrieve/kept_object.h"
#include "retrieve/left_out.h"
#include "retrieve/negotiate.h"
#include "retrieve/rendered_document.h"
#include "retrieve/video.h"

namespace lucerna::retrieve {
namespace {

constexpr dicom::Tag kRepresentativeFrameNumber{0x0028, 0x6010};
constexpr int kThumbnailSize = 256;
constexpr int kLargestSide = 65'535;

struct PictureType {
    std::string_view media_type;
    Bytes (*encode)(const dicom::PictureRows& picture, int quality, const RunParts& run);
    /// Of decoding_memory().
    std::size_t (*most_bytes)(const dicom::Picture8& size, int quality);
};

// PS3.18 Table 8.7.4-1, the default first.
constexpr std::array<PictureType, 3> kPictures{{
    {"image/jpeg", dicom::encode_jpeg_rows,
     [](const dicom::Picture8& size, int quality) {
         return 2 * dicom::most_jpeg_bytes(size.width, size.height, size.channels, quality);
     }},
    {"image/png",
     [](const dicom::PictureRows& picture, int, const RunParts&) {
         return dicom::encode_png_rows(picture);
     },
     [](const dicom::Picture8& size, int) {
         return dicom::most_png_bytes(size.width, size.height, size.channels);
     }},
    {"image/gif",
     [](const dicom::PictureRows& picture, int, const RunParts&) {
         return dicom::encode_gif_rows(picture);
     },
     [](const dicom::Picture8& size, int) {
         return dicom::most_gif_bytes(size.width, size.height, size.channels);
     }},
}};

std::vector<std::string> values_of(const std::string& text) {
    std::vector<std::string> values;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        values.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return values;
}

double number_from(const std::string& text, const char* parameter) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool finite = number > -1e15 && number < 1e15;
    if (error != std::errc() || end != text.data() + text.size() || !finite)
        throw Error(ErrorCode::kInvalidInput,
                    std::string(parameter) + " has a value that is no number");
    return number;
}

/// In the words of PS3.18 8.3.5.1.4, or of the objects themselves (PS3.3 C.11.2.1.3).
dicom::VoiFunction function_named(std::string_view name) {
    using dicom::VoiFunction;
    constexpr std::pair<std::string_view, VoiFunction> kNamed[] = {
        {"linear", VoiFunction::kLinear},
        {"linear-exact", VoiFunction::kLinearExact},
        {"sigmoid", VoiFunction::kSigmoid},
        {"LINEAR", VoiFunction::kLinear},
        {"LINEAR_EXACT", VoiFunction::kLinearExact},
        {"SIGMOID", VoiFunction::kSigmoid}};
    for (const auto& [known, function] : kNamed)
        if (name == known) return function;
    throw Error(ErrorCode::kInvalidInput,
                "window's function must be linear, linear-exact or sigmoid");
}

dicom::VoiWindow window_from(const std::string& text) {
    const std::vector<std::string> values = values_of(text);
    if (values.size() != 2 && values.size() != 3)
        throw Error(ErrorCode::kInvalidInput,
                    "window must be center,width or center,width,function");
    dicom::VoiWindow window;
    window.center = number_from(values[0], "window");
    window.width = number_from(values[1], "window");
    if (values.size() == 3) window.function = function_named(values[2]);
    const bool linear = window.function == dicom::VoiFunction::kLinear;
    if (linear ? window.width < 1 : window.width <= 0)
        throw Error(ErrorCode::kInvalidInput, "window's width is too small (PS3.3 C.11.2.1.2)");
    return window;
}

int side_from(const std::string& text) {
    const double number = number_from(text, "viewport");
    if (number < 1 || number > kLargestSide)
        throw Error(ErrorCode::kInvalidInput, "viewport's sides must be from 1 to 65,535");
    return static_cast<int>(number);
}

/// Of sx, sy, sw or sh the value in pixels; where it is left out, 0.
double pixels_from(const std::vector<std::string>& values, std::size_t at) {
    if (at >= values.size() || values[at].empty()) return 0;
    const double number = number_from(values[at], "viewport");
    if (std::abs(number) > kLargestSide)
        throw Error(ErrorCode::kInvalidInput, "viewport's region must be within 65,535 pixels");
    const bool is_size = at >= 4;
    if (is_size && std::abs(number) < 0.5)
        throw Error(ErrorCode::kInvalidInput, "viewport's region has a width or height of 0");
    return std::round(number);
}

/// viewport=vw,vh[,[sx],[sy],[sw],[sh]] (PS3.18 8.3.5.1.3).
void set_viewport(dicom::RenderOptions& options, const std::string& text) {
    const std::vector<std::string> values = values_of(text);
    if (values.size() < 2 || values.size() > 6)
        throw Error(ErrorCode::kInvalidInput,
                    "viewport must be width,height or width,height,left,top,width,height");
    options.max_width = side_from(values[0]);
    options.max_height = side_from(values[1]);
    options.enlarged = true;
    if (values.size() == 2) return;
    const double width = pixels_from(values, 4);
    const double height = pixels_from(values, 5);
    options.region = dicom::SourceRegion{.left = static_cast<int>(std::abs(pixels_from(values, 2))),
                                         .top = static_cast<int>(std::abs(pixels_from(values, 3))),
                                         .width = static_cast<int>(std::abs(width)),
                                         .height = static_cast<int>(std::abs(height)),
                                         .flipped_horizontally = width < 0,
                                         .flipped_vertically = height < 0};
}

/// From 0: Representative Frame Number, else the first.
int representative_frame(const dicom::DataSet& object) {
    const long long frame = object.integer(kRepresentativeFrameNumber).value_or(1);
    return frame >= 1 && frame <= dicom::frame_count(object) ? static_cast<int>(frame) - 1 : 0;
}

/// From 0: the frame of an address that names `frames`, else the representative one.
int frame_named(const std::string& frames, const dicom::DataSet& object) {
    if (frames.empty()) return representative_frame(object);
    const std::vector<int> numbers = parse_frame_list(frames);
    if (numbers.size() != 1) throw Error(ErrorCode::kUnsupported, "a thumbnail is of one frame");
    return numbers.front() - 1;
}

void require_picture(const dicom::DataSet& header) {
    if (dicom::frame_count(header) == 0)
        throw Error(ErrorCode::kUnsupported, "that instance is no picture");
}

const PictureType& type_named(std::string_view media_type) {
    return *std::find_if(kPictures.begin(), kPictures.end(),
                         [&](const PictureType& one) { return one.media_type == media_type; });
}

/// Frame `number`, with what making a file of it takes counted before anything is made.
HeldBytes::Made made_of(dicom::FramedObject& object, int number, dicom::RenderOptions options,
                        const PictureType& type, const RunParts& run) {
    const dicom::DataSet& with_frame = object.with_frame(number);
    options.beside_bytes =
        type.most_bytes(dicom::without_pixels(with_frame, options), options.quality) +
        object.bytes_not_counted();
    dicom::PictureRows rows = dicom::render_rows(with_frame, number, options);
    HeldBytes::Made made{type.encode(rows, options.quality, run)};
    // It was made in room for the most that it might take, which is counted as long as `rows` is.
    let_go_of_room(made.bytes);
    made.share = std::move(rows.share);
    return made;
}

}  // namespace

std::optional<std::string> choose_picture(std::span<const http::MediaRange> accepted) {
    std::array<std::string_view, kPictures.size()> offered;
    std::transform(kPictures.begin(), kPictures.end(), offered.begin(),
                   [](const PictureType& one) { return one.media_type; });
    return http::choose(accepted, offered);
}

HeldBytes::Made drawn(KeptObject& object, const PictureAsked& asked, const RunParts& run,
                      const std::function<int(const dicom::DataSet& header)>& number_of) {
    const auto begun = std::chrono::steady_clock::now();
    const auto draw = [&](dicom::FramedObject& framed) {
        const dicom::DataSet& header = framed.header();
        looking_at(asked.row.sop_instance_uid, [&] { require_picture(header); });
        const int number = number_of(header);
        // What is wrong from here on is wrong with the object.
        dicom::require_fitting(header, asked.options);
        return looking_at(asked.row.sop_instance_uid, [&] {
            dicom::RenderOptions options = asked.options;
            if (!options.window)
                options.range = dicom::range_to_show(
                    header, number,
                    [&](int other) -> const dicom::DataSet& { return framed.with_frame(other); });
            return made_of(framed, number, options, type_named(asked.type), run);
        });
    };
    HeldBytes::Made made = object.take_frame(draw);
    made.took = std::chrono::steady_clock::now() - begun;
    return made;
}

std::shared_ptr<KeptObject> object_to_draw(store::Archive& archive, const store::InstanceRow& row,
                                           const RunParts& run, KeptObject::For wanted) {
    return KeptObject::of(archive, row, run, wanted, dicom::PixelData::kKeep);
}

namespace {

/// What something is rendered as.
struct Rendering {
    std::string content_type;
    HeldBytes::Made made;
};

/// Empty where it is nothing that can be rendered so. Throws as `drawn` for what is malformed.
std::optional<Rendering> rendering_of(store::Archive& archive, const store::InstanceRow& row,
                                      std::span<const http::MediaRange> accepted,
                                      const dicom::RenderOptions& options, const RunParts& run) {
    try {
        const auto type = choose_picture(accepted);
        if (!type) return {};
        const auto object = object_to_draw(archive, row, run, KeptObject::For::kOneFrame);
        return Rendering{*type,
                         drawn(*object, {row, {}, options, *type}, run, representative_frame)};
    } catch (const Error& error) {
        // One that is no picture, or that the region is not in, is no reason to end the others.
        if (error.code() != ErrorCode::kUnsupported && error.code() != ErrorCode::kInvalidInput)
            throw;
        return {};
    }
}

/// Of that instance, or of the frame that the request names.
std::string thumbnail_address(const http::Request& request, const store::InstanceRow& row) {
    std::string address = url_of(row, base_of(request));
    if (request.parameters.contains("frames")) address += "/frames/" + request.parameter("frames");
    return address + "/thumbnail";
}

/// What every part of an answer is rendered as.
struct RenderedAs {
    std::vector<http::MediaRange> accepted;
    dicom::RenderOptions options;
    RunParts run;
};

/// Empty as rendering_of; a report is counted as below, and cannot be made again once its links are
/// others.
std::optional<http::Part> document_part(store::Archive& archive, const store::InstanceRow& row,
                                        const std::shared_ptr<const RenderedAs>& as,
                                        const std::string& location) {
    const auto make = [&archive, row, as] {
        return looking_at(row.sop_instance_uid,
                          [&] { return document_as(archive, row, as->accepted); });
    };
    try {
        http::Part part = make();
        part.location = location;
        if (part.pieces) return part;
        HeldBytes::put_into(part, {std::move(part.body)},
                            [make] { return HeldBytes::Made{make().body}; });
        return part;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kUnsupported) throw;
        return {};
    }
}

/// Empty as rendering_of; counted while its client takes it, and drawn again where others need that
/// memory.
std::optional<http::Part> rendered_part(store::Archive& archive, const store::InstanceRow& row,
                                        const std::shared_ptr<const RenderedAs>& as,
                                        const std::string& location) {
    if (is_document(row)) return document_part(archive, row, as, location);
    const auto draw = [&archive, row, as] {
        return rendering_of(archive, row, as->accepted, as->options, as->run);
    };
    auto rendering = draw();
    if (!rendering) return std::nullopt;
    http::Part part{rendering->content_type, location};
    HeldBytes::put_into(part, std::move(rendering->made), [draw] {
        auto again = draw();
        if (!again) throw Error(ErrorCode::kCorrupt, "what is sent is another than it was");
        return std::move(again->made);
    });
    return part;
}

/// Of which a thumbnail may be made: the first images, or, where there are none, whatever is first.
std::vector<store::InstanceRow> worth_trying(std::vector<store::InstanceRow> rows) {
    constexpr std::ptrdiff_t kMost = 8;
    const auto end = std::stable_partition(rows.begin(), rows.end(), [](const auto& row) {
        return row.number_of_frames > 0 || row.rows > 0;
    });
    const std::ptrdiff_t count = std::clamp<std::ptrdiff_t>(end - rows.begin(), 1, kMost);
    rows.erase(rows.begin() + count, rows.end());
    return rows;
}

}  // namespace

dicom::RenderOptions render_options(const http::Query& query) {
    dicom::RenderOptions options;
    if (const auto window = query.get("window")) options.window = window_from(*window);
    if (const auto viewport = query.get("viewport")) set_viewport(options, *viewport);
    options.quality = static_cast<int>(query.number_or("quality", 90, 1, 100));
    return options;
}

namespace {

/// 200 with what `made` is, which `again` makes again; what is large is counted until it is sent.
http::Response picture_response(const http::Request& request, const PictureAsked& asked,
                                const std::string& etag, HeldBytes::Made made,
                                HeldBytes::Make again) {
    const auto tagged = [&etag](http::Response response) {
        set_cache_headers(response, etag);
        return response;
    };
    http::Part part{asked.type, asked.part};
    if (made.bytes.size() <= kHeldFreely)
        part.body = std::move(made.bytes);
    else
        part.pieces = HeldBytes::pieces_of(std::move(made), std::move(again));
    if (!asked.part.empty()) return tagged(http::multipart_response(asked.type, std::move(part)));
    if (!part.pieces) return tagged(http::Response::of(200, asked.type, std::move(part.body)));
    // Ranges are of what has a tag.
    http::Response head = tagged({});
    head.headers.set("Content-Type", asked.type);
    return http::ranged(request, std::move(head), *std::move(part.pieces));
}

}  // namespace

http::Response picture(const http::Request& request, store::Archive& archive,
                       const PictureAsked& asked, const RunParts& run) {
    const store::InstanceRow& row = asked.row;
    std::string variant = "rendered " + asked.type + request.path;
    if (!asked.part.empty()) variant += " as a part";
    for (const auto& [key, value] : request.query.all()) variant += "&" + key + "=" + value;
    const std::string etag = etag_of({row}, variant);
    if (auto same = unmodified(request, etag)) return *std::move(same);
    try {
        // Nothing of the request is there any more where a client takes its time.
        const std::string frames =
            request.parameters.contains("frames") ? request.parameter("frames") : "";
        const auto draw = [&archive, asked, run, frames] {
            const auto object = object_to_draw(archive, asked.row, run, KeptObject::For::kOneFrame);
            return drawn(*object, asked, run, [&](const dicom::DataSet& header) {
                return asked.frame ? *asked.frame : frame_named(frames, header);
            });
        };
        return picture_response(request, asked, etag, draw(), draw);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kUnsupported) throw;
        return http::refusal(406, "not-acceptable",
                             std::string("it cannot be rendered: ") + error.what(), request.id);
    }
}

http::Response rendered(http::Request& request, store::Archive& archive, const RunParts& run) {
    const store::InstanceRow row = instances_named(request, archive).front();
    const std::string location = url_of(row, base_of(request)) + "/rendered";
    const RenderedWishes wishes(accepted_by(request), Count::kOne);
    if (is_document(row)) return rendered_document(request, archive, row, wishes, location, run);
    if (is_video(row)) return rendered_video(request, archive, row, run, location);
    const auto type = choose_picture(wishes.types());
    if (!type) return not_acceptable(request, kPicturesThereAre);
    return picture(request, archive,
                   {.row = row,
                    .options = render_options(request.query),
                    .type = *type,
                    .part = wishes.in_parts(*type) ? location : ""},
                   run);
}

http::Response rendered_together(const http::Request& request, store::Archive& archive,
                                 const RunParts& run, const std::shared_ptr<Suspects>& suspects) {
    const auto left_out = std::make_shared<LeftOut>(request.id, suspects);
    std::vector<store::InstanceRow> all = instances_named(request, archive);
    const RenderedWishes wishes(accepted_by(request), Count::kMany);
    if (wishes.types().empty())
        return not_acceptable(request, "multipart/related alone of several");
    const auto as = std::make_shared<const RenderedAs>(RenderedAs{
        {wishes.types().begin(), wishes.types().end()}, render_options(request.query), run});
    std::vector<bool> is_out(all.size());
    left_out->look_at_suspects(all, is_out, [&](const auto& row) {
        (void)rendering_of(archive, row, as->accepted, as->options, as->run);
    });
    const auto held = std::make_shared<HeldRows>(archive, std::move(all), std::move(is_out));
    auto parts = begun<http::Part>(
        [&archive, held, as, base = base_of(request), left_out]() -> std::optional<http::Part> {
            while (const auto row = held->next()) {
                auto part = left_out->unless_broken(row->sop_instance_uid, [&] {
                    return rendered_part(archive, *row, as, url_of(*row, base) + "/rendered");
                });
                if (part && *part) return **std::move(part);
            }
            return std::nullopt;
        },
        left_out);
    if (parts.is_empty && left_out->count() > 0) throw left_out->first();
    auto first = parts.next();
    if (!first)
        return not_acceptable(request, "what each instance has under its own address /rendered");
    const std::string type = first->content_type.substr(0, first->content_type.find(';'));
    http::Response response = http::multipart_response(
        type, [first = std::move(first), next = std::move(parts.next)]() mutable {
            return first ? std::exchange(first, std::nullopt) : next();
        });
    say_left_out(response, *left_out, IfPartial::k206);
    return response;
}

http::Response thumbnail(http::Request& request, store::Archive& archive, const RunParts& run) {
    const RenderedWishes wishes(accepted_by(request), Count::kOne);
    const auto type = choose_picture(wishes.types());
    if (!type) return not_acceptable(request, kPicturesThereAre);
    dicom::RenderOptions options = render_options(request.query);
    if (options.region)
        throw Error(ErrorCode::kInvalidInput, "a thumbnail's viewport is width,height");
    if (options.max_width == 0) options.max_width = options.max_height = kThumbnailSize;
    LeftOut left_out(request.id);
    std::optional<http::Response> refusal;
    for (const store::InstanceRow& row : worth_trying(instances_named(request, archive))) {
        try {
            PictureAsked asked{.row = row, .options = options, .type = *type};
            if (wishes.in_parts(*type)) asked.part = thumbnail_address(request, row);
            http::Response response = picture(request, archive, asked, run);
            if (response.status != 406) return response;
            if (!refusal) refusal = std::move(response);
        } catch (const Error& error) {
            if (error.code() == ErrorCode::kInvalidInput) throw;  // it is in the request
            left_out.add(row.sop_instance_uid, error);
        }
    }
    if (left_out.count() > 0) throw left_out.first();
    return *std::move(refusal);
}

}  // namespace lucerna::retrieve
