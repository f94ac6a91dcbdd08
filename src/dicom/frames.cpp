#include "dicom/frames.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "dicom/codestream.h"
#include "dicom/decoders.h"
#include "dicom/decoding_memory.h"
#include "dicom/failed_assertion.h"
#include "dicom/float_pixels.h"
#include "dicom/limits.h"
#include "dicom/native_samples.h"
#include "dicom/node.h"
#include "dicom/pixel_layout.h"
#include "dicom/stored_bits.h"

namespace lucerna::dicom {
namespace {

[[noreturn]] void contradict(const std::string& what) {
    throw Error(ErrorCode::kInvalidInput, describe(tags::kPixelData) + " " + what);
}

/// Pixel Data with everything that is needed to find a frame in it.
struct Pixels {
    const Element* element = nullptr;
    const Fragments* fragments = nullptr;
    /// Null for one that is not in the table.
    const TransferSyntax* syntax = nullptr;
    StoredLayout layout;

    [[nodiscard]] Codec codec() const { return syntax == nullptr ? Codec::kOther : syntax->codec; }
};

Pixels pixels_of(const DataSet& data_set) {
    const Node& node = data_set.node();
    Pixels pixels;
    pixels.element = node.find(tags::kPixelData);
    if (pixels.element == nullptr) {
        const bool is_float = node.find(tags::kFloatPixelData) != nullptr ||
                              node.find(tags::kDoubleFloatPixelData) != nullptr;
        throw Error(is_float ? ErrorCode::kUnsupported : ErrorCode::kInvalidInput,
                    is_float ? "floating point pixel data is not read here"
                             : describe(tags::kPixelData) + " is missing: the object is no image");
    }
    if (node.pixels_skipped) contradict("was skipped when the object was read");
    pixels.layout = stored_layout_of(data_set);
    pixels.fragments = pixels.element->fragments();
    const std::string& uid = data_set.transfer_syntax_uid();
    pixels.syntax =
        find_transfer_syntax(uid.empty() ? transfer_syntax::kExplicitVrLittleEndian : uid);
    const bool encapsulated = pixels.syntax == nullptr || pixels.syntax->encapsulated();
    if (encapsulated != (pixels.fragments != nullptr)) {
        contradict(encapsulated ? "is not encapsulated, as its transfer syntax asks"
                                : "is encapsulated, against its transfer syntax");
    }
    return pixels;
}

/// Where each frame's fragments begin, by an offset table (PS3.5 A.4, PS3.3 C.7.6.3.1.8).
std::vector<std::size_t> by_offsets(const Fragments& fragments,
                                    const std::vector<std::size_t>& offsets) {
    std::vector<std::size_t> starts;
    for (const std::size_t offset : offsets) {
        const auto at =
            std::lower_bound(fragments.offsets.begin(), fragments.offsets.end(), offset);
        if (at == fragments.offsets.end() || *at != offset) {
            contradict("has an offset table that points between fragments");
        }
        const auto index = static_cast<std::size_t>(at - fragments.offsets.begin());
        if (starts.empty() ? index != 0 : index <= starts.back()) {
            contradict("has an offset table out of order");
        }
        starts.push_back(index);
    }
    return starts;
}

/// One that has not an entry for each frame says nothing, and may be of any size.
std::vector<std::size_t> offset_table(const DataSet& data_set, const Fragments& fragments,
                                      std::size_t frames) {
    std::vector<std::size_t> offsets;
    const ByteView basic = fragments.basic_offset_table;
    if (!basic.empty() && basic.size() / 4 != frames) return offsets;
    for (std::size_t at = 0; at + 4 <= basic.size(); at += 4) offsets.push_back(u32(basic, at));
    if (!offsets.empty()) return offsets;
    const ByteView extended = data_set.bytes(tags::kExtendedOffsetTable);
    if (extended.size() / 8 != frames) return offsets;
    for (std::size_t at = 0; at + 8 <= extended.size(); at += 8) {
        std::uint64_t offset = 0;
        std::memcpy(&offset, extended.data() + at, sizeof(offset));
        offsets.push_back(static_cast<std::size_t>(offset));
    }
    return offsets;
}

std::vector<std::size_t> by_beginnings(const Fragments& fragments, Codec codec) {
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i < fragments.pieces.size(); ++i) {
        if (begins_codestream(fragments.pieces[i], codec)) starts.push_back(i);
    }
    if (!starts.empty() && starts.front() != 0)
        contradict("has fragments before those of its first frame");
    return starts;
}

/// Fragments [first, second) of a frame.
std::pair<std::size_t, std::size_t> fragments_of(const DataSet& data_set, const Pixels& pixels,
                                                 std::size_t frame) {
    const Fragments& fragments = *pixels.fragments;
    const std::size_t pieces = fragments.pieces.size();
    const auto frames = static_cast<std::size_t>(pixels.layout.frames);
    if (frames == 1) return {0, pieces};
    if (frames == pieces) return {frame, frame + 1};
    std::vector<std::size_t> starts =
        by_offsets(fragments, offset_table(data_set, fragments, frames));
    if (starts.size() != frames) starts = by_beginnings(fragments, pixels.codec());
    if (starts.size() != frames) {
        contradict("has " + std::to_string(pieces) + " fragments from which its " +
                   std::to_string(frames) + " frames cannot be told");
    }
    return {starts[frame], frame + 1 < frames ? starts[frame + 1] : pieces};
}

void require_enough(const Pixels& pixels) {
    const auto frames = static_cast<std::size_t>(pixels.layout.frames);
    if (pixels.fragments != nullptr) {
        const bool is_video = pixels.codec() == Codec::kOther;
        if (pixels.fragments->pieces.empty() ||
            (!is_video && pixels.fragments->pieces.size() < frames)) {
            contradict("has " + std::to_string(pixels.fragments->pieces.size()) +
                       " fragments for " + std::to_string(frames) + " frames");
        }
        return;
    }
    const std::size_t bits = pixels.layout.frame_bits();
    const std::size_t available = pixels.element->value().size();
    // In this order nothing overflows: a frame has less than 2^42 bits.
    if (frames > std::numeric_limits<std::size_t>::max() / bits / 2 ||
        (bits * frames + 7) / 8 > available) {
        contradict("has " + std::to_string(available) + " bytes, less than " +
                   std::to_string(frames) + " frames of " + std::to_string((bits + 7) / 8) +
                   " bytes take");
    }
}

void require_frame(const Pixels& pixels, int frame) {
    if (frame >= 0 && frame < pixels.layout.frames) return;
    throw Error(ErrorCode::kNotFound, "there is no frame " + std::to_string(frame + 1) + " of " +
                                          std::to_string(pixels.layout.frames));
}

std::size_t frame_bytes(const StoredLayout& layout) {
    return layout.samples() * static_cast<std::size_t>((layout.bits_allocated + 7) / 8);
}

std::string described(const StoredLayout& layout) {
    return "a frame of " + std::to_string(layout.rows) + " x " + std::to_string(layout.columns) +
           " pixels";
}

/// With every check that there is a frame to decode.
Pixels checked_pixels_of(const DataSet& data_set, int frame, const Limits& limits) {
    Pixels pixels = pixels_of(data_set);
    require_frame(pixels, frame);
    const StoredLayout& layout = pixels.layout;
    if (frame_bytes(layout) > limits.max_frame_bytes) {
        throw Error(ErrorCode::kInvalidInput, described(layout) + " takes more than the limit of " +
                                                  std::to_string(limits.max_frame_bytes) +
                                                  " bytes");
    }
    require_enough(pixels);
    return pixels;
}

Bytes joined_fragments(const DataSet& data_set, const Pixels& pixels, int frame) {
    const auto [first, last] = fragments_of(data_set, pixels, static_cast<std::size_t>(frame));
    Bytes out;
    std::size_t size = 0;
    for (std::size_t i = first; i < last; ++i) size += pixels.fragments->pieces[i].size();
    out.reserve(size);
    for (std::size_t i = first; i < last; ++i) {
        const ByteView piece = pixels.fragments->pieces[i];
        out.insert(out.end(), piece.begin(), piece.end());
    }
    return out;
}

/// For a frame of 1 / 4^`halvings` of its pixels: what is decoded, and with it the decoder's own
/// or, later, what is made for a picture of 8 bits, or `beside_bytes`. Values that no table
/// lists become numbers first.
std::shared_ptr<MemoryBudget::Share> share_for(const StoredLayout& layout,
                                               std::size_t bytes_a_sample, std::size_t bytes,
                                               std::size_t beside_bytes, int halvings = 0) {
    const std::size_t samples = (layout.samples() >> (2 * halvings)) + 1;
    const std::size_t a_picture = layout.has_palette ? 3 : layout.bits_allocated > 16 ? 5 : 1;
    const std::size_t decoded = samples * static_cast<std::size_t>((layout.bits_allocated + 7) / 8);
    const std::size_t of_decoder = samples * bytes_a_sample + bytes;
    // With a palette, some of what the decoder took is still there when the picture is made.
    const std::size_t drawn = std::max(samples * a_picture, beside_bytes);
    const std::size_t beside =
        layout.has_palette ? of_decoder + drawn : std::max(of_decoder, drawn);
    return std::make_shared<MemoryBudget::Share>(
        decoding_memory().take(decoded + beside, described(layout)));
}

DecodedFrame native_frame(const Pixels& pixels, int frame, std::size_t beside_bytes) {
    const StoredLayout& layout = pixels.layout;
    const ByteView all = pixels.element->value();
    const std::size_t bits = layout.frame_bits();
    DecodedFrame out;
    out.rows = layout.rows;
    out.columns = layout.columns;
    out.samples_per_pixel = layout.samples_per_pixel;
    out.bits_allocated = (layout.bits_allocated + 7) / 8 * 8;
    out.bits_stored = layout.bits_allocated;
    out.photometric_interpretation = layout.photometric_interpretation;
    const bool is_laid_out_anew = layout.is_planar || layout.is_subsampled();
    out.share =
        share_for(layout, static_cast<std::size_t>(is_laid_out_anew ? out.bits_allocated / 8 : 0),
                  0, beside_bytes);
    const std::size_t first = bits * static_cast<std::size_t>(frame);
    if (layout.bits_allocated == 1) {
        out.samples = unpacked_bits(all, first, layout.samples());
        return out;
    }
    if (layout.is_packed()) {
        out.samples = unpacked_twelves(all, first, layout.samples());
        return out;
    }
    const ByteView bytes = all.subspan(first / 8, bits / 8);
    out.samples.assign(bytes.begin(), bytes.end());
    if (layout.is_subsampled()) {
        out.samples = with_all_colors(out.samples);
        if (layout.is_of_studio_range()) stretch_studio_range(out.samples);
        out.photometric_interpretation = "YBR_FULL";
    } else if (layout.is_planar) {
        out.samples = interleaved(out.samples, layout);
    }
    return out;
}

/// A picture of one grey is some kilobytes however large it is, and is no picture.
void require_sane_ratio(const StoredLayout& layout, std::size_t codestream) {
    constexpr std::size_t kFreelyExpanded = std::size_t{100} << 20;
    const std::size_t size = frame_bytes(layout);
    if (size <= kFreelyExpanded || size / kMostExpansion <= codestream) return;
    throw Error(ErrorCode::kUnsupported, described(layout) + " takes " + std::to_string(size) +
                                             " bytes, more than " + std::to_string(kMostExpansion) +
                                             " times its codestream of " +
                                             std::to_string(codestream));
}

DecodedFrame decoded_by_codec(ByteView codestream, const TransferSyntax& syntax,
                              const CodestreamHeader& header, const StoredLayout& layout) {
    const AssertionsThrow no_end_of_the_process;
    if (syntax.codec == Codec::kJpeg2000) return decode_by_openjpeg(codestream, header, layout);
    if (syntax.codec == Codec::kJpegLs) return decode_by_charls(codestream, layout);
    if (syntax.codec == Codec::kRle) return decode_rle(codestream, layout);
    return decode_by_dcmtk(codestream, syntax, header, layout);
}

/// A frame's codestream, whose header agrees with the object's.
struct Codestream {
    ByteView bytes;
    /// Of several fragments, what they are together.
    std::shared_ptr<const Bytes> joined;
    CodestreamHeader header;
};

Codestream codestream_of(const DataSet& data_set, const Pixels& pixels, int frame) {
    if (pixels.codec() == Codec::kOther) {
        throw Error(
            ErrorCode::kUnsupported,
            "frames of transfer syntax " + data_set.transfer_syntax_uid() +
                (pixels.syntax == nullptr ? "" : " (" + std::string(pixels.syntax->name) + ")") +
                " are not decoded here");
    }
    const StoredLayout& layout = pixels.layout;
    if (layout.bits_allocated == 1) {
        throw Error(ErrorCode::kUnsupported, "compressed single-bit pixels are not read here");
    }
    const auto [first, last] = fragments_of(data_set, pixels, static_cast<std::size_t>(frame));
    Codestream codestream{pixels.fragments->pieces[first], nullptr, {}};
    if (last - first > 1) {
        codestream.joined =
            std::make_shared<const Bytes>(joined_fragments(data_set, pixels, frame));
        codestream.bytes = *codestream.joined;
    }
    codestream.header = codestream_header(codestream.bytes, pixels.codec(), layout);
    if (codestream.joined) codestream.header.working_bytes += codestream.joined->size();
    require_agreement(codestream.header, layout);
    require_sane_ratio(layout, codestream.bytes.size());
    return codestream;
}

DecodedFrame compressed_frame(const DataSet& data_set, const Pixels& pixels, int frame,
                              std::size_t beside_bytes) {
    const Codestream codestream = codestream_of(data_set, pixels, frame);
    const CodestreamHeader& header = codestream.header;
    auto share =
        share_for(pixels.layout, header.working_bytes_a_sample, header.working_bytes, beside_bytes);
    DecodedFrame out = decoded_by_codec(codestream.bytes, *pixels.syntax, header, pixels.layout);
    out.share = std::move(share);
    out.bits_stored = header.precision;
    return out;
}

/// As it lies in Pixel Data or comes out of its codec; `bits_stored` is how many bits that fills.
DecodedFrame raw_frame(const DataSet& data_set, const Pixels& pixels, int frame,
                       std::size_t beside_bytes = 0) {
    return pixels.fragments == nullptr ? native_frame(pixels, frame, beside_bytes)
                                       : compressed_frame(data_set, pixels, frame, beside_bytes);
}

/// Where values are by the header, in samples of so many bits: where Bits Stored and High Bit say,
/// if those bits reach that far; else they are the value alone.
ValueBits stored_bits(const StoredLayout& layout, int precision) {
    return {precision > layout.high_bit ? layout.high_bit + 1 - layout.bits_stored : 0,
            layout.bits_stored, layout.is_signed};
}

/// Where the values are. A lossless codestream as wide as Bits Allocated is of what lay in Pixel
/// Data, overlays and signs that end at High Bit among it (as DCMTK writes it); of one that has
/// values that Bits Stored has no room for, what it says of itself counts (PS3.5 8.2).
ValueBits value_bits(const DecodedFrame& raw, const DataSet& data_set, const Pixels& pixels) {
    const StoredLayout& layout = pixels.layout;
    const int precision = raw.bits_stored;
    const ValueBits stored = stored_bits(layout, precision);
    const bool by_header = precision <= layout.bits_stored ||
                           (pixels.syntax->lossless && precision == layout.bits_allocated) ||
                           has_embedded_overlay(data_set, layout) || !has_bits_beside(raw, stored);
    return by_header ? stored : ValueBits{0, precision, layout.is_signed};
}

/// Of `raw`: what lies beside its values is to stay there.
bool has_cells_to_keep(const DecodedFrame& raw, const ValueBits& value, const DataSet& data_set,
                       const Pixels& pixels) {
    if (raw.bits_stored <= value.count) return false;
    if (has_embedded_overlay(data_set, pixels.layout)) return true;
    // High Bit is one less than Bits Stored (PS3.3 C.7.6.3); what lies higher is moved down
    // instead.
    return value.low == 0 && has_bits_beside(raw, value);
}

FrameView view_of(const StoredLayout& layout) {
    FrameView view;
    view.rows = layout.rows;
    view.columns = layout.columns;
    view.samples_per_pixel = layout.samples_per_pixel;
    view.bits_allocated = layout.bits_allocated;
    view.bits_stored = layout.bits_stored;
    view.low_bit = layout.high_bit + 1 - layout.bits_stored;
    view.is_signed = layout.is_signed;
    view.photometric_interpretation = layout.photometric_interpretation;
    return view;
}

}  // namespace

