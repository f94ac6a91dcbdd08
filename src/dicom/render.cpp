#include "dicom/render.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "dicom/frames.h"
#include "dicom/node.h"

namespace lucerna::dicom {
namespace {

std::uint8_t to_byte(double value) {
    return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L));
}

Picture8 gray_picture(const DataSet& data_set, const DecodedFrame& frame, int index,
                      const RenderOptions& options) {
    std::optional<Voi> voi;
    if (options.window) voi = *options.window;
    const std::vector<float> values = presentation_values(data_set, frame, index, voi);
    Picture8 picture{frame.columns, frame.rows, 1, Bytes(values.size())};
    std::transform(values.begin(), values.end(), picture.pixels.begin(),
                   [](float value) { return static_cast<std::uint8_t>(value * 255.0F + 0.5F); });
    return picture;
}

/// Entries of one color as 8 bits (PS3.3 C.7.6.3.1.5, .6).
struct PaletteColor {
    std::int64_t first_mapped = 0;
    Bytes entries;
};

PaletteColor palette_color(const DataSet& data_set, Tag descriptor_tag, Tag data_tag) {
    const auto descriptor = data_set.integers(descriptor_tag);
    if (descriptor.size() != 3) {
        throw Error(ErrorCode::kInvalidInput,
                    describe(descriptor_tag) + " is missing or not of three numbers");
    }
    const std::size_t count =
        descriptor[0] == 0 ? 65536 : static_cast<std::size_t>(descriptor[0] & 0xFFFF);
    const bool is_signed = data_set.integer(tags::kPixelRepresentation) == 1;
    PaletteColor color;
    color.first_mapped =
        is_signed ? static_cast<std::int16_t>(descriptor[1] & 0xFFFF) : descriptor[1] & 0xFFFF;
    const ByteView data = data_set.bytes(data_tag);
    color.entries.resize(count);
    // Entries of 16 bits are shown by their upper 8 (PS3.3 C.7.6.3.1.5).
    if (data.size() >= count * 2) {
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint16_t entry = u16(data, 2 * i);
            color.entries[i] =
                static_cast<std::uint8_t>(descriptor[2] == 8 ? entry & 0xFF : entry >> 8);
        }
    } else if (data.size() >= count && descriptor[2] == 8) {
        std::copy_n(data.begin(), count, color.entries.begin());
    } else {
        throw Error(ErrorCode::kUnsupported,
                    describe(data_tag) + " is missing, segmented or too short");
    }
    return color;
}

