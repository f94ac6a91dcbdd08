#pragma once

#include <vector>

#include "learn/data.h"
#include "learn/network_shape.h"

namespace lucerna::learn {

/// What the output maps of one picture should say, cell by cell, row by row.
struct Targets {
    int columns = 0;
    int rows = 0;
    /// 1 at the cell of a lesion's centre, falling off as a Gaussian that fits into its box.
    std::vector<float> presence;
    /// How much a cell counts for the box: the cells in the inner half of a lesion share a weight
    /// of 1; 0 elsewhere.
    std::vector<float> box_weight;
    /// Four maps, one after another: log of the distance from the cell's centre to the left, top,
    /// right and bottom of the box in units of kDistanceUnit.
    std::vector<float> distances;
};

/// For a picture of width x height pixels at `stride` pixels a cell.
[[nodiscard]] Targets make_targets(const std::vector<Lesion>& lesions, int width, int height,
                                   int stride);

}  // namespace lucerna::learn
