#include "dicom/codestream_kind.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "dicom/node.h"

namespace lucerna::dicom {
namespace {

namespace ts = transfer_syntax;

constexpr std::uint8_t kStartOfScan = 0xDA;
constexpr std::uint8_t kJfif = 0xE0;
constexpr std::uint8_t kAdobe = 0xEE;
constexpr std::uint8_t kCodingStyle = 0x52;
constexpr std::uint8_t kCapabilities = 0x50;
constexpr std::uint8_t kStartOfTile = 0x90;

[[noreturn]] void refuse(const std::string& what) {
    throw Error(ErrorCode::kInvalidInput,
                "compressed Pixel Data (7FE0,0010) " + what +
                    ": name their transfer-syntax beside their media type");
}

/// A marker and what follows its length.
struct Segment {
    std::uint8_t marker = 0;
    ByteView content;
};

/// Those from `at` up to one of marker `last`, which is among them. Of what is malformed, as many
/// as there are.
std::vector<Segment> segments_of(ByteView bytes, std::size_t at, std::uint8_t last) {
    std::vector<Segment> segments;
    while (bytes.size() >= at + 4 && bytes[at] == 0xFF) {
        const std::uint8_t marker = bytes[at + 1];
        if (marker == 0xFF) {
            ++at;
            continue;
        }
        const auto length = static_cast<std::size_t>(bytes[at + 2] << 8 | bytes[at + 3]);
        if (length < 2 || length > bytes.size() - at - 2) break;
        segments.push_back({marker, bytes.subspan(at + 4, length - 2)});
        if (marker == last) break;
        at += 2 + length;
    }
    return segments;
}

/// Selection value of lossless JPEG (T.81 B.2.3), NEAR of JPEG-LS (T.87 C.2.3).
int first_parameter(ByteView scan) {
    const std::size_t at = scan.empty() ? 1 : 1 + std::size_t{2} * scan[0];
    return at < scan.size() ? scan[at] : -1;
}

std::string_view jpeg_syntax(std::uint8_t frame, int parameter) {
    switch (frame) {
        case 0xC0:
            return ts::kJpegBaseline;
        case 0xC1:
            return ts::kJpegExtended;
        case 0xC2:
            return "1.2.840.10008.1.2.4.55";
        case 0xC3:
            return parameter == 1 ? ts::kJpegLosslessSv1 : ts::kJpegLossless;
        case 0xF7:
            return parameter == 0 ? ts::kJpegLsLossless : ts::kJpegLsNearLossless;
        default:
            return {};
    }
}

/// Adobe's transform (ITU-T T.872 6.5.3); nothing without its segment.
std::optional<int> adobe_transform(const std::vector<Segment>& segments) {
    for (const Segment& segment : segments)
        if (segment.marker == kAdobe && segment.content.size() >= 12 &&
            as_text(segment.content).starts_with("Adobe"))
            return segment.content[11];
    return {};
}

/// PS3.5 8.2.1: three components of JPEG with loss are luminance and chrominance, unless Adobe's
/// segment says that they are not transformed.
std::string_view jpeg_colors(const std::vector<Segment>& segments, std::uint8_t frame,
                             int components) {
    if (components == 1) return "MONOCHROME2";
    if (components != 3) return {};
    const bool is_plain = adobe_transform(segments) == 0;
    return is_plain || frame == 0xC3 || frame == 0xF7 ? "RGB" : "YBR_FULL_422";
}

CodestreamKind jpeg_kind(ByteView frame) {
    const std::vector<Segment> segments = segments_of(frame, 2, kStartOfScan);
    const auto start = std::find_if(segments.begin(), segments.end(), [](const Segment& segment) {
        return !jpeg_syntax(segment.marker, 0).empty();
    });
    if (start == segments.end() || segments.back().marker != kStartOfScan)
        refuse("are JPEG of a process that has none, or damaged");
    CodestreamKind kind;
    kind.transfer_syntax_uid = jpeg_syntax(start->marker, first_parameter(segments.back().content));
    kind.codec = find_transfer_syntax(kind.transfer_syntax_uid)->codec;
    kind.header = codestream_header(frame, kind.codec, {});
    kind.photometric_interpretation = jpeg_colors(segments, start->marker, kind.header->components);
    return kind;
}

CodestreamKind jpeg2000_kind(ByteView frame) {
    const std::vector<Segment> segments = segments_of(without_boxes(frame), 2, kStartOfTile);
    const auto find = [&](std::uint8_t marker) {
        return std::find_if(segments.begin(), segments.end(),
                            [&](const Segment& segment) { return segment.marker == marker; });
    };
    // T.800 A.6.1: Scod, SGcod (progression, layers, component transformation), SPcod.
    constexpr std::size_t kComponentTransformation = 4;
    constexpr std::size_t kWavelet = 9;
    const auto style = find(kCodingStyle);
    if (style == segments.end() || style->content.size() <= kWavelet)
        refuse("are JPEG 2000 without a coding style");
    const bool is_reversible = style->content[kWavelet] == 1;
    const bool is_high_throughput = find(kCapabilities) != segments.end();
    CodestreamKind kind;
    kind.codec = Codec::kJpeg2000;
    if (is_high_throughput)
        kind.transfer_syntax_uid = is_reversible ? ts::kHtj2kLossless : ts::kHtj2k;
    else
        kind.transfer_syntax_uid = is_reversible ? ts::kJpeg2000Lossless : ts::kJpeg2000;
    kind.header = codestream_header(frame, kind.codec, {});
    if (kind.header->components == 1)
        kind.photometric_interpretation = "MONOCHROME2";
    else if (kind.header->components == 3 && style->content[kComponentTransformation] == 0)
        kind.photometric_interpretation = "RGB";
    else if (kind.header->components == 3)
        kind.photometric_interpretation = is_reversible ? "YBR_RCT" : "YBR_ICT";
    return kind;
}

std::optional<CodestreamKind> by_markers(ByteView frame) {
    if (begins_codestream(frame, Codec::kJpeg)) return jpeg_kind(frame);
    if (begins_codestream(frame, Codec::kJpeg2000)) return jpeg2000_kind(frame);
    return std::nullopt;
}

/// What was said holds, whatever the codestream is.
CodestreamKind as_said(const std::string& uid, ByteView frame) {
    const TransferSyntax* const syntax = find_transfer_syntax(uid);
    if (!is_valid_uid(uid)) refuse("have a transfer-syntax that is no UID");
    if (syntax != nullptr && !syntax->encapsulated()) {
        if (!syntax->little_endian || syntax->deflated)
            refuse("are in " + std::string(syntax->name));
        return {};
    }
    CodestreamKind kind = kind_by_markers(frame).value_or(CodestreamKind());
    kind.transfer_syntax_uid = uid;
    kind.codec = syntax == nullptr ? Codec::kOther : syntax->codec;
    return kind;
}

}  // namespace

std::optional<CodestreamKind> kind_by_markers(ByteView frame) {
    try {
        return by_markers(frame);
    } catch (const Error&) {
        return std::nullopt;  // then it says nothing of the pixels
    }
}

std::string_view colors_said_by(ByteView jpeg) {
    const std::vector<Segment> segments = segments_of(jpeg, 2, kStartOfScan);
    if (const auto transform = adobe_transform(segments))
        return *transform == 0 ? "RGB" : *transform == 1 ? "YBR_FULL" : "";
    const bool is_jfif = std::any_of(segments.begin(), segments.end(), [](const Segment& segment) {
        return segment.marker == kJfif && as_text(segment.content).starts_with("JFIF");
    });
    return is_jfif ? "YBR_FULL" : "";
}

CodestreamKind kind_of(const BulkData& pixels) {
    const ByteView frame = pixels.pieces.empty() ? ByteView() : pixels.pieces.front();
    const std::string& type = pixels.media_type;
    if (!pixels.transfer_syntax_uid.empty()) return as_said(pixels.transfer_syntax_uid, frame);
    if (type == "image/dicom-rle" || type == "image/x-dicom-rle")
        return {std::string(ts::kRleLossless), Codec::kRle, {}, {}};
    if (!type.starts_with("image/") && !type.starts_with("video/")) return {};
    if (auto kind = by_markers(frame)) return *kind;
    refuse("of media type " + type + " are no codestream of JPEG, JPEG-LS or JPEG 2000");
}

void complete_description(DataSet& data_set, const CodestreamKind& kind) {
    const CodestreamHeader& header = *kind.header;
    const bool is_sane = header.rows > 0 && header.columns > 0 && header.components > 0 &&
                         header.precision > 0 && header.precision <= 16;
    const auto complete = [&](Tag tag, int value) {
        if (data_set.has_value(tag)) return;
        if (!is_sane)
            throw Error(ErrorCode::kInvalidInput,
                        describe(tag) + " is missing, and the compressed pixels say none");
        data_set.set_integer(tag, value);
    };
    complete(tags::kSamplesPerPixel, header.components);
    complete(tags::kRows, header.rows);
    complete(tags::kColumns, header.columns);
    complete(tags::kBitsAllocated, header.precision > 8 ? 16 : 8);
    complete(tags::kBitsStored, header.precision);
    complete(tags::kHighBit, header.precision - 1);
    complete(tags::kPixelRepresentation, header.is_signed ? 1 : 0);
    if (header.components > 1) complete(tags::kPlanarConfiguration, 0);
    if (data_set.has_value(tags::kPhotometricInterpretation)) return;
    if (kind.photometric_interpretation.empty())
        throw Error(ErrorCode::kInvalidInput,
                    describe(tags::kPhotometricInterpretation) +
                        " is missing, and the compressed pixels say none");
    data_set.set_text(tags::kPhotometricInterpretation, kind.photometric_interpretation);
}

}  // namespace lucerna::dicom
