#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluate/resample.h"

namespace lucerna::evaluate {

/// One item of a ranking.
struct RankedItem {
    double score = 0;
    bool positive = false;
    std::uint32_t cluster = 0;
    /// Share of its case that it stands for: 1, or a lesion's weight in wAFROC.
    double weight = 1;
};

/// Cases sorted once, so that each figure of each resample is one pass over them: an item counts
/// as often as its cluster was drawn. Figures are NaN where a resample holds one class only.
/// `draws` has an entry for every cluster. Safe from several threads.
class Ranking {
  public:
    Ranking() = default;
    /// Throws Error(kInvalidInput) for a NaN score.
    explicit Ranking(std::vector<RankedItem> items);

    /// Area under the curve; ties count one half.
    [[nodiscard]] double auc(Draws draws) const;
    /// Highest sensitivity over the thresholds whose specificity is at least `specificity`.
    [[nodiscard]] double sensitivity_at(Draws draws, double specificity) const;
    /// Highest specificity over the thresholds whose sensitivity is at least `sensitivity`.
    [[nodiscard]] double specificity_at(Draws draws, double sensitivity) const;
    /// Average precision: the sum over thresholds of precision times the rise in recall. NaN
    /// without positives.
    [[nodiscard]] double average_precision(Draws draws) const;

    /// What lies at or above a threshold.
    struct Counts {
        double positives = 0;
        double negatives = 0;
        double positives_above = 0;
        double negatives_above = 0;
    };
    [[nodiscard]] Counts counts(Draws draws, double threshold) const;
    [[nodiscard]] double sensitivity_from(Draws draws, double threshold) const;
    [[nodiscard]] double specificity_from(Draws draws, double threshold) const;

    /// One point after each distinct score, strictest first.
    struct Point {
        double threshold = 0;
        double positive_share = 0;
        double negative_share = 0;
    };
    [[nodiscard]] std::vector<Point> curve(Draws draws) const;

    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    /// Calls `visit(end, positives, negatives)` with what lies at or above each distinct score,
    /// until it returns false.
    template <typename Visit>
    void sweep(Draws draws, const Visit& visit) const;
    [[nodiscard]] Counts totals(Draws draws) const;
    [[nodiscard]] double auc_of_counts(Draws draws) const;

    /// Cluster, and in the two highest bits whether it is positive and the last of its score.
    std::vector<std::uint32_t> entries_;
    std::vector<double> scores_;
    /// Empty when every weight is 1.
    std::vector<double> weights_;
};

}  // namespace lucerna::evaluate
