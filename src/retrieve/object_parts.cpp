#include "retrieve/object_parts.h"

#include <algorithm>
#include <utility>

#include "dicom/reader.h"
#include "dicom/tags.h"
#include "dicom/uids.h"

namespace lucerna::retrieve {
namespace {

std::uint32_t little_endian(ByteView bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8 | bytes[i - 1];
    return value;
}

}  // namespace

http::Pieces pieces_of(std::shared_ptr<store::OpenedObject> object, std::uint64_t begin,
                       std::uint64_t size) {
    return {size, [object = std::move(object), begin](std::uint64_t at, std::uint64_t length) {
                return object->read(begin + at, length);
            }};
}

std::optional<ValueSpan> native_pixels(store::OpenedObject& object, const store::InstanceRow& row) {
    const bool is_explicit =
        row.transfer_syntax_uid == dicom::transfer_syntax::kExplicitVrLittleEndian;
    const bool is_implicit =
        row.transfer_syntax_uid == dicom::transfer_syntax::kImplicitVrLittleEndian;
    if (row.head_bytes == 0 || !(is_explicit || is_implicit)) return std::nullopt;
    const std::uint64_t head = is_explicit ? 12 : 8;
    const Bytes element = object.read(row.head_bytes, head);
    if (element.size() != head || little_endian(ByteView(element).first(2)) != 0x7FE0 ||
        little_endian(ByteView(element).subspan(2, 2)) != 0x0010)
        return std::nullopt;
    const ValueSpan span{row.head_bytes + head, little_endian(ByteView(element).last(4))};
    // A length that is not stated is FFFFFFFFH, beyond the end as one that lies.
    if (span.size > row.size - std::min(row.size, span.begin)) return std::nullopt;
    return span;
}

std::optional<SwappedSpan> pixels_in_place(store::OpenedObject& object,
                                           const store::InstanceRow& row) {
    if (row.transfer_syntax_uid != dicom::transfer_syntax::kExplicitVrBigEndian) {
        const auto span = native_pixels(object, row);
        return span ? std::optional(SwappedSpan{*span}) : std::nullopt;
    }
    constexpr std::uint64_t kHead = 12;
    if (row.head_bytes == 0) return std::nullopt;
    const Bytes element = object.read(row.head_bytes, kHead);
    if (element.size() != kHead) return std::nullopt;
    const dicom::ElementHeader header = dicom::read_element_header(
        element, 0, element.size(), {.explicit_vr = true, .little_endian = false}, false);
    const SwappedSpan span{{row.head_bytes + kHead, header.length}, header.vr.unit()};
    // A length that is not stated is beyond the end, as one that lies.
    if (header.tag != dicom::tags::kPixelData || header.value != kHead ||
        span.size > row.size - std::min(row.size, span.begin) || span.size % span.unit != 0)
        return std::nullopt;
    return span;
}

void read_swapped(const SwappedSpan& span, std::uint64_t at, std::span<std::uint8_t> into,
                  const std::function<void(std::uint64_t, std::span<std::uint8_t>)>& read) {
    const std::uint64_t before = at % span.unit;
    const std::uint64_t behind = (span.unit - (at + into.size()) % span.unit) % span.unit;
    if (before + behind > 0) {
        Bytes units(static_cast<std::size_t>(before + into.size() + behind));
        read_swapped(span, at - before, units, read);
        std::copy_n(units.begin() + static_cast<std::ptrdiff_t>(before), into.size(), into.begin());
        return;
    }
    read(span.begin + at, into);
    for (std::size_t i = 0; span.unit > 1 && i < into.size(); i += span.unit)
        std::reverse(into.begin() + static_cast<std::ptrdiff_t>(i),
                     into.begin() + static_cast<std::ptrdiff_t>(i + span.unit));
}

void read_in_parts(store::Archive& archive, const store::InstanceRow& row, std::uint64_t begin,
                   std::span<std::uint8_t> into, const RunParts& run) {
    constexpr std::size_t kPart = 2 * 1024 * 1024;
    const std::size_t parts = into.size() / kPart;
    if (parts < 2) {
        archive.open(row)->read(begin, into);
        return;
    }
    run(parts, [&](std::size_t part) {
        const std::size_t from = part * kPart;
        const std::size_t to = part + 1 == parts ? into.size() : from + kPart;
        archive.open(row)->read(begin + from, into.subspan(from, to - from));
    });
}

Bytes read_in_parts(store::Archive& archive, const store::InstanceRow& row, std::uint64_t begin,
                    std::uint64_t size, const RunParts& run) {
    Bytes bytes(static_cast<std::size_t>(size));
    read_in_parts(archive, row, begin, bytes, run);
    return bytes;
}

void read_through(store::Archive& archive, const store::InstanceRow& row, std::uint64_t begin,
                  std::uint64_t size, const RunParts& run) {
    constexpr std::uint64_t kPart = 4 * 1024 * 1024;
    constexpr std::uint64_t kBlock = 256 * 1024;
    const auto parts = static_cast<std::size_t>(std::clamp<std::uint64_t>(size / kPart, 1, 16));
    run(parts, [&](std::size_t part) {
        const auto object = archive.open(row);
        Bytes block(kBlock);
        const std::uint64_t end = begin + (part + 1 == parts ? size : size / parts * (part + 1));
        for (std::uint64_t at = begin + size / parts * part; at < end; at += kBlock) {
            const auto length = static_cast<std::size_t>(std::min(kBlock, end - at));
            object->read(at, std::span(block).first(length));
        }
    });
}

}  // namespace lucerna::retrieve
