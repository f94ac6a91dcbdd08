#include <algorithm>
#include <limits>

#include "evaluate/reader_study.h"
#include "evaluate/study_inference.h"

namespace lucerna::evaluate {
namespace {

using Table = std::vector<std::vector<double>>;

double mean_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
}

std::vector<double> row_means(const Table& table) {
    std::vector<double> means;
    for (const auto& row : table) means.push_back(mean_of(row));
    return means;
}

std::vector<double> column_means(const Table& table) {
    std::vector<double> means(table.front().size(), 0.0);
    for (const auto& row : table)
        for (std::size_t j = 0; j < row.size(); ++j)
            means[j] += row[j] / static_cast<double>(table.size());
    return means;
}

/// Sum of squares about the mean.
double scatter(const std::vector<double>& values) {
    const double middle = mean_of(values);
    double sum = 0;
    for (const double value : values) sum += (value - middle) * (value - middle);
    return sum;
}

/// Covariance of every two figures (treatment, reader), in one line of treatments times readers.
Table covariances(const std::vector<std::vector<TwoSample>>& figures, Covariance method) {
    std::vector<const TwoSample*> flat;
    for (const auto& row : figures)
        for (const TwoSample& figure : row) flat.push_back(&figure);
    std::vector<std::vector<double>> pseudo;
    if (method == Covariance::kJackknife)
        for (const TwoSample* figure : flat) pseudo.push_back(pseudovalues(*figure));
    Table table(flat.size(), std::vector<double>(flat.size()));
    for (std::size_t a = 0; a < flat.size(); ++a)
        for (std::size_t b = a; b < flat.size(); ++b)
            table[a][b] = table[b][a] = method == Covariance::kJackknife
                                            ? jackknife_covariance(pseudo[a], pseudo[b])
                                            : delong_covariance(*flat[a], *flat[b]);
    return table;
}

/// Means over the covariances of one kind; 0 where there is none.
struct Averages {
    double variance = 0;
    double cov1 = 0;
    double cov2 = 0;
    double cov3 = 0;
    /// Of one treatment alone.
    std::vector<double> variance_of;
    std::vector<double> cov2_of;
};

class Mean {
  public:
    void add(double value) {
        sum_ += value;
        ++count_;
    }
    [[nodiscard]] double value() const { return count_ == 0 ? 0 : sum_ / count_; }

  private:
    double sum_ = 0;
    double count_ = 0;
};

Averages averages_of(const Table& covariance, std::size_t treatments, std::size_t readers) {
    Mean variance, cov1, cov2, cov3;
    Averages averages;
    for (std::size_t i = 0; i < treatments; ++i) {
        Mean own_variance, own_cov2;
        for (std::size_t j = 0; j < readers; ++j)
            for (std::size_t k = 0; k < treatments; ++k)
                for (std::size_t l = 0; l < readers; ++l) {
                    const double value = covariance[i * readers + j][k * readers + l];
                    if (i == k && j == l) variance.add(value), own_variance.add(value);
                    if (i != k && j == l) cov1.add(value);
                    if (i == k && j != l) cov2.add(value), own_cov2.add(value);
                    if (i != k && j != l) cov3.add(value);
                }
        averages.variance_of.push_back(own_variance.value());
        averages.cov2_of.push_back(own_cov2.value());
    }
    averages.variance = variance.value();
    averages.cov1 = cov1.value();
    averages.cov2 = cov2.value();
    averages.cov3 = cov3.value();
    return averages;
}

constexpr double kInfinite = std::numeric_limits<double>::infinity();

ErrorTerms random_cases(const OrAnalysis& a, const Averages& averages, double readers) {
    ErrorTerms terms;
    terms.generalises_to = Generalisation::kCases;
    terms.error = a.variance - a.cov1 + (readers - 1) * std::max(a.cov2 - a.cov3, 0.0);
    terms.error_df = kInfinite;
    for (std::size_t i = 0; i < averages.variance_of.size(); ++i) {
        terms.treatment_error.push_back(averages.variance_of[i] +
                                        (readers - 1) * std::max(averages.cov2_of[i], 0.0));
        terms.treatment_df.push_back(kInfinite);
    }
    return terms;
}

/// `with_cases`: whether the cases are random as well.
ErrorTerms random_readers(const OrAnalysis& a, const Averages& averages, Generalisation to) {
    const auto readers = static_cast<double>(a.figures.front().size());
    const auto treatments = static_cast<double>(a.figures.size());
    const bool with_cases = to == Generalisation::kReadersAndCases;
    ErrorTerms terms;
    terms.generalises_to = to;
    const double rest = with_cases ? readers * std::max(a.cov2 - a.cov3, 0.0) : 0;
    terms.error = a.ms_treatment_reader + rest;
    terms.error_df = hillis_df(a.ms_treatment_reader, rest, (treatments - 1) * (readers - 1));
    for (std::size_t i = 0; i < a.figures.size(); ++i) {
        const double own = scatter(a.figures[i]) / (readers - 1);
        const double own_rest = with_cases ? readers * std::max(averages.cov2_of[i], 0.0) : 0;
        terms.treatment_error.push_back(own + own_rest);
        terms.treatment_df.push_back(hillis_df(own, own_rest, readers - 1));
    }
    return terms;
}

}  // namespace

OrAnalysis obuchowski_rockette(const ReaderStudy& study, FigureOfMerit figure, Covariance method) {
    const auto components = study_figures(study, figure);
    const std::size_t treatments = study.treatments.size();
    const std::size_t readers = study.readers.size();
    const Averages averages = averages_of(covariances(components, method), treatments, readers);
    OrAnalysis analysis;
    for (const auto& row : components) {
        analysis.figures.emplace_back();
        for (const TwoSample& one : row) analysis.figures.back().push_back(one.value);
    }
    analysis.variance = averages.variance;
    analysis.cov1 = averages.cov1;
    analysis.cov2 = averages.cov2;
    analysis.cov3 = averages.cov3;

    const auto of_treatments = static_cast<double>(treatments);
    const auto of_readers = static_cast<double>(readers);
    const std::vector<double> means = row_means(analysis.figures);
    const std::vector<double> reader_means = column_means(analysis.figures);
    if (treatments > 1) analysis.ms_treatment = of_readers * scatter(means) / (of_treatments - 1);
    if (readers > 1) analysis.ms_reader = of_treatments * scatter(reader_means) / (of_readers - 1);
    if (treatments > 1 && readers > 1) {
        const double grand = mean_of(means);
        double sum = 0;
        for (std::size_t i = 0; i < treatments; ++i)
            for (std::size_t j = 0; j < readers; ++j) {
                const double off = analysis.figures[i][j] - means[i] - reader_means[j] + grand;
                sum += off * off;
            }
        analysis.ms_treatment_reader = sum / ((of_treatments - 1) * (of_readers - 1));
    }
    const auto conclude = [&](const ErrorTerms& terms) {
        analysis.inferences.push_back(infer_from(means, readers, analysis.ms_treatment, terms));
    };
    if (readers > 1) conclude(random_readers(analysis, averages, Generalisation::kReadersAndCases));
    conclude(random_cases(analysis, averages, of_readers));
    if (readers > 1) conclude(random_readers(analysis, averages, Generalisation::kReaders));
    return analysis;
}

}  // namespace lucerna::evaluate
