#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "evaluate/roc.h"
#include "evaluate/two_sample.h"

namespace lucerna::evaluate {

/// What one reader said of one case under one treatment (modality).
struct CaseRating {
    /// The highest rating of a mark that is on no lesion; of an ROC study the rating of a normal
    /// case.
    double highest_false = kNever;
    /// One a lesion of the case, kNever where it was not marked; of an ROC study the rating of a
    /// diseased case.
    std::vector<double> lesions;
};

/// A fully crossed multi-reader multi-case study: every reader read every case under every
/// treatment.
struct ReaderStudy {
    std::vector<std::string> treatments;
    std::vector<std::string> readers;
    /// Of each case; 0 for a normal one.
    std::vector<std::size_t> lesions_of_case;
    /// ratings[treatment][reader][case]
    std::vector<std::vector<std::vector<CaseRating>>> ratings;
};

enum class FigureOfMerit {
    kRocAuc,  ///< by the highest rating of each case
    kWafroc,  ///< lesions weigh equally within their case
};
enum class Covariance { kJackknife, kDelong };

/// A test that all treatments are equal. Degrees of freedom may be infinite.
struct StudyTest {
    double statistic = 0;
    double df1 = 0;
    double df2 = 0;
    double p = 1;
};

struct TreatmentEstimate {
    std::size_t treatment = 0;
    Estimate estimate;
    double standard_error = 0;
    double df = 0;
};

/// first - second.
struct TreatmentDifference {
    std::size_t first = 0;
    std::size_t second = 0;
    Estimate estimate;
    double standard_error = 0;
    double df = 0;
    double t = 0;
    double p = 1;
};

/// Who the result speaks for.
enum class Generalisation {
    kReadersAndCases,  ///< random readers, random cases
    kCases,            ///< these readers, random cases
    kReaders,          ///< random readers, these cases
};

struct StudyInference {
    Generalisation generalises_to = Generalisation::kReadersAndCases;
    StudyTest test;
    std::vector<TreatmentEstimate> treatments;
    std::vector<TreatmentDifference> differences;
};

/// Empty inferences are those that the study's size does not allow: fewer than two readers leave
/// only kCases, one treatment leaves estimates without a test.
struct StudyAnalysis {
    /// figures[treatment][reader]
    std::vector<std::vector<double>> figures;
    std::vector<StudyInference> inferences;
};

/// Obuchowski and Rockette (1995) with the degrees of freedom of Hillis (2007).
struct OrAnalysis : StudyAnalysis {
    double ms_treatment = 0;
    double ms_reader = 0;
    double ms_treatment_reader = 0;
    double variance = 0;
    /// Same reader, other treatment; other reader, same treatment; both other.
    double cov1 = 0;
    double cov2 = 0;
    double cov3 = 0;
};

/// Dorfman, Berbaum and Metz (1992) on jackknife pseudovalues, as revised by Hillis, Berbaum and
/// Metz (2008). Its tests equal those of OrAnalysis with the jackknife.
struct DbmAnalysis : StudyAnalysis {
    double ms_treatment = 0;
    double ms_reader = 0;
    double ms_case = 0;
    double ms_treatment_reader = 0;
    double ms_treatment_case = 0;
    double ms_reader_case = 0;
    double ms_treatment_reader_case = 0;
};

/// Throw Error(kInvalidInput) for a study that is not fully crossed, has no case of one class (two
/// of each for the jackknife), or whose ratings contradict `lesions_of_case`.
[[nodiscard]] OrAnalysis obuchowski_rockette(const ReaderStudy& study, FigureOfMerit figure,
                                             Covariance covariance);
[[nodiscard]] DbmAnalysis dorfman_berbaum_metz(const ReaderStudy& study, FigureOfMerit figure);

/// figures[treatment][reader] with their structural components.
[[nodiscard]] std::vector<std::vector<TwoSample>> study_figures(const ReaderStudy& study,
                                                                FigureOfMerit figure);

}  // namespace lucerna::evaluate
