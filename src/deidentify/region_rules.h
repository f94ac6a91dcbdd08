#pragma once

#include <vector>

#include "deidentify/report.h"
#include "dicom/data_set.h"

namespace lucerna::deidentify {

/// What is blanked on every picture of such a kind, text or not, by the table in region_rules.cpp.
[[nodiscard]] std::vector<Blanked> ruled_regions(const dicom::DataSet& object, int columns,
                                                 int rows);

/// Made by a program from other objects, of values that are no picture: segmentations, dose. There
/// is no text to be found on them.
[[nodiscard]] bool holds_no_picture(std::string_view sop_class_uid);

}  // namespace lucerna::deidentify
