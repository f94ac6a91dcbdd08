#include "dicom/codestream.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/error.h"
#include "dicom/node.h"

namespace lucerna::dicom {
namespace {

constexpr std::uint8_t kMarker = 0xFF;
constexpr std::uint8_t kStartOfImage = 0xD8;
constexpr std::uint8_t kEndOfImage = 0xD9;
constexpr std::uint8_t kStartOfScan = 0xDA;
constexpr std::uint8_t kJpegLsFrame = 0xF7;
/// JPEG 2000: SOC, then SIZ.
constexpr std::array<std::uint8_t, 4> kJpeg2000Start{0xFF, 0x4F, 0xFF, 0x51};
constexpr std::array<std::uint8_t, 12> kJp2Signature{0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50,
                                                     0x20, 0x20, 0x0D, 0x0A, 0x87, 0x0A};
/// A decoder keeps some kilobytes for each tile: more tiles than this are an attack.
constexpr std::size_t kMaxTiles = 16384;

[[noreturn]] void damaged(const std::string& what) {
    throw Error(ErrorCode::kInvalidInput, "a compressed frame is damaged: " + what);
}

std::uint32_t big16(ByteView bytes, std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at]) << 8 | bytes[at + 1];
}
std::uint32_t big32(ByteView bytes, std::size_t at) {
    return big16(bytes, at) << 16 | big16(bytes, at + 2);
}