std::int64_t DecodedFrame::value(std::size_t index) const {
    const std::uint8_t* const at =
        samples.data() + index * static_cast<std::size_t>(bits_allocated / 8);
    if (bits_allocated == 8) {
        return is_signed ? static_cast<std::int8_t>(*at) : static_cast<std::int64_t>(*at);
    }
    if (bits_allocated == 16) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, at, sizeof(bits));
        return is_signed ? static_cast<std::int16_t>(bits) : static_cast<std::int64_t>(bits);
    }
    std::uint32_t bits = 0;
    std::memcpy(&bits, at, sizeof(bits));
    return is_signed ? static_cast<std::int32_t>(bits) : static_cast<std::int64_t>(bits);
}

std::int64_t DecodedFrame::lowest() const {
    return is_signed ? -(std::int64_t{1} << (bits_stored - 1)) : 0;
}

std::int64_t DecodedFrame::highest() const {
    return (std::int64_t{1} << (is_signed ? bits_stored - 1 : bits_stored)) - 1;
}

int frame_count(const DataSet& data_set) {
    const Node& node = data_set.node();
    const bool has_pixels = node.find(tags::kPixelData) != nullptr ||
                            node.find(tags::kFloatPixelData) != nullptr ||
                            node.find(tags::kDoubleFloatPixelData) != nullptr;
    if (!has_pixels) return 0;
    if (node.pixels_skipped || node.find(tags::kPixelData) == nullptr) {
        return static_cast<int>(
            std::clamp(data_set.integer(tags::kNumberOfFrames).value_or(1), 1LL,
                       static_cast<long long>(std::numeric_limits<int>::max())));
    }
    const Pixels pixels = pixels_of(data_set);
    require_enough(pixels);
    return static_cast<int>(pixels.layout.frames);
}

