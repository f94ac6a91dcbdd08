#pragma once

#include <optional>

#include "dicom/data_set.h"
#include "exam/refusal.h"

namespace lucerna::deidentify {

/// A refusal of pictures that Lucerna drew words on which may name somebody: captures of images
/// that it did not read, and all of versions that wrote into them what the header says. Those that
/// Image Type says to be of findings hold nothing of a header.
[[nodiscard]] std::optional<exam::Refusal> refuse_own_capture(const dicom::DataSet& object);

/// It is one of these: whoever asks for a study need not hear that it could not be given out.
[[nodiscard]] bool is_left_out(const dicom::DataSet& object);

}  // namespace lucerna::deidentify
