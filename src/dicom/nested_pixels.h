#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/encoding.h"
#include "dicom/data_set.h"

namespace lucerna::dicom {

/// What the encapsulated pixels in items of a data set come to at most, all together, once they are
/// decoded: they are icons (PS3.3 C.7.6.1.1.6), of a few kilobytes as a rule.
inline constexpr std::size_t kMostNestedBytes = std::size_t{4} << 20;

/// `data_set` as it is to be written in another transfer syntax than its own, where encapsulated
/// Pixel Data is in items of its sequences. They are in the data set's syntax (PS3.5 A.4) and are
/// decoded here: native ones may be within an object of any syntax. A sequence with some that
/// cannot be decoded, or come to more than kMostNestedBytes, is left out. Nothing where there is no
/// such item, or `target` is its own syntax. Throws Error(kUnavailable) as decoding_memory() does.
[[nodiscard]] std::optional<DataSet> with_native_items(const DataSet& data_set,
                                                       std::string_view target);

/// The pixels of an item (item_with_fragments) of an object in that syntax, as native Pixel Data
/// has them, or the codestream of their only frame. It may be of a FileHeader. Throws Error:
/// kUnsupported where they are not small (1 MiB as they are, kMostNestedBytes decoded), and as
/// decode_cells.
[[nodiscard]] Bytes decoded_pixels_of_item(const DataSet& item, std::string_view syntax);
[[nodiscard]] Bytes codestream_of_item(const DataSet& item, std::string_view syntax);

}  // namespace lucerna::dicom
