#pragma once

#include <vector>

#include "dicom/bare_codestream.h"
#include "dicom/data_set.h"

namespace lucerna::dicom {

/// Leaves of (Float, Double Float) Pixel Data what its frames are decoded from and nothing else:
/// native ones are cut to their size, compressed frames are bare_codestream's, and an offset table
/// that says anything but where frames begin goes. Where there is nothing to leave out the value
/// stays bit for bit; else each frame has one fragment, behind a Basic Offset Table. Frames decode
/// to the same values. Returns what was left out, each kind once.
///
/// Throws Error: kInvalidInput where header and pixels contradict each other or a codestream cannot
/// be walked through, kUnsupported for a transfer syntax or layout that is not read here, and as
/// decoding_memory() does.
[[nodiscard]] std::vector<LeftOut> strip_pixels(DataSet& data_set);

}  // namespace lucerna::dicom
