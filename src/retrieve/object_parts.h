#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/encoding.h"
#include "base/parts.h"
#include "dicom/tags.h"
#include "http/pieces.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// A file as it was kept, or a span of it, piece by piece: of this one object, to the end.
[[nodiscard]] http::Pieces pieces_of(std::shared_ptr<store::OpenedObject> object,
                                     std::uint64_t begin, std::uint64_t size);

/// Where a value lies in the file: that of uncompressed Pixel Data, or another one.
struct ValueSpan {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
};
/// Empty where that is not one little endian element of stated length. `object` is that of `row`.
[[nodiscard]] std::optional<ValueSpan> native_pixels(store::OpenedObject& object,
                                                     const store::InstanceRow& row);

/// The same in either byte order.
struct SwappedSpan : ValueSpan {
    /// Of so many bytes each the order is the other one; 1 where it is not.
    std::size_t unit = 1;
};
[[nodiscard]] std::optional<SwappedSpan> pixels_in_place(store::OpenedObject& object,
                                                         const store::InstanceRow& row);
/// Bytes of that value from `at` on, in little endian. `read` gives bytes of the file.
void read_swapped(const SwappedSpan& span, std::uint64_t at, std::span<std::uint8_t> into,
                  const std::function<void(std::uint64_t, std::span<std::uint8_t>)>& read);

/// Bytes [begin, begin + size) of the object, which must be there; what is large in parts, each
/// read and decrypted by itself.
[[nodiscard]] Bytes read_in_parts(store::Archive& archive, const store::InstanceRow& row,
                                  std::uint64_t begin, std::uint64_t size, const RunParts& run);
/// The same into as many bytes.
void read_in_parts(store::Archive& archive, const store::InstanceRow& row, std::uint64_t begin,
                   std::span<std::uint8_t> into, const RunParts& run);

/// Reads every one of those bytes once, side by side as `run` does parts, and keeps none. Throws as
/// store::OpenedObject::read.
void read_through(store::Archive& archive, const store::InstanceRow& row, std::uint64_t begin,
                  std::uint64_t size, const RunParts& run);

}  // namespace lucerna::retrieve
