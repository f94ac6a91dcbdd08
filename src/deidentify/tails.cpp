#include "deidentify/tails.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "deidentify/counted_values.h"
#include "dicom/lookup_entries.h"
#include "dicom/palette.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
namespace tags = dicom::tags;

/// How entries of 8 bits are read that lie in 16-bit words.
enum class Wide {
    kLowByte,  ///< by Palette
    kClamped,  ///< by the grayscale pipeline
};

struct LookupTable {
    Tag descriptor;
    Tag data;
    /// Nothing where it has none.
    Tag segmented;
    Wide wide = Wide::kLowByte;
};

constexpr LookupTable kLookupTables[] = {
    {tags::kRedPaletteColorLookupTableDescriptor, tags::kRedPaletteColorLookupTableData,
     tags::kSegmentedRedPaletteColorLookupTableData},
    {tags::kGreenPaletteColorLookupTableDescriptor, tags::kGreenPaletteColorLookupTableData,
     tags::kSegmentedGreenPaletteColorLookupTableData},
    {tags::kBluePaletteColorLookupTableDescriptor, tags::kBluePaletteColorLookupTableData,
     tags::kSegmentedBluePaletteColorLookupTableData},
    {{0x0028, 0x1104}, {0x0028, 0x1204}, {0x0028, 0x1224}},  // Alpha Palette Color
    {{0x0028, 0x1407}, {0x0028, 0x1408}, {}},                // Blending
    {{0x0070, 0x1807}, {0x0070, 0x1808}, {}},                // Weighting
    {tags::kLutDescriptor, tags::kLutData, {}, Wide::kClamped},
};

void remove(DataSet& data, Tag tag, const std::string& prefix, Steps& steps) {
    data.remove(tag);
    steps.add(prefix + path_of(tag), Action::kRemove);
}

void set_cleaned(DataSet& data, Tag tag, Bytes value, const std::string& prefix, Steps& steps) {
    const ByteView before = data.bytes(tag);
    if (value.size() % 2 == 1) value.push_back(0);
    if (std::equal(before.begin(), before.end(), value.begin(), value.end())) return;
    data.set_bytes(tag, data.vr(tag), std::move(value));
    steps.add(prefix + path_of(tag), Action::kClean);
}

/// A device may write each entry into both bytes: then the upper ones say nothing more, to Palette.
Bytes without_upper_bytes(ByteView words, Wide wide) {
    Bytes cleared(words.begin(), words.end());
    bool are_twins = wide == Wide::kLowByte;
    for (std::size_t i = 0; i + 1 < cleared.size(); i += 2)
        are_twins = are_twins && cleared[i] == cleared[i + 1];
    if (are_twins) return cleared;
    for (std::size_t i = 0; i + 1 < cleared.size(); i += 2) {
        if (wide == Wide::kClamped && cleared[i + 1] != 0) cleared[i] = 0xFF;
        cleared[i + 1] = 0;
    }
    return cleared;
}

/// Its three numbers (PS3.3 C.11.1.1.1), or none.
std::vector<long long> descriptor_of(const DataSet& data, const LookupTable& table) {
    if (data.value_count(table.descriptor) != 3) return {};
    return data.integers(table.descriptor);
}

void cut_plain(DataSet& data, const LookupTable& table, const std::string& prefix, Steps& steps) {
    const std::vector<long long> descriptor = descriptor_of(data, table);
    if (descriptor.empty()) return remove(data, table.data, prefix, steps);
    const std::size_t entries = dicom::entries_of_descriptor(descriptor[0]);
    const long long bits = table.wide == Wide::kClamped ? descriptor[2] & 0xFFFF : descriptor[2];
    const ByteView value = data.bytes(table.data);
    const std::size_t bytes = dicom::bytes_an_entry(value.size(), entries, bits);
    // Some say 16 bits of what they store as bytes.
    const bool is_one_each = value.size() == entries + entries % 2;
    if (bytes == 0 && is_one_each) return;
    if (bytes == 0) return remove(data, table.data, prefix, steps);
    if (bytes == 1 || bits != 8)
        return cut_behind(data, table.data, bytes * entries, prefix, steps);
    set_cleaned(data, table.data, without_upper_bytes(value.first(2 * entries), table.wide), prefix,
                steps);
}

void cut_segmented(DataSet& data, const LookupTable& table, const std::string& prefix,
                   Steps& steps) {
    const std::vector<long long> descriptor = descriptor_of(data, table);
    std::optional<Bytes> used;
    if (!descriptor.empty())
        used = dicom::segments_in_use(data.bytes(table.segmented),
                                      dicom::entries_of_descriptor(descriptor[0]), descriptor[2]);
    if (!used) return remove(data, table.segmented, prefix, steps);
    set_cleaned(data, table.segmented, *std::move(used), prefix, steps);
}

}  // namespace

void cut_behind(DataSet& data, Tag tag, std::size_t most, const std::string& prefix, Steps& steps) {
    const ByteView value = data.bytes(tag);
    const bool is_padded = value.size() == most + 1 && most % 2 == 1 && value[most] == 0;
    if (value.size() <= most || is_padded) return;
    const ByteView kept = value.first(most);
    data.set_bytes(tag, data.vr(tag), Bytes(kept.begin(), kept.end()));
    steps.add(prefix + path_of(tag), Action::kClean);
}

void cut_tails(DataSet& data, const std::string& prefix, Steps& steps) {
    for (const Tag tag : data.tags()) {
        for (const LookupTable& table : kLookupTables) {
            if (tag != table.data && tag != table.segmented) continue;
            if (!data.has_value(tag)) continue;
            if (tag == table.data)
                cut_plain(data, table, prefix, steps);
            else
                cut_segmented(data, table, prefix, steps);
        }
        if (const auto most = counted_bytes(data, tag)) cut_behind(data, tag, *most, prefix, steps);
    }
}

}  // namespace lucerna::deidentify
