#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/encoding.h"
#include "dicom/limits.h"
#include "dicom/node.h"
#include "dicom/vr.h"

namespace lucerna::dicom {

/// How a data set is encoded, as far as its elements go.
struct Encoding {
    bool explicit_vr = true;
    bool little_endian = true;
};

/// Tag, VR and length of an element, an item or a delimiter.
struct ElementHeader {
    Tag tag;
    Vr vr;
    std::uint32_t length = 0;
    /// Where the element begins, and where its value does.
    std::size_t offset = 0;
    std::size_t value = 0;
};
inline constexpr std::uint32_t kUndefinedLength = 0xFFFFFFFF;
inline constexpr Tag kItem{0xFFFE, 0xE000};
inline constexpr Tag kItemDelimitation{0xFFFE, 0xE00D};
inline constexpr Tag kSequenceDelimitation{0xFFFE, 0xE0DD};
/// Of a header, at most.
inline constexpr std::size_t kLongestHeader = 12;
/// The one at `at`; nothing from `end` on is looked at. Of Pixel Representation hangs whether
/// values that may be either are signed. Throws Error(kInvalidInput) as DataSet::parse does.
[[nodiscard]] ElementHeader read_element_header(ByteView bytes, std::size_t at, std::size_t end,
                                                const Encoding& encoding, bool signed_pixels);

/// Where File Meta Information (PS3.10 7.1) ends and what it says of the rest.
struct FileMeta {
    std::string transfer_syntax_uid;
    std::size_t data_set_offset = 0;
};
/// Throws Error(kInvalidInput) as DataSet::parse does.
[[nodiscard]] FileMeta read_file_meta(ByteView file);

/// Whether what has come of a file ends within its File Meta Information, or where more of it may
/// follow. Throws Error(kInvalidInput) where that makes no sense.
[[nodiscard]] bool file_meta_goes_on(ByteView file);

/// Values of mere bytes (Vr::is_bulk) that are as long are of some size.
inline constexpr std::size_t kSomeSize = std::size_t{8} << 10;

/// Items of a data set's own encapsulated Pixel Data that were followed while they came, and need
/// not be there any more.
struct PassedFragments {
    /// Where the first begins.
    std::size_t begin = 0;
    /// The offset table counts.
    std::size_t count = 0;
    ElementHeader last;
};

/// What of a data set was followed while it came and need not be there any more.
struct Passed {
    std::optional<PassedFragments> fragments;
    /// Items of its Per-Frame Functional Groups Sequence, from the first on, each of which could be
    /// read.
    std::optional<ByteRange> items;
};

/// The data set in `bytes` from `from` to its end, but for zeros behind its last element. Views
/// look into `bytes`; sets neither backing nor transfer syntax of the nodes. Throws
/// Error(kInvalidInput) as DataSet::parse does. With `kToPixelData` reading stops at that element,
/// which is left empty; with `kWithoutPixels` its bytes are left out, whatever they are, and
/// Node::skipped says where they lie. With `kHeader` no byte of what is of some size is looked at,
/// either, nor are `passed`. With `kOutline`, and with `kWithoutGroups`, which else is the whole,
/// the items of Per-Frame Functional Groups, of which there may be very many, are left out: each is
/// read alone, as if there were no other.
enum class Extent { kWhole, kWithoutGroups, kToPixelData, kWithoutPixels, kHeader, kOutline };
[[nodiscard]] std::unique_ptr<Node> read_data_set(ByteView bytes, std::size_t from,
                                                  const Encoding& encoding, const Limits& limits,
                                                  Extent extent = Extent::kWhole,
                                                  const Passed& passed = {});

/// Whether `item`, of a sequence of the data set itself, can be read so.
[[nodiscard]] bool is_readable_item(ByteView bytes, const ByteRange& item, const Encoding& encoding,
                                    const Limits& limits);

/// Raw deflate (PS3.5 A.5, RFC 1951), with room for it in parsing_memory() where it is much.
struct Inflated {
    Bytes bytes;
    std::shared_ptr<const void> share;
};
/// Throws Error(kInvalidInput) where it is damaged or more than `limit` bytes come out, and as
/// MemoryBudget::take.
[[nodiscard]] Inflated inflated(ByteView deflated, std::size_t limit);
[[nodiscard]] Bytes deflated(ByteView bytes);

}  // namespace lucerna::dicom
