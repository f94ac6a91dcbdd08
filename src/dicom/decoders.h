#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/encoding.h"
#include "dicom/codestream.h"
#include "dicom/frames.h"
#include "dicom/pixel_layout.h"

namespace lucerna::dicom {

/// Decodes one codestream whose header agrees with `layout`: by DCMTK (JPEG). Samples
/// come interleaved, still with whatever bits the codec left above those stored. Throws
/// Error(kInvalidInput).
[[nodiscard]] DecodedFrame decode_by_dcmtk(ByteView codestream, const TransferSyntax& syntax,
                                           const CodestreamHeader& header,
                                           const StoredLayout& layout);

/// By CharLS (JPEG-LS).
[[nodiscard]] DecodedFrame decode_by_charls(ByteView codestream, const StoredLayout& layout);

/// By OpenJPEG (JPEG 2000, HTJ2K), at half the size `halvings` times, rounded up.
[[nodiscard]] DecodedFrame decode_by_openjpeg(ByteView codestream, const CodestreamHeader& header,
                                              const StoredLayout& layout, int halvings = 0);

/// RLE (PS3.5 Annex G) row by row, from the top down. The codestream must stay.
class RleRows {
  public:
    RleRows(ByteView codestream, const StoredLayout& layout);
    /// Of as many bytes as a row has. Throws Error(kInvalidInput) where the codestream ends early.
    void next(std::span<std::uint8_t> row);

  private:
    struct Segment {
        ByteView rest;
        std::size_t literal = 0;
        std::size_t run = 0;
        std::uint8_t value = 0;
    };
    static void fill(Segment& segment, std::span<std::uint8_t> row, std::size_t first,
                     std::size_t step);

    std::size_t sample_bytes_;
    std::vector<Segment> segments_;
};

[[nodiscard]] DecodedFrame decode_rle(ByteView codestream, const StoredLayout& layout);

}  // namespace lucerna::dicom
