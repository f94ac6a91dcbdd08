#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/around_pixels.h"
#include "dicom/charset.h"
#include "dicom/data_set.h"
#include "dicom/decoding_memory.h"
#include "dicom/encoders.h"
#include "dicom/file_header.h"
#include "dicom/frames.h"
#include "dicom/limits.h"
#include "dicom/message_data_set.h"
#include "dicom/metadata.h"
#include "dicom/nested_pixels.h"
#include "dicom/node.h"
#include "dicom/part10_head.h"
#include "dicom/pixel_layout.h"
#include "dicom/reader.h"
#include "dicom/recoded_file.h"

namespace lucerna::dicom {
namespace {

constexpr std::uint32_t kUndefinedLength = 0xFFFFFFFF;
constexpr std::size_t kMaxShortLength = 0xFFFE;
constexpr Tag kItem{0xFFFE, 0xE000};
constexpr Tag kSequenceDelimitation{0xFFFE, 0xE0DD};

/// Writes elements little endian, sequences and items with their lengths.
class Writer {
  public:
    /// What `take` is given is out of `out`.
    using Take = std::function<void(ByteView)>;

    Writer(Bytes& out, bool explicit_vr, Take take = {})
        : out_(out), explicit_vr_(explicit_vr), take_(std::move(take)) {}
    /// Values that lie in that file, and are of some size, are not written but told.
    Writer(Bytes& out, bool explicit_vr, const FileHeader& file)
        : out_(out), explicit_vr_(explicit_vr), file_(&file) {}

    void write(const Node& node, bool says_utf8) { write(std::span(node.elements), says_utf8); }
    void write(std::span<const Element> elements, bool says_utf8) {
        bool said = !says_utf8;
        for (const Element& element : elements) {
            if (!said && element.tag >= tags::kSpecificCharacterSet) {
                write_utf8();
                said = true;
            }
            // The root's encoding holds for all of it.
            if (element.tag == tags::kSpecificCharacterSet && (says_utf8 || is_wide_)) continue;
            // Group lengths are retired (PS3.5 7.2) and would not be true any more.
            if (element.tag.element == 0) continue;
            write(element);
        }
        if (!said) write_utf8();
    }

    /// Specific Character Set is not taken from the data set.
    void mark_wide() { is_wide_ = true; }

    /// Of Pixel Data whose value is written elsewhere; without a length it is encapsulated.
    void begin_pixels(Vr vr, std::optional<std::uint64_t> length) {
        write_header(tags::kPixelData, vr, static_cast<std::size_t>(length.value_or(0)));
        if (length) return;
        out_.resize(out_.size() - 4);
        put32(kUndefinedLength);
    }

    [[nodiscard]] std::vector<RecodedFile::Elsewhere> take_elsewhere() {
        return std::move(elsewhere_);
    }

    void flush() {
        if (!out_.empty()) take_(out_);
        out_.clear();
    }

  private:
    void write_utf8() {
        constexpr std::string_view kUtf8 = "ISO_IR 192";
        write_header(tags::kSpecificCharacterSet, vr::kCs, kUtf8.size());
        out_.insert(out_.end(), kUtf8.begin(), kUtf8.end());
    }

    void write(const Element& element) {
        if (element.is_sequence()) return write_sequence(element);
        if (const Fragments* const fragments = element.fragments()) {
            return write_fragments(*fragments);
        }
        if (file_ != nullptr && depth_ == 0 && element.tag == tags::kPixelData)
            return write_pixels_of_file(element.vr);
        const ByteView value = element.value();
        write_header(element.tag, element.vr, value.size() + value.size() % 2);
        put(value);
        if (value.size() % 2 == 1) {
            out_.push_back(element.vr.is_text() && element.vr != vr::kUi ? ' ' : 0);
        }
    }

    void write_pixels_of_file(Vr vr) {
        const ByteRange& skipped = file_->data_set().node().skipped;
        const ByteRange place = file_->native_pixels().value_or(ByteRange{});
        // Half of an object is none.
        if (skipped.begin < skipped.end && place != skipped)
            throw Error(ErrorCode::kInvalidInput,
                        describe(tags::kPixelData) +
                            " is encapsulated, against the object's transfer syntax");
        const std::size_t length = place.end - place.begin;
        write_header(tags::kPixelData, vr, length + length % 2);
        if (length > 0) leave_out(place);
        if (length % 2 == 1) out_.push_back(0);
    }

