#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "evaluate/resample.h"

namespace lucerna::evaluate {

/// Does `part(0)` .. `part(parts - 1)`, in any order, perhaps at once: whoever owns threads brings
/// one of these.
using RunParts =
    std::function<void(std::size_t parts, const std::function<void(std::size_t)>& part)>;
void run_one_by_one(std::size_t parts, const std::function<void(std::size_t)>& part);

/// A figure of the data with what the bootstrap says of it.
struct BootstrapEstimate {
    double value = 0;
    /// Empty when too few resamples define the figure.
    std::optional<Spread> spread;
};

/// Figures of one data set that share their resamples.
class Figures {
  public:
    explicit Figures(std::uint32_t clusters) : clusters_(clusters) {}

    /// Returns the figure's number.
    std::size_t add(DrawnFigure figure);
    /// The difference of two figures added before: first - second in every resample.
    std::size_t add_difference(std::size_t first, std::size_t second);

    /// Computes everything. Same seed, same result, whatever `run` does.
    void run(std::uint64_t rounds, std::uint64_t seed, const RunParts& run = run_one_by_one);

    /// After run(); empty when the data do not define the figure.
    [[nodiscard]] std::optional<BootstrapEstimate> estimate(std::size_t figure) const;

  private:
    struct Difference {
        std::size_t first = 0;
        std::size_t second = 0;
    };
    struct Source {
        std::size_t direct = 0;
        std::optional<Difference> difference;
    };
    [[nodiscard]] double value_in(const std::vector<double>& row, const Source& source) const;

    std::uint32_t clusters_;
    std::vector<DrawnFigure> direct_;
    std::vector<Source> sources_;
    std::vector<double> of_data_;
    std::vector<std::vector<double>> of_rounds_;
};

}  // namespace lucerna::evaluate
