#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "collection/record.h"
#include "evaluate/froc.h"
#include "evaluate/roc.h"
#include "report/predictions.h"

namespace lucerna::report {

/// An image that is in the manifest and has no score, and why.
struct UnreadImage {
    std::string file;
    bool malignant = false;
    std::string reason;
};

/// Truth beside prediction, an index an image.
struct MeasuredSet {
    std::vector<collection::ImageRecord> records;
    std::vector<ImagePrediction> predictions;
    /// The patient of each image, from 0: the clusters of every bootstrap.
    std::vector<std::uint32_t> patient_of;
    std::uint32_t patients = 0;
    std::vector<UnreadImage> unread;
    /// Predictions of images that the manifest does not have.
    std::size_t unknown_predictions = 0;

    [[nodiscard]] std::size_t size() const { return records.size(); }
};

/// Joins the two by file name. Records without a prediction become `unread`, with the reason that
/// `refused` (file, reason) gives or else that there is no prediction. Throws Error(kInvalidInput)
/// when no image is left.
[[nodiscard]] MeasuredSet join(
    const std::vector<collection::ImageRecord>& records,
    const std::vector<ImagePrediction>& predictions,
    const std::vector<std::pair<std::string, std::string>>& refused = {});

/// What is scored as one case: an image, a breast, an exam, a patient.
struct Level {
    std::string id;
    std::string title;
    /// By the highest score of the case's images, as serving does; and by their mean.
    std::vector<evaluate::ScoredCase> highest;
    std::vector<evaluate::ScoredCase> mean;
    std::vector<std::uint32_t> patient_of;
};
/// Images, breasts (one side of one exam) and patients; exams where the manifest tells them from
/// patients. A case is malignant when any of its images is.
[[nodiscard]] std::vector<Level> levels_of(const MeasuredSet& set);

/// What is asked of the marks.
enum class Asked {
    kLesions,    ///< any lesion, marks ranked by presence
    kMalignant,  ///< malignant ones, by suspicion; marks on other lesions do not count
};

/// The images of `set` matched for one question and rule.
[[nodiscard]] std::vector<evaluate::MatchedImage> matched_images(const MeasuredSet& set,
                                                                 Asked asked,
                                                                 evaluate::HitRule rule);

/// The same for wAFROC, where an image that does not hold what is asked for is a normal one, so
/// that marks on its benign lesions are false. `counts` is false for images that are neither: held
/// to be malignant, without a lesion known to be so.
struct MatchedForWafroc {
    std::vector<evaluate::MatchedImage> images;
    std::vector<bool> counts;
    std::size_t normals = 0;
    std::size_t diseased = 0;
};
[[nodiscard]] MatchedForWafroc matched_for_wafroc(const MeasuredSet& set, Asked asked,
                                                  evaluate::HitRule rule);

}  // namespace lucerna::report
