#pragma once

#include <cstddef>
#include <vector>

namespace lucerna::exam {

/// A picture of one channel, row by row, top left first.
template <typename Pixel>
struct Raster {
    int width = 0;
    int height = 0;
    std::vector<Pixel> pixels;

    Raster() = default;
    Raster(int wide, int high, Pixel fill = Pixel{})
        : width(wide),
          height(high),
          pixels(static_cast<std::size_t>(wide) * static_cast<std::size_t>(high), fill) {}

    [[nodiscard]] std::size_t index(int x, int y) const {
        return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
               static_cast<std::size_t>(x);
    }
    [[nodiscard]] Pixel& at(int x, int y) { return pixels[index(x, y)]; }
    [[nodiscard]] const Pixel& at(int x, int y) const { return pixels[index(x, y)]; }
    [[nodiscard]] bool contains(int x, int y) const {
        return x >= 0 && y >= 0 && x < width && y < height;
    }
};

}  // namespace lucerna::exam
