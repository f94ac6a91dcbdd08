#pragma once

#include <cstddef>
#include <vector>

namespace lucerna::learn {

/// A fire module (Iandola et al. 2016): 1x1 squeeze, then 1x1 and 3x3 expand side by side.
struct FireShape {
    int squeeze = 0;
    int expand = 0;
};

/// Layer widths. The default is SqueezeNet 1.1 with heads; tests use a tiny one.
struct NetworkShape {
    int stem = 64;
    /// fire2 .. fire9; pooling stands before the first, third and fifth.
    std::vector<FireShape> fires{{16, 64},  {16, 64},  {32, 128}, {32, 128},
                                 {48, 192}, {48, 192}, {64, 256}, {64, 256}};
    int merged = 128;
    int branch = 64;
    double dropout = 0.3;
};

/// Fires before this one are at stride 8, it and the later ones at stride 16.
inline constexpr std::size_t kDeepFires = 4;
/// Pixels a cell of the output maps.
inline constexpr int kStride = 8;
/// Cells weigh exp(kAttention * presence logit) in the image's score.
inline constexpr double kAttention = 2;
/// Pixels that the logarithm of a box distance of 0 stands for, and where that logarithm ends.
inline constexpr double kDistanceUnit = 16;
inline constexpr double kLogDistanceLimit = 4;
/// Most candidates that the network puts out for a picture.
inline constexpr int kCandidates = 20;

}  // namespace lucerna::learn
