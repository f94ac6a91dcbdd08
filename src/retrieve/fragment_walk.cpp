#include "retrieve/fragment_walk.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace lucerna::retrieve {
namespace {

[[noreturn]] void broken(const char* what) {
    throw Error(ErrorCode::kInvalidInput, std::string("PixelData (7FE0,0010) ") + what);
}

std::uint32_t u32(ByteView bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i > 0; --i) value = value << 8 | bytes[at + i - 1];
    return value;
}

}  // namespace

ByteView FragmentWalk::read(std::uint64_t offset, std::size_t count) {
    constexpr std::uint64_t kBytes = 4096;
    if (offset < window_begin_ || offset + count > window_begin_ + window_.size()) {
        window_begin_ = offset;
        window_ = object_.read(offset, kBytes);
    }
    if (window_.size() < offset - window_begin_ + count) broken("ends within a fragment's head");
    return ByteView(window_).subspan(static_cast<std::size_t>(offset - window_begin_), count);
}

std::optional<FragmentWalk::Item> FragmentWalk::table() {
    constexpr std::uint64_t kElementHead = 12;
    if (head_bytes_ == 0) return std::nullopt;
    const ByteView element = read(head_bytes_, kElementHead);
    if (u32(element, 0) != 0x00107FE0 || u32(element, 8) != 0xFFFFFFFF)
        broken("is not encapsulated, as its transfer syntax asks");
    return item_at(head_bytes_ + kElementHead);
}

std::optional<FragmentWalk::Item> FragmentWalk::item_at(std::uint64_t at) {
    constexpr std::uint32_t kItem = 0xE000FFFE;
    constexpr std::uint32_t kDelimiter = 0xE0DDFFFE;
    const ByteView head = read(at, kHead);
    if (u32(head, 0) == kDelimiter) return std::nullopt;
    const std::uint64_t size = u32(head, 4);
    if (u32(head, 0) != kItem || size > object_.size() - std::min(object_.size(), at + kHead))
        broken("has fragments that are none");
    return Item{at + kHead, size};
}

std::optional<FragmentsInFile> fragments_in(store::OpenedObject& object,
                                            const store::InstanceRow& row) {
    constexpr std::size_t kMost = 200'000;
    constexpr std::uint64_t kMostOfTable = 4 * kMost;
    FragmentWalk walk(object, row);
    const auto table = walk.table();
    if (!table || table->size > kMostOfTable) return std::nullopt;
    FragmentsInFile found;
    found.places.basic_offset_table = object.read(table->begin, table->size);
    found.begin = table->end();
    std::uint64_t at = found.begin;
    while (const auto item = walk.item_at(at)) {
        if (found.places.fragments.size() == kMost) return std::nullopt;
        found.places.fragments.push_back({static_cast<std::size_t>(item->begin - found.begin),
                                          static_cast<std::size_t>(item->end() - found.begin)});
        at = item->end();
    }
    found.end = at + FragmentWalk::kHead;
    if (found.places.fragments.empty()) return std::nullopt;
    return found;
}

}  // namespace lucerna::retrieve
