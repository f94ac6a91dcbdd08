#include "dicom/file_header.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <new>
#include <utility>

#include "dicom/byte_budget.h"
#include "dicom/coding.h"
#include "dicom/finished.h"
#include "dicom/node.h"
#include "dicom/reader.h"

namespace lucerna::dicom {
namespace {

constexpr std::size_t kAtOnce = std::size_t{256} << 10;

}  // namespace

struct FileHeader::Held {
    ByteBudget budget{ByteBudget::kNoLimit};
    SparseBuffer bytes{budget};

    [[nodiscard]] std::span<std::uint8_t> grow(std::size_t count) {
        const auto room = bytes.grow(count);
        if (room.size() != count) throw std::bad_alloc();
        return room;
    }
    void read_some(const Read& read, std::uint64_t size) {
        const std::uint64_t at = bytes.size();
        read(at, grow(static_cast<std::size_t>(std::min<std::uint64_t>(kAtOnce, size - at))));
    }

    /// All but large values, which `scan` finds.
    void read_around(const Read& read, std::uint64_t size, ValueScan& scan) {
        std::deque<ByteRange> large;
        while (bytes.size() < size) {
            scan.follow(bytes.bytes());
            for (const ByteRange& range : scan.take_large()) large.push_back(range);
            while (!large.empty() && large.front().begin < bytes.size()) {
                ByteRange& value = large.front();
                const auto end = static_cast<std::size_t>(std::min<std::uint64_t>(value.end, size));
                if (end > bytes.size()) (void)grow(end - bytes.size());
                bytes.forget({value.begin, end});
                large.pop_front();
            }
            if (bytes.size() < size) read_some(read, size);
        }
    }
};

FileHeader FileHeader::of(const Read& read, std::uint64_t size, ValueScan::Items items,
                          Texts texts) {
    const Limits limits;
    refuse_larger(static_cast<std::size_t>(size), limits);
    FileHeader header(std::make_shared<Held>());
    Held& held = *header.held_;
    do {
        held.read_some(read, size);
    } while (held.bytes.size() < size && file_meta_goes_on(held.bytes.bytes()));
    const FileMeta meta = read_file_meta(held.bytes.bytes());
    const auto coding =
        coding_of(meta.transfer_syntax_uid, held.bytes.bytes().subspan(meta.data_set_offset));
    if (!coding || coding->deflated) {
        while (held.bytes.size() < size) held.read_some(read, size);
        header.data_set_ = items == ValueScan::Items::kHeld
                               ? DataSet::header_in(held.bytes.bytes())
                               : DataSet::outline_in(held.bytes.bytes());
        return header;
    }
    ValueScan scan(meta.data_set_offset, coding->elements, kLargeValue, items);
    held.read_around(read, size, scan);
    auto node = read_data_set(held.bytes.bytes(), meta.data_set_offset, coding->elements, limits,
                              items == ValueScan::Items::kHeld ? Extent::kHeader : Extent::kOutline,
                              scan.passed());
    node->pixels_skipped = true;
    header.is_as_it_stands_ = coding->elements.little_endian;
    if (header.is_as_it_stands_ && !scan.fragments() && node->skipped.begin < node->skipped.end)
        header.native_pixels_ = node->skipped;
    header.data_set_ = finished(std::move(node), nullptr, meta.transfer_syntax_uid, texts);
    return header;
}

std::size_t FileHeader::held_bytes() const {
    return held_->bytes.held();
}

std::optional<ByteRange> FileHeader::place_of(ByteView value) const {
    const ByteView file = held_->bytes.bytes();
    const std::less_equal<> is_before;
    if (!is_as_it_stands_ || !is_before(file.data(), value.data()) ||
        !is_before(value.data() + value.size(), file.data() + file.size()))
        return std::nullopt;
    const auto begin = static_cast<std::size_t>(value.data() - file.data());
    return ByteRange{begin, begin + value.size()};
}

}  // namespace lucerna::dicom
