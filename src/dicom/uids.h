#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lucerna::dicom {

/// PS3.5 9.1: 1 to 64 characters, digits between single dots; leading zeros, which old scanners
/// write into components, pass all the same. What passes is safe as part of a path or a URL.
[[nodiscard]] bool is_valid_uid(std::string_view uid);

/// One of the standard itself, by the form of those in PS3.6 Annex A: below a few arcs, and of
/// numbers of four digits at most, which no whole date is.
[[nodiscard]] bool is_registered_uid(std::string_view uid);

/// "2.25." and a random 128-bit number (PS3.5 B.2).
[[nodiscard]] std::string new_uid();
/// The same form from SHA-256 of `seed`: the same seed gives the same UID, always.
[[nodiscard]] std::string derived_uid(std::string_view seed);

/// PS3.5 10, PS3.6 A.
namespace transfer_syntax {
constexpr std::string_view kImplicitVrLittleEndian = "1.2.840.10008.1.2";
constexpr std::string_view kExplicitVrLittleEndian = "1.2.840.10008.1.2.1";
constexpr std::string_view kDeflatedExplicitVrLittleEndian = "1.2.840.10008.1.2.1.99";
constexpr std::string_view kExplicitVrBigEndian = "1.2.840.10008.1.2.2";
constexpr std::string_view kJpegBaseline = "1.2.840.10008.1.2.4.50";
constexpr std::string_view kJpegExtended = "1.2.840.10008.1.2.4.51";
constexpr std::string_view kJpegLossless = "1.2.840.10008.1.2.4.57";
constexpr std::string_view kJpegLosslessSv1 = "1.2.840.10008.1.2.4.70";
constexpr std::string_view kJpegLsLossless = "1.2.840.10008.1.2.4.80";
constexpr std::string_view kJpegLsNearLossless = "1.2.840.10008.1.2.4.81";
constexpr std::string_view kJpeg2000Lossless = "1.2.840.10008.1.2.4.90";
constexpr std::string_view kJpeg2000 = "1.2.840.10008.1.2.4.91";
constexpr std::string_view kHtj2kLossless = "1.2.840.10008.1.2.4.201";
constexpr std::string_view kHtj2kLosslessRpcl = "1.2.840.10008.1.2.4.202";
constexpr std::string_view kHtj2k = "1.2.840.10008.1.2.4.203";
constexpr std::string_view kRleLossless = "1.2.840.10008.1.2.5";
}  // namespace transfer_syntax

/// What compresses the frames of a transfer syntax.
enum class Codec {
    kNone,
    kJpeg,      ///< ISO/IEC 10918-1, all processes
    kJpegLs,    ///< ISO/IEC 14495-1
    kJpeg2000,  ///< ISO/IEC 15444-1 and 15444-15 (high throughput)
    kRle,       ///< PS3.5 Annex G
    kOther,     ///< video, or not known: stored and sent on, never decoded
};

struct TransferSyntax {
    std::string_view uid;
    std::string_view name;
    Codec codec = Codec::kNone;
    bool explicit_vr = true;
    bool little_endian = true;
    bool deflated = false;
    /// Every codestream that the syntax allows gives back what went in.
    bool lossless = true;
    /// Media type of one frame (PS3.18 Table 8.7.3-2); "application/octet-stream" if there is none.
    std::string_view frame_media_type = "application/octet-stream";
    /// Each frame is compressed by itself: as against video, and pixels that are elsewhere.
    bool frames_apart = false;

    [[nodiscard]] bool encapsulated() const { return codec != Codec::kNone; }
};

/// Every transfer syntax that this program has heard of.
[[nodiscard]] std::span<const TransferSyntax> transfer_syntaxes();
/// Null for one that is not in the table. Such an object is read as encapsulated explicit VR
/// little endian, as PS3.5 A.4 asks of every compressed one.
[[nodiscard]] const TransferSyntax* find_transfer_syntax(std::string_view uid);
/// decode_frame can do it.
[[nodiscard]] bool is_decodable(std::string_view transfer_syntax_uid);

/// PS3.4 B.5. Those that the code names; `sop_classes` has all.
namespace sop_class {
constexpr std::string_view kVerification = "1.2.840.10008.1.1";
constexpr std::string_view kComputedRadiography = "1.2.840.10008.5.1.4.1.1.1";
constexpr std::string_view kDigitalXRayForPresentation = "1.2.840.10008.5.1.4.1.1.1.1";
constexpr std::string_view kDigitalXRayForProcessing = "1.2.840.10008.5.1.4.1.1.1.1.1";
constexpr std::string_view kDigitalMammographyForPresentation = "1.2.840.10008.5.1.4.1.1.1.2";
constexpr std::string_view kDigitalMammographyForProcessing = "1.2.840.10008.5.1.4.1.1.1.2.1";
constexpr std::string_view kBreastTomosynthesis = "1.2.840.10008.5.1.4.1.1.13.1.3";
constexpr std::string_view kBreastProjectionForPresentation = "1.2.840.10008.5.1.4.1.1.13.1.4";
constexpr std::string_view kBreastProjectionForProcessing = "1.2.840.10008.5.1.4.1.1.13.1.5";
constexpr std::string_view kCt = "1.2.840.10008.5.1.4.1.1.2";
constexpr std::string_view kMr = "1.2.840.10008.5.1.4.1.1.4";
constexpr std::string_view kUltrasound = "1.2.840.10008.5.1.4.1.1.6.1";
constexpr std::string_view kSecondaryCapture = "1.2.840.10008.5.1.4.1.1.7";
constexpr std::string_view kMultiFrameGrayscaleWordSecondaryCapture = "1.2.840.10008.5.1.4.1.1.7.3";
constexpr std::string_view kMultiFrameTrueColorSecondaryCapture = "1.2.840.10008.5.1.4.1.1.7.4";
constexpr std::string_view kGrayscaleSoftcopyPresentationState = "1.2.840.10008.5.1.4.1.1.11.1";
constexpr std::string_view kSegmentation = "1.2.840.10008.5.1.4.1.1.66.4";
constexpr std::string_view kWholeSlideMicroscopy = "1.2.840.10008.5.1.4.1.1.77.1.6";
constexpr std::string_view kBasicTextSr = "1.2.840.10008.5.1.4.1.1.88.11";
constexpr std::string_view kEnhancedSr = "1.2.840.10008.5.1.4.1.1.88.22";
constexpr std::string_view kComprehensiveSr = "1.2.840.10008.5.1.4.1.1.88.33";
constexpr std::string_view kComprehensive3DSr = "1.2.840.10008.5.1.4.1.1.88.34";
constexpr std::string_view kMammographyCadSr = "1.2.840.10008.5.1.4.1.1.88.50";
constexpr std::string_view kKeyObjectSelection = "1.2.840.10008.5.1.4.1.1.88.59";
constexpr std::string_view kChestCadSr = "1.2.840.10008.5.1.4.1.1.88.65";
constexpr std::string_view kEncapsulatedPdf = "1.2.840.10008.5.1.4.1.1.104.1";
}  // namespace sop_class

struct SopClass {
    std::string_view uid;
    std::string_view name;
};
/// Every storage SOP class of PS3.4 Table B.5-1, sorted by UID.
[[nodiscard]] std::span<const SopClass> sop_classes();
/// "Digital Mammography X-Ray Image Storage - For Presentation"; empty where it is not known.
[[nodiscard]] std::string_view sop_class_name(std::string_view uid);

}  // namespace lucerna::dicom
