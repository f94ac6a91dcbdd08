#pragma once

#include <cstddef>

#include "evaluate/roc.h"

namespace lucerna::evaluate {

/// `hits` of `of` cases. Everything here requires hits <= of and of > 0
/// (Error(kInvalidInput) otherwise) and takes cases to be independent of each other.
struct Proportion {
    std::size_t hits = 0;
    std::size_t of = 0;
    [[nodiscard]] double value() const {
        return static_cast<double>(hits) / static_cast<double>(of);
    }
};

/// Score interval of Wilson (1927), 95%.
[[nodiscard]] Interval wilson_interval(const Proportion& proportion);

/// Exact interval of Clopper and Pearson (1934), 95%: from the beta distribution.
[[nodiscard]] Interval exact_interval(const Proportion& proportion);

}  // namespace lucerna::evaluate
