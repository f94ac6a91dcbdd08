#pragma once

#include <vector>

#include "base/random.h"
#include "exam/raster.h"
#include "learn/data.h"

namespace lucerna::learn {

/// How far training pictures are bent away from the film they came from.
struct Augmentation {
    int width = 256;
    int height = 512;
    double min_scale = 0.8;
    double max_scale = 1.25;
    /// Width against height, either way: the films' true aspect is not known.
    double aspect = 0.2;
    double rotation_degrees = 12;
    /// Contrast curve v -> v^gamma, log(gamma) within +- this.
    double log_gamma = 0.3;
    double noise = 0.025;
};

/// A picture as the network sees it in training.
struct Sample {
    /// 0..1, `width` x `height` of the augmentation.
    exam::Raster<float> pixels;
    /// Those whose centre is inside.
    std::vector<Lesion> lesions;
    bool malignant = false;
    /// False when a lesion was cut off: the image's label may not hold for what is left.
    bool label_holds = true;
};

/// A random crop, scaled, turned, mirrored head to foot and given another contrast, blur or noise.
/// Of two crops one is laid around a lesion. The same `random` gives the same sample.
[[nodiscard]] Sample augment(const TrainingImage& image, const Augmentation& how, Random random);

}  // namespace lucerna::learn
