#include "dicom/part10_head.h"

#include <zlib.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "dicom/coding.h"
#include "dicom/implementation.h"
#include "dicom/vr.h"

namespace lucerna::dicom {
namespace {

constexpr std::size_t kPreamble = 128;
constexpr std::uint32_t kUndefinedLength = 0xFFFFFFFF;
constexpr std::uint32_t kSopClass = 0x00080016;
constexpr std::uint32_t kSopInstance = 0x00080018;
constexpr std::uint32_t kItem = 0xFFFEE000;
constexpr std::uint32_t kItemEnd = 0xFFFEE00D;
constexpr std::uint32_t kSequenceEnd = 0xFFFEE0DD;

void put16(Bytes& out, std::uint32_t value) {
    out.push_back(static_cast<std::uint8_t>(value & 0xFF));
    out.push_back(static_cast<std::uint8_t>((value >> 8) & 0xFF));
}

void put32(Bytes& out, std::uint32_t value) {
    put16(out, value & 0xFFFF);
    put16(out, value >> 16);
}

void put_text(Bytes& out, std::uint16_t element, std::string_view vr, std::string_view value,
              std::uint8_t pad) {
    put16(out, 0x0002);
    put16(out, element);
    out.insert(out.end(), vr.begin(), vr.end());
    put16(out, static_cast<std::uint32_t>(value.size() + value.size() % 2));
    out.insert(out.end(), value.begin(), value.end());
    if (value.size() % 2 != 0) out.push_back(pad);
}

std::string trimmed(ByteView bytes) {
    std::string_view text = as_text(bytes);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    return std::string(text);
}

/// How elements are laid out (PS3.5 7.1): explicit or implicit VR, byte order.
struct Layout {
    bool explicit_vr = true;
    bool big_endian = false;
};

/// Walks the elements of a data set without keeping any (PS3.5 7.1 to 7.5).
class ElementWalk {
  public:
    ElementWalk(ByteView bytes, Layout layout) : bytes_(bytes), layout_(layout) {}

    struct Element {
        std::uint32_t tag = 0;
        std::uint32_t length = 0;
        std::size_t value = 0;
        bool has_unknown_vr = false;
    };

    [[nodiscard]] bool at_end() const { return position_ >= bytes_.size(); }
    [[nodiscard]] std::size_t position() const { return position_; }

    /// Tag, VR and length; leaves the position at the value.
    Element header() {
        Element element;
        element.tag = u16(position_) << 16 | u16(position_ + 2);
        position_ += 4;
        const bool delimiter = element.tag >> 16 == 0xFFFE;
        if (layout_.explicit_vr && !delimiter) {
            need(position_, 2);
            const std::string_view vr = as_text(bytes_.subspan(position_, 2));
            element.has_unknown_vr = vr == "UN";
            if (is_long(vr)) {
                element.length = u32(position_ + 4);
                position_ += 8;
            } else {
                element.length = u16(position_ + 2);
                position_ += 4;
            }
        } else {
            element.length = u32(position_);
            position_ += 4;
        }
        element.value = position_;
        return element;
    }

    [[nodiscard]] ByteView value(const Element& element) const {
        need(element.value, element.length);
        return bytes_.subspan(element.value, element.length);
    }

    void skip(const Element& element, int depth = 0) {
        if (element.length != kUndefinedLength) {
            need(element.value, element.length);
            position_ = element.value + element.length;
            return;
        }
        if (depth > kMaxDepth) throw Error(ErrorCode::kInvalidInput, "sequences nest too deeply");
        // PS3.5 6.2.2, note 2: a sequence in implicit VR little endian.
        const Layout outside = layout_;
        if (element.has_unknown_vr) layout_ = {.explicit_vr = false, .big_endian = false};
        skip_until(kSequenceEnd, depth);
        layout_ = outside;
    }

  private:
    static constexpr int kMaxDepth = 32;

    void skip_until(std::uint32_t end, int depth) {
        for (;;) {
            const Element inner = header();
            if (inner.tag == end) return;
            if (inner.tag == kItem && inner.length == kUndefinedLength)
                skip_until(kItemEnd, depth + 1);
            else
                skip(inner, depth + 1);
            if (depth > kMaxDepth)
                throw Error(ErrorCode::kInvalidInput, "sequences nest too deeply");
        }
    }

    static bool is_long(std::string_view vr) {
        const Vr known(vr[0], vr[1]);
        if (!known.is_well_formed())
            throw Error(ErrorCode::kInvalidInput, "a value representation is malformed");
        return known.has_long_length();
    }

    void need(std::size_t at, std::size_t count) const {
        if (at > bytes_.size() || count > bytes_.size() - at)
            throw Error(ErrorCode::kInvalidInput,
                        "the data ends within the element at byte " + std::to_string(at));
    }
    [[nodiscard]] std::uint32_t u16(std::size_t at) const {
        need(at, 2);
        const std::uint32_t first = bytes_[at];
        const std::uint32_t second = bytes_[at + 1];
        return layout_.big_endian ? first << 8 | second : second << 8 | first;
    }
    [[nodiscard]] std::uint32_t u32(std::size_t at) const {
        const std::uint32_t first = u16(at);
        const std::uint32_t second = u16(at + 2);
        return layout_.big_endian ? first << 16 | second : second << 16 | first;
    }

