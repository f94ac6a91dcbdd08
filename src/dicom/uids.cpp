#include "dicom/uids.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/random.h"
#include "dicom/sop_class_table.h"

namespace lucerna::dicom {
namespace {

constexpr std::size_t kMaxUidLength = 64;

using Uuid = std::array<std::uint8_t, 16>;

/// Divides by 10 in place and returns the remainder.
unsigned divide_by_ten(Uuid& number) {
    unsigned remainder = 0;
    for (std::uint8_t& digit : number) {
        const unsigned current = remainder * 256 + digit;
        digit = static_cast<std::uint8_t>(current / 10);
        remainder = current % 10;
    }
    return remainder;
}

/// PS3.5 B.2; `version` as of RFC 9562 4.2.
std::string uid_from_uuid(Uuid uuid, std::uint8_t version) {
    uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0F) | (version << 4));
    uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3F) | 0x80);
    std::string digits;
    while (std::any_of(uuid.begin(), uuid.end(), [](std::uint8_t byte) { return byte != 0; })) {
        digits += static_cast<char>('0' + divide_by_ten(uuid));
    }
    std::reverse(digits.begin(), digits.end());
    return "2.25." + digits;
}

Uuid uuid_from_hex(const std::string& hex) {
    const Bytes bytes = from_hex(hex.substr(0, 32));
    Uuid uuid{};
    std::copy(bytes.begin(), bytes.end(), uuid.begin());
    return uuid;
}

constexpr TransferSyntax native(std::string_view uid, std::string_view name, bool explicit_vr,
                                bool little_endian, bool deflated) {
    return {uid,           name,     Codec::kNone, explicit_vr,
            little_endian, deflated, true,         "application/octet-stream"};
}

constexpr TransferSyntax compressed(std::string_view uid, std::string_view name, Codec codec,
                                    bool lossless, std::string_view frame_media_type) {
    return {uid, name, codec, true, true, false, lossless, frame_media_type, true};
}

constexpr TransferSyntax video(std::string_view uid, std::string_view name,
                               std::string_view media_type) {
    TransferSyntax syntax = compressed(uid, name, Codec::kOther, false, media_type);
    syntax.frames_apart = false;
    return syntax;
}

/// Pixel Data Provider URL instead of pixels (PS3.5 A.6 to A.9).
constexpr TransferSyntax by_reference(std::string_view uid, std::string_view name, bool deflated) {
    return {uid, name, Codec::kOther, true, true, deflated, false, "application/octet-stream"};
}

constexpr std::string_view kJpegType = "image/jpeg";
constexpr std::string_view kJpegLsType = "image/jls";
constexpr std::string_view kJp2Type = "image/jp2";
constexpr std::string_view kJpxType = "image/jpx";
constexpr std::string_view kJphcType = "image/jphc";
constexpr std::string_view kMpeg2Type = "video/mpeg";
constexpr std::string_view kMp4Type = "video/mp4";
constexpr std::string_view kUnnamedType = "application/octet-stream";

namespace ts = transfer_syntax;

