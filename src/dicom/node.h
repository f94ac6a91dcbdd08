#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/encoding.h"
#include "dicom/data_set.h"
#include "dicom/sparse_buffer.h"
#include "dicom/vr.h"

namespace lucerna::dicom {

static_assert(std::endian::native == std::endian::little,
              "values are kept little endian and read in place");

/// Encapsulated pixel data (PS3.5 A.4).
struct Fragments {
    /// What the views look into, where that is not the data set's own backing.
    std::shared_ptr<const Bytes> owner;
    ByteView basic_offset_table;
    std::vector<ByteView> pieces;
    /// Of each piece: bytes from the first fragment's item tag to its own, as offset tables count.
    std::vector<std::size_t> offsets;
};

/// One a frame, behind a Basic Offset Table; copies them.
[[nodiscard]] std::unique_ptr<Fragments> fragments_of(std::span<const ByteView> frames);

/// One attribute. Views look into the backing of the node that holds it. A null pointer to items is
/// a sequence without any.
struct Element {
    using Content =
        std::variant<ByteView, Bytes, std::unique_ptr<Items>, std::unique_ptr<Fragments>>;

    Tag tag;
    Vr vr;
    Content content;

    /// Empty for a sequence and for encapsulated pixel data.
    [[nodiscard]] ByteView value() const {
        if (const auto* view = std::get_if<ByteView>(&content)) return *view;
        if (const auto* bytes = std::get_if<Bytes>(&content)) return *bytes;
        return {};
    }
    [[nodiscard]] bool is_sequence() const {
        return std::holds_alternative<std::unique_ptr<Items>>(content);
    }
    [[nodiscard]] const Items* items() const {
        const auto* pointer = std::get_if<std::unique_ptr<Items>>(&content);
        return pointer == nullptr ? nullptr : pointer->get();
    }
    [[nodiscard]] const Fragments* fragments() const {
        const auto* pointer = std::get_if<std::unique_ptr<Fragments>>(&content);
        return pointer == nullptr ? nullptr : pointer->get();
    }
};

/// What a DataSet holds: elements in the order of their tags, no tag twice.
struct Node {
    /// The bytes that views look into. Never changed once shared. Of what has just been read: what
    /// it took of parsing_memory(), which goes after the elements have.
    std::shared_ptr<const void> backing;
    std::vector<Element> elements;
    std::string transfer_syntax_uid;
    std::size_t pixel_data_offset = 0;
    bool pixels_skipped = false;
    /// In the encoding that Specific Character Set says, instead of UTF-8. Of a data set, not of
    /// items.
    bool texts_are_as_they_came = false;
    /// Zeros behind the last element of what was read (kMostPaddingBytes).
    std::uint32_t padding_bytes = 0;
    /// Where reading left out Pixel Data: its value in what was read.
    ByteRange skipped;

    [[nodiscard]] const Element* find(Tag tag) const;
    /// Requires that it is there.
    [[nodiscard]] Element& writable(Tag tag) { return const_cast<Element&>(*find(tag)); }
    /// The element of this tag, made if need be.
    [[nodiscard]] Element& put(Tag tag, Vr vr, Element::Content content);
    void erase(Tag tag);
};

/// Little endian, at `at`; the caller has checked the bounds.
[[nodiscard]] inline std::uint16_t u16(ByteView bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] | bytes[at + 1] << 8);
}
[[nodiscard]] inline std::uint32_t u32(ByteView bytes, std::size_t at) {
    return static_cast<std::uint32_t>(u16(bytes, at)) |
           static_cast<std::uint32_t>(u16(bytes, at + 2)) << 16;
}

}  // namespace lucerna::dicom
