#pragma once

#include <string>

#include "report/report.h"

namespace lucerna::report {

/// The plot as an inline SVG whose colours are the page's style classes: series 0 to 5.
[[nodiscard]] std::string svg_of(const Plot& plot);

/// "1", "0.125", "2.5e-05": a number as short as an axis wants it.
[[nodiscard]] std::string short_number(double value);

}  // namespace lucerna::report
