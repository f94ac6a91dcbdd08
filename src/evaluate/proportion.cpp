#include "evaluate/proportion.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "evaluate/distributions.h"

namespace lucerna::evaluate {
namespace {

void require_cases(const Proportion& proportion) {
    if (proportion.of == 0 || proportion.hits > proportion.of)
        throw Error(ErrorCode::kInvalidInput,
                    "a proportion needs cases, and no more hits than that");
}

}  // namespace

Interval wilson_interval(const Proportion& proportion) {
    require_cases(proportion);
    const auto n = static_cast<double>(proportion.of);
    const double p = proportion.value();
    const double z2 = kNormal975 * kNormal975;
    const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
    const double half = kNormal975 / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
    // At the ends the formula gives the bound exactly; rounding must not move it.
    return {proportion.hits == 0 ? 0 : std::max(centre - half, 0.0),
            proportion.hits == proportion.of ? 1 : std::min(centre + half, 1.0)};
}

Interval exact_interval(const Proportion& proportion) {
    require_cases(proportion);
    const auto hits = static_cast<double>(proportion.hits);
    const auto misses = static_cast<double>(proportion.of - proportion.hits);
    return {proportion.hits == 0 ? 0 : beta_quantile(0.025, hits, misses + 1),
            proportion.hits == proportion.of ? 1 : beta_quantile(0.975, hits + 1, misses)};
}

}  // namespace lucerna::evaluate
