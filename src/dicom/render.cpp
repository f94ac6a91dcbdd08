#include "dicom/render.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/frames.h"
#include "dicom/palette.h"
#include "dicom/picture8.h"
#include "dicom/pixel_layout.h"
#include "dicom/sample_table.h"
#include "dicom/shown_range.h"
#include "dicom/shrink.h"
#include "dicom/supplemental_palette.h"
#include "dicom/viewport.h"

namespace lucerna::dicom {
namespace {

std::uint8_t to_byte(double value) {
    return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L));
}

/// YCbCr of 8 bits to RGB (ITU-T T.871, the inverse of PS3.3 C.7.6.3.1.2), in place.
void to_rgb(Bytes& pixels) {
    for (std::size_t i = 0; i + 3 <= pixels.size(); i += 3) {
        const double y = pixels[i];
        const double cb = pixels[i + 1] - 128.0;
        const double cr = pixels[i + 2] - 128.0;
        pixels[i] = to_byte(y + 1.402 * cr);
        pixels[i + 1] = to_byte(y - 0.344136 * cb - 0.714136 * cr);
        pixels[i + 2] = to_byte(y + 1.772 * cb);
    }
}

Picture8 color_picture(const DecodedFrame& frame) {
    const std::string& kind = frame.photometric_interpretation;
    const bool is_ybr = kind == "YBR_FULL";
    if (frame.samples_per_pixel != 3 || frame.is_signed || (!is_ybr && kind != "RGB")) {
        throw Error(ErrorCode::kUnsupported,
                    "pixels of photometric interpretation " + kind + " with " +
                        std::to_string(frame.samples_per_pixel) + " samples are not shown here");
    }
    Picture8 picture{frame.columns, frame.rows, 3, {}};
    if (frame.bits_allocated == 8 && frame.bits_stored == 8) {
        picture.pixels = frame.samples;
    } else {
        const double scale = 255.0 / static_cast<double>(frame.highest());
        picture.pixels.resize(frame.count());
        for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
            picture.pixels[i] = to_byte(static_cast<double>(frame.value(i)) * scale);
        }
    }
    if (is_ybr) to_rgb(picture.pixels);
    return picture;
}

std::uint8_t shown_as(float presentation_value) {
    return static_cast<std::uint8_t>(presentation_value * 255.0F + 0.5F);
}

std::optional<Voi> voi_of(const RenderOptions& options) {
    if (options.window) return *options.window;
    return {};
}

using Map = std::function<float(double)>;

/// Nothing where the frame's own values have to be looked at for it.
std::optional<Map> map_by_header(const DataSet& data_set, int index, const RenderOptions& options) {
    return presentation_map(data_set, index, voi_of(options), options.range, Unusable::kPassedOver);
}

template <typename Frame>
Map map_of(const DataSet& data_set, const Frame& frame, int index, const RenderOptions& options) {
    if (auto map = map_by_header(data_set, index, options)) return *std::move(map);
    return *presentation_map(data_set, index, {}, range_within(frame, data_set, index),
                             Unusable::kPassedOver);
}

/// With the range to show it in, where the frame's own values are not what says it.
RenderOptions completed(const DataSet& data_set, int frame, const RenderOptions& options) {
    if (options.window || options.range) return options;
    RenderOptions complete = options;
    complete.range =
        range_to_show(data_set, frame, [&](int) -> const DataSet& { return data_set; });
    return complete;
}

Picture8 gray_picture(const DataSet& data_set, const DecodedFrame& frame, int index,
                      const RenderOptions& options) {
    const Map map = map_of(data_set, frame, index, options);
    Picture8 picture{frame.columns, frame.rows, 1, Bytes(frame.count())};
    for (std::size_t i = 0; i < picture.pixels.size(); ++i)
        picture.pixels[i] = shown_as(map(static_cast<double>(frame.value(i))));
    return in_viewport(std::move(picture), options);
}

bool is_gray(const FrameView& frame) {
    return frame.samples_per_pixel == 1 && (frame.photometric_interpretation == "MONOCHROME1" ||
                                            frame.photometric_interpretation == "MONOCHROME2");
}

bool is_gray_alone(const FrameView& frame, const DataSet& data_set, int index) {
    return is_gray(frame) && !supplemental_palette_of(data_set, index);
}

SampleTable<std::uint8_t> shown_by(const Map& map, const SampleValues& values) {
    return SampleTable<std::uint8_t>::of(values,
                                         [&](double value) { return shown_as(map(value)); });
}

