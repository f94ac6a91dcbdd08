#pragma once

#include <span>
#include <vector>

#include "compose/compose.h"

namespace lucerna::compose {

// One function a template, each in a file of its own; the table in compose.cpp names them. What
// takes long is done as parts for `run`.

/// Mammography CAD SR, PS3.16 TID 4000.
[[nodiscard]] std::vector<Result> compose_cad_report(const exam::ExamReading& reading,
                                                     std::span<const RenderedView> renderings,
                                                     const RunParts& run);
/// Comprehensive 3D SR, PS3.16 TID 1500, as IHE RAD AI Results (AIR) asks.
[[nodiscard]] std::vector<Result> compose_measurement_report(
    const exam::ExamReading& reading, std::span<const RenderedView> renderings,
    const RunParts& run);
/// Secondary Capture, one a rendering and a part.
[[nodiscard]] std::vector<Result> compose_captures(const exam::ExamReading& reading,
                                                   std::span<const RenderedView> renderings,
                                                   const RunParts& run);

}  // namespace lucerna::compose
