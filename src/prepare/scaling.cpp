#include "prepare/scaling.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace lucerna::prepare {
namespace {

/// Which source pixels make one result pixel along an axis, and how much each counts.
struct Share {
    int first = 0;
    std::vector<float> weights;
};

Share averaging_share(int index, int source_size, double scale) {
    const double from = std::min(index * scale, source_size - 1e-6);
    const double to = std::clamp((index + 1) * scale, from + 1e-6, double(source_size));
    Share share;
    share.first = static_cast<int>(from);
    for (int i = share.first; i < to; ++i)
        share.weights.push_back(
            static_cast<float>((std::min(i + 1.0, to) - std::max<double>(i, from)) / (to - from)));
    return share;
}

Share interpolating_share(int index, int source_size, double scale) {
    const double centre = std::clamp((index + 0.5) * scale - 0.5, 0.0, source_size - 1.0);
    const int first = std::min(static_cast<int>(centre), std::max(0, source_size - 2));
    const auto part = static_cast<float>(centre - first);
    if (source_size == 1) return {0, {1.0F}};
    return {first, {1 - part, part}};
}

std::vector<Share> shares(int size, int source_size, double scale) {
    std::vector<Share> all;
    all.reserve(static_cast<std::size_t>(size));
    for (int i = 0; i < size; ++i)
        all.push_back(scale >= 1 ? averaging_share(i, source_size, scale)
                                 : interpolating_share(i, source_size, scale));
    return all;
}

/// Whole source rows are summed first: that loop runs at memory speed.
void sum_rows(const Share& covered, RowReader& reader, int size, float* sums) {
    std::fill(sums, sums + size, 0.0F);
    for (std::size_t k = 0; k < covered.weights.size(); ++k) {
        const float weight = covered.weights[k];
        const float* const row = reader.stored_row(covered.first + static_cast<int>(k));
        for (int x = 0; x < size; ++x) sums[x] += weight * row[x];
    }
}

void sum_columns(const std::vector<Share>& across, const float* line, float* result) {
    for (const Share& columns : across) {
        float sum = 0;
        for (std::size_t k = 0; k < columns.weights.size(); ++k)
            sum += columns.weights[k] * line[static_cast<std::size_t>(columns.first) + k];
        *result++ = sum;
    }
}

}  // namespace

void resample_down(const Pixels& source, double scale_y, const std::vector<std::uint8_t>& rows,
                   exam::Raster<float>& means) {
    const std::vector<Share> down = shares(means.height, source.height(), scale_y);
    RowReader reader(source);
    for (int y = 0; y < means.height; ++y)
        if (rows[static_cast<std::size_t>(y)] != 0)
            sum_rows(down[static_cast<std::size_t>(y)], reader, means.width, &means.at(0, y));
}

exam::Raster<float> resampled_across(const exam::Raster<float>& means, bool mirrored, int width,
                                     double scale_x) {
    const std::vector<Share> across = shares(width, means.width, scale_x);
    exam::Raster<float> result(width, means.height);
    std::vector<float> line(static_cast<std::size_t>(means.width));
    for (int y = 0; y < means.height; ++y) {
        const float* const stored = &means.at(0, y);
        if (mirrored) std::reverse_copy(stored, stored + means.width, line.begin());
        sum_columns(across, mirrored ? line.data() : stored, &result.at(0, y));
    }
    return result;
}

exam::Raster<float> resampled(const Pixels& source, int width, int height, double scale_x,
                              double scale_y) {
    const std::vector<Share> across = shares(width, source.width(), scale_x);
    const std::vector<Share> down = shares(height, source.height(), scale_y);
    exam::Raster<float> result(width, height);
    std::vector<float> line(static_cast<std::size_t>(source.width()));
    RowReader reader(source);
    for (int y = 0; y < height; ++y) {
        sum_rows(down[static_cast<std::size_t>(y)], reader, source.width(), line.data());
        if (source.is_mirrored()) std::reverse(line.begin(), line.end());
        sum_columns(across, line.data(), &result.at(0, y));
    }
    return result;
}

exam::Raster<float> resampled(const exam::Raster<float>& source, int width, int height,
                              double scale_x, double scale_y) {
    return resampled(Pixels(source), width, height, scale_x, scale_y);
}

exam::Raster<float> cut(const exam::Raster<float>& raster, int x, int y, int width, int height) {
    exam::Raster<float> part(width, height);
    for (int row = 0; row < height; ++row)
        std::copy_n(&raster.at(x, y + row), width, &part.at(0, row));
    return part;
}

}  // namespace lucerna::prepare