    ByteView bytes_;
    Layout layout_;
    std::size_t position_ = 0;
};

/// The first part of a deflated data set (PS3.5 A.5), no more than the UIDs can be in.
Bytes inflated_head(ByteView deflated) {
    constexpr std::size_t kEnough = 64 * 1024;
    Bytes out(kEnough);
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        throw Error(ErrorCode::kInternal, "zlib does not start");
    stream.next_in = const_cast<Bytef*>(deflated.data());
    stream.avail_in = static_cast<uInt>(std::min<std::size_t>(deflated.size(), kEnough));
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    const int result = inflate(&stream, Z_SYNC_FLUSH);
    out.resize(kEnough - stream.avail_out);
    inflateEnd(&stream);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        throw Error(ErrorCode::kInvalidInput, "the deflated data set is corrupt");
    return out;
}

}  // namespace

Bytes part10_head(const ObjectHead& head, const std::string& source_aet) {
    Bytes meta;
    meta.reserve(512);
    // (0002,0001) File Meta Information Version, OB, 00 01
    const std::uint8_t version[] = {2, 0, 1, 0, 'O', 'B', 0, 0, 2, 0, 0, 0, 0, 1};
    meta.insert(meta.end(), std::begin(version), std::end(version));
    put_text(meta, 0x0002, "UI", head.sop_class_uid, 0);
    put_text(meta, 0x0003, "UI", head.sop_instance_uid, 0);
    put_text(meta, 0x0010, "UI", head.transfer_syntax_uid, 0);
    put_text(meta, 0x0012, "UI", implementation::kClassUid, 0);
    put_text(meta, 0x0013, "SH", implementation::kVersionName, ' ');
    if (!source_aet.empty()) put_text(meta, 0x0016, "AE", source_aet, ' ');

    Bytes out;
    out.reserve(kPreamble + 16 + meta.size());
    out.resize(kPreamble);
    const std::uint8_t prefix[] = {'D', 'I', 'C', 'M', 2, 0, 0, 0, 'U', 'L', 4, 0};
    for (const std::uint8_t byte : prefix) out.push_back(byte);
    put32(out, static_cast<std::uint32_t>(meta.size()));
    out.insert(out.end(), meta.begin(), meta.end());
    return out;
}

Part10Parts split_part10(ByteView file) {
    if (file.size() < kPreamble + 4 || as_text(file.subspan(kPreamble, 4)) != "DICM")
        throw Error(ErrorCode::kInvalidInput, "not a DICOM file: no DICM prefix at byte 128");
    const ByteView rest = file.subspan(kPreamble + 4);
    ElementWalk walk(rest, Layout{});
    Part10Parts parts;
    std::size_t end = 0;
    while (!walk.at_end()) {
        end = walk.position();
        // The group may be followed by implicit or big endian elements: look before reading.
        if (rest.size() - end < 4 || rest[end] != 2 || rest[end + 1] != 0) break;
        const ElementWalk::Element element = walk.header();
        // The first counts, as in read_file_meta.
        for (const auto& [tag, text] : {std::pair(0x00020002U, &parts.head.sop_class_uid),
                                        {0x00020003U, &parts.head.sop_instance_uid},
                                        {0x00020010U, &parts.head.transfer_syntax_uid}})
            if (element.tag == tag && text->empty()) *text = trimmed(walk.value(element));
        walk.skip(element);
        end = walk.position();
    }
    parts.data_set_offset = kPreamble + 4 + end;
    if (parts.head.sop_class_uid.empty() || parts.head.sop_instance_uid.empty() ||
        parts.head.transfer_syntax_uid.empty())
        throw Error(ErrorCode::kInvalidInput,
                    "the File Meta Information lacks SOP Class UID, SOP Instance UID or "
                    "Transfer Syntax UID");
    return parts;
}

Part10Parts split_part10(std::uint64_t size,
                         const std::function<void(std::uint64_t at, std::span<std::uint8_t>)>& read,
                         Buffer& beginning) {
    // Of nearly all files enough; it is held for as long as a peer takes the rest.
    constexpr std::uint64_t kFirst = 16 * 1024;
    for (std::uint64_t length = kFirst;; length *= 4) {
        beginning.resize(static_cast<std::size_t>(std::min(size, length)));
        read(0, beginning.span());
        try {
            const Part10Parts parts = split_part10(beginning.view());
            // Cut off between two elements, it looks whole.
            constexpr std::size_t kGroup = 4;
            if (length >= size || parts.data_set_offset + kGroup <= beginning.size()) return parts;
        } catch (const Error&) {
            if (length >= size) throw;
        }
    }
}

ObjectHead head_of_data_set(ByteView data_set, const std::string& transfer_syntax_uid) {
    const std::optional<Coding> coding = coding_of(transfer_syntax_uid, data_set);
    if (!coding)
        throw Error(ErrorCode::kInvalidInput,
                    "transfer syntax " + transfer_syntax_uid +
                        " is not known, and the data set does not tell how it is encoded");
    Bytes inflated;
    if (coding->deflated) {
        inflated = inflated_head(data_set);
        data_set = inflated;
    }
    ElementWalk walk(data_set, {.explicit_vr = coding->elements.explicit_vr,
                                .big_endian = !coding->elements.little_endian});
    ObjectHead head;
    head.transfer_syntax_uid = transfer_syntax_uid;
    while (!walk.at_end()) {
        const ElementWalk::Element element = walk.header();
        // In a file it would go on with the File Meta Information, and say something else than
        // that.
        if (element.tag >> 16 == 0x0002)
            throw Error(ErrorCode::kInvalidInput,
                        "the data set begins with attributes of group 0002, which belong into the "
                        "File Meta Information alone (PS3.10 7.1)");
        if (element.tag > kSopInstance) break;
        if (element.tag == kSopClass) head.sop_class_uid = trimmed(walk.value(element));
        if (element.tag == kSopInstance) {
            head.sop_instance_uid = trimmed(walk.value(element));
            break;
        }
        walk.skip(element);
    }
    return head;
}

}  // namespace lucerna::dicom