    void leave_out(const ByteRange& place) {
        elsewhere_.push_back({out_.size(), place});
        bytes_elsewhere_ += place.end - place.begin;
    }
    [[nodiscard]] std::size_t written() const { return out_.size() + bytes_elsewhere_; }

    void write_sequence(const Element& element) {
        write_header(element.tag, vr::kSq, 0);
        const Start start{out_.size(), written()};
        ++depth_;
        if (const Items* const items = element.items()) {
            for (const DataSet& item : *items) {
                write_tag(kItem);
                put32(0);
                const Start item_start{out_.size(), written()};
                write(item.node(), false);
                patch_length(item_start);
            }
        }
        --depth_;
        patch_length(start);
    }

    void write_fragments(const Fragments& fragments) {
        begin_pixels(vr::kOb, {});
        write_fragment(fragments.basic_offset_table);
        for (const ByteView piece : fragments.pieces) write_fragment(piece);
        write_tag(kSequenceDelimitation);
        put32(0);
    }

    void write_fragment(ByteView piece) {
        write_tag(kItem);
        put32(checked(piece.size()));
        put(piece);
    }

    void put(ByteView value) {
        constexpr std::size_t kLarge = std::size_t{64} << 10;
        constexpr std::size_t kSomeSizeElsewhere = std::size_t{4} << 10;
        if (file_ != nullptr && value.size() >= kSomeSizeElsewhere) {
            if (const auto place = file_->place_of(value)) return leave_out(*place);
        }
        // Within a sequence lengths are still to be written before it.
        if (take_ && depth_ == 0 && out_.size() + value.size() > kLarge) {
            flush();
            take_(value);
        } else {
            out_.insert(out_.end(), value.begin(), value.end());
        }
    }

    void write_header(Tag tag, Vr vr, std::size_t length) {
        write_tag(tag);
        if (!explicit_vr_) return put32(checked(length));
        // PS3.5 6.2.2: what is too long for its VR's length is written as UN.
        if (!vr.has_long_length() && length > kMaxShortLength) vr = vr::kUn;
        const std::string letters = vr.str();
        out_.insert(out_.end(), letters.begin(), letters.end());
        if (vr.has_long_length()) {
            put16(0);
            put32(checked(length));
        } else {
            put16(static_cast<std::uint16_t>(length));
        }
    }

    void write_tag(Tag tag) {
        put16(tag.group);
        put16(tag.element);
    }
    void put16(std::uint16_t number) {
        out_.push_back(static_cast<std::uint8_t>(number & 0xFF));
        out_.push_back(static_cast<std::uint8_t>(number >> 8));
    }
    void put32(std::uint32_t number) {
        put16(static_cast<std::uint16_t>(number & 0xFFFF));
        put16(static_cast<std::uint16_t>(number >> 16));
    }
    /// Where something begins: in `out_`, and in all that is written.
    struct Start {
        std::size_t at = 0;
        std::size_t written = 0;
    };
    /// Writes how much came since `start` into the four bytes before it.
    void patch_length(const Start& start) {
        const std::uint32_t length = checked(written() - start.written);
        for (std::size_t i = 0; i < 4; ++i) {
            out_[start.at - 4 + i] = static_cast<std::uint8_t>(length >> (8 * i));
        }
    }
    static std::uint32_t checked(std::size_t length) {
        if (length < kUndefinedLength) return static_cast<std::uint32_t>(length);
        throw Error(ErrorCode::kUnsupported, "a value of 4 GiB or more cannot be written");
    }