DecodedFrame decode_frame(const DataSet& data_set, int frame, const Limits& limits,
                          std::size_t beside_bytes) {
    const Pixels pixels = checked_pixels_of(data_set, frame, limits);
    DecodedFrame out = raw_frame(data_set, pixels, frame, beside_bytes);
    keep_values(out, value_bits(out, data_set, pixels));
    return out;
}

DecodedFrame decode_cells(const DataSet& data_set, int frame, const Limits& limits) {
    const Pixels pixels = checked_pixels_of(data_set, frame, limits);
    DecodedFrame out = raw_frame(data_set, pixels, frame);
    const ValueBits value = value_bits(out, data_set, pixels);
    if (has_cells_to_keep(out, value, data_set, pixels)) {
        out.has_more_than_values = true;
        out.bits_stored = out.bits_allocated;
        out.is_signed = value.is_signed;
    } else {
        keep_values(out, value);
    }
    return out;
}

bool has_bits_beside_values(const DataSet& data_set, int frame, const Limits& limits) {
    const Pixels pixels = checked_pixels_of(data_set, frame, limits);
    const DecodedFrame raw = raw_frame(data_set, pixels, frame);
    return has_bits_beside(raw, stored_bits(pixels.layout, raw.bits_stored));
}

bool are_values_alone(const DataSet& data_set, int frame) {
    const DecodedFrame values = decode_frame(data_set, frame);
    const Pixels pixels = checked_pixels_of(data_set, frame, {});
    return raw_frame(data_set, pixels, frame).samples == values.samples;
}

