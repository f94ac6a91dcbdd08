#include "dicom/viewport.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/picture8.h"
#include "dicom/pixel_layout.h"
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

PictureRows cut_out(PictureRows picture, const SourceRegion& region) {
    const auto channels = static_cast<std::size_t>(picture.channels);
    PictureRows part{region.width, region.height, picture.channels, {}, std::move(picture.share)};
    part.rows = [whole = std::move(picture), region, channels, row_bytes = part.row_bytes()](
                    int first, std::span<std::uint8_t> out) {
        Bytes row(whole.row_bytes());
        const auto left =
            static_cast<std::ptrdiff_t>(region.left) * static_cast<std::ptrdiff_t>(channels);
        for (int y = first; !out.empty(); ++y, out = out.subspan(row_bytes)) {
            const int from = region.flipped_vertically ? region.height - 1 - y : y;
            whole.rows(region.top + from, row);
            std::copy_n(row.begin() + left, row_bytes, out.begin());
            if (!region.flipped_horizontally) continue;
            for (std::size_t at = 0, end = row_bytes - channels; at < end;
                 at += channels, end -= channels)
                std::swap_ranges(&out[at], &out[at] + channels, &out[end]);
        }
    };
    return part;
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

/// Rows of an enlarged picture, from those of its source.
class Enlarged {
  public:
    Enlarged(PictureRows source, PictureSize target)
        : source_(std::move(source)),
          columns_(places(source_.width, target.width)),
          rows_(places(source_.height, target.height)) {}

    void write(int first, std::span<std::uint8_t> out) const {
        const auto channels = static_cast<std::size_t>(source_.channels);
        const std::size_t row_bytes = columns_.size() * channels;
        const std::size_t end = static_cast<std::size_t>(first) + out.size() / row_bytes;
        for (auto y = static_cast<std::size_t>(first); y < end;) {
            const std::size_t some = std::min(end, y + kRowsAtOnce);
            const int top = rows_[y].first;
            Bytes source(source_.row_bytes() *
                         static_cast<std::size_t>(rows_[some - 1].second + 1 - top));
            source_.rows(top, source);
            for (; y < some; ++y, out = out.subspan(row_bytes))
                write_row(rows_[y], &source[row_at(rows_[y].first - top)],
                          &source[row_at(rows_[y].second - top)], out.data());
        }
    }

  private:
    static constexpr std::size_t kRowsAtOnce = 8;

    [[nodiscard]] std::size_t row_at(int row) const {
        return static_cast<std::size_t>(row) * source_.row_bytes();
    }
    void write_row(const Between& row, const std::uint8_t* above, const std::uint8_t* below,
                   std::uint8_t* out) const {
        for (const Between& column : columns_) {
            const int first = column.first * source_.channels;
            const int second = column.second * source_.channels;
            for (int channel = 0; channel < source_.channels; ++channel) {
                const auto along = [&](const std::uint8_t* line) {
                    return std::lerp(static_cast<float>(line[first + channel]),
                                     static_cast<float>(line[second + channel]), column.part);
                };
                *out++ = static_cast<std::uint8_t>(std::lerp(along(above), along(below), row.part) +
                                                   0.5F);
            }
        }
    }

    PictureRows source_;
    std::vector<Between> columns_;
    std::vector<Between> rows_;
};

PictureRows enlarged(PictureRows picture, PictureSize target) {
    PictureRows result{target.width, target.height, picture.channels, {}, std::move(picture.share)};
    const auto source = std::make_shared<const Enlarged>(std::move(picture), target);
    result.rows = [source](int first, std::span<std::uint8_t> out) { source->write(first, out); };
    return result;
}

PictureRows shrunk(PictureRows picture, PictureSize target) {
    Bytes bytes(picture.row_bytes());
    Picture8 small = shrunk_rows({picture.width, picture.height, picture.channels}, target.width,
                                 target.height, [&](int y, std::span<float> row) {
                                     picture.rows(y, bytes);
                                     std::copy(bytes.begin(), bytes.end(), row.begin());
                                 });
    small.share = std::move(picture.share);
    return rows_of(std::move(small));
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

PictureSize shown_of(PictureSize size, const RenderOptions& options) {
    if (!options.region) return size;
    const SourceRegion region = region_in(size, *options.region);
    require_inside(size, region);
    return {region.width, region.height};
}

Picture8 without_pixels(const DataSet& header, const RenderOptions& options) {
    const StoredLayout layout = stored_layout_of(header);
    const PictureSize size = fitted(shown_of({layout.columns, layout.rows}, options), options);
    const bool in_color = layout.samples_per_pixel > 1 || layout.has_palette;
    return {size.width, size.height, in_color ? 3 : 1, {}};
}

void require_fitting(PictureSize size, const RenderOptions& options) {
    const PictureSize source = shown_of(size, options);
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

PictureRows in_size(PictureRows picture, PictureSize target) {
    const PictureSize source{picture.width, picture.height};
    if (target == source) return picture;
    return is_larger(target, source) ? enlarged(std::move(picture), target)
                                     : shrunk(std::move(picture), target);
}

PictureRows in_viewport(PictureRows picture, const RenderOptions& options) {
    const PictureSize size{picture.width, picture.height};
    require_fitting(size, options);
    if (options.region) picture = cut_out(std::move(picture), region_in(size, *options.region));
    const PictureSize target = fitted({picture.width, picture.height}, options);
    return in_size(std::move(picture), target);
}

std::size_t bytes_kept(PictureSize size, int channels, const RenderOptions& options) {
    const PictureSize source = shown_of(size, options);
    const PictureSize target = fitted(source, options);
    if (target == source || is_larger(target, source)) return 0;
    return static_cast<std::size_t>(target.width) * static_cast<std::size_t>(target.height) *
           static_cast<std::size_t>(channels);
}

}  // namespace lucerna::dicom
