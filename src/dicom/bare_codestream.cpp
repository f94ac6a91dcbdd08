#include "dicom/bare_codestream.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "base/error.h"
#include "dicom/bare_jpeg2000.h"
#include "dicom/bare_pen.h"
#include "dicom/codestream.h"
#include "dicom/node.h"

namespace lucerna::dicom {
namespace {

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

/// Tc, Tb and Cs of DAC (T.81 B.2.4.3): each table once.
bool is_conditioning(ByteView content) {
    constexpr std::size_t kMost = 16;
    if (content.size() % 2 != 0 || content.size() > kMost) return false;
    for (std::size_t at = 0; at < content.size(); at += 2) {
        const bool is_dc = content[at] >> 4 == 0;
        const std::uint8_t value = content[at + 1];
        const bool is_value = is_dc ? (value & 0x0F) <= value >> 4 : value >= 1 && value <= 63;
        if (content[at] >> 4 > 1 || (content[at] & 0x0F) > 3 || !is_value) return false;
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
            return is_conditioning(content);
        case 0xFFDC:  // DNL
            return size == 2;
        case 0xFFDD:  // DRI; of JPEG-LS up to four bytes
            return size >= 2 && size <= 4;
        case 0xFFDA:  // SOS
            return size >= 1 && size == 4 + std::size_t{2} * content[0];
        case 0xFFF8:  // LSE: coding parameters, mapping tables, oversize dimensions (T.87 C.2.4.1)
            // Decoders here take no mapping tables.
            return (size == 11 && content[0] == 1) ||
                   (size >= 6 && content[0] == 4 && content[1] <= 4 &&
                    size == 2 + std::size_t{2} * content[1]);
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

/// SOF9 to SOF15 (T.81 Table B.1): the frame header at the front, behind tables, is of arithmetic
/// coding.
bool is_arithmetic(ByteView behind_start) {
    std::vector<LeftOut> ignored;
    Pen pen(behind_start, ignored);
    for (;;) {
        const std::size_t marker = pen.marker();
        if (is_frame_header(marker)) return marker >= 0xFFC9 && marker <= 0xFFCF;
        pen.leave(pen.segment().size(), "");
    }
}

Bytes bare_jpeg(ByteView codestream, Codec codec, std::vector<LeftOut>& left_out) {
    if (!begins_codestream(codestream, codec)) lost("it does not begin with the marker SOI");
    Pen pen(codestream, left_out);
    pen.keep(2);
    const bool has_conditioning = is_arithmetic(pen.rest());
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
        } else if (marker == 0xFFCC && !has_conditioning) {
            pen.leave(segment.size(), "marker-segments");
        } else if (is_exact(marker, segment.subspan(4))) {
            pen.keep(segment.size());
            if (marker == 0xFFDA) keep_scan(pen, codec);
        } else {
            lost("a marker segment of no known form");
        }
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