std::optional<DecodedFrame> decode_smaller(const DataSet& data_set, int frame, int least_columns,
                                           int least_rows, const Limits& limits,
                                           std::size_t beside_bytes) {
    const Pixels pixels = checked_pixels_of(data_set, frame, limits);
    if (pixels.fragments == nullptr || pixels.codec() != Codec::kJpeg2000) return {};
    const Codestream codestream = codestream_of(data_set, pixels, frame);
    const CodestreamHeader& header = codestream.header;
    const StoredLayout& layout = pixels.layout;
    // A lower resolution is an average of samples, which have to be the values alone.
    const bool are_values = header.is_signed == layout.is_signed &&
                            (header.precision <= layout.bits_stored ||
                             (header.is_signed && !has_embedded_overlay(data_set, layout)));
    if (!are_values) return {};
    int halvings = 0;
    while (halvings < header.halvings && layout.columns >> (halvings + 1) >= least_columns &&
           layout.rows >> (halvings + 1) >= least_rows)
        ++halvings;
    if (halvings == 0) return {};
    auto share = share_for(layout, header.working_bytes_a_sample, header.working_bytes,
                           beside_bytes, halvings);
    const AssertionsThrow no_end_of_the_process;
    DecodedFrame out = decode_by_openjpeg(codestream.bytes, header, layout, halvings);
    out.share = std::move(share);
    keep_values(out, {0, std::max(layout.bits_stored, header.precision), layout.is_signed});
    return out;
}

