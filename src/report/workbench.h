#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "evaluate/figures.h"
#include "evaluate/ranking.h"
#include "report/report.h"
#include "report/text.h"

namespace lucerna::report {

/// Figures that wait for the one bootstrap they share. Sections add theirs, run() fills them all.
class Workbench {
  public:
    explicit Workbench(std::uint32_t patients) : figures_(patients) {}

    /// `target` must stay where it is until run(). It gets value and patient_bootstrap interval, or
    /// keeps being undefined. Returns the number for differences.
    std::size_t fill(Figure& target, evaluate::DrawnFigure figure);
    /// The difference of two; `target` gets its p as well.
    void fill_difference(Figure& target, std::size_t first, std::size_t second);

    void run(std::uint64_t rounds, std::uint64_t seed, const evaluate::RunParts& run);

  private:
    struct Waiting {
        Figure* target = nullptr;
        std::size_t number = 0;
        bool with_p = false;
    };
    evaluate::Figures figures_;
    std::vector<Waiting> waiting_;
};

/// Sections of a report, in their order. Each adds its figures to the report and the workbench.
void add_classification(Report& report, Workbench& bench, const std::vector<Level>& levels);
void add_lesions(Report& report, Workbench& bench, const MeasuredSet& set);
void add_calibration(Report& report, Workbench& bench, const Level& images);
void add_decisions(Report& report, Workbench& bench, const Level& patients);
void add_comparison(Report& report, Workbench& bench, const MeasuredSet& set,
                    const MeasuredSet& compared);
void add_groups(Report& report, Workbench& bench, const MeasuredSet& set);
/// After the bootstrap: Holm over all gaps, then the verdict.
void conclude_groups(Report& report);
[[nodiscard]] Verdict verdict_of(const Report& report);
[[nodiscard]] std::vector<Example> examples_of(const MeasuredSet& set, std::size_t most);

/// Why an ROC analysis is not defined; empty when it is.
[[nodiscard]] std::string why_not_both(std::size_t positives, std::size_t negatives,
                                       const std::string& of_what);
[[nodiscard]] std::size_t positives_among(const std::vector<evaluate::ScoredCase>& cases);
/// Scores as a ranking, clustered by patient.
[[nodiscard]] evaluate::Ranking ranking_of(const std::vector<evaluate::ScoredCase>& cases,
                                           const std::vector<std::uint32_t>& patient_of);
/// The threshold at which groups are compared: the first that was stated, else where nine in ten
/// images without cancer stay below.
[[nodiscard]] NamedThreshold group_threshold(const Report& report, const Level& images);

}  // namespace lucerna::report
