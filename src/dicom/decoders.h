#pragma once

#include "base/encoding.h"
#include "dicom/codestream.h"
#include "dicom/frames.h"
#include "dicom/pixel_layout.h"

namespace lucerna::dicom {

/// Decodes one codestream whose header agrees with `layout`: by DCMTK (JPEG, RLE). Samples
/// come interleaved, still with whatever bits the codec left above those stored. Throws
/// Error(kInvalidInput).
[[nodiscard]] DecodedFrame decode_by_dcmtk(ByteView codestream, const TransferSyntax& syntax,
                                           const CodestreamHeader& header,
                                           const StoredLayout& layout);

/// By CharLS (JPEG-LS).
[[nodiscard]] DecodedFrame decode_by_charls(ByteView codestream, const StoredLayout& layout);

/// By OpenJPEG (JPEG 2000, HTJ2K).
[[nodiscard]] DecodedFrame decode_by_openjpeg(ByteView codestream, const CodestreamHeader& header,
                                              const StoredLayout& layout);

}  // namespace lucerna::dicom
