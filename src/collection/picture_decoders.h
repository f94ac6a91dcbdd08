#pragma once

#include <cstdint>
#include <string>

#include "base/encoding.h"
#include "exam/raster.h"

/// One decoder for each format; read_picture chooses. Each throws Error(kInvalidInput) naming the
/// picture by `name`.
namespace lucerna::collection {

/// Nothing larger is decoded: a few bytes must not cost the memory of a machine.
inline constexpr std::uint64_t kMostPixels = std::uint64_t{1} << 28;
void check_size(std::uint64_t width, std::uint64_t height, const std::string& name);

[[nodiscard]] exam::Raster<float> read_jpeg(ByteView bytes, const std::string& name);
/// Samples as they are stored: a gamma chunk changes nothing. Transparency is dropped.
[[nodiscard]] exam::Raster<float> read_png(ByteView bytes, const std::string& name);
[[nodiscard]] exam::Raster<float> read_pgm(ByteView bytes, const std::string& name);
/// The first page, in strips or tiles. White-is-zero is turned over.
[[nodiscard]] exam::Raster<float> read_tiff(ByteView bytes, const std::string& name);

}  // namespace lucerna::collection