std::optional<FrameRows> compressed_rows(const DataSet& data_set, int frame, const Limits& limits) {
    const Pixels pixels = checked_pixels_of(data_set, frame, limits);
    if (pixels.fragments == nullptr || pixels.codec() != Codec::kRle) return {};
    const Codestream codestream = codestream_of(data_set, pixels, frame);
    const auto rows = std::make_shared<RleRows>(codestream.bytes, pixels.layout);
    FrameRows all{view_of(pixels.layout), pixels.layout.rows,
                  [rows, joined = codestream.joined](std::span<std::uint8_t> samples) {
                      rows->next(samples);
                  }};
    all.row.rows = 1;
    return all;
}

FrameView::FrameView(const DecodedFrame& frame)
    : rows(frame.rows),
      columns(frame.columns),
      samples_per_pixel(frame.samples_per_pixel),
      bits_allocated(frame.bits_allocated),
      bits_stored(frame.bits_stored),
      is_signed(frame.is_signed),
      photometric_interpretation(frame.photometric_interpretation),
      samples(frame.samples) {}

std::optional<FrameView> native_view(const DataSet& data_set, int frame, const Limits& limits) {
    const Pixels pixels = checked_pixels_of(data_set, frame, limits);
    const StoredLayout& layout = pixels.layout;
    if (pixels.fragments != nullptr || layout.is_packed() || layout.is_subsampled() ||
        layout.is_planar) {
        return std::nullopt;
    }
    FrameView view = view_of(layout);
    const std::size_t size = layout.frame_bits() / 8;
    view.samples = pixels.element->value().subspan(size * static_cast<std::size_t>(frame), size);
    return view;
}

