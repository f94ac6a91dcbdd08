#include "dicom/render.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/decoding_memory.h"
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
void to_rgb(std::span<std::uint8_t> pixels) {
    for (std::size_t i = 0; i + 3 <= pixels.size(); i += 3) {
        const double y = pixels[i];
        const double cb = pixels[i + 1] - 128.0;
        const double cr = pixels[i + 2] - 128.0;
        pixels[i] = to_byte(y + 1.402 * cr);
        pixels[i + 1] = to_byte(y - 0.344136 * cb - 0.714136 * cr);
        pixels[i + 2] = to_byte(y + 1.772 * cb);
    }
}

bool is_shown_color(const FrameView& frame) {
    return frame.samples_per_pixel == 3 && !frame.is_signed &&
           (frame.photometric_interpretation == "YBR_FULL" ||
            frame.photometric_interpretation == "RGB");
}

/// Of 8 bits, wherever they lie.
PictureRows color_rows(const FrameView& frame) {
    return {frame.columns, frame.rows, 3,
            [samples = frame.samples, columns = static_cast<std::size_t>(frame.columns),
             is_ybr = frame.photometric_interpretation == "YBR_FULL"](int first,
                                                                      std::span<std::uint8_t> out) {
                const auto begin = static_cast<std::size_t>(first) * columns * 3;
                const ByteView from = samples.subspan(begin, out.size());
                std::copy(from.begin(), from.end(), out.begin());
                if (is_ybr) to_rgb(out);
            }};
}

