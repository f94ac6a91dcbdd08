#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "dicom/data_set.h"
#include "dicom/frames.h"
#include "dicom/palette.h"
#include "dicom/render.h"

namespace lucerna::dicom {

inline constexpr Tag kPixelPresentation{0x0008, 0x9205};

/// A MONOCHROME2 image of which values from its palette's first mapped one on are colors, as Pixel
/// Presentation (COLOR or MIXED) says; those below are shades of gray (PS3.3 C.7.6.19). The tables
/// are not looked at.
[[nodiscard]] bool has_supplemental_palette(const DataSet& header);

/// The palette of such an image. Nothing for a frame whose own Pixel Presentation is MONOCHROME,
/// and where the tables cannot be used: such an image can be shown in gray alone.
[[nodiscard]] std::optional<Palette> supplemental_palette_of(const DataSet& data_set, int frame);

/// A gray frame, which must outlive them, in RGB: values that `palette` has no color for by
/// `shade`. Stored values are compared, before any Modality LUT.
[[nodiscard]] PictureRows rows_of_both(const DecodedFrame& frame, const Palette& palette,
                                       const std::function<std::uint8_t(double)>& shade);

}  // namespace lucerna::dicom
