#pragma once

#include <string>
#include <vector>

namespace lucerna::exam {

/// What a model asks of the pictures it reads; comes from its manifest, is met by `prepare`.
struct InputContract {
    /// Modality (0008,0060): "MG".
    std::string modality;
    /// Accepted Presentation Intent Types (0008,0068): "FOR PRESENTATION".
    std::vector<std::string> presentation_intents;
    /// The views that make an exam complete: "R-CC", "L-CC", "R-MLO", "L-MLO".
    std::vector<std::string> views;
    /// Names of the preparation steps, in order (prepare's table of steps).
    std::vector<std::string> steps;
    /// Pixel size of the prepared picture.
    double spacing_mm = 0;
    /// Width and height are padded up to a multiple of this.
    int multiple_of = 1;
    /// A prepared picture larger than this is refused.
    int max_width = 0;
    int max_height = 0;
};

/// Who a model is and what may be said of it; stands on every result.
struct OperatingPoint {
    std::string name;
    /// On the calibrated exam score.
    double threshold = 0;
    std::string description;
};

struct ModelIdentity {
    std::string name;
    std::string version;
    /// SHA-256 of manifest.json, which itself holds the hash of each file.
    std::string sha256;
    std::string manufacturer;
    std::string intended_use;
    /// What it looks for, as Finding::kind says it.
    std::string finding_kind{"mass"};
    /// Jurisdictions where it is cleared; empty means research use only.
    std::vector<std::string> cleared_in;
    /// How raw scores become the scores shown: "Platt scaling (a=..., b=...)".
    std::string calibration;
    std::vector<OperatingPoint> operating_points;
    /// Attribution owed to the training data.
    std::string attribution;

    [[nodiscard]] bool research_only_in(const std::string& jurisdiction) const {
        for (const std::string& cleared : cleared_in)
            if (cleared == jurisdiction) return false;
        return true;
    }
};

}  // namespace lucerna::exam
