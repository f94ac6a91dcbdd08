#include "evaluate/study_inference.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluate/distributions.h"

namespace lucerna::evaluate {
namespace {

double bound(double df) {
    return std::isfinite(df) ? t_bound(0.95, df) : kNormal975;
}

double two_sided(double t, double df) {
    return std::isfinite(df) ? t_two_sided(t, df) : 2 * normal_cdf(-std::abs(t));
}

StudyTest test_of(double ms_treatment, double treatments, const ErrorTerms& terms) {
    StudyTest test;
    test.df1 = treatments - 1;
    test.df2 = terms.error_df;
    if (terms.error <= 0) {
        // No error at all: any difference is beyond doubt.
        test.statistic = ms_treatment > 0 ? std::numeric_limits<double>::infinity() : 0;
        test.p = ms_treatment > 0 ? 0 : 1;
        return test;
    }
    test.statistic = ms_treatment / terms.error;
    test.p = std::isfinite(test.df2) ? f_upper(test.statistic, test.df1, test.df2)
                                     : chi_squared_upper(test.statistic * test.df1, test.df1);
    return test;
}

}  // namespace

double hillis_df(double mean_square, double rest, double df) {
    if (mean_square <= 0) return std::numeric_limits<double>::infinity();
    const double whole = mean_square + std::max(rest, 0.0);
    return whole * whole / (mean_square * mean_square / df);
}

StudyInference infer_from(const std::vector<double>& means, std::size_t readers,
                          double ms_treatment, const ErrorTerms& terms) {
    StudyInference inference;
    inference.generalises_to = terms.generalises_to;
    const auto count = static_cast<double>(readers);
    for (std::size_t i = 0; i < means.size(); ++i) {
        TreatmentEstimate one;
        one.treatment = i;
        one.standard_error = std::sqrt(std::max(terms.treatment_error[i], 0.0) / count);
        one.df = terms.treatment_df[i];
        const double half = bound(one.df) * one.standard_error;
        one.estimate = {means[i], {means[i] - half, means[i] + half}};
        inference.treatments.push_back(one);
    }
    if (means.size() < 2) return inference;
    inference.test = test_of(ms_treatment, static_cast<double>(means.size()), terms);
    const double error = std::sqrt(2 * std::max(terms.error, 0.0) / count);
    const double half = bound(terms.error_df) * error;
    for (std::size_t i = 0; i < means.size(); ++i)
        for (std::size_t k = i + 1; k < means.size(); ++k) {
            const double value = means[i] - means[k];
            TreatmentDifference one{i,
                                    k,
                                    {value, {value - half, value + half}},
                                    error,
                                    terms.error_df,
                                    0,
                                    value == 0 ? 1.0 : 0.0};
            if (error > 0) {
                one.t = value / error;
                one.p = two_sided(one.t, one.df);
            }
            inference.differences.push_back(one);
        }
    return inference;
}

}  // namespace lucerna::evaluate