Picture8 palette_picture(const DataSet& data_set, const DecodedFrame& frame) {
    const std::array<PaletteColor, 3> colors{
        palette_color(data_set, tags::kRedPaletteColorLookupTableDescriptor,
                      tags::kRedPaletteColorLookupTableData),
        palette_color(data_set, tags::kGreenPaletteColorLookupTableDescriptor,
                      tags::kGreenPaletteColorLookupTableData),
        palette_color(data_set, tags::kBluePaletteColorLookupTableDescriptor,
                      tags::kBluePaletteColorLookupTableData)};
    Picture8 picture{frame.columns, frame.rows, 3, {}};
    picture.pixels.reserve(frame.count() * 3);
    for (std::size_t i = 0; i < frame.count(); ++i) {
        const std::int64_t value = frame.value(i);
        for (const PaletteColor& color : colors) {
            const auto last = static_cast<std::int64_t>(color.entries.size()) - 1;
            const std::int64_t at = std::clamp<std::int64_t>(value - color.first_mapped, 0, last);
            picture.pixels.push_back(color.entries[static_cast<std::size_t>(at)]);
        }
    }
    return picture;
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

Picture8 color_picture(DecodedFrame frame) {
    const std::string& kind = frame.photometric_interpretation;
    const bool is_ybr = kind == "YBR_FULL";
    if (frame.samples_per_pixel != 3 || frame.is_signed || (!is_ybr && kind != "RGB")) {
        throw Error(ErrorCode::kUnsupported,
                    "pixels of photometric interpretation " + kind + " with " +
                        std::to_string(frame.samples_per_pixel) + " samples are not shown here");
    }
    Picture8 picture{frame.columns, frame.rows, 3, {}};
    if (frame.bits_allocated == 8 && frame.bits_stored == 8) {
        picture.pixels = std::move(frame.samples);
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

/// Along x, then along y: each target pixel is the exact average of the source that it covers.
struct Coverage {
    std::size_t first;
    std::vector<float> weights;
};

std::vector<Coverage> coverages(int source, int target) {
    const double scale = static_cast<double>(source) / target;
    std::vector<Coverage> out;
    for (int i = 0; i < target; ++i) {
        const double from = i * scale;
        const double to = std::min<double>((i + 1) * scale, source);
        Coverage coverage{static_cast<std::size_t>(from), {}};
        for (auto at = static_cast<int>(from); at < to; ++at) {
            const double part = std::min<double>(at + 1, to) - std::max<double>(at, from);
            coverage.weights.push_back(static_cast<float>(part / (to - from)));
        }
        out.push_back(std::move(coverage));
    }
    return out;
}

Picture8 shrunk(const Picture8& source, int width, int height) {
    const auto channels = static_cast<std::size_t>(source.channels);
    const auto source_row = static_cast<std::size_t>(source.width) * channels;
    const std::vector<Coverage> across = coverages(source.width, width);
    Picture8 target{width, height, source.channels, {}};
    target.pixels.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                          channels);
    std::vector<float> line(source_row);
    for (const Coverage& down : coverages(source.height, height)) {
        std::fill(line.begin(), line.end(), 0.0F);
        for (std::size_t j = 0; j < down.weights.size(); ++j) {
            const std::uint8_t* const row = &source.pixels[(down.first + j) * source_row];
            for (std::size_t i = 0; i < source_row; ++i) {
                line[i] += down.weights[j] * static_cast<float>(row[i]);
            }
        }
        for (const Coverage& right : across) {
            for (std::size_t channel = 0; channel < channels; ++channel) {
                float sum = 0;
                for (std::size_t i = 0; i < right.weights.size(); ++i) {
                    sum += right.weights[i] * line[(right.first + i) * channels + channel];
                }
                target.pixels.push_back(to_byte(sum));
            }
        }
    }
    return target;
}

Picture8 fitted(Picture8 picture, int max_width, int max_height) {
    double scale = 1;
    if (max_width > 0) scale = std::min(scale, static_cast<double>(max_width) / picture.width);
    if (max_height > 0) scale = std::min(scale, static_cast<double>(max_height) / picture.height);
    if (scale >= 1) return picture;
    const auto scaled = [&](int size) {
        return std::max(1, static_cast<int>(std::lround(size * scale)));
    };
    return shrunk(picture, scaled(picture.width), scaled(picture.height));
}

}  // namespace

Picture8 render(const DataSet& data_set, int frame, const RenderOptions& options) {
    DecodedFrame decoded = decode_frame(data_set, frame);
    const std::string kind = decoded.photometric_interpretation;
    Picture8 picture;
    if (decoded.samples_per_pixel > 1) {
        picture = color_picture(std::move(decoded));
    } else if (kind == "PALETTE COLOR") {
        picture = palette_picture(data_set, decoded);
    } else if (kind == "MONOCHROME1" || kind == "MONOCHROME2") {
        picture = gray_picture(data_set, decoded, frame, options);
    } else {
        throw Error(ErrorCode::kUnsupported,
                    "pixels of photometric interpretation " + kind + " are not shown here");
    }
    return fitted(std::move(picture), options.max_width, options.max_height);
}

Bytes render_jpeg(const DataSet& data_set, int frame, const RenderOptions& options) {
    return encode_jpeg(render(data_set, frame, options), options.quality);
}

Bytes render_png(const DataSet& data_set, int frame, const RenderOptions& options) {
    return encode_png(render(data_set, frame, options));
}

}  // namespace lucerna::dicom
