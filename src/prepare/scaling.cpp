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

}  // namespace

void resample_rows(const exam::Raster<float>& source, double scale_x, double scale_y,
                   const std::vector<std::uint8_t>& rows, exam::Raster<float>& result) {
    const std::vector<Share> across = shares(result.width, source.width, scale_x);
    const std::vector<Share> down = shares(result.height, source.height, scale_y);
    std::vector<float> line(static_cast<std::size_t>(source.width));
    for (int y = 0; y < result.height; ++y) {
        if (rows[static_cast<std::size_t>(y)] == 0) continue;
        // Whole source rows are summed first: that loop runs at memory speed.
        std::fill(line.begin(), line.end(), 0.0F);
        const Share& covered = down[static_cast<std::size_t>(y)];
        for (std::size_t k = 0; k < covered.weights.size(); ++k) {
            const float weight = covered.weights[k];
            const float* row = &source.at(0, covered.first + static_cast<int>(k));
            for (std::size_t x = 0; x < line.size(); ++x) line[x] += weight * row[x];
        }
        for (int x = 0; x < result.width; ++x) {
            const Share& columns = across[static_cast<std::size_t>(x)];
            float sum = 0;
            for (std::size_t k = 0; k < columns.weights.size(); ++k)
                sum += columns.weights[k] * line[static_cast<std::size_t>(columns.first) + k];
            result.at(x, y) = sum;
        }
    }
}

exam::Raster<float> resampled(const exam::Raster<float>& source, int width, int height,
                              double scale_x, double scale_y) {
    exam::Raster<float> result(width, height);
    const std::vector<std::uint8_t> all(static_cast<std::size_t>(height), 1);
    resample_rows(source, scale_x, scale_y, all, result);
    return result;
}

void mirror(exam::Raster<float>& raster) {
    for (int y = 0; y < raster.height; ++y) {
        float* row = &raster.at(0, y);
        std::reverse(row, row + raster.width);
    }
}

void turn_over(exam::Raster<float>& raster) {
    for (int y = 0; y < raster.height / 2; ++y) {
        float* upper = &raster.at(0, y);
        std::swap_ranges(upper, upper + raster.width, &raster.at(0, raster.height - 1 - y));
    }
}

void cut(exam::Raster<float>& raster, int x, int y, int width, int height) {
    // Rows only move towards the front, each to where nothing that is still needed lies.
    for (int row = 0; row < height; ++row) {
        const float* const from = &raster.at(x, y + row);
        std::copy(
            from, from + width,
            raster.pixels.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(width));
    }
    raster.width = width;
    raster.height = height;
    raster.pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
}

}  // namespace lucerna::prepare
