#include "dicom/fragment_items.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "dicom/reader.h"

namespace lucerna::dicom {
namespace {

void put32(Bytes& out, std::uint64_t number) {
    for (int shift = 0; shift < 32; shift += 8)
        out.push_back(static_cast<std::uint8_t>(number >> shift));
}

}  // namespace

void put_item_head(Bytes& out, Tag tag, std::uint64_t length) {
    if (length >= kUndefinedLength)
        throw Error(ErrorCode::kUnsupported, "a fragment is larger than 4 GiB");
    put32(out, std::uint32_t{tag.element} << 16 | tag.group);
    put32(out, length);
}

void put_fragment(Bytes& out, ByteView fragment) {
    put_item_head(out, kItem, fragment.size() + fragment.size() % 2);
    out.insert(out.end(), fragment.begin(), fragment.end());
    out.resize(out.size() + fragment.size() % 2);
}

Bytes fragment_of(Bytes codestream) {
    codestream.resize(codestream.size() + codestream.size() % 2);
    Bytes head;
    put_item_head(head, kItem, codestream.size());
    codestream.insert(codestream.begin(), head.begin(), head.end());
    return codestream;
}

Bytes basic_offset_table(std::span<const std::uint64_t> begins) {
    Bytes table;
    const std::span<const std::uint64_t> frames = begins.first(begins.size() - 1);
    if (frames.empty() || frames.back() >= kUndefinedLength) return table;
    table.reserve(4 * frames.size());
    for (const std::uint64_t begin : frames) put32(table, begin);
    return table;
}

std::size_t copy_of_piece(ByteView piece, std::uint64_t begin, std::uint64_t at,
                          std::span<std::uint8_t> into) {
    const ByteView rest = piece.subspan(static_cast<std::size_t>(at - begin));
    const std::size_t count = std::min(rest.size(), into.size());
    std::copy_n(rest.begin(), count, into.begin());
    return count;
}

}  // namespace lucerna::dicom
