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

/// Without the bits behind the last frame, which may end within a byte.
void look_at_native(FramedObject& object, BarePixels& bare) {
    const DataSet& header = object.header();
    const int frames = frame_count(header);
    const StoredLayout layout = stored_layout_of(header);
    const std::size_t bits = layout.frame_bits() * static_cast<std::size_t>(frames);
    const std::size_t held = header.bytes(tags::kPixelData).size();
    if (layout.is_subsampled() && held >= bits / 8 / 2 * 3)
        contradict(tags::kPhotometricInterpretation,
                   "is " + layout.photometric_interpretation +
                       ", but all pixels have colors of their own");
    bare.native_bytes = (bits + 7) / 8;
    if (held < bare.native_bytes)
        contradict(tags::kPixelData,
                   "has " + std::to_string(held) + " bytes, less than its frames take");
    const std::size_t behind = held - bare.native_bytes;
    if (behind > 0) {
        std::uint8_t first = 0;
        object.read_pixels(bare.native_bytes, {&first, 1});
        // The padding byte.
        const bool is_padding = behind == 1 && bare.native_bytes % 2 == 1 && first == 0;
        if (!is_padding) bare.left_out.push_back({"surplus-bytes", behind});
    }
    if (bits % 8 == 0) return;
    const auto of_frames = static_cast<std::uint8_t>((1 << bits % 8) - 1);
    std::uint8_t last = 0;
    object.read_pixels(bare.native_bytes - 1, {&last, 1});
    if ((last & ~of_frames) == 0) return;
    bare.last_bits = of_frames;
    bare.left_out.push_back({"surplus-bytes", 1});
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

Codec codec_of(const DataSet& data_set) {
    const auto* const syntax = find_transfer_syntax(data_set.transfer_syntax_uid());
    return syntax == nullptr ? Codec::kOther : syntax->codec;
}

/// What is added to `sums` is not more than a few kinds, however many there are.
void add_each_kind_once(const std::vector<LeftOut>& all, std::vector<LeftOut>& sums) {
    for (const LeftOut& one : all) {
        const auto same = std::find_if(sums.begin(), sums.end(),
                                       [&](const LeftOut& sum) { return sum.what == one.what; });
        if (same == sums.end())
            sums.push_back(one);
        else
            same->bytes += one.bytes;
    }
}

/// Of an object of one frame: with that codestream in its place.
DataSet with_codestream(const DataSet& object, const Bytes& codestream) {
    auto node = std::make_unique<Node>();
    node->transfer_syntax_uid = object.transfer_syntax_uid();
    DataSet one(std::move(node));
    for (const Tag tag :
         {tags::kSamplesPerPixel, tags::kPhotometricInterpretation, tags::kPlanarConfiguration,
          tags::kRows, tags::kColumns, tags::kBitsAllocated, tags::kBitsStored, tags::kHighBit,
          tags::kPixelRepresentation})
        if (object.has(tag)) {
            const ByteView value = object.bytes(tag);
            one.set_bytes(tag, object.vr(tag), Bytes(value.begin(), value.end()));
        }
    (void)one.node().put(tags::kPixelData, vr::kOb,
                         fragments_of(std::vector<ByteView>{ByteView(codestream)}));
    return one;
}

void require_same_values(const DataSet& object, int frame) {
    const DataSet one = with_codestream(object, bare_frame(object, frame));
    if (decode_frame(object, frame).samples != decode_frame(one, 0).samples)
        contradict(tags::kPixelData,
                   "has other values without what lies beside them in the codestream");
}

void look_at_codestreams(FramedObject& object, BarePixels& bare) {
    const int frames = frame_count(object.header());
    const StoredLayout layout = stored_layout_of(object.header());
    const Codec codec = codec_of(object.header());
    for (int i = 0; i < frames; ++i) {
        std::vector<LeftOut> of_this;
        const DataSet& shown = object.with_frame(i);
        bare.frame_bytes.push_back(
            bare_codestream(stored_frame(shown, i), codec, layout, of_this).size());
        if (!std::all_of(of_this.begin(), of_this.end(), is_comment)) require_same_values(shown, i);
        add_each_kind_once(of_this, bare.left_out);
    }
    const Fragments& fragments = *object.header().node().find(tags::kPixelData)->fragments();
    // What is behind the end of a codestream may be all of a fragment.
    if (!has_plain_tables(object.header(), fragments, static_cast<std::size_t>(frames)))
        bare.left_out.push_back(
            {"offset-table", fragments.basic_offset_table.size() +
                                 object.header().bytes(tags::kExtendedOffsetTable).size()});
    if (frames == 0 && !bare.left_out.empty())
        contradict(tags::kPixelData, "has no frames, but what says where they begin");
    if (bare.left_out.empty()) bare.frame_bytes.clear();
}

/// Of frames that are not encapsulated they say nothing.
void remove_tables(DataSet& data_set, std::vector<LeftOut>& left_out) {
    for (const Tag table : {tags::kExtendedOffsetTable, tags::kExtendedOffsetTableLengths}) {
        if (!data_set.has(table)) continue;
        left_out.push_back({"offset-table", data_set.bytes(table).size()});
        data_set.remove(table);
    }
}

}  // namespace

BarePixels look_beside_pixels(FramedObject& object) {
    BarePixels bare;
    const Element* const pixels = object.header().node().find(tags::kPixelData);
    if (pixels != nullptr && pixels->fragments() != nullptr)
        look_at_codestreams(object, bare);
    else if (pixels != nullptr && !pixels->value().empty())
        look_at_native(object, bare);
    return bare;
}

Bytes bare_frame(const DataSet& object, int frame) {
    std::vector<LeftOut> left_out;
    return bare_codestream(stored_frame(object, frame), codec_of(object), stored_layout_of(object),
                           left_out);
}

void strip_attributes(DataSet& attributes, BarePixels& bare) {
    std::vector<LeftOut> all;
    const Element* const pixels = attributes.node().find(tags::kPixelData);
    if (pixels == nullptr || pixels->fragments() == nullptr) {
        remove_tables(attributes, all);
    } else if (!bare.frame_bytes.empty()) {
        attributes.remove(tags::kExtendedOffsetTable);
        attributes.remove(tags::kExtendedOffsetTableLengths);
    }
    if (attributes.has_value(tags::kFloatPixelData))
        cut_floats(attributes, tags::kFloatPixelData, 4, all);
    if (attributes.has_value(tags::kDoubleFloatPixelData))
        cut_floats(attributes, tags::kDoubleFloatPixelData, 8, all);
    add_each_kind_once(all, bare.left_out);
}

}  // namespace lucerna::dicom
