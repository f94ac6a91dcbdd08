#pragma once

#include <vector>

#include "evaluate/reader_study.h"

namespace lucerna::evaluate {

/// Both analyses reduce to these: the error variances of a treatment's mean figure and of the
/// difference of two, each a mean square with its degrees of freedom plus a share without.
struct ErrorTerms {
    Generalisation generalises_to = Generalisation::kReadersAndCases;
    /// Of the F test and of a difference: variance of a difference is 2 * error / readers.
    double error = 0;
    double error_df = 0;
    /// Of one treatment's mean: variance is treatment_error / readers.
    std::vector<double> treatment_error;
    std::vector<double> treatment_df;
};

/// Satterthwaite as Hillis (2007) has it: degrees of (mean_square + rest) when mean_square has `df`
/// and the rest, not below 0, is taken without.
[[nodiscard]] double hillis_df(double mean_square, double rest, double df);

/// `ms_treatment` is on the scale of the figures (OR), of which there are means[treatment].
[[nodiscard]] StudyInference infer_from(const std::vector<double>& means, std::size_t readers,
                                        double ms_treatment, const ErrorTerms& terms);

}  // namespace lucerna::evaluate
