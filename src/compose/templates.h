#pragma once

#include <span>
#include <vector>

#include "compose/compose.h"

namespace lucerna::compose {

// One function a template, each in a file of its own; the table in compose.cpp names them.

/// Mammography CAD SR, PS3.16 TID 4000.
[[nodiscard]] std::vector<Result> compose_cad_report(const exam::ExamReading& reading,
                                                     std::span<const RenderedView> renderings);
/// Comprehensive 3D SR, PS3.16 TID 1500, as IHE RAD AI Results (AIR) asks.
[[nodiscard]] std::vector<Result> compose_measurement_report(
    const exam::ExamReading& reading, std::span<const RenderedView> renderings);
/// Secondary Capture, one a rendering.
[[nodiscard]] std::vector<Result> compose_captures(const exam::ExamReading& reading,
                                                   std::span<const RenderedView> renderings);

}  // namespace lucerna::compose
