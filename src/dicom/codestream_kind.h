#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dicom/codestream.h"
#include "dicom/data_set.h"
#include "dicom/metadata.h"

namespace lucerna::dicom {

/// What compressed Pixel Data are that come apart from their attributes.
struct CodestreamKind {
    /// Empty: they are not compressed.
    std::string transfer_syntax_uid = {};
    Codec codec = Codec::kNone;
    /// Of the first frame, where it says so of itself.
    std::optional<CodestreamHeader> header = {};
    std::string_view photometric_interpretation = {};
};

/// By the transfer syntax that their media type names, else by the markers of the first frame
/// (ITU-T T.81 B.2, T.87 C.2, T.800 A.5 and A.6). Throws Error(kInvalidInput) where neither says.
[[nodiscard]] CodestreamKind kind_of(const BulkData& pixels);

/// By those markers alone: of JPEG, JPEG-LS and JPEG 2000 the transfer syntax that says most of the
/// frame. Nothing of another codestream, or of a damaged one.
[[nodiscard]] std::optional<CodestreamKind> kind_by_markers(ByteView frame);

/// What the application segments of a JPEG codestream of three components say of their colors:
/// "RGB", "YBR_FULL" (ITU-T T.871 6.2: JFIF is YCbCr; T.872: Adobe's transform), or nothing.
[[nodiscard]] std::string_view colors_said_by(ByteView jpeg);

/// Adds what is missing of the Image Pixel Description Macro (PS3.3 C.7.6.3) as the codestream has
/// it (PS3.18 10.5.2).
void complete_description(DataSet& data_set, const CodestreamKind& kind);

}  // namespace lucerna::dicom
