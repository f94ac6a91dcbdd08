#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exam/geometry.h"

namespace lucerna::learn {

/// One candidate of an image, as the exported network puts it out.
struct Candidate {
    exam::Box box;
    double presence = 0;
    double suspicion = 0;
};

/// What a model that never saw an image's patient says of the image.
struct Prediction {
    std::string file;
    std::string patient;
    int fold = 0;
    /// Raw, before calibration.
    double image_score = 0;
    /// In stored pixels.
    std::vector<Candidate> candidates;
};

/// What the network says of a place before the parts are blended: logits.
struct RawCandidate {
    /// In stored pixels.
    exam::Box box;
    double found = 0;
    double looked = 0;
    double malignancy = 0;
};

struct RawPrediction {
    std::string file;
    std::string patient;
    int fold = 0;
    /// The finder's logit of the whole breast.
    double context = 0;
    std::vector<RawCandidate> candidates;
};

/// CSV: one row a candidate; columns as the members above.
[[nodiscard]] std::string raw_csv(const std::vector<RawPrediction>& predictions);
/// The other way. Throws Error(kInvalidInput) naming the line.
[[nodiscard]] std::vector<RawPrediction> parse_raw(std::string_view csv);

/// Of boxes that overlap more than `max_overlap` keeps the surest, as serving does, and at most
/// `most` whose presence is at least `min_presence`; highest presence first.
[[nodiscard]] std::vector<Candidate> suppressed(std::vector<Candidate> candidates,
                                                double min_presence, double max_overlap,
                                                std::size_t most);

/// CSV: one row a candidate, and one row without box for an image without candidate.
[[nodiscard]] std::string predictions_csv(const std::vector<Prediction>& predictions);
/// The other way. Throws Error(kInvalidInput) naming the line.
[[nodiscard]] std::vector<Prediction> parse_predictions(std::string_view csv);

}  // namespace lucerna::learn
