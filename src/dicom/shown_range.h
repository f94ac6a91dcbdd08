#pragma once

#include <functional>
#include <optional>

#include "dicom/data_set.h"
#include "dicom/frames.h"
#include "dicom/grayscale.h"

namespace lucerna::dicom {

/// Gives the data set with the pixels of a frame (from 0) right.
using WithFrame = std::function<const DataSet&(int frame)>;

/// Between which modality values a gray frame is shown whose header has no usable VOI, where that
/// can be said before it is decoded. Of up to 8 bits stored: all that they can say, so that nothing
/// is done to their values (PS3.4 N.2). Of more, which are seldom all used: from the least value to
/// the greatest of the image's frames, the same for each of them; of frames that are many and
/// large, of some that are evenly spaced. Pixel Padding (PS3.3 C.7.5.1.1.2) and the colors of a
/// supplemental palette do not count. Nothing for a VOI, what is not gray, and a single frame of
/// more than 8 bits, whose own values say it. Throws Error as stored_layout_of and
/// decoding_memory().
[[nodiscard]] std::optional<ValueRange> range_to_show(const DataSet& header, int frame,
                                                      const WithFrame& with_frame);

/// Between which values frame `number` alone is shown: its least and greatest, or, where all of its
/// pixels have the same value, all that Bits Stored can say. Throws Error as stored_layout_of.
[[nodiscard]] ValueRange range_within(const FrameView& frame, const DataSet& header, int number);
[[nodiscard]] ValueRange range_within(const DecodedFrame& frame, const DataSet& header, int number);

}  // namespace lucerna::dicom