PictureRows color_rows(const DecodedFrame& frame) {
    const FrameView view(frame);
    if (!is_shown_color(view))
        throw Error(ErrorCode::kUnsupported, "pixels of photometric interpretation " +
                                                 frame.photometric_interpretation + " with " +
                                                 std::to_string(frame.samples_per_pixel) +
                                                 " samples are not shown here");
    if (frame.bits_allocated == 8 && frame.bits_stored == 8) return color_rows(view);
    return {frame.columns, frame.rows, 3,
            [&frame, scale = 255.0 / static_cast<double>(frame.highest()),
             is_ybr = frame.photometric_interpretation == "YBR_FULL"](int first,
                                                                      std::span<std::uint8_t> out) {
                const auto begin =
                    static_cast<std::size_t>(first) * static_cast<std::size_t>(frame.columns) * 3;
                for (std::size_t i = 0; i < out.size(); ++i)
                    out[i] = to_byte(static_cast<double>(frame.value(begin + i)) * scale);
                if (is_ybr) to_rgb(out);
            }};
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

/// For values that no table lists.
PictureRows gray_rows(const DataSet& data_set, const DecodedFrame& frame, int index,
                      const RenderOptions& options) {
    return {frame.columns, frame.rows, 1,
            [&frame, map = map_of(data_set, frame, index, options)](int first,
                                                                    std::span<std::uint8_t> out) {
                const auto begin =
                    static_cast<std::size_t>(first) * static_cast<std::size_t>(frame.columns);
                for (std::size_t i = 0; i < out.size(); ++i)
                    out[i] = shown_as(map(static_cast<double>(frame.value(begin + i))));
            }};
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

/// A gray frame by a table of what each value is shown as. What is shrunk is so from what the table
/// has; else rows are looked up when they are asked for. Nothing where that is not how it is done.
std::optional<PictureRows> gray_rows_by_table(const DataSet& data_set, const FrameView& frame,
                                              int index, const RenderOptions& options) {
    const PictureSize source{frame.columns, frame.rows};
    const SampleValues values(frame);
    if (!is_gray_alone(frame, data_set, index) || !values.are_few()) return {};
    const Map map = map_of(data_set, frame, index, options);
    const auto columns = static_cast<std::size_t>(frame.columns);
    if (options.region || bytes_kept(source, 1, options) == 0) {
        PictureRows rows{frame.columns, frame.rows, 1,
                         [frame, columns, shown = shown_by(map, values)](
                             int first, std::span<std::uint8_t> out) {
                             shown.look_up(frame, static_cast<std::size_t>(first) * columns, out);
                         }};
        return in_viewport(std::move(rows), options);
    }
    const PictureSize target = fitted(source, options);
    const auto shown = SampleTable<float>::of(
        values, [&](double value) { return static_cast<float>(shown_as(map(value))); });
    return rows_of(shrunk_rows({frame.columns, frame.rows, 1}, target.width, target.height,
                               [&](int y, std::span<float> row) {
                                   shown.look_up(frame, static_cast<std::size_t>(y) * columns, row);
                               }));
}

/// In RGB, of `decoded`, which must outlive them. Nothing for a gray one.
std::optional<PictureRows> colored_rows(const DataSet& data_set, const DecodedFrame& decoded,
                                        int frame, const RenderOptions& options) {
    if (decoded.samples_per_pixel > 1) return color_rows(decoded);
    if (decoded.photometric_interpretation == "PALETTE COLOR")
        return palette_rows(data_set, decoded);
    const auto palette = supplemental_palette_of(data_set, frame);
    if (!palette) return {};
    const Map map = map_of(data_set, decoded, frame, options);
    return rows_of_both(decoded, *palette, [map](double stored) { return shown_as(map(stored)); });
}

/// One that is not compressed, from where it lies. Nothing where it has to be decoded.
std::optional<PictureRows> native_rows(const DataSet& data_set, int frame,
                                       const RenderOptions& options) {
    const auto native = native_view(data_set, frame);
    if (!native) return {};
    const bool is_color = is_shown_color(*native) && native->bits_allocated == 8 &&
                          native->bits_stored == 8 && native->low_bit == 0;
    if (!is_color && !(is_gray_alone(*native, data_set, frame) && SampleValues(*native).are_few()))
        return {};
    const std::size_t bytes = options.beside_bytes + bytes_kept({native->columns, native->rows},
                                                                is_color ? 3 : 1, options);
    // Who asks for nothing does not wait behind others.
    std::shared_ptr<MemoryBudget::Share> share;
    if (bytes > 0)
        share = std::make_shared<MemoryBudget::Share>(decoding_memory().take(
            bytes, "a picture of a frame of " + std::to_string(native->rows) + " x " +
                       std::to_string(native->columns) + " pixels"));
    auto rows = is_color ? in_viewport(color_rows(*native), options)
                         : gray_rows_by_table(data_set, *native, frame, options);
    if (rows) rows->share = share;
    return rows;
}

/// Of `decoded`, which must outlive them.
PictureRows decoded_rows(const DataSet& data_set, const DecodedFrame& decoded, int frame,
                         const RenderOptions& options) {
    if (auto rows = gray_rows_by_table(data_set, FrameView(decoded), frame, options))
        return *std::move(rows);
    if (auto rows = colored_rows(data_set, decoded, frame, options))
        return in_viewport(*std::move(rows), options);
    if (is_gray(FrameView(decoded)))
        return in_viewport(gray_rows(data_set, decoded, frame, options), options);
    throw Error(ErrorCode::kUnsupported, "pixels of photometric interpretation " +
                                             decoded.photometric_interpretation +
                                             " are not shown here");
}

/// So many times the target's sides are decoded of what is shrunk from a lower resolution, so that
/// the average is as fine as that of the whole.
constexpr int kFineness = 2;

PictureRows shrunk_gray(const DecodedFrame& decoded, const Map& map, PictureSize target) {
    const FrameView view(decoded);
    return in_size(
        {view.columns, view.rows, 1,
         [view, shown = shown_by(map, SampleValues(view))](int first, std::span<std::uint8_t> out) {
             shown.look_up(view,
                           static_cast<std::size_t>(first) * static_cast<std::size_t>(view.columns),
                           out);
         }},
        target);
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
std::optional<PictureRows> shrunk_while_decoded(const DataSet& data_set, int frame,
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
    const std::size_t bytes = options.beside_bytes + bytes_kept(source, colored ? 3 : 1, options);
    const auto smaller = decode_smaller(data_set, frame, kFineness * target.width,
                                        kFineness * target.height, {}, bytes);
    if (smaller) {
        PictureRows rows =
            map ? shrunk_gray(*smaller, *map, target) : in_size(color_rows(*smaller), target);
        rows.share = smaller->share;
        return rows;
    }
    if (!map) return {};
    const auto in_rows = compressed_rows(data_set, frame);
    if (!in_rows) return {};
    auto share = std::make_shared<MemoryBudget::Share>(
        decoding_memory().take(bytes, "a picture that is shrunk"));
    PictureRows rows = rows_of(shrunk_rows_of(*in_rows, *map, target));
    rows.share = std::move(share);
    return rows;
}

}  // namespace

std::optional<Picture8> colored_picture(const DataSet& data_set, const DecodedFrame& decoded,
                                        int frame, const RenderOptions& options) {
    auto rows = colored_rows(data_set, decoded, frame, options);
    if (!rows) return {};
    return picture_of(*std::move(rows));
}

PictureRows render_rows(const DataSet& data_set, int frame, const RenderOptions& asked) {
    const RenderOptions options = completed(data_set, frame, asked);
    if (auto rows = native_rows(data_set, frame, options)) return *std::move(rows);
    if (auto rows = shrunk_while_decoded(data_set, frame, options)) return *std::move(rows);
    const StoredLayout layout = stored_layout_of(data_set);
    const bool in_color = layout.samples_per_pixel > 1 || layout.has_palette;
    const std::size_t kept = bytes_kept({layout.columns, layout.rows}, in_color ? 3 : 1, options);
    const auto decoded = std::make_shared<const DecodedFrame>(
        decode_frame(data_set, frame, {}, options.beside_bytes + kept));
    PictureRows rows = keeping(decoded, decoded_rows(data_set, *decoded, frame, options));
    rows.share = decoded->share;
    return rows;
}

Picture8 render(const DataSet& data_set, int frame, const RenderOptions& options) {
    return picture_of(render_rows(data_set, frame, options));
}

Picture8 render(const DataSet& data_set, FirstFrame& first_frame, const RenderOptions& asked) {
    const RenderOptions options = completed(data_set, 0, asked);
    if (auto rows = gray_rows_by_table(data_set, first_frame.view(), 0, options))
        return picture_of(*std::move(rows));
    return render(data_set, 0, options);
}

}  // namespace lucerna::dicom
