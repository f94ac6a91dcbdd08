#pragma once

#include "dicom/data_set.h"
#include "dicom/frames.h"
#include "dicom/render.h"

namespace lucerna::dicom {

/// A frame of PALETTE COLOR through its three tables, plain or segmented (PS3.3 C.7.6.3.1.5,
/// C.7.9.2). Throws Error(kInvalidInput) for tables that are missing, too short or broken,
/// Error(kUnsupported) for segmented ones of 8 bits; each names the attribute.
[[nodiscard]] Picture8 palette_picture(const DataSet& data_set, const DecodedFrame& frame);

}  // namespace lucerna::dicom