/// SOF0..SOF15 without DHT, JPG and DAC, and SOF55 of JPEG-LS.
bool is_start_of_frame(std::uint8_t marker, Codec codec) {
    if (codec == Codec::kJpegLs) return marker == kJpegLsFrame;
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/// What may stand between SOI and the frame header (T.81 B.2.4, T.87 C.2.4): DHT, DAC, DQT, DRI,
/// LSE, APPn, COM. Decoders go astray at others.
bool is_table_or_miscellaneous(std::uint8_t marker, Codec codec) {
    return marker == 0xC4 || marker == 0xCC || marker == 0xDB || marker == 0xDD ||
           (marker >= 0xE0 && marker <= 0xEF) || marker == 0xFE ||
           (codec == Codec::kJpegLs && marker == 0xF8);
}

/// What DCMTK and CharLS need beside the frame: samples of fewer bits before they are widened,
/// planes before they are interleaved, and of a progressive JPEG (T.81 G) all coefficients. DCMTK
/// is given a copy of `codestream`, by way of another which goes before there is a frame.
void note_working_memory(CodestreamHeader& header, ByteView codestream, std::uint8_t marker,
                         const StoredLayout& layout) {
    const bool is_sequential = marker <= 0xC1 || marker == 0xC3 || marker == kJpegLsFrame;
    header.working_bytes_a_sample = is_sequential ? 1 : 4;
    if (marker == kJpegLsFrame) {
        if (header.components > 1) ++header.working_bytes_a_sample;
        return;
    }
    const std::size_t frame =
        layout.samples() * static_cast<std::size_t>(std::max(layout.bits_allocated / 8, 1));
    header.working_bytes =
        codestream.size() + codestream.size() - std::min(codestream.size(), frame);
}

CodestreamHeader jpeg_header(ByteView bytes, Codec codec, const StoredLayout& layout) {
    if (!begins_codestream(bytes, codec)) damaged("it does not begin with the marker SOI");
    std::size_t at = 2;
    while (true) {
        if (bytes.size() - at < 4) damaged("it ends before a frame header");
        if (bytes[at] != kMarker) damaged("no marker where one should follow");
        const std::uint8_t marker = bytes[at + 1];
        if (marker == kMarker) {
            ++at;
            continue;
        }
        if (marker == kStartOfScan || marker == kEndOfImage || marker == kStartOfImage) {
            damaged("no frame header before the scan");
        }
        at += 2;
        const std::size_t length = big16(bytes, at);
        if (length < 2 || length > bytes.size() - at) damaged("a marker segment passes its end");
        if (is_start_of_frame(marker, codec)) {
            if (length < 8) damaged("its frame header is too short");
            CodestreamHeader header;
            header.precision = bytes[at + 2];
            header.rows = static_cast<int>(big16(bytes, at + 3));
            header.columns = static_cast<int>(big16(bytes, at + 5));
            header.components = bytes[at + 7];
            note_working_memory(header, bytes, marker, layout);
            return header;
        }
        if (!is_table_or_miscellaneous(marker, codec))
            damaged("a marker that no tables have before its frame header");
        at += length;
    }
}

/// What COD and COC say (T.800 A.6.1, A.6.2), wherever they stand: the fewest decompositions, and
/// the most code-blocks.
struct CodingStyle {
    int decompositions = kMostDecompositions;
    double blocks_a_sample = 0;

    /// SPcod or SPcoc: decompositions, code-blocks, style, transformation, precincts.
    void take(ByteView fields, bool has_precincts) {
        if (fields.size() < 5) damaged("a coding style is too short");
        const int levels = fields[0];
        if (levels > kMostDecompositions) damaged("it has more decompositions than there are");
        decompositions = std::min(decompositions, levels);
        double blocks = 0;
        for (int resolution = 0; resolution <= levels; ++resolution) {
            int width = (fields[1] & 0x0F) + 2;
            int height = (fields[2] & 0x0F) + 2;
            const auto at = static_cast<std::size_t>(5 + resolution);
            if (has_precincts && at < fields.size()) {
                // No larger than what the precinct has of a sub-band (T.800 B.7).
                width = std::min(width, std::max((fields[at] & 0x0F) - 1, 0));
                height = std::min(height, std::max((fields[at] >> 4) - 1, 0));
            }
            blocks += std::ldexp(1.0, 2 * (resolution - levels) - width - height);
        }
        blocks_a_sample = std::max(blocks_a_sample, blocks);
    }

    static constexpr int kMostDecompositions = 32;
};

/// Takes what the header of the codestream or of a tile-part says, from `at` to SOT, SOD or the
/// end; returns where it ends.
std::size_t take_styles(ByteView bytes, std::size_t at, bool many_components, CodingStyle& style) {
    constexpr std::uint32_t kCod = 0xFF52;
    constexpr std::uint32_t kCoc = 0xFF53;
    constexpr std::uint32_t kStartOfTile = 0xFF90;
    constexpr std::uint32_t kStartOfData = 0xFF93;
    while (bytes.size() - at >= 4) {
        const std::uint32_t marker = big16(bytes, at);
        if (marker == kStartOfTile || marker == kStartOfData) break;
        const std::size_t length = big16(bytes, at + 2);
        if (length < 2 || length > bytes.size() - at - 2)
            damaged("a marker segment passes its end");
        const ByteView fields = bytes.subspan(at + 4, length - 2);
        const std::size_t before = marker == kCod ? 5 : many_components ? 3 : 2;
        const bool is_style = marker == kCod || marker == kCoc;
        if (is_style && fields.size() < before) damaged("a coding style is too short");
        if (is_style)
            style.take(fields.subspan(before), (fields[marker == kCod ? 0 : before - 1] & 1) != 0);
        at += 2 + length;
    }
    return at;
}

CodingStyle coding_style(ByteView bytes, bool many_components) {
    constexpr std::size_t kStartOfTileBytes = 12;
    CodingStyle style;
    std::size_t at = take_styles(bytes, 2, many_components, style);
    // T.800 A.4.2: Psot is the length of the tile-part, 0 for all that is left.
    while (bytes.size() - at > kStartOfTileBytes && big16(bytes, at) == 0xFF90) {
        const std::size_t length = big32(bytes, at + 6);
        take_styles(bytes, at + kStartOfTileBytes, many_components, style);
        if (length < kStartOfTileBytes || length > bytes.size() - at) break;
        at += length;
    }
    return style;
}

/// OpenJPEG's memory: samples of 32 bits, of one tile of several twice; a copy of the codestream;
/// and a list of pieces for each code-block. The frame takes their place (decode_openjpeg.cpp).
void note_openjpeg(CodestreamHeader& header, ByteView bytes, double samples_of_a_tile,
                   const StoredLayout& layout) {
    constexpr double kBytesOfBlock = 640;
    constexpr std::size_t kBytesOfSample = sizeof(std::int32_t);
    const CodingStyle style = coding_style(bytes, header.components > 256);
    header.halvings = style.decompositions % CodingStyle::kMostDecompositions;
    const double samples = static_cast<double>(header.columns) * header.rows * header.components;
    const double of_a_tile = samples_of_a_tile < samples ? samples_of_a_tile : 0;
    header.working_bytes =
        bytes.size() + static_cast<std::size_t>(samples * style.blocks_a_sample * kBytesOfBlock +
                                                of_a_tile * kBytesOfSample);
    header.working_bytes_a_sample = kBytesOfSample - (layout.bits_allocated > 8 ? 2 : 1);
}

CodestreamHeader jpeg2000_header(ByteView bytes, const StoredLayout& layout) {
    // T.800 A.5.1: Lsiz, Rsiz, Xsiz, Ysiz, XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz, Csiz.
    constexpr std::size_t kComponents = 40;
    constexpr std::size_t kFirstComponent = 42;
    bytes = without_boxes(bytes);
    if (!begins_codestream(bytes, Codec::kJpeg2000) || bytes.size() < kFirstComponent + 3) {
        damaged("it does not begin with the markers SOC and SIZ");
    }
    const auto field = [&](std::size_t at) { return static_cast<std::int64_t>(big32(bytes, at)); };
    const std::int64_t width = field(8) - field(16);
    const std::int64_t height = field(12) - field(20);
    const std::int64_t tile_width = field(24);
    const std::int64_t tile_height = field(28);
    if (width <= 0 || height <= 0 || width > 65535 || height > 65535) {
        damaged("its image area is empty or huge");
    }
    if (tile_width <= 0 || tile_height <= 0 || field(32) > field(16) || field(36) > field(20)) {
        damaged("its tiles are empty or out of place");
    }
    const std::int64_t across = (field(8) - field(32) + tile_width - 1) / tile_width;
    const std::int64_t down = (field(12) - field(36) + tile_height - 1) / tile_height;
    if (across <= 0 || down <= 0 || across > static_cast<std::int64_t>(kMaxTiles) / down) {
        damaged("it has more than " + std::to_string(kMaxTiles) + " tiles");
    }
    CodestreamHeader header;
    header.columns = static_cast<int>(width);
    header.rows = static_cast<int>(height);
    header.components = static_cast<int>(big16(bytes, kComponents));
    header.precision = (bytes[kFirstComponent] & 0x7F) + 1;
    header.is_signed = (bytes[kFirstComponent] & 0x80) != 0;
    const double of_a_tile = static_cast<double>(std::min(tile_width, width)) *
                             static_cast<double>(std::min(tile_height, height)) * header.components;
    note_openjpeg(header, bytes, of_a_tile, layout);
    return header;
}

/// PS3.5 G.5: 16 numbers; how many segments, and where each begins.
CodestreamHeader rle_header(ByteView bytes, const StoredLayout& layout) {
    constexpr std::size_t kHeaderBytes = 64;
    if (bytes.size() < kHeaderBytes) damaged("it is shorter than an RLE header");
    const auto expected = static_cast<std::uint32_t>(layout.samples_per_pixel *
                                                     std::max(layout.bits_allocated / 8, 1));
    const std::uint32_t segments = u32(bytes, 0);
    if (segments != expected) {
        damaged("it has " + std::to_string(segments) +
                " RLE segments where the header's pixels "
                "take " +
                std::to_string(expected));
    }
    std::uint32_t before = kHeaderBytes - 1;
    for (std::uint32_t i = 0; i < segments; ++i) {
        const std::uint32_t offset = u32(bytes, 4 + std::size_t{4} * i);
        if (offset <= before || offset > bytes.size()) damaged("an RLE segment lies outside of it");
        before = offset;
    }
    return {layout.rows, layout.columns, layout.samples_per_pixel, layout.bits_allocated, false};
}

}  // namespace

