// RLE compression (PS3.5 Annex G): row by row, which no library does.
#include <algorithm>
#include <string>

#include "base/error.h"
#include "dicom/decoders.h"
#include "dicom/node.h"

namespace lucerna::dicom {
namespace {

constexpr std::size_t kNothing = 128;

[[noreturn]] void ends_early() {
    throw Error(ErrorCode::kInvalidInput,
                "a compressed frame is damaged: an RLE segment ends before its pixels do");
}

}  // namespace

RleRows::RleRows(ByteView codestream, const StoredLayout& layout)
    : sample_bytes_(static_cast<std::size_t>(layout.bits_allocated / 8)) {
    const std::size_t count = u32(codestream, 0);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t begin = u32(codestream, 4 + 4 * i);
        const std::size_t end = i + 1 < count ? u32(codestream, 8 + 4 * i) : codestream.size();
        segments_.push_back({codestream.subspan(begin, end - begin)});
    }
}

void RleRows::next(std::span<std::uint8_t> row) {
    const std::size_t pixel_bytes = segments_.size();
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        // G.2: of each sample a segment for each of its bytes, the most significant one first.
        const std::size_t sample = i / sample_bytes_;
        const std::size_t byte = sample_bytes_ - 1 - i % sample_bytes_;
        fill(segments_[i], row, sample * sample_bytes_ + byte, pixel_bytes);
    }
}

/// G.3.2; runs that go on in the next row are no reason to refuse a frame.
void RleRows::fill(Segment& segment, std::span<std::uint8_t> row, std::size_t first,
                   std::size_t step) {
    for (std::size_t at = first; at < row.size();) {
        if (segment.run > 0) {
            for (; segment.run > 0 && at < row.size(); at += step, --segment.run)
                row[at] = segment.value;
        } else if (segment.literal > 0) {
            std::size_t used = 0;
            for (; used < segment.literal && at < row.size(); at += step)
                row[at] = segment.rest[used++];
            segment.rest = segment.rest.subspan(used);
            segment.literal -= used;
        } else {
            if (segment.rest.empty()) ends_early();
            const std::size_t control = segment.rest[0];
            segment.rest = segment.rest.subspan(1);
            if (control == kNothing) continue;
            if (control > kNothing) {
                if (segment.rest.empty()) ends_early();
                segment.run = 257 - control;
                segment.value = segment.rest[0];
                segment.rest = segment.rest.subspan(1);
            } else {
                segment.literal = control + 1;
                if (segment.literal > segment.rest.size()) ends_early();
            }
        }
    }
}

DecodedFrame decode_rle(ByteView codestream, const StoredLayout& layout) {
    DecodedFrame frame;
    frame.rows = layout.rows;
    frame.columns = layout.columns;
    frame.samples_per_pixel = layout.samples_per_pixel;
    frame.bits_allocated = layout.bits_allocated;
    frame.photometric_interpretation = layout.photometric_interpretation;
    const std::size_t row_bytes = layout.samples() / static_cast<std::size_t>(layout.rows) *
                                  static_cast<std::size_t>(layout.bits_allocated / 8);
    frame.samples.resize(row_bytes * static_cast<std::size_t>(layout.rows));
    RleRows rows(codestream, layout);
    for (std::size_t y = 0; y < static_cast<std::size_t>(layout.rows); ++y)
        rows.next(std::span(frame.samples).subspan(y * row_bytes, row_bytes));
    return frame;
}

}  // namespace lucerna::dicom
