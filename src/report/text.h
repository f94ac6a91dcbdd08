#pragma once

#include <string>

namespace lucerna::report {

/// "0.125": `value` with at most `digits` behind the point and no zeros at the end.
[[nodiscard]] std::string number_text(double value, int digits = 3);

}  // namespace lucerna::report
