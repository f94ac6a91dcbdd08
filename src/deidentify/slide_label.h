#pragma once

#include <optional>

#include "dicom/data_set.h"
#include "exam/refusal.h"

namespace lucerna::deidentify {

/// A refusal of pictures of a slide's label (PS3.3 C.8.12.4): what is on it, in whatever hand or
/// code, says whose the slide is, and no detector finds all of that. By Image Type, or Frame Type
/// of any frame, LABEL; by Specimen Label In Image YES; and an OVERVIEW of a slide (Modality SM, or
/// VL Whole Slide Microscopy), which may show the label, that does not say NO.
[[nodiscard]] std::optional<exam::Refusal> refuse_slide_label(const dicom::DataSet& object);

}  // namespace lucerna::deidentify