/// Nothing where that is more than a look into a table of what each value is shown as.
std::optional<PictureRows> gray_rows_by_table(const DataSet& data_set, const FrameView& frame,
                                              int index, const RenderOptions& options) {
    const PictureSize source{frame.columns, frame.rows};
    const SampleValues values(frame);
    if (!is_gray_alone(frame, data_set, index) || !values.are_few() || options.region ||
        fitted(source, options) != source)
        return {};
    const Map map = map_of(data_set, frame, index, options);
    return PictureRows{
        frame.columns, frame.rows, 1,
        [frame, shown = shown_by(map, values)](int first, std::span<std::uint8_t> out) {
            const auto columns = static_cast<std::size_t>(frame.columns);
            shown.look_up(frame, static_cast<std::size_t>(first) * columns, out);
        }};
}

/// A gray frame by a table of what each value is shown as: neither values nor bytes are made for
/// what is not shown. Nothing where that is not how it is done.
std::optional<Picture8> gray_picture_by_table(const DataSet& data_set, const FrameView& frame,
                                              int index, const RenderOptions& options) {
    const PictureSize source{frame.columns, frame.rows};
    const PictureSize target = fitted(source, options);
    const SampleValues values(frame);
    if (!is_gray_alone(frame, data_set, index) || !values.are_few()) return {};
    const Map map = map_of(data_set, frame, index, options);
    const bool is_larger = target.width > source.width || target.height > source.height;
    if (target == source || is_larger || options.region) {
        const auto shown = shown_by(map, values);
        Picture8 picture{frame.columns, frame.rows, 1,
                         Bytes(frame.samples.size() / values.bytes_a_sample())};
        shown.look_up(frame, 0, picture.pixels);
        return in_viewport(std::move(picture), options);
    }
    const auto shown = SampleTable<float>::of(
        values, [&](double value) { return static_cast<float>(shown_as(map(value))); });
    const auto columns = static_cast<std::size_t>(frame.columns);
    return shrunk_rows({frame.columns, frame.rows, 1}, target.width, target.height,
                       [&](int y, std::span<float> row) {
                           shown.look_up(frame, static_cast<std::size_t>(y) * columns, row);
                       });
}

Picture8 decoded_picture(const DataSet& data_set, const DecodedFrame& decoded, int frame,
                         const RenderOptions& options) {
    if (auto picture = colored_picture(data_set, decoded, frame, options))
        return in_viewport(*std::move(picture), options);
    if (is_gray(FrameView(decoded))) return gray_picture(data_set, decoded, frame, options);
    throw Error(ErrorCode::kUnsupported, "pixels of photometric interpretation " +
                                             decoded.photometric_interpretation +
                                             " are not shown here");
}

/// So many times the target's sides are decoded of what is shrunk from a lower resolution, so that
/// the average is as fine as that of the whole.
constexpr int kFineness = 2;

Picture8 shrunk_gray(const DecodedFrame& decoded, const Map& map, PictureSize target) {
    const FrameView view(decoded);
    const SampleValues values(view);
    Picture8 picture{view.columns, view.rows, 1,
                     Bytes(view.samples.size() / values.bytes_a_sample())};
    shown_by(map, values).look_up(view, 0, picture.pixels);
    return in_size(std::move(picture), target);
}

Picture8 shrunk_rows_of(const FrameRows& rows, const Map& map, PictureSize target) {
    FrameView row = rows.row;
    const SampleValues values(row);
    const auto shown = SampleTable<float>::of(
        values, [&](double value) { return static_cast<float>(shown_as(map(value))); });
    Bytes samples(static_cast<std::size_t>(row.columns) * values.bytes_a_sample());
    row.samples = samples;
    return shrunk_rows({row.columns, rows.rows, 1}, target.width, target.height,
                       [&](int, std::span<float> out) {
                           rows.next(samples);
                           shown.look_up(row, 0, out);
                       });
}

