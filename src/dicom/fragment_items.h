#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/encoding.h"
#include "dicom/tags.h"

namespace lucerna::dicom {

constexpr std::size_t kItemHeadBytes = 8;

/// Of an item or a delimiter (PS3.5 7.5), in little endian. Throws Error(kUnsupported) for a length
/// that does not fit.
void put_item_head(Bytes& out, Tag tag, std::uint64_t length);

/// A fragment of Pixel Data as an item (PS3.5 A.4): an odd one gets a byte more.
void put_fragment(Bytes& out, ByteView fragment);
[[nodiscard]] Bytes fragment_of(Bytes codestream);

/// The value of a Basic Offset Table for frames that begin there; the last of `begins` is where
/// they end. Empty where an offset does not fit, as there is none then (PS3.5 A.4).
[[nodiscard]] Bytes basic_offset_table(std::span<const std::uint64_t> begins);

/// Copies what `piece`, which begins at `begin`, has of [at, at + into.size()), where it begins,
/// and says how much that is.
std::size_t copy_of_piece(ByteView piece, std::uint64_t begin, std::uint64_t at,
                          std::span<std::uint8_t> into);

}  // namespace lucerna::dicom