constexpr auto kTransferSyntaxes = std::to_array<TransferSyntax>({
    native(ts::kImplicitVrLittleEndian, "Implicit VR Little Endian", false, true, false),
    native(ts::kExplicitVrLittleEndian, "Explicit VR Little Endian", true, true, false),
    native(ts::kDeflatedExplicitVrLittleEndian, "Deflated Explicit VR Little Endian", true, true,
           true),
    native(ts::kExplicitVrBigEndian, "Explicit VR Big Endian", true, false, false),
    compressed(ts::kJpegBaseline, "JPEG Baseline (Process 1)", Codec::kJpeg, false, kJpegType),
    compressed(ts::kJpegExtended, "JPEG Extended (Process 2 & 4)", Codec::kJpeg, false, kJpegType),
    compressed("1.2.840.10008.1.2.4.53", "JPEG Spectral Selection (Process 6 & 8)", Codec::kJpeg,
               false, kJpegType),
    compressed("1.2.840.10008.1.2.4.55", "JPEG Full Progression (Process 10 & 12)", Codec::kJpeg,
               false, kJpegType),
    compressed(ts::kJpegLossless, "JPEG Lossless (Process 14)", Codec::kJpeg, true, kJpegType),
    compressed(ts::kJpegLosslessSv1, "JPEG Lossless (Process 14, Selection Value 1)", Codec::kJpeg,
               true, kJpegType),
    compressed(ts::kJpegLsLossless, "JPEG-LS Lossless", Codec::kJpegLs, true, kJpegLsType),
    compressed(ts::kJpegLsNearLossless, "JPEG-LS Near-Lossless", Codec::kJpegLs, false,
               kJpegLsType),
    compressed(ts::kJpeg2000Lossless, "JPEG 2000 Lossless", Codec::kJpeg2000, true, kJp2Type),
    compressed(ts::kJpeg2000, "JPEG 2000", Codec::kJpeg2000, false, kJp2Type),
    compressed("1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Multi-component Lossless", Codec::kOther,
               true, kJpxType),
    compressed("1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2 Multi-component", Codec::kOther, false,
               kJpxType),
    by_reference("1.2.840.10008.1.2.4.94", "JPIP Referenced", false),
    by_reference("1.2.840.10008.1.2.4.95", "JPIP Referenced Deflate", true),
    video("1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level", kMpeg2Type),
    video("1.2.840.10008.1.2.4.100.1", "Fragmentable MPEG2 Main Profile / Main Level", kMpeg2Type),
    video("1.2.840.10008.1.2.4.101", "MPEG2 Main Profile / High Level", kMpeg2Type),
    video("1.2.840.10008.1.2.4.101.1", "Fragmentable MPEG2 Main Profile / High Level", kMpeg2Type),
    video("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1", kMp4Type),
    video("1.2.840.10008.1.2.4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1",
          kMp4Type),
    video("1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1",
          kMp4Type),
    video("1.2.840.10008.1.2.4.103.1",
          "Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1", kMp4Type),
    video("1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video",
          kMp4Type),
    video("1.2.840.10008.1.2.4.104.1",
          "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video", kMp4Type),
    video("1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video",
          kMp4Type),
    video("1.2.840.10008.1.2.4.105.1",
          "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video", kMp4Type),
    video("1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", kMp4Type),
    video("1.2.840.10008.1.2.4.106.1",
          "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2", kMp4Type),
    video("1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile / Level 5.1", kMp4Type),
    video("1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile / Level 5.1", kMp4Type),
    compressed("1.2.840.10008.1.2.4.110", "JPEG XL Lossless", Codec::kOther, true, "image/jxl"),
    compressed("1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", Codec::kOther, false,
               "image/jxl"),
    compressed("1.2.840.10008.1.2.4.112", "JPEG XL", Codec::kOther, false, "image/jxl"),
    compressed(ts::kHtj2kLossless, "High-Throughput JPEG 2000 Lossless", Codec::kJpeg2000, true,
               kJphcType),
    compressed(ts::kHtj2kLosslessRpcl, "High-Throughput JPEG 2000 with RPCL Lossless",
               Codec::kJpeg2000, true, kJphcType),
    compressed(ts::kHtj2k, "High-Throughput JPEG 2000", Codec::kJpeg2000, false, kJphcType),
    by_reference("1.2.840.10008.1.2.4.204", "JPIP HTJ2K Referenced", false),
    by_reference("1.2.840.10008.1.2.4.205", "JPIP HTJ2K Referenced Deflate", true),
    compressed(ts::kRleLossless, "RLE Lossless", Codec::kRle, true, "image/dicom-rle"),
    compressed("1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression", Codec::kOther, true,
               kUnnamedType),
    // Its pixels are big endian words.
    {"1.2.840.113619.5.2", "GE Private Implicit VR with Big Endian Pixel Data", Codec::kOther,
     false, true, false, true, kUnnamedType},
});

}  // namespace

bool is_valid_uid(std::string_view uid) {
    if (uid.empty() || uid.size() > kMaxUidLength) return false;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= uid.size(); ++i) {
        if (i < uid.size() && uid[i] != '.') {
            if (uid[i] < '0' || uid[i] > '9') return false;
            continue;
        }
        if (i == start) return false;
        start = i + 1;
    }
    return true;
}

bool is_registered_uid(std::string_view uid) {
    constexpr std::string_view kRoot = "1.2.840.10008.";
    constexpr std::string_view kArcs[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "15"};
    constexpr std::size_t kMostDigits = 4;
    if (!uid.starts_with(kRoot)) return false;
    uid.remove_prefix(kRoot.size());
    if (std::find(std::begin(kArcs), std::end(kArcs), uid.substr(0, uid.find('.'))) ==
        std::end(kArcs))
        return false;
    for (std::size_t digits = 0; const char c : uid) {
        digits = c == '.' ? 0 : digits + 1;
        if (digits > kMostDigits) return false;
    }
    return true;
}

std::string new_uid() {
    return uid_from_uuid(uuid_from_hex(random_hex(16)), 4);
}

std::string derived_uid(std::string_view seed) {
    return uid_from_uuid(uuid_from_hex(sha256(as_byte_view(seed))), 8);
}

std::span<const TransferSyntax> transfer_syntaxes() {
    return kTransferSyntaxes;
}

const TransferSyntax* find_transfer_syntax(std::string_view uid) {
    const auto* const found =
        std::find_if(kTransferSyntaxes.begin(), kTransferSyntaxes.end(),
                     [&](const TransferSyntax& syntax) { return syntax.uid == uid; });
    return found == kTransferSyntaxes.end() ? nullptr : found;
}

bool is_decodable(std::string_view transfer_syntax_uid) {
    const TransferSyntax* const syntax = find_transfer_syntax(transfer_syntax_uid);
    return syntax != nullptr && syntax->codec != Codec::kOther;
}

std::span<const SopClass> sop_classes() {
    return kSopClasses;
}

std::string_view sop_class_name(std::string_view uid) {
    if (uid == sop_class::kVerification) return "Verification";
    const auto* const found =
        std::lower_bound(kSopClasses.begin(), kSopClasses.end(), uid,
                         [](const SopClass& one, std::string_view key) { return one.uid < key; });
    return found == kSopClasses.end() || found->uid != uid ? std::string_view{} : found->name;
}

}  // namespace lucerna::dicom