/// A compressed frame that is to be shrunk, without decoding all of it: from a lower resolution, or
/// row by row. Nothing where that is not how it is done.
std::optional<Picture8> shrunk_while_decoded(const DataSet& data_set, int frame,
                                             const RenderOptions& options) {
    if (options.region || (options.max_width == 0 && options.max_height == 0)) return {};
    const StoredLayout layout = stored_layout_of(data_set);
    const PictureSize source{layout.columns, layout.rows};
    const PictureSize target = fitted(source, options);
    if (target.width >= source.width || target.height >= source.height) return {};
    const bool gray = layout.samples_per_pixel == 1 &&
                      layout.photometric_interpretation.starts_with("MONOCHROME") &&
                      !supplemental_palette_of(data_set, frame);
    const bool colored = layout.samples_per_pixel > 1;
    // Without one, the least and the greatest value of the whole frame decide.
    const auto map = gray && layout.bits_allocated <= 16 ? map_by_header(data_set, frame, options)
                                                         : std::nullopt;
    if (!map && !colored) return {};
    const auto smaller =
        decode_smaller(data_set, frame, kFineness * target.width, kFineness * target.height);
    if (smaller && map) return shrunk_gray(*smaller, *map, target);
    if (smaller) return in_size(color_picture(*smaller), target);
    if (!map) return {};
    if (const auto rows = compressed_rows(data_set, frame))
        return shrunk_rows_of(*rows, *map, target);
    return {};
}

}  // namespace

std::optional<Picture8> colored_picture(const DataSet& data_set, const DecodedFrame& decoded,
                                        int frame, const RenderOptions& options) {
    if (decoded.samples_per_pixel > 1) return color_picture(decoded);
    if (decoded.photometric_interpretation == "PALETTE COLOR")
        return palette_picture(data_set, decoded);
    const auto palette = supplemental_palette_of(data_set, frame);
    if (!palette) return {};
    const Map map = map_of(data_set, decoded, frame, options);
    return picture_of_both(decoded, *palette, [&](double stored) { return shown_as(map(stored)); });
}

Picture8 render(const DataSet& data_set, int frame, const RenderOptions& asked) {
    const RenderOptions options = completed(data_set, frame, asked);
    if (const auto native = native_view(data_set, frame))
        if (auto picture = gray_picture_by_table(data_set, *native, frame, options))
            return *std::move(picture);
    if (auto picture = shrunk_while_decoded(data_set, frame, options)) return *std::move(picture);
    const DecodedFrame decoded = decode_frame(data_set, frame);
    auto shown = gray_picture_by_table(data_set, FrameView(decoded), frame, options);
    Picture8 picture =
        shown ? *std::move(shown) : decoded_picture(data_set, decoded, frame, options);
    // What the frame took is the picture's from then on, if it is as large.
    if (picture.pixels.size() >= decoded.count()) picture.share = decoded.share;
    return picture;
}

void require_picture(const Picture8& picture) {
    const std::size_t size = static_cast<std::size_t>(std::max(picture.width, 0)) *
                             static_cast<std::size_t>(std::max(picture.height, 0)) *
                             static_cast<std::size_t>(std::max(picture.channels, 0));
    if (size > 0 && size == picture.pixels.size() &&
        (picture.channels == 1 || picture.channels == 3)) {
        return;
    }
    throw Error(ErrorCode::kInternal, "a picture has another size than its pixels");
}

PictureRows rows_of(const Picture8& picture) {
    require_picture(picture);
    const auto row_bytes =
        static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.channels);
    return {picture.width, picture.height, picture.channels,
            [row_bytes, pixels = ByteView(picture.pixels)](int first, std::span<std::uint8_t> out) {
                const std::size_t begin = static_cast<std::size_t>(first) * row_bytes;
                std::copy_n(pixels.begin() + static_cast<std::ptrdiff_t>(begin), out.size(),
                            out.begin());
            }};
}

PictureRows render_rows(const DataSet& data_set, int frame, const RenderOptions& asked) {
    const RenderOptions options = completed(data_set, frame, asked);
    if (const auto native = native_view(data_set, frame))
        if (auto rows = gray_rows_by_table(data_set, *native, frame, options))
            return *std::move(rows);
    const auto picture = std::make_shared<const Picture8>(render(data_set, frame, options));
    PictureRows rows = rows_of(*picture);
    rows.rows = [picture, of_it = std::move(rows.rows)](int first, std::span<std::uint8_t> out) {
        of_it(first, out);
    };
    return rows;
}

Picture8 render(const DataSet& data_set, FirstFrame& first_frame, const RenderOptions& asked) {
    const RenderOptions options = completed(data_set, 0, asked);
    if (auto picture = gray_picture_by_table(data_set, first_frame.view(), 0, options))
        return *std::move(picture);
    return render(data_set, 0, options);
}

}  // namespace lucerna::dicom
