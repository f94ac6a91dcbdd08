#pragma once

#include <cstdint>
#include <vector>

#include "learn/data.h"

namespace lucerna::learn {

/// The fold (0 .. folds-1) of each image. Patients are never divided; the folds are balanced in
/// images and in malignant images as far as patients allow. Same seed, same folds.
/// Throws Error(kInvalidInput) when there are fewer patients than folds.
[[nodiscard]] std::vector<int> assign_folds(const TrainingSet& set, int folds, std::uint64_t seed);

/// `items` in an order that depends on the seed alone.
void shuffle(std::vector<std::size_t>& items, std::uint64_t seed);

}  // namespace lucerna::learn
