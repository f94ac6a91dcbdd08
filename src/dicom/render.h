#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/encoding.h"
#include "base/memory_budget.h"
#include "base/parts.h"
#include "dicom/data_set.h"
#include "dicom/frames.h"
#include "dicom/grayscale.h"

namespace lucerna::dicom {

/// An 8-bit picture for a screen: row by row, channels side by side (1 gray, or 3 RGB).
struct Picture8 {
    int width = 0;
    int height = 0;
    int channels = 1;
    Bytes pixels;
    /// Of decoding_memory(), where it took a frame's.
    std::shared_ptr<MemoryBudget::Share> share{};
};

/// A part of the picture, in its pixels from the upper left corner, and which way it is shown.
struct SourceRegion {
    int left = 0;
    int top = 0;
    /// 0: to the picture's right edge, or its lower one.
    int width = 0;
    int height = 0;
    bool flipped_horizontally = false;
    bool flipped_vertically = false;
};

struct RenderOptions {
    /// Instead of the header's first VOI LUT or window. Gray frames only.
    std::optional<VoiWindow> window = std::nullopt;
    /// Without any VOI: what is black and what is white. Without that either, what
    /// range_to_show and range_within (shown_range.h) say.
    std::optional<ValueRange> range = std::nullopt;
    /// Instead of the whole picture.
    std::optional<SourceRegion> region = std::nullopt;
    /// What is shown is shrunk by area averaging to fit, keeping its proportions. 0 is no bound.
    int max_width = 0;
    int max_height = 0;
    /// A smaller one is enlarged to fit, bilinearly, where there is a bound.
    bool enlarged = false;
    /// Of JPEG: 1 to 100.
    int quality = 90;
    /// Of decoding_memory(), beside the frame and what its decoder needs: what is made of the rows.
    std::size_t beside_bytes = 0;
};

/// Frame `frame` (from 0) through modality, VOI and presentation LUT, or palette, or both
/// (supplemental_palette.h), or YBR to RGB (PS3.3 C.7.6.3.1.2). Throws as decode_frame,
/// Error(kUnsupported) for a photometric interpretation that is none of those, and
/// Error(kInvalidInput) for a region that is not in the picture or a picture enlarged beyond
/// kMostEnlargedPixels.
inline constexpr int kMostEnlargedPixels = 1 << 24;
[[nodiscard]] Picture8 render(const DataSet& data_set, int frame = 0,
                              const RenderOptions& options = {});

/// Frame `frame` of `data_set`, which is `decoded`, in RGB, whole: one of color, of a palette, or
/// of shades by `options` and a supplemental palette. Nothing for a gray one. Throws as
/// palette_picture, and Error(kUnsupported) for another photometric interpretation of several
/// samples.
[[nodiscard]] std::optional<Picture8> colored_picture(const DataSet& data_set,
                                                      const DecodedFrame& decoded, int frame = 0,
                                                      const RenderOptions& options = {});

/// Before anything is decoded: throws Error(kInvalidInput) where `render` would, because of
/// `options`, for pictures of the size that `header` has.
void require_fitting(const DataSet& header, const RenderOptions& options);

/// A picture of which rows are made when they are asked for, from any thread.
struct PictureRows {
    int width = 0;
    int height = 0;
    int channels = 1;
    /// Rows from `first` on into `out`, which holds whole rows.
    std::function<void(int first, std::span<std::uint8_t> out)> rows;
    /// Of decoding_memory(): for what the rows are made of, and RenderOptions::beside_bytes.
    std::shared_ptr<MemoryBudget::Share> share{};

    [[nodiscard]] std::size_t row_bytes() const {
        return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels);
    }
};
/// What `render` gives, row by row, enlarged or not: no picture is in memory as a whole, but for
/// one that was shrunk. Throws as `render`; `data_set` must outlive it.
[[nodiscard]] PictureRows render_rows(const DataSet& data_set, int frame = 0,
                                      const RenderOptions& options = {});
/// Those of `picture`, which must outlive it. Throws Error(kInternal) as the encoders.
[[nodiscard]] PictureRows rows_of(const Picture8& picture);

/// The same of the image's first frame, for a caller that has it.
[[nodiscard]] Picture8 render(const DataSet& data_set, FirstFrame& first_frame,
                              const RenderOptions& options = {});

/// Baseline JPEG (4:4:4), 8-bit PNG, and GIF, which has at most 256 colors. Throw Error(kInternal)
/// for a picture that is not whole.
[[nodiscard]] Bytes encode_jpeg(const Picture8& picture, int quality = 90);
[[nodiscard]] Bytes encode_png(const Picture8& picture);
[[nodiscard]] Bytes encode_gif(const Picture8& picture);

/// The same of rows that are made as it goes, in no more memory than the file and some rows take;
/// of a GIF in color they are made twice. Of what has more than kGifSample pixels the 256 colors
/// are those of a sample.
inline constexpr std::size_t kGifSample = std::size_t{1} << 20;
[[nodiscard]] Bytes encode_png_rows(const PictureRows& picture);
[[nodiscard]] Bytes encode_gif_rows(const PictureRows& picture);

/// The same JPEG of rows that are made as it goes. More than kJpegStripRows of them are encoded in
/// strips with a restart marker between two (ITU-T T.81 E.1.4), side by side where `run` does that:
/// the file is the same then. Throws Error(kUnsupported) for more rows or columns than JPEG has.
inline constexpr int kJpegStripRows = 256;
[[nodiscard]] Bytes encode_jpeg_rows(const PictureRows& picture, int quality = 90,
                                     const RunParts& run = one_after_another);

}  // namespace lucerna::dicom
