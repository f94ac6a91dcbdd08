#pragma once

#include <string_view>
#include <vector>

#include "base/random.h"
#include "exam/raster.h"
#include "learn/data.h"

namespace lucerna::learn {

/// How far training pictures are bent away from the film they came from.
struct Augmentation {
    int width = 256;
    int height = 512;
    /// Half of the pictures are turned upside down, as a breast's mirror image is.
    bool mirror = true;
    /// The window of width x height lies anywhere, not in the middle of the picture.
    bool crop = true;
    double min_scale = 0.8;
    double max_scale = 1.25;
    /// Width against height, either way: the films' true aspect is not known.
    double aspect = 0.2;
    double rotation_degrees = 12;
    /// Contrast curve v -> v^gamma, log(gamma) within +- this; the rest of the curve goes with it.
    double log_gamma = 0.3;
    double noise = 0.025;
    /// Share of the pictures that are blurred.
    double blur = 0.2;
    /// Pixels by which the corners of a coarse grid are moved; 0 leaves them.
    double elastic = 6;
    /// Rectangles, at most, that are painted black or bright as labels and markers are.
    int cut_outs = 2;
};

/// The parts that `without` takes away.
[[nodiscard]] std::vector<std::string_view> augmentation_parts();
/// The same without one part ("elastic"). Throws Error(kInvalidInput) for a part that is none.
[[nodiscard]] Augmentation without(Augmentation how, std::string_view part);

/// source = linear * (target - middle) + centre + elastic shift.
struct Warp {
    double xx = 1, xy = 0, yx = 0, yy = 1;
    exam::Point middle;
    exam::Point centre;
    /// Shifts in source pixels at the corners of a grid that spans the target: first all x, then
    /// all y, row by row; bilinear in between. Empty: none.
    std::vector<float> shifts;
    int width = 0;
    int height = 0;

    static constexpr int kColumns = 5;
    static constexpr int kRows = 9;

    [[nodiscard]] exam::Point shift_at(exam::Point target) const;
    [[nodiscard]] exam::Point to_source(exam::Point target) const;
    /// Takes the shift at the place that the linear part leads to: off by second order of it.
    [[nodiscard]] exam::Point to_target(exam::Point source) const;
};

/// Film to digital and back: v -> gain s + lift with s = g + bend g (1 - g) (2 g - 1), g = v^gamma,
/// then noise; the background stays black.
struct Recolouring {
    double gamma = 1;
    double bend = 0;
    double gain = 1;
    double lift = 0;
    /// Standard deviation, and where in the noise tile it is taken.
    double noise = 0;
    int noise_x = 0;
    int noise_y = 0;
};

struct CutOut {
    int left = 0, top = 0, width = 0, height = 0;
    double grey = 0;
};

/// The noise tile is this much larger than the picture.
inline constexpr int kNoiseMargin = 128;

/// What is to be done to a picture, and what is true of the outcome (learn/bend.h does it).
struct Sample {
    /// Borrowed.
    const TrainingImage* image = nullptr;
    int width = 0;
    int height = 0;
    Warp warp;
    Recolouring recolouring;
    bool blurred = false;
    std::vector<CutOut> cut_outs;
    /// Those whose centre is inside, in pixels of the outcome.
    std::vector<Lesion> lesions;
    bool malignant = false;
    /// False when a lesion was cut off: the image's label may not hold for what is left.
    bool label_holds = true;
    /// Names the random numbers that the network itself uses for this picture.
    std::uint64_t stream = 0;

    /// The stored grey, 0..1, that lands on a pixel of the outcome; 0 outside.
    [[nodiscard]] double stored_grey(exam::Point target) const;
};

/// A random crop, scaled, turned, bent, mirrored head to foot and given another contrast, blur or
/// noise. Of four crops three are laid around a lesion. The same `random` gives the same sample.
[[nodiscard]] Sample choose_sample(const TrainingImage& image, const Augmentation& how,
                                   Random random);

}  // namespace lucerna::learn