CodestreamHeader codestream_header(ByteView codestream, Codec codec, const StoredLayout& layout) {
    switch (codec) {
        case Codec::kJpeg:
        case Codec::kJpegLs:
            return jpeg_header(codestream, codec, layout);
        case Codec::kJpeg2000:
            return jpeg2000_header(codestream, layout);
        case Codec::kRle:
            return rle_header(codestream, layout);
        case Codec::kNone:
        case Codec::kOther:
            break;
    }
    throw Error(ErrorCode::kInternal, "no codestream of this codec has a header");
}

void require_agreement(const CodestreamHeader& header, const StoredLayout& layout) {
    if (header.rows != layout.rows || header.columns != layout.columns) {
        throw Error(ErrorCode::kInvalidInput,
                    "Rows and Columns say " + std::to_string(layout.rows) + " x " +
                        std::to_string(layout.columns) + ", but a compressed frame is " +
                        std::to_string(header.rows) + " x " + std::to_string(header.columns));
    }
    if (header.components != layout.samples_per_pixel) {
        throw Error(ErrorCode::kInvalidInput,
                    "Samples per Pixel is " + std::to_string(layout.samples_per_pixel) +
                        ", but a compressed frame has " + std::to_string(header.components) +
                        " components");
    }
    if (header.precision < 1 || header.precision > layout.bits_allocated) {
        throw Error(ErrorCode::kInvalidInput, "Bits Allocated is " +
                                                  std::to_string(layout.bits_allocated) +
                                                  ", but a compressed frame has samples of " +
                                                  std::to_string(header.precision) + " bits");
    }
}

ByteView without_boxes(ByteView jpeg2000) {
    constexpr std::uint32_t kCodestreamBox = 0x6A703263;  // "jp2c"
    if (jpeg2000.size() < kJp2Signature.size() ||
        !std::equal(kJp2Signature.begin(), kJp2Signature.end(), jpeg2000.begin())) {
        return jpeg2000;
    }
    std::size_t at = 0;
    while (jpeg2000.size() - at >= 16) {
        const std::uint32_t length = big32(jpeg2000, at);
        const bool is_long = length == 1;
        const std::size_t header = is_long ? 16 : 8;
        if (big32(jpeg2000, at + 4) == kCodestreamBox) return jpeg2000.subspan(at + header);
        if (is_long || length < header || length > jpeg2000.size() - at) break;
        at += length;
    }
    damaged("a JP2 file without a codestream");
}

bool begins_codestream(ByteView fragment, Codec codec) {
    switch (codec) {
        case Codec::kJpeg:
        case Codec::kJpegLs:
            return fragment.size() >= 2 && fragment[0] == kMarker && fragment[1] == kStartOfImage;
        case Codec::kJpeg2000:
            return (fragment.size() >= kJpeg2000Start.size() &&
                    std::equal(kJpeg2000Start.begin(), kJpeg2000Start.end(), fragment.begin())) ||
                   (fragment.size() >= kJp2Signature.size() &&
                    std::equal(kJp2Signature.begin(), kJp2Signature.end(), fragment.begin()));
        case Codec::kNone:
        case Codec::kRle:
        case Codec::kOther:
            return false;
    }
    return false;
}

}  // namespace lucerna::dicom
