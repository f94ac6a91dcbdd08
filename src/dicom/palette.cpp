#include "dicom/palette.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "dicom/lookup_entries.h"
#include "dicom/node.h"

namespace lucerna::dicom {
namespace {

struct ColorTags {
    Tag descriptor;
    Tag data;
    Tag segmented;
};

constexpr std::array<ColorTags, 3> kColors{{
    {tags::kRedPaletteColorLookupTableDescriptor, tags::kRedPaletteColorLookupTableData,
     tags::kSegmentedRedPaletteColorLookupTableData},
    {tags::kGreenPaletteColorLookupTableDescriptor, tags::kGreenPaletteColorLookupTableData,
     tags::kSegmentedGreenPaletteColorLookupTableData},
    {tags::kBluePaletteColorLookupTableDescriptor, tags::kBluePaletteColorLookupTableData,
     tags::kSegmentedBluePaletteColorLookupTableData},
}};

/// Writes out what segments say, of words of one byte or two (PS3.3 C.7.9.2).
class Segments {
  public:
    Segments(ByteView data, std::size_t bytes_a_word, std::size_t count, Tag tag)
        : data_(data), bytes_a_word_(bytes_a_word), count_(count), tag_(tag) {}

    std::vector<std::uint16_t> expanded() {
        while (entries_.size() < count_ && at_ < words()) expand_one(at_, true);
        if (entries_.size() != count_) broken("gives another number of entries than described");
        return std::move(entries_);
    }
    /// Once expanded: the words that were read, in their places, zeros between, nothing behind.
    [[nodiscard]] Bytes read() && { return std::move(read_); }

  private:
    static constexpr std::uint16_t kDiscrete = 0;
    static constexpr std::uint16_t kLinear = 1;
    static constexpr std::uint16_t kIndirect = 2;

    [[noreturn]] void broken(const char* what) const {
        throw Error(ErrorCode::kInvalidInput, describe(tag_) + " " + what);
    }
    [[nodiscard]] std::size_t words() const { return data_.size() / bytes_a_word_; }

    std::uint16_t next(std::size_t& at) {
        if (at >= words()) broken("ends within a segment");
        const std::size_t begin = bytes_a_word_ * at++;
        read_.resize(std::max(read_.size(), begin + bytes_a_word_));
        std::copy_n(data_.begin() + static_cast<std::ptrdiff_t>(begin), bytes_a_word_,
                    read_.begin() + static_cast<std::ptrdiff_t>(begin));
        return bytes_a_word_ == 1 ? data_[begin] : u16(data_, begin);
    }

    void expand_one(std::size_t& at, bool may_refer) {
        const std::uint16_t kind = next(at);
        const std::uint16_t length = next(at);
        if (length == 0) broken("has an empty segment");
        if (kind == kIndirect && may_refer) return refer(at, length);
        if (kind != kDiscrete && kind != kLinear) broken("has a segment of no known kind");
        if (entries_.size() + length > count_) broken("gives more entries than described");
        if (kind == kDiscrete) {
            for (int i = 0; i < length; ++i) entries_.push_back(next(at));
            return;
        }
        const std::uint16_t last = next(at);
        if (entries_.empty()) broken("begins with a line from nowhere");
        const double first = entries_.back();
        for (int i = 1; i <= length; ++i)
            entries_.push_back(
                static_cast<std::uint16_t>(std::lround(first + (last - first) * i / length)));
    }

    /// `segments` of them stand again, from a place in bytes that 32 bits say; none of those refers
    /// on.
    void refer(std::size_t& at, std::uint16_t segments) {
        std::uint32_t offset = 0;
        for (std::size_t byte = 0; byte < 4; byte += bytes_a_word_)
            offset |= static_cast<std::uint32_t>(next(at)) << 8 * byte;
        std::size_t there = offset / bytes_a_word_;
        for (int i = 0; i < segments; ++i) expand_one(there, false);
    }

