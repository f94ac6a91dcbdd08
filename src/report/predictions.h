#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exam/geometry.h"

namespace lucerna::report {

/// One mark of a model on an image, box in stored pixels.
struct PredictedMark {
    exam::Box box;
    /// How sure the model is that there is a lesion at all; what marks are ranked by when any
    /// lesion is asked for.
    double presence = 0;
    /// How suspicious of malignancy; ranks marks when malignant lesions are asked for.
    double suspicion = 0;
};

struct ImagePrediction {
    /// As in the data-set manifest.
    std::string file;
    /// Larger is more suspicious; a probability where calibration is to be judged.
    double score = 0;
    std::vector<PredictedMark> marks;
};

/// Reads a predictions file (docs/formats/predictions.md), CSV or JSON. Throws
/// Error(kInvalidInput) that names the line or the place: a missing column, a text where a number
/// belongs, a score that is not a number, two scores of one image.
[[nodiscard]] std::vector<ImagePrediction> parse_predictions(std::string_view text);

/// The CSV form.
[[nodiscard]] std::string predictions_csv(const std::vector<ImagePrediction>& predictions);

/// Of marks that overlap more than `max_overlap` (intersection over union) keeps the one of highest
/// presence.
[[nodiscard]] std::vector<PredictedMark> without_doubles(std::vector<PredictedMark> marks,
                                                         double max_overlap);

}  // namespace lucerna::report
