#pragma once

#include <functional>

#include "dicom/data_set.h"
#include "dicom/frames.h"

namespace lucerna::dicom {

/// What presentation_values does with a value of `decoded`, frame `frame` of a gray image, where
/// there is no VOI: from the least modality value that occurs in it, 0, to the greatest, 1.
/// Requires values that are few (SampleValues). Throws Error(kInvalidInput) as modality_lut_of.
[[nodiscard]] std::function<float(double)> stretched_map(const DataSet& data_set,
                                                         const FrameView& decoded, int frame = 0);

}  // namespace lucerna::dicom