    ByteView data_;
    std::size_t bytes_a_word_;
    std::size_t count_;
    Tag tag_;
    std::size_t at_ = 0;
    std::vector<std::uint16_t> entries_;
    Bytes read_;
};

/// Entries of 16 bits are shown by their upper 8 (PS3.3 C.7.6.3.1.5).
std::uint8_t shown(std::uint16_t entry, long long bits) {
    return static_cast<std::uint8_t>(bits == 8 ? entry & 0xFF : entry >> 8);
}

Bytes entries_of(const DataSet& data_set, const ColorTags& color, std::size_t count,
                 long long bits) {
    Bytes entries(count);
    const ByteView data = data_set.bytes(color.data);
    const std::size_t bytes = bytes_an_entry(data.size(), count, bits);
    if (bytes == 2) {
        for (std::size_t i = 0; i < count; ++i) entries[i] = shown(u16(data, 2 * i), bits);
        return entries;
    }
    if (bytes == 1) {
        std::copy_n(data.begin(), count, entries.begin());
        return entries;
    }
    const ByteView segmented = data_set.bytes(color.segmented);
    if (segmented.empty())
        throw Error(ErrorCode::kInvalidInput, describe(color.data) + " is missing or too short");
    if (bits != 16)
        throw Error(ErrorCode::kUnsupported,
                    describe(color.segmented) + " of 8 bits is not shown here");
    const auto expanded = Segments(segmented, 2, count, color.segmented).expanded();
    std::transform(expanded.begin(), expanded.end(), entries.begin(),
                   [&](std::uint16_t entry) { return shown(entry, bits); });
    return entries;
}

}  // namespace

Palette::Table Palette::table_of(const DataSet& data_set, std::size_t color) {
    const ColorTags& of = kColors[color];
    const auto descriptor = data_set.integers(of.descriptor);
    if (descriptor.size() != 3) {
        throw Error(ErrorCode::kInvalidInput,
                    describe(of.descriptor) + " is missing or not of three numbers");
    }
    const bool is_signed = data_set.integer(tags::kPixelRepresentation) == 1;
    return {is_signed ? static_cast<std::int16_t>(descriptor[1] & 0xFFFF) : descriptor[1] & 0xFFFF,
            entries_of(data_set, of, entries_of_descriptor(descriptor[0]), descriptor[2])};
}

std::optional<Bytes> segments_in_use(ByteView segments, std::size_t entries, long long bits) {
    if (bits != 8 && bits != 16) return {};
    Segments all(segments, bits == 8 ? 1 : 2, entries, Tag{});
    try {
        (void)all.expanded();
    } catch (const Error&) {
        return {};
    }
    return std::move(all).read();
}

Palette::Palette(const DataSet& data_set) {
    for (std::size_t color = 0; color < tables_.size(); ++color)
        tables_[color] = table_of(data_set, color);
}

Rgb Palette::color(std::int64_t stored) const {
    Rgb color{};
    std::transform(tables_.begin(), tables_.end(), color.begin(), [&](const Table& table) {
        const auto last = static_cast<std::int64_t>(table.entries.size()) - 1;
        const std::int64_t at = std::clamp<std::int64_t>(stored - table.first_mapped, 0, last);
        return table.entries[static_cast<std::size_t>(at)];
    });
    return color;
}

PictureRows palette_rows(const DataSet& data_set, const DecodedFrame& frame) {
    return {frame.columns, frame.rows, 3,
            [palette = Palette(data_set), &frame](int first, std::span<std::uint8_t> out) {
                auto at = static_cast<std::size_t>(first) * static_cast<std::size_t>(frame.columns);
                for (; !out.empty(); out = out.subspan(3), ++at) {
                    const Rgb color = palette.color(frame.value(at));
                    std::copy(color.begin(), color.end(), out.begin());
                }
            }};
}

}  // namespace lucerna::dicom
