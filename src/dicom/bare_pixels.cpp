#include "dicom/bare_pixels.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "dicom/frames.h"
#include "dicom/node.h"

namespace lucerna::dicom {
namespace {

[[noreturn]] void contradict(Tag tag, const std::string& what) {
    throw Error(ErrorCode::kInvalidInput, describe(tag) + " " + what);
}

void cut(DataSet& data_set, Tag tag, std::size_t bytes, std::vector<LeftOut>& left_out) {
    const ByteView value = data_set.bytes(tag);
    if (value.size() < bytes)
        contradict(tag,
                   "has " + std::to_string(value.size()) + " bytes, less than its frames take");
    const ByteView behind = value.subspan(bytes);
    // The padding byte.
    if (behind.empty() || (behind.size() == 1 && bytes % 2 == 1 && behind[0] == 0)) return;
    left_out.push_back({"surplus-bytes", behind.size()});
    const ByteView kept = value.first(bytes);
    data_set.set_bytes(tag, data_set.vr(tag), Bytes(kept.begin(), kept.end()));
}

void cut_native(DataSet& data_set, std::vector<LeftOut>& left_out) {
    const auto frames = static_cast<std::size_t>(frame_count(data_set));
    const StoredLayout layout = stored_layout_of(data_set);
    const std::size_t bits = layout.frame_bits() * frames;
    const std::size_t held = data_set.bytes(tags::kPixelData).size();
    if (layout.is_subsampled() && held >= bits / 8 / 2 * 3)
        contradict(tags::kPhotometricInterpretation,
                   "is " + layout.photometric_interpretation +
                       ", but all pixels have colors of their own");
    cut(data_set, tags::kPixelData, (bits + 7) / 8, left_out);
    if (bits % 8 == 0) return;
    Bytes value(data_set.bytes(tags::kPixelData).begin(), data_set.bytes(tags::kPixelData).end());
    const auto beside = static_cast<std::uint8_t>(0xFF << (bits % 8));
    if ((value[bits / 8] & beside) == 0) return;
    value[bits / 8] = static_cast<std::uint8_t>(value[bits / 8] & ~beside);
    left_out.push_back({"surplus-bytes", 1});
    data_set.set_bytes(tags::kPixelData, data_set.vr(tags::kPixelData), std::move(value));
}

/// PS3.3 C.7.6.24 and C.7.6.25: one sample of 32 or 64 bits a pixel.
void cut_floats(DataSet& data_set, Tag tag, std::size_t sample_bytes,
                std::vector<LeftOut>& left_out) {
    const auto rows = data_set.integer(tags::kRows).value_or(0);
    const auto columns = data_set.integer(tags::kColumns).value_or(0);
    const auto frames = data_set.integer(tags::kNumberOfFrames).value_or(1);
    if (rows < 1 || rows > 65535 || columns < 1 || columns > 65535 || frames < 1 ||
        frames > 0x7FFFFFFF)
        contradict(tag, "has no size by Rows, Columns and Number of Frames");
    const auto pixels = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
    if (static_cast<std::size_t>(frames) > data_set.bytes(tag).size() / sample_bytes / pixels)
        contradict(tag, "has fewer bytes than its frames take");
    cut(data_set, tag, pixels * static_cast<std::size_t>(frames) * sample_bytes, left_out);
}

template <typename Number>
bool is_table_of(ByteView table, const std::vector<std::size_t>& numbers) {
    if (table.size() != numbers.size() * sizeof(Number)) return false;
    for (std::size_t i = 0; i < table.size(); ++i)
        if (table[i] !=
            static_cast<std::uint8_t>(static_cast<std::uint64_t>(numbers[i / sizeof(Number)]) >>
                                      (8 * (i % sizeof(Number)))))
            return false;
    return true;
}

/// Offset tables are absent, or say where the frames' fragments begin and how long they are (PS3.5
/// A.4, PS3.3 C.7.6.3.1.8), and nothing besides.
bool has_plain_tables(const DataSet& data_set, const Fragments& fragments, std::size_t frames) {
    const bool has_extended =
        data_set.has(tags::kExtendedOffsetTable) || data_set.has(tags::kExtendedOffsetTableLengths);
    if (frames == fragments.pieces.size()) {
        std::vector<std::size_t> lengths;
        for (const ByteView piece : fragments.pieces) lengths.push_back(piece.size());
        const ByteView said = data_set.bytes(tags::kExtendedOffsetTableLengths);
        // Without the padding byte, as it should be, or with it.
        for (std::size_t i = 0; i < lengths.size() && said.size() == 8 * lengths.size(); ++i)
            if (said[8 * i] == static_cast<std::uint8_t>(lengths[i] - 1)) --lengths[i];
        const bool is_basic =
            fragments.basic_offset_table.empty() ||
            is_table_of<std::uint32_t>(fragments.basic_offset_table, fragments.offsets);
        return is_basic && (!has_extended ||
                            (is_table_of<std::uint64_t>(data_set.bytes(tags::kExtendedOffsetTable),
                                                        fragments.offsets) &&
                             is_table_of<std::uint64_t>(said, lengths)));
    }
    if (has_extended) return false;
    if (fragments.basic_offset_table.empty()) return true;
    if (frames == 1) return is_table_of<std::uint32_t>(fragments.basic_offset_table, {0});
    // Frames were told by it, or else by how they begin.
    return fragments.basic_offset_table.size() == 4 * frames;
}

bool is_comment(const LeftOut& one) {
    return one.what == "comment";
}

void require_same_values(const DataSet& before, const DataSet& after, int frames) {
    for (int i = 0; i < frames; ++i)
        if (decode_frame(before, i).samples != decode_frame(after, i).samples)
            contradict(tags::kPixelData,
                       "has other values without what lies beside them in the codestream");
}

void bare_frames(DataSet& data_set, std::vector<LeftOut>& left_out) {
    const int frames = frame_count(data_set);
    const StoredLayout layout = stored_layout_of(data_set);
    const auto* const syntax = find_transfer_syntax(data_set.transfer_syntax_uid());
    const Codec codec = syntax == nullptr ? Codec::kOther : syntax->codec;
    std::vector<Bytes> bare;
    for (int i = 0; i < frames; ++i)
        bare.push_back(bare_codestream(stored_frame(data_set, i), codec, layout, left_out));
    const Element& element = *data_set.node().find(tags::kPixelData);
    // What is behind the end of a codestream may be all of a fragment.
    const bool is_changed = !left_out.empty();
    if (!has_plain_tables(data_set, *element.fragments(), static_cast<std::size_t>(frames)))
        left_out.push_back({"offset-table", element.fragments()->basic_offset_table.size() +
                                                data_set.bytes(tags::kExtendedOffsetTable).size()});
    if (left_out.empty()) return;
    const bool is_to_compare =
        is_changed && !std::all_of(left_out.begin(), left_out.end(), is_comment);
    const std::optional<DataSet> before =
        is_to_compare ? std::optional(data_set.clone()) : std::nullopt;
    (void)data_set.node().put(tags::kPixelData, element.vr,
                              fragments_of(std::vector<ByteView>(bare.begin(), bare.end())));
    data_set.remove(tags::kExtendedOffsetTable);
    data_set.remove(tags::kExtendedOffsetTableLengths);
    if (before) require_same_values(*before, data_set, frames);
}

/// Of frames that are not encapsulated they say nothing.
void remove_tables(DataSet& data_set, std::vector<LeftOut>& left_out) {
    for (const Tag table : {tags::kExtendedOffsetTable, tags::kExtendedOffsetTableLengths}) {
        if (!data_set.has(table)) continue;
        left_out.push_back({"offset-table", data_set.bytes(table).size()});
        data_set.remove(table);
    }
}

std::vector<LeftOut> each_kind_once(const std::vector<LeftOut>& all) {
    std::vector<LeftOut> sums;
    for (const LeftOut& one : all) {
        const auto same = std::find_if(sums.begin(), sums.end(),
                                       [&](const LeftOut& sum) { return sum.what == one.what; });
        if (same == sums.end())
            sums.push_back(one);
        else
            same->bytes += one.bytes;
    }
    return sums;
}

}  // namespace

std::vector<LeftOut> strip_pixels(DataSet& data_set) {
    std::vector<LeftOut> left_out;
    const Element* const pixels = data_set.node().find(tags::kPixelData);
    if (pixels != nullptr && pixels->fragments() != nullptr) {
        bare_frames(data_set, left_out);
    } else {
        if (pixels != nullptr && !pixels->value().empty()) cut_native(data_set, left_out);
        remove_tables(data_set, left_out);
    }
    if (data_set.has_value(tags::kFloatPixelData))
        cut_floats(data_set, tags::kFloatPixelData, 4, left_out);
    if (data_set.has_value(tags::kDoubleFloatPixelData))
        cut_floats(data_set, tags::kDoubleFloatPixelData, 8, left_out);
    return each_kind_once(left_out);
}

}  // namespace lucerna::dicom
