#pragma once

#include <cstddef>
#include <vector>

namespace lucerna::learn {

/// Blocks of one width: 1x1 expand, depthwise, 1x1 project (Sandler et al. 2018). The first one
/// takes the stride; the others add their input to their output.
struct StageShape {
    int kernel = 3;
    int stride = 1;
    int expand = 6;
    int width = 0;
    int blocks = 1;
};

/// Layer widths of a trunk. The default is EfficientNet-Lite0 (Tan and Le 2019; Lite: without
/// squeeze-and-excitation, ReLU6 for swish); tests use a tiny one.
struct TrunkShape {
    int stem = 32;
    std::vector<StageShape> stages{{3, 1, 1, 16, 1}, {3, 2, 6, 24, 2},  {5, 2, 6, 40, 2},
                                   {3, 2, 6, 80, 3}, {5, 1, 6, 112, 3}, {5, 2, 6, 192, 4},
                                   {3, 1, 6, 320, 1}};
    /// 1x1 convolution after the last stage; 0 leaves it out.
    int head = 1280;
};

/// Stages that stay as ImageNet made them; edges and textures are the same everywhere.
inline constexpr std::size_t kFrozenStages = 2;
/// The finder reads its maps after this many stages: at stride 8 and at stride 16 of what it sees.
inline constexpr std::size_t kShallowStages = 3;
inline constexpr std::size_t kDeepStages = 5;

struct NetworkShape {
    TrunkShape trunk;
    /// Width of the finder's own layers.
    int merged = 64;
    double dropout = 0.3;
    /// What the judge learns to describe beside (learn/descriptors.h); not exported.
    int descriptors = 0;
};

/// The finder sees the picture at half its resolution.
inline constexpr int kFinderShrink = 2;
/// Pixels of the picture a cell of the finder's maps.
inline constexpr int kStride = 8 * kFinderShrink;
/// Pixels that the logarithm of a box distance of 0 stands for, and where that logarithm ends.
inline constexpr double kDistanceUnit = 32;
inline constexpr double kLogDistanceLimit = 4;
/// Places that the network looks at twice, and puts out, for a picture.
inline constexpr int kCandidates = 8;
/// A place is the highest of this many cells, either way.
inline constexpr int kPeakWindow = 5;

/// The second look: a square around the box, this much wider than its longer side but at least so
/// many pixels, sampled to kLookSize pixels (each the mean of 2 x 2 samples).
inline constexpr double kLookMargin = 2.0;
inline constexpr double kLeastLook = 128;
inline constexpr int kLookSize = 160;
inline constexpr int kLookSamples = 2;

}  // namespace lucerna::learn
