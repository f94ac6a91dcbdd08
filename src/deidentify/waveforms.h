#pragma once

#include <optional>
#include <vector>

#include "deidentify/report.h"
#include "dicom/data_set.h"
#include "exam/refusal.h"

namespace lucerna::deidentify {

/// Cuts off what lies behind the samples of waveforms, in any depth: of Waveform Data those that
/// channels and samples count, of padding and least and greatest values one (PS3.3 C.10.9). Notes
/// in `steps` what was cut. A refusal where an item does not say how much its samples take.
[[nodiscard]] std::optional<exam::Refusal> cut_waveforms(dicom::DataSet& object, Steps& steps);

}  // namespace lucerna::deidentify
