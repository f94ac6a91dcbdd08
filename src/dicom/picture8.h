#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "dicom/render.h"

namespace lucerna::dicom {

/// Throws Error(kInternal) unless it has as many bytes as its sizes say, 1 or 3 a pixel.
void require_picture(const Picture8& picture);
/// The same of rows.
void require_picture(const PictureRows& picture);

/// With what the rows are made of, until they go.
[[nodiscard]] PictureRows keeping(std::shared_ptr<const void> what, PictureRows rows);
/// Rows of a picture that goes with them.
[[nodiscard]] PictureRows rows_of(Picture8&& picture);
/// All of them; the share is the picture's, as far as it is as large.
[[nodiscard]] Picture8 picture_of(PictureRows rows);

/// Calls `take` with each row from the top down, of which some are made at once.
void for_each_row(const PictureRows& picture,
                  const std::function<void(std::span<std::uint8_t> row)>& take);

// The most bytes that a file of such a picture has, with what its encoder takes beside it. Files
// are written into room for that, which takes memory as it is filled, and not, as a vector that
// grows, for twice as much.

[[nodiscard]] std::size_t most_png_bytes(int width, int height, int channels);
[[nodiscard]] std::size_t most_gif_bytes(int width, int height, int channels);
/// Of the file alone: its strips take as much, and an encoder to each little.
[[nodiscard]] std::size_t most_jpeg_bytes(int width, int height, int channels, int quality);

}  // namespace lucerna::dicom