    Bytes& out_;
    bool explicit_vr_;
    Take take_;
    const FileHeader* file_ = nullptr;
    std::vector<RecodedFile::Elsewhere> elsewhere_;
    std::size_t bytes_elsewhere_ = 0;
    std::size_t depth_ = 0;
    bool is_wide_ = false;
};

/// For all frames together, which are no less than one; where they are more than may be held, all
/// that may: one such object at a time. Throws as bytes_of_all_frames.
MemoryBudget::Share share_for_all_frames(const DataSet& data_set) {
    return decoding_memory().take(
        std::min(bytes_of_all_frames(data_set), decoding_memory().limit()), "all frames");
}

/// With every frame decoded and laid out as explicit VR little endian asks.
DataSet decompressed(const DataSet& data_set) {
    const int frames = frame_count(data_set);
    const MemoryBudget::Share share = share_for_all_frames(data_set);
    PixelLayout layout;
    bool has_more_than_values = false;
    Bytes samples;
    for (int i = 0; i < frames; ++i) {
        const DecodedFrame frame = decode_cells(data_set, i);
        has_more_than_values |= frame.has_more_than_values;
        if (i == 0) {
            layout = layout_of(frame, frames);
            if (frame.samples.size() > kUndefinedLength / static_cast<std::size_t>(frames)) {
                throw Error(ErrorCode::kUnsupported, "decoded, it is larger than 4 GiB");
            }
            samples.reserve(frame.samples.size() * static_cast<std::size_t>(frames));
        }
        layout.bits_stored = std::max(layout.bits_stored, frame.bits_stored);
        samples.insert(samples.end(), frame.samples.begin(), frame.samples.end());
    }
    DataSet copy = data_set.clone();
    copy.set_pixels(layout, std::move(samples));
    if (has_more_than_values) copy_value_bits(data_set, copy);
    return copy;
}

ObjectHead head_of(const DataSet& data_set, std::string_view syntax) {
    ObjectHead head{data_set.text_or(tags::kSopClassUid, ""),
                    data_set.text_or(tags::kSopInstanceUid, ""), std::string(syntax)};
    for (const auto& [tag, uid] : {std::pair(tags::kSopClassUid, head.sop_class_uid),
                                   std::pair(tags::kSopInstanceUid, head.sop_instance_uid)}) {
        if (!is_valid_uid(uid)) {
            throw Error(ErrorCode::kInvalidInput, describe(tag) + " is missing or no UID");
        }
    }
    return head;
}

/// Whether it has to be said that its texts are in UTF-8.
bool has_utf8(const DataSet& data_set) {
    return !data_set.node().texts_are_as_they_came && has_wide_text(data_set.node());
}

std::string_view own_syntax(const DataSet& data_set) {
    const std::string& own = data_set.transfer_syntax_uid();
    if (own.empty() || own == transfer_syntax::kExplicitVrBigEndian) {
        return transfer_syntax::kExplicitVrLittleEndian;
    }
    return own;
}

}  // namespace

std::size_t bytes_of_all_frames(const DataSet& data_set) {
    constexpr std::size_t kFreelyExpanded = std::size_t{256} << 20;
    const StoredLayout layout = stored_layout_of(data_set);
    const std::size_t all = layout.samples() *
                            static_cast<std::size_t>(std::max(layout.bits_allocated / 8, 1)) *
                            static_cast<std::size_t>(layout.frames);
    const Element* const pixels = data_set.node().find(tags::kPixelData);
    if (const Fragments* const fragments = pixels == nullptr ? nullptr : pixels->fragments()) {
        std::size_t compressed = 0;
        for (const ByteView piece : fragments->pieces) compressed += piece.size();
        if (all > kFreelyExpanded && all / kMostExpansion > compressed)
            throw Error(ErrorCode::kUnsupported,
                        "frames of " + std::to_string(all) + " bytes are more than " +
                            std::to_string(kMostExpansion) + " times their " +
                            std::to_string(compressed) + " compressed bytes");
    }
    return all;
}

AroundPixels around_pixels(const DataSet& data_set, std::string_view transfer_syntax_uid, Vr vr,
                           std::optional<std::uint64_t> native_bytes) {
    if (const auto native = with_native_items(data_set, transfer_syntax_uid))
        return around_pixels(*native, transfer_syntax_uid, vr, native_bytes);
    const TransferSyntax* const syntax = find_transfer_syntax(transfer_syntax_uid);
    const bool explicit_vr = syntax == nullptr || syntax->explicit_vr;
    AroundPixels around{part10_head(head_of(data_set, transfer_syntax_uid), ""), 0, {}};
    around.data_set_offset = around.before.size();
    const std::span all(data_set.node().elements);
    const auto is_before = [](const Element& element) { return element.tag < tags::kPixelData; };
    const auto pixels = std::partition_point(all.begin(), all.end(), is_before);
    const auto count = static_cast<std::size_t>(pixels - all.begin());
    Writer before(around.before, explicit_vr);
    Writer after(around.after, explicit_vr);
    const bool is_wide = has_utf8(data_set);
    if (is_wide) before.mark_wide();
    if (is_wide) after.mark_wide();
    before.write(all.first(count), is_wide);
    before.begin_pixels(vr, native_bytes);
    const bool has_pixels = count < all.size() && all[count].tag == tags::kPixelData;
    after.write(all.subspan(count + (has_pixels ? 1 : 0)), false);
    return around;
}

Bytes DataSet::to_part10(std::string_view transfer_syntax_uid) const {
    const std::string_view own = own_syntax(*this);
    const std::string_view target = transfer_syntax_uid.empty() ? own : transfer_syntax_uid;
    const TransferSyntax* const syntax = find_transfer_syntax(target);
    const bool target_native = syntax != nullptr && !syntax->encapsulated();
    if (const auto native = with_native_items(*this, target)) return native->to_part10(target);
    if (target != own) {
        if (const Encoder* const encoder = find_encoder(target))
            return encoded(*this, *encoder).to_part10(target);
    }
    if (target != own && (!target_native || !syntax->little_endian)) {
        throw Error(ErrorCode::kUnsupported,
                    "cannot write an object in transfer syntax " + std::string(target));
    }
    const ObjectHead head = head_of(*this, target);
    if (node_->pixels_skipped && has(tags::kPixelData)) {
        throw Error(ErrorCode::kInvalidInput, "cannot write an object whose pixels were skipped");
    }
    const Element* const pixels = node_->find(tags::kPixelData);
    if (pixels != nullptr && pixels->fragments() != nullptr && target_native) {
        return decompressed(*this).to_part10(target);
    }

    Bytes out = part10_head(head, "");
    Bytes body;
    const bool is_deflated = syntax != nullptr && syntax->deflated;
    Writer writer(is_deflated ? body : out, syntax == nullptr || syntax->explicit_vr);
    const bool is_wide = has_utf8(*this);
    if (is_wide) writer.mark_wide();
    const std::size_t expected =
        (pixels == nullptr ? 0 : pixels->value().size()) + (std::size_t{64} << 10);
    (is_deflated ? body : out).reserve(out.size() + expected);
    writer.write(*node_, is_wide);
    if (is_deflated) {
        const Bytes compressed = deflated(body);
        out.insert(out.end(), compressed.begin(), compressed.end());
    }
    return out;
}

WrittenAround written_around(const FileHeader& header, std::string_view transfer_syntax_uid) {
    const auto native = with_native_items(header.data_set(), transfer_syntax_uid);
    const DataSet& data_set = native ? *native : header.data_set();
    const TransferSyntax* const syntax = find_transfer_syntax(transfer_syntax_uid);
    WrittenAround written{part10_head(head_of(data_set, transfer_syntax_uid), ""), {}};
    Writer writer(written.held, syntax == nullptr || syntax->explicit_vr, header);
    const bool is_wide = has_utf8(data_set);
    if (is_wide) writer.mark_wide();
    writer.write(data_set.node(), is_wide);
    written.elsewhere = writer.take_elsewhere();
    return written;
}

void write_part10(const DataSet& data_set, const std::function<void(ByteView)>& take) {
    const std::string_view own = own_syntax(data_set);
    if (const auto native = with_native_items(data_set, own)) return write_part10(*native, take);
    const TransferSyntax* const syntax = find_transfer_syntax(own);
    if (syntax != nullptr && syntax->deflated) return take(data_set.to_part10());
    Bytes out = part10_head(head_of(data_set, own), "");
    Writer writer(out, syntax == nullptr || syntax->explicit_vr, take);
    const bool is_wide = has_utf8(data_set);
    if (is_wide) writer.mark_wide();
    writer.write(data_set.node(), is_wide);
    writer.flush();
}

Bytes write_message(const DataSet& data_set, std::string_view transfer_syntax_uid,
                    const std::string& character_set) {
    const TransferSyntax* const syntax = find_transfer_syntax(transfer_syntax_uid);
    if (syntax == nullptr || syntax->encapsulated() || !syntax->little_endian || syntax->deflated) {
        throw Error(ErrorCode::kUnsupported, "cannot write a message in transfer syntax " +
                                                 std::string(transfer_syntax_uid));
    }
    Bytes out;
    Writer writer(out, syntax->explicit_vr);
    if (!has_wide_text(data_set.node())) {
        writer.mark_wide();  // leaves the character set out
        writer.write(data_set.node(), false);
        return out;
    }
    DataSet encoded = data_set.clone();
    if (const auto declared = convert_from_utf8(encoded.node(), character_set)) {
        encoded.set_text(tags::kSpecificCharacterSet, *declared);
        writer.write(encoded.node(), false);
        return out;
    }
    writer.mark_wide();
    writer.write(data_set.node(), true);
    return out;
}

}  // namespace lucerna::dicom
