#pragma once

#include <optional>

#include "dicom/data_set.h"
#include "exam/refusal.h"

namespace lucerna::deidentify {

/// A voice is as good as a name, and nothing here listens. A refusal, naming class or channel,
/// where an object may hold speech: a waveform (PS3.3 C.10.9), in any depth, of a class that is not
/// made for physiological signals alone, or whose samples or channel source are those of sound; and
/// a video, whose stream may have an audio part (PS3.5 8.2.5 to 8.2.8).
[[nodiscard]] std::optional<exam::Refusal> refuse_sound(const dicom::DataSet& object);

}  // namespace lucerna::deidentify
