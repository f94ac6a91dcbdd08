#pragma once

namespace lucerna::evaluate {

/// Distributions that intervals and tests are read from. Accuracy: 1e-10 relative or better over
/// the ranges that statistics of cases reach.

/// P(Z <= z) of the standard normal.
[[nodiscard]] double normal_cdf(double z);
/// The other way (Acklam 2003, then one step of Halley). Requires 0 < p < 1.
[[nodiscard]] double normal_quantile(double p);

/// Regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22).
/// Requires a, b > 0 and 0 <= x <= 1.
[[nodiscard]] double beta_cdf(double x, double a, double b);
/// The x with I_x(a, b) = p, by bisection.
[[nodiscard]] double beta_quantile(double p, double a, double b);

/// P(|T| >= |t|) of Student's t. `df` need not be whole.
[[nodiscard]] double t_two_sided(double t, double df);
/// The t that |T| exceeds with probability 1 - `confidence`: 2.776 for 0.95 and 4 degrees.
[[nodiscard]] double t_bound(double confidence, double df);

/// P(F >= f) of the F distribution.
[[nodiscard]] double f_upper(double f, double df1, double df2);
/// P(X >= x) of the chi-squared distribution.
[[nodiscard]] double chi_squared_upper(double x, double df);

}  // namespace lucerna::evaluate
