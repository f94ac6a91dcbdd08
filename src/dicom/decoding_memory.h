#pragma once

#include "base/memory_budget.h"

namespace lucerna::dicom {

/// What decoded frames may take at once, with what their decoders and a picture of them need. There
/// is one, as there is one heap: whoever decodes draws on it, in whatever room. It has no limit
/// before a server gives it one.
[[nodiscard]] MemoryBudget& decoding_memory();

/// The same of frames that were read from where they lie (FramedObject), compressed or not, for as
/// long as they are looked at. One that is larger than its limit is there alone. It comes before
/// decoding_memory(), where it is counted, too: who holds of that already does not wait for this,
/// as they might wait for each other.
[[nodiscard]] MemoryBudget& frame_memory();

/// The same of data sets that are read: of those whose elements and items take more than
/// kFreelyParsedBytes there is one at a time. No data set takes more than its limit.
inline constexpr std::size_t kFreelyParsedBytes = std::size_t{2} << 20;
[[nodiscard]] MemoryBudget& parsing_memory();

/// The same of objects that are converted to be sent, and then until their receivers have them.
[[nodiscard]] MemoryBudget& converting_memory();

}  // namespace lucerna::dicom
