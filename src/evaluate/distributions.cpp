#include "evaluate/distributions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace lucerna::evaluate {
namespace {

double log_gamma(double x) {
    int sign = 0;
    return lgamma_r(x, &sign);
}

/// The continued fraction of DLMF 8.17.22, by the modified Lentz method.
double beta_fraction(double x, double a, double b) {
    constexpr double kTiny = 1e-300;
    const auto away_from_zero = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
    double c = 1;
    double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
    double value = d;
    for (int m = 1; m < 10000; ++m) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        value *= d * c;
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        value *= d * c;
        if (std::abs(d * c - 1) < 1e-15) break;
    }
    return value;
}

/// Regularised upper incomplete gamma function Q(a, x) (DLMF 8.11.4 and 8.9.2).
double gamma_upper(double a, double x) {
    if (x <= 0) return 1;
    const double head = std::exp(a * std::log(x) - x - log_gamma(a));
    if (x < a + 1) {
        double term = 1 / a;
        double sum = term;
        for (double n = a + 1; term > sum * 1e-17; n += 1) sum += term *= x / n;
        return 1 - head * sum;
    }
    double b = x + 1 - a;
    double c = std::numeric_limits<double>::max();
    double d = 1 / b;
    double value = d;
    for (int i = 1; i < 10000; ++i) {
        const double an = -i * (i - a);
        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        value *= d * c;
        if (std::abs(d * c - 1) < 1e-15) break;
    }
    return head * value;
}

double rational(const double* coefficients, int count, double x) {
    double value = 0;
    for (int i = 0; i < count; ++i) value = value * x + coefficients[i];
    return value;
}

}  // namespace

double normal_cdf(double z) {
    return std::erfc(-z / std::numbers::sqrt2) / 2;
}

double normal_quantile(double p) {
    constexpr std::array<double, 6> kA{-39.69683028665376, 220.9460984245205,  -275.9285104469687,
                                       138.3577518672690,  -30.66479806614716, 2.506628277459239};
    constexpr std::array<double, 6> kB{-54.47609879822406, 161.5858368580409,  -155.6989798598866,
                                       66.80131188771972,  -13.28068155288572, 1};
    constexpr std::array<double, 6> kC{-0.007784894002430293, -0.3223964580411365,
                                       -2.400758277161838,    -2.549732539343734,
                                       4.374664141464968,     2.938163982698783};
    constexpr std::array<double, 5> kD{0.007784695709041462, 0.3224671290700398, 2.445134137142996,
                                       3.754408661907416, 1};
    const double tail = std::min(p, 1 - p);
    double z = 0;
    if (tail < 0.02425) {
        const double q = std::sqrt(-2 * std::log(tail));
        z = rational(kC.data(), 6, q) / rational(kD.data(), 5, q);
        if (p > 0.5) z = -z;
    } else {
        const double q = p - 0.5;
        z = q * rational(kA.data(), 6, q * q) / rational(kB.data(), 6, q * q);
    }
    const double off = (normal_cdf(z) - p) * std::sqrt(2 * std::numbers::pi) * std::exp(z * z / 2);
    return z - off / (1 + z * off / 2);
}

double beta_cdf(double x, double a, double b) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    // The fraction converges fast below the mean only; beyond it I_x(a, b) = 1 - I_1-x(b, a).
    const double head = std::exp(a * std::log(x) + b * std::log1p(-x) + log_gamma(a + b) -
                                 log_gamma(a) - log_gamma(b));
    if (x < (a + 1) / (a + b + 2)) return head * beta_fraction(x, a, b) / a;
    return 1 - head * beta_fraction(1 - x, b, a) / b;
}

double beta_quantile(double p, double a, double b) {
    double low = 0;
    double high = 1;
    for (int i = 0; i < 100 && high - low > 1e-16; ++i) {
        const double middle = (low + high) / 2;
        (beta_cdf(middle, a, b) < p ? low : high) = middle;
    }
    return (low + high) / 2;
}

double t_two_sided(double t, double df) {
    return beta_cdf(df / (df + t * t), df / 2, 0.5);
}

double t_bound(double confidence, double df) {
    double low = 0;
    double high = 1;
    while (t_two_sided(high, df) > 1 - confidence && high < 1e12) high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-14 * high; ++i) {
        const double middle = (low + high) / 2;
        (t_two_sided(middle, df) > 1 - confidence ? low : high) = middle;
    }
    return (low + high) / 2;
}

double f_upper(double f, double df1, double df2) {
    if (f <= 0) return 1;
    return beta_cdf(df2 / (df2 + df1 * f), df2 / 2, df1 / 2);
}

double chi_squared_upper(double x, double df) {
    return gamma_upper(df / 2, x / 2);
}

}  // namespace lucerna::evaluate
