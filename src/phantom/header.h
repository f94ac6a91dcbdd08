#pragma once

#include "dicom/data_set.h"
#include "phantom/phantom.h"
#include "phantom/pictures.h"

namespace lucerna::phantom {

/// A view as a Digital Mammography X-Ray Image - For Presentation (PS3.3 A.27). `number` is its
/// place in the exam, from 1. All identifiers follow from the options.
[[nodiscard]] dicom::DataSet stored_view(const DrawnView& view, const PhantomOptions& options,
                                         int number);

}  // namespace lucerna::phantom