const FrameView& FirstFrame::view() {
    if (view_) return *view_;
    view_ = native_view(*data_set_, 0);
    if (view_) return *view_;
    decoded_ = decode_frame(*data_set_, 0);
    return view_.emplace(*decoded_);
}

ByteRange fragments_of_frame(const DataSet& data_set, int frame) {
    const auto [first, last] =
        fragments_of(data_set, pixels_of(data_set), static_cast<std::size_t>(frame));
    return {first, last};
}

Bytes stored_frame(const DataSet& data_set, int frame) {
    if (const auto floats = float_frame(data_set, frame)) return {floats->begin(), floats->end()};
    const Pixels pixels = pixels_of(data_set);
    require_frame(pixels, frame);
    require_enough(pixels);
    if (pixels.fragments != nullptr) return joined_fragments(data_set, pixels, frame);
    const std::size_t bits = pixels.layout.frame_bits();
    const std::size_t first = bits * static_cast<std::size_t>(frame);
    const ByteView all = pixels.element->value();
    if (first % 8 == 0 && bits % 8 == 0) {
        const ByteView bytes = all.subspan(first / 8, bits / 8);
        return {bytes.begin(), bytes.end()};
    }
    // Frames are not padded: this one begins or ends within a byte.
    return moved_to_byte(all, first, bits);
}

}  // namespace lucerna::dicom
