#include "dicom/viewport.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/shrink.h"

namespace lucerna::dicom {
namespace {

std::string printed(int width, int height) {
    return std::to_string(width) + " x " + std::to_string(height);
}

/// With what it leaves out.
SourceRegion region_in(PictureSize size, SourceRegion region) {
    if (region.width == 0) region.width = size.width - region.left;
    if (region.height == 0) region.height = size.height - region.top;
    return region;
}

void require_inside(PictureSize size, const SourceRegion& region) {
    const bool inside = region.left >= 0 && region.top >= 0 && region.width > 0 &&
                        region.height > 0 && region.left <= size.width - region.width &&
                        region.top <= size.height - region.height;
    if (!inside)
        throw Error(ErrorCode::kInvalidInput,
                    "a region of " + printed(region.width, region.height) + " at " +
                        std::to_string(region.left) + ", " + std::to_string(region.top) +
                        " is not in a picture of " + printed(size.width, size.height));
}

bool is_larger(PictureSize size, PictureSize than) {
    return size.width > than.width || size.height > than.height;
}

/// In place: no row moves down, and none to the right of where it was.
void cut_out(Picture8& picture, const SourceRegion& asked) {
    const SourceRegion region = region_in({picture.width, picture.height}, asked);
    const auto channels = static_cast<std::size_t>(picture.channels);
    const auto columns = static_cast<std::size_t>(picture.width);
    const std::size_t row_bytes = static_cast<std::size_t>(region.width) * channels;
    std::uint8_t* const pixels = picture.pixels.data();
    for (int y = 0; y < region.height; ++y) {
        const std::uint8_t* const from =
            pixels + (static_cast<std::size_t>(region.top + y) * columns +
                      static_cast<std::size_t>(region.left)) *
                         channels;
        std::uint8_t* const row = pixels + static_cast<std::size_t>(y) * row_bytes;
        std::memmove(row, from, row_bytes);
        if (!region.flipped_horizontally) continue;
        for (std::size_t left = 0, right = row_bytes - channels; left < right;
             left += channels, right -= channels)
            std::swap_ranges(row + left, row + left + channels, row + right);
    }
    if (region.flipped_vertically)
        for (int top = 0, bottom = region.height - 1; top < bottom; ++top, --bottom) {
            std::uint8_t* const row = pixels + static_cast<std::size_t>(top) * row_bytes;
            std::swap_ranges(row, row + row_bytes,
                             pixels + static_cast<std::size_t>(bottom) * row_bytes);
        }
    picture.width = region.width;
    picture.height = region.height;
    picture.pixels.resize(static_cast<std::size_t>(region.height) * row_bytes);
}

/// Between which two source pixels the middle of each target pixel lies, and how far.
struct Between {
    int first = 0;
    int second = 0;
    float part = 0;
};

std::vector<Between> places(int source, int target) {
    std::vector<Between> result(static_cast<std::size_t>(target));
    for (int i = 0; i < target; ++i) {
        const double at = std::clamp((i + 0.5) * source / target - 0.5, 0.0, source - 1.0);
        Between& between = result[static_cast<std::size_t>(i)];
        between.first = static_cast<int>(at);
        between.second = std::min(between.first + 1, source - 1);
        between.part = static_cast<float>(at - between.first);
    }
    return result;
}

Picture8 enlarged(const Picture8& picture, PictureSize target) {
    const std::vector<Between> columns = places(picture.width, target.width);
    const std::vector<Between> rows = places(picture.height, target.height);
    Picture8 result{target.width, target.height, picture.channels, {}};
    result.pixels.reserve(columns.size() * rows.size() *
                          static_cast<std::size_t>(picture.channels));
    const auto value = [&](int row, int column, int channel) {
        const auto at =
            (static_cast<std::ptrdiff_t>(row) * picture.width + column) * picture.channels;
        return static_cast<float>(picture.pixels.data()[at + channel]);
    };
    for (const Between& row : rows)
        for (const Between& column : columns)
            for (int channel = 0; channel < picture.channels; ++channel) {
                const auto along = [&](int y) {
                    return std::lerp(value(y, column.first, channel),
                                     value(y, column.second, channel), column.part);
                };
                result.pixels.push_back(static_cast<std::uint8_t>(
                    std::lerp(along(row.first), along(row.second), row.part) + 0.5F));
            }
    return result;
}

Picture8 shrunk(const Picture8& picture, PictureSize target) {
    const auto samples = static_cast<std::size_t>(picture.width * picture.channels);
    return shrunk_rows({picture.width, picture.height, picture.channels}, target.width,
                       target.height, [&](int y, std::span<float> row) {
                           const auto first = static_cast<std::size_t>(y) * samples;
                           for (std::size_t i = 0; i < samples; ++i)
                               row[i] = static_cast<float>(picture.pixels[first + i]);
                       });
}

}  // namespace

PictureSize fitted(PictureSize size, const RenderOptions& options) {
    double scale = std::numeric_limits<double>::infinity();
    if (options.max_width > 0)
        scale = std::min(scale, static_cast<double>(options.max_width) / size.width);
    if (options.max_height > 0)
        scale = std::min(scale, static_cast<double>(options.max_height) / size.height);
    if (!std::isfinite(scale) || (scale >= 1 && !options.enlarged)) return size;
    const auto scaled = [&](int side) {
        return std::max(1, static_cast<int>(std::lround(side * scale)));
    };
    return {scaled(size.width), scaled(size.height)};
}

void require_fitting(PictureSize size, const RenderOptions& options) {
    PictureSize source = size;
    if (options.region) {
        const SourceRegion region = region_in(size, *options.region);
        require_inside(size, region);
        source = {region.width, region.height};
    }
    const PictureSize target = fitted(source, options);
    if (is_larger(target, source) &&
        static_cast<std::int64_t>(target.width) * target.height > kMostEnlargedPixels)
        throw Error(ErrorCode::kInvalidInput,
                    "a picture is not enlarged to " + printed(target.width, target.height) +
                        ", only to " + std::to_string(kMostEnlargedPixels) + " pixels");
}

void require_fitting(const DataSet& header, const RenderOptions& options) {
    constexpr long long kMost = 65'535;
    const long long rows = header.integer(tags::kRows).value_or(0);
    const long long columns = header.integer(tags::kColumns).value_or(0);
    // What is missing or absurd is found where frames are decoded.
    if (rows < 1 || columns < 1 || rows > kMost || columns > kMost) return;
    require_fitting(PictureSize{static_cast<int>(columns), static_cast<int>(rows)}, options);
}

Picture8 in_size(Picture8 picture, PictureSize target) {
    const PictureSize source{picture.width, picture.height};
    if (target == source) return picture;
    return is_larger(target, source) ? enlarged(picture, target) : shrunk(picture, target);
}

Picture8 in_viewport(Picture8 picture, const RenderOptions& options) {
    require_fitting(PictureSize{picture.width, picture.height}, options);
    if (options.region) cut_out(picture, *options.region);
    const PictureSize target = fitted({picture.width, picture.height}, options);
    return in_size(std::move(picture), target);
}

}  // namespace lucerna::dicom
