#include "dicom/bare_codestream.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "base/error.h"
#include "dicom/codestream.h"
#include "dicom/node.h"

namespace lucerna::dicom {
namespace {

[[noreturn]] void lost(const std::string& what) {
    throw Error(ErrorCode::kInvalidInput, "a compressed frame cannot be walked through: " + what);
}

std::size_t big16(ByteView bytes, std::size_t at) {
    return static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1];
}
std::size_t big32(ByteView bytes, std::size_t at) {
    return big16(bytes, at) << 16 | big16(bytes, at + 2);
}

/// Reads a codestream from its front and writes what stays.
class Pen {
  public:
    Pen(ByteView bytes, std::vector<LeftOut>& left_out) : bytes_(bytes), left_out_(left_out) {}

    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] ByteView rest() const { return bytes_.subspan(at_); }
    /// Marker at the front, 0xFFxx; fill bytes before it go. Nothing is taken.
    [[nodiscard]] std::size_t marker() {
        while (rest().size() >= 2 && rest()[0] == 0xFF && rest()[1] == 0xFF) ++at_;
        if (rest().size() < 2 || rest()[0] != 0xFF) lost("no marker where one should follow");
        return big16(bytes_, at_);
    }
    /// The marker segment at the front, with marker and length.
    [[nodiscard]] ByteView segment() const {
        const ByteView all = rest();
        if (all.size() < 4) lost("it ends within a marker segment");
        const std::size_t length = big16(all, 2);
        if (length < 2 || length > all.size() - 2) lost("a marker segment passes its end");
        return all.first(2 + length);
    }
    void keep(std::size_t bytes) {
        if (bytes > rest().size()) lost("it ends early");
        write(rest().first(bytes));
        at_ += bytes;
    }
    /// Neighbours of a kind are one: there may be millions.
    void note(std::string_view what, std::size_t bytes) {
        if (!left_out_.empty() && left_out_.back().what == what)
            left_out_.back().bytes += bytes;
        else
            left_out_.push_back({what, bytes});
    }
    void leave(std::size_t bytes, std::string_view what) {
        note(what, bytes);
        at_ += bytes;
    }
    /// Of `front`, which is at the front of rest(): `instead`, no longer, is written for it.
    void replace(ByteView front, ByteView instead, std::string_view what) {
        if (!std::equal(front.begin(), front.end(), instead.begin(), instead.end())) {
            const std::size_t shorter = front.size() - instead.size();
            note(what, shorter > 0 ? shorter : front.size());
        }
        write(instead);
        at_ += front.size();
    }
    void write(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
    /// What is behind the end goes; a byte of padding unsaid.
    [[nodiscard]] Bytes end() && {
        const ByteView behind = rest();
        if (behind.size() > 1 || (behind.size() == 1 && behind[0] != 0))
            note("after-the-end", behind.size());
        return std::move(out_);
    }

  private:
    ByteView bytes_;
    std::size_t at_ = 0;
    std::vector<LeftOut>& left_out_;
    Bytes out_;
};

// JPEG and JPEG-LS.

/// A frame header: SOF0..SOF15 without DHT, JPG and DAC; SOF55 of JPEG-LS.
bool is_frame_header(std::size_t marker) {
    return (marker >= 0xFFC0 && marker <= 0xFFCF && marker != 0xFFC4 && marker != 0xFFC8 &&
            marker != 0xFFCC) ||
           marker == 0xFFF7;
}

/// Tables of DHT (T.81 B.2.4.2) or DQT (B.2.4.1) fill `content` and pass it by nothing.
bool is_filled(std::size_t marker, ByteView content) {
    std::size_t at = 0;
    while (at < content.size()) {
        std::size_t length = 17;
        if (marker == 0xFFDB)
            length = content[at] >> 4 == 0 ? 65 : 129;
        else if (content.size() - at >= 17)
            for (std::size_t i = 1; i <= 16; ++i) length += content[at + i];
        if (length > content.size() - at) return false;
        at += length;
    }
    return true;
}

/// A segment of tables or parameters that holds what it is to hold and nothing behind it.
bool is_exact(std::size_t marker, ByteView content) {
    const std::size_t size = content.size();
    if (is_frame_header(marker)) return size >= 6 && size == 6 + std::size_t{3} * content[5];
    switch (marker) {
        case 0xFFC4:  // DHT
        case 0xFFDB:  // DQT
            return is_filled(marker, content);
        case 0xFFCC:  // DAC
            return size % 2 == 0;
        case 0xFFDC:  // DNL
            return size == 2;
        case 0xFFDD:  // DRI; of JPEG-LS up to four bytes
            return size >= 2 && size <= 4;
        case 0xFFDA:  // SOS
            return size >= 1 && size == 4 + std::size_t{2} * content[0];
        case 0xFFF8:  // LSE: coding parameters, mapping tables, oversize dimensions (T.87 C.2.4.1)
            return size >= 1 && (content[0] == 1 ? size == 11 : content[0] >= 2 && content[0] <= 4);
        default:
            return false;
    }
}

/// What stays of an APPn segment, marker and all; empty: nothing.
Bytes kept_application_data(ByteView segment, Codec codec) {
    const std::size_t marker = big16(segment, 0);
    const ByteView content = segment.subspan(4);
    const auto begins = [&](std::string_view text) { return as_text(content).starts_with(text); };
    const auto first = [&](std::size_t bytes) {
        Bytes kept(segment.begin(), segment.begin() + static_cast<std::ptrdiff_t>(4 + bytes));
        kept[2] = 0;
        kept[3] = static_cast<std::uint8_t>(2 + bytes);
        return kept;
    };
    constexpr std::size_t kJfifBytes = 14;
    constexpr std::size_t kAdobeBytes = 12;
    if (marker == 0xFFE0 && begins({"JFIF\0", 5}) && content.size() >= kJfifBytes) {
        Bytes kept = first(kJfifBytes);
        // Width and height of the thumbnail.
        std::fill_n(kept.end() - 2, 2, std::uint8_t{0});
        return kept;
    }
    if (marker == 0xFFEE && begins("Adobe") && content.size() >= kAdobeBytes)
        return first(kAdobeBytes);
    // How CharLS and HP's reference program note their color transform.
    if (marker == 0xFFE8 && codec == Codec::kJpegLs && begins("mrfx") && content.size() == 5)
        return first(5);
    return {};
}

/// Entropy-coded data with their restart markers, up to the next marker.
void keep_scan(Pen& pen, Codec codec) {
    const ByteView data = pen.rest();
    std::size_t end = 0;
    for (;; ++end) {
        const auto* const found =
            std::find(data.data() + end, data.data() + data.size(), std::uint8_t{0xFF});
        end = static_cast<std::size_t>(found - data.data());
        if (end + 1 >= data.size()) lost("its scan has no end");
        const std::uint8_t next = data[end + 1];
        // T.81 B.1.1.5: a zero is stuffed in; T.87 A.1: a zero bit.
        const bool is_data = codec == Codec::kJpegLs ? next < 0x80 : next == 0;
        if (!is_data && (next < 0xD0 || next > 0xD7)) break;
    }
    pen.keep(end);
}

Bytes bare_jpeg(ByteView codestream, Codec codec, std::vector<LeftOut>& left_out) {
    if (!begins_codestream(codestream, codec)) lost("it does not begin with the marker SOI");
    Pen pen(codestream, left_out);
    pen.keep(2);
    for (;;) {
        const std::size_t marker = pen.marker();
        if (marker == 0xFFD9) {
            pen.keep(2);
            return std::move(pen).end();
        }
        const ByteView segment = pen.segment();
        if (marker == 0xFFFE) {
            pen.leave(segment.size(), "comment");
        } else if (marker >= 0xFFE0 && marker <= 0xFFEF) {
            pen.replace(segment, kept_application_data(segment, codec), "application-data");
        } else if (is_exact(marker, segment.subspan(4))) {
            pen.keep(segment.size());
            if (marker == 0xFFDA) keep_scan(pen, codec);
        } else {
            lost("a marker segment of no known form");
        }
    }
}

// JPEG 2000.

constexpr std::size_t kSot = 0xFF90;
constexpr std::size_t kSod = 0xFF93;
constexpr std::size_t kEoc = 0xFFD9;

/// T.800 Table A.2 and T.814 A, with what multi-component transforms add (T.801 Table A.1).
bool is_known_in_jpeg2000(std::size_t marker, bool in_main_header) {
    constexpr std::size_t kEverywhere[] = {0xFF52, 0xFF53, 0xFF5C, 0xFF5D, 0xFF5E, 0xFF5F,
                                           0xFF74, 0xFF75, 0xFF76, 0xFF77, 0xFF78, 0xFF79};
    constexpr std::size_t kMain[] = {0xFF50, 0xFF51, 0xFF55, 0xFF56, 0xFF57,
                                     0xFF59, 0xFF60, 0xFF63, 0xFF72};
    constexpr std::size_t kTile[] = {0xFF58, 0xFF61};
    const auto is_in = [&](const auto& markers) {
        return std::find(std::begin(markers), std::end(markers), marker) != std::end(markers);
    };
    return is_in(kEverywhere) || (in_main_header ? is_in(kMain) : is_in(kTile));
}

void keep_jpeg2000_segment(Pen& pen, std::size_t marker, bool in_main_header) {
    const ByteView segment = pen.segment();
    constexpr std::size_t kCom = 0xFF64;
    if (marker == kCom && in_main_header) return pen.leave(segment.size(), "comment");
    if (marker == kCom) {
        Bytes blank(segment.begin(), segment.end());
        // Registration (1: text) stays.
        if (blank.size() > 6) std::fill(blank.begin() + 6, blank.end(), std::uint8_t{' '});
        pen.replace(segment, blank, "comment");
        return;
    }
    const bool is_size = marker == 0xFF51;
    if (!is_known_in_jpeg2000(marker, in_main_header) ||
        (is_size && (segment.size() < 40 || segment.size() != 40 + 3 * big16(segment, 38))))
        lost("a marker segment of no known form");
    pen.keep(segment.size());
}

/// The bytes of a last tile-part that does not say how many: packets hold no marker above FF8F
/// (T.800 B.10.1).
std::size_t up_to_end(ByteView data) {
    for (std::size_t at = 0; at + 1 < data.size(); ++at)
        if (big16(data, at) == kEoc) return at;
    lost("its last tile-part has no end");
}

void keep_tile_part(Pen& pen) {
    constexpr std::size_t kSotBytes = 12;
    const std::size_t begin = pen.at();
    const ByteView segment = pen.segment();
    if (segment.size() != kSotBytes) lost("a tile-part that begins with something else");
    const std::size_t length = big32(segment, 6);
    pen.keep(kSotBytes);
    for (std::size_t marker = pen.marker(); marker != kSod; marker = pen.marker())
        keep_jpeg2000_segment(pen, marker, false);
    pen.keep(2);
    const std::size_t header = pen.at() - begin;
    if (length != 0 && length < header) lost("a tile-part that is shorter than its header");
    pen.keep(length == 0 ? up_to_end(pen.rest()) : length - header);
}

Bytes bare_jpeg2000(ByteView codestream, std::vector<LeftOut>& left_out) {
    const ByteView bytes = without_boxes(codestream);
    if (bytes.size() < codestream.size())
        left_out.push_back({"boxes", codestream.size() - bytes.size()});
    if (bytes.size() < 2 || big16(bytes, 0) != 0xFF4F)
        lost("it does not begin with the marker SOC");
    Pen pen(bytes, left_out);
    pen.keep(2);
    for (std::size_t marker = pen.marker(); marker != kSot; marker = pen.marker())
        keep_jpeg2000_segment(pen, marker, true);
    for (;;) {
        const ByteView rest = pen.rest();
        if (rest.size() < 2) {
            // Some writers leave EOC away; a padding byte may be left.
            pen.write(std::array<std::uint8_t, 2>{0xFF, 0xD9});
            return std::move(pen).end();
        }
        if (big16(rest, 0) == kEoc) {
            pen.keep(2);
            return std::move(pen).end();
        }
        if (big16(rest, 0) != kSot) lost("no marker where a tile-part ends");
        keep_tile_part(pen);
    }
}

// RLE.

/// G.3.2: as much of a segment as gives `samples` bytes, to an even length (G.3.1). What is behind
/// it is counted into `surplus`, but for padding.
Bytes bare_rle_segment(ByteView segment, std::size_t samples, std::size_t& surplus) {
    Bytes out;
    std::size_t at = 0;
    while (samples > 0) {
        if (at >= segment.size()) lost("an RLE segment ends before its pixels do");
        const std::size_t control = segment[at++];
        if (control == 128) continue;
        const std::size_t bytes = control > 128 ? 1 : control + 1;
        const std::size_t given = control > 128 ? 257 - control : bytes;
        if (bytes > segment.size() - at) lost("an RLE segment ends before its pixels do");
        const std::size_t used = std::min(given, samples);
        // A run of one is a literal of one.
        const bool is_run = control > 128 && used > 1;
        const std::size_t kept = is_run ? 1 : control > 128 ? 1 : used;
        out.push_back(static_cast<std::uint8_t>(is_run ? 257 - used : kept - 1));
        out.insert(out.end(), segment.begin() + static_cast<std::ptrdiff_t>(at),
                   segment.begin() + static_cast<std::ptrdiff_t>(at + kept));
        surplus += bytes - kept;
        at += bytes;
        samples -= used;
    }
    if (segment.size() - at > 1) surplus += segment.size() - at;
    if (out.size() % 2 == 1) out.push_back(0);
    return out;
}

Bytes bare_rle(ByteView codestream, const StoredLayout& layout, std::vector<LeftOut>& left_out) {
    constexpr std::size_t kHeaderBytes = 64;
    // Checks count and offsets.
    (void)codestream_header(codestream, Codec::kRle, layout);
    const std::size_t count = u32(codestream, 0);
    Bytes out(kHeaderBytes, 0);
    out[0] = static_cast<std::uint8_t>(count);
    std::size_t surplus = u32(codestream, 4) - kHeaderBytes;
    for (std::size_t at = 4 + 4 * count; at < kHeaderBytes; ++at) surplus += codestream[at] != 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t begin = u32(codestream, 4 + 4 * i);
        const std::size_t end = i + 1 < count ? u32(codestream, 8 + 4 * i) : codestream.size();
        for (std::size_t byte = 0; byte < 4; ++byte)
            out[4 + 4 * i + byte] = static_cast<std::uint8_t>(out.size() >> (8 * byte));
        const Bytes segment =
            bare_rle_segment(codestream.subspan(begin, end - begin), layout.pixels(), surplus);
        out.insert(out.end(), segment.begin(), segment.end());
    }
    if (surplus > 0) left_out.push_back({"rle-surplus", surplus});
    return out;
}

}  // namespace

Bytes bare_codestream(ByteView codestream, Codec codec, const StoredLayout& layout,
                      std::vector<LeftOut>& left_out) {
    switch (codec) {
        case Codec::kJpeg:
        case Codec::kJpegLs:
            return bare_jpeg(codestream, codec, left_out);
        case Codec::kJpeg2000:
            return bare_jpeg2000(codestream, left_out);
        case Codec::kRle:
            return bare_rle(codestream, layout, left_out);
        case Codec::kNone:
        case Codec::kOther:
            break;
    }
    throw Error(ErrorCode::kUnsupported,
                "pixels of that transfer syntax cannot be walked through here");
}

}  // namespace lucerna::dicom
