#pragma once

#include <string>

#include "compose/compose.h"
#include "exam/reading.h"

namespace lucerna::compose {

/// Readings made by hand for the tests of this room.

/// Four views, two findings, one refused spot view, a synthetic exam.
[[nodiscard]] exam::ExamReading example_reading();
/// The same without findings and refusals.
[[nodiscard]] exam::ExamReading quiet_reading();
/// No view was read; the refused images are known when `known` says so.
enum class RefusedImages { kKnown, kUnknown };
[[nodiscard]] exam::ExamReading refused_reading(RefusedImages known);

/// A grey ramp of the size that `scale` gives for view `index`.
[[nodiscard]] RenderedView example_rendering(const exam::ExamReading& reading, std::size_t index,
                                             double scale);

}  // namespace lucerna::compose
