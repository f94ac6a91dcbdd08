#pragma once

#include <cstddef>

#include "base/encoding.h"
#include "dicom/pixel_layout.h"

namespace lucerna::dicom {

// How samples lie in uncompressed Pixel Data, and how DecodedFrame has them. Bits are counted from
// the lowest of the first byte up; whoever calls has made sure that they are there.

/// Single bits, from the lowest of each byte up (PS3.5 8.1.1), as bytes; frames are not padded.
[[nodiscard]] Bytes unpacked_bits(ByteView packed, std::size_t first, std::size_t count);
/// Samples of 12 bits, one behind the other from the lowest bit up (PS3.5 8.1.1), as 16.
[[nodiscard]] Bytes unpacked_twelves(ByteView packed, std::size_t first, std::size_t count);
/// So many bits, from the lowest of each byte up, from the first of a byte on.
[[nodiscard]] Bytes moved_to_byte(ByteView all, std::size_t first, std::size_t bits);
/// RRR..GGG..BBB to RGBRGB (PS3.3 C.7.6.3.1.3).
[[nodiscard]] Bytes interleaved(const Bytes& planes, const StoredLayout& layout);
/// Y1 Y2 Cb Cr for two pixels to Y Cb Cr for each (PS3.3 C.7.6.3.1.2).
[[nodiscard]] Bytes with_all_colors(const Bytes& shared);
/// Of Y Cb Cr from 16 to 235 and 240 (CCIR 601) what it is from 0 to 255.
void stretch_studio_range(Bytes& samples);

}  // namespace lucerna::dicom
