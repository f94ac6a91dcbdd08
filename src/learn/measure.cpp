#include "learn/measure.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>

#include "base/error.h"

namespace lucerna::learn {
namespace {

std::map<std::string, const TrainingImage*> by_file(const TrainingSet& set) {
    std::map<std::string, const TrainingImage*> index;
    for (const TrainingImage& image : set.images) index[image.record.file] = &image;
    return index;
}

const TrainingImage& find(const std::map<std::string, const TrainingImage*>& index,
                          const std::string& file) {
    const auto at = index.find(file);
    if (at == index.end())
        throw Error(ErrorCode::kInvalidInput,
                    "predictions of an image that the data lacks: " + file);
    return *at->second;
}

/// Candidates as serving keeps them, scored by what is asked.
std::vector<evaluate::Mark> marks_of(const Prediction& prediction, Asked asked) {
    std::vector<evaluate::Mark> marks;
    for (const Candidate& one :
         suppressed(prediction.candidates, kMinPresence, kMaxOverlap, kMostFindings))
        marks.push_back({one.box, asked == Asked::kMasses ? one.presence : one.suspicion});
    return marks;
}

}  // namespace

std::vector<evaluate::MarkedImage> marked_images(const TrainingSet& set,
                                                 const std::vector<Prediction>& predictions,
                                                 Asked asked) {
    const auto index = by_file(set);
    std::vector<evaluate::MarkedImage> images;
    for (const Prediction& prediction : predictions) {
        evaluate::MarkedImage image;
        image.marks = marks_of(prediction, asked);
        for (const Lesion& lesion : find(index, prediction.file).record.lesions) {
            const bool target =
                asked == Asked::kMasses || lesion.pathology == Pathology::kMalignant;
            (target ? image.targets : image.ignored).push_back(lesion.box);
        }
        images.push_back(std::move(image));
    }
    return images;
}

std::vector<evaluate::ScoredCase> scored_images(const TrainingSet& set,
                                                const std::vector<Prediction>& predictions) {
    const auto index = by_file(set);
    std::vector<evaluate::ScoredCase> cases;
    for (const Prediction& prediction : predictions)
        cases.push_back({prediction.image_score, find(index, prediction.file).record.malignant});
    return cases;
}

std::vector<Prediction> read_together(const TrainingSet& set, std::vector<Prediction> predictions) {
    const auto index = by_file(set);
    std::map<std::string, std::pair<double, int>> sums;
    const auto breast = [&](const Prediction& one) {
        return collection::breast_key(find(index, one.file).record);
    };
    for (const Prediction& one : predictions) {
        auto& [sum, count] = sums[breast(one)];
        sum += std::log(one.image_score / (1 - one.image_score));
        ++count;
    }
    for (Prediction& one : predictions) {
        const auto& [sum, count] = sums.at(breast(one));
        one.image_score = 1 / (1 + std::exp(-sum / count));
    }
    return predictions;
}

std::string summary_of(const TrainingSet& set, const std::vector<Prediction>& predictions) {
    std::array<char, 200> line{};
    const double auc = evaluate::roc_auc(scored_images(set, predictions));
    std::string text;
    std::snprintf(line.data(), line.size(), "image AUC %.3f", auc);
    text += line.data();
    constexpr std::array<double, 4> kRates{0.25, 0.5, 1, 2};
    for (const Asked asked : {Asked::kMasses, Asked::kMalignant}) {
        std::vector<evaluate::MatchedImage> matched;
        for (const auto& image : marked_images(set, predictions, asked))
            matched.push_back(match_marks(image, evaluate::HitRule::kCentre));
        const auto found = evaluate::froc_sensitivities(matched, kRates);
        std::snprintf(line.data(), line.size(), "; %s at 0.25/0.5/1/2 FP: %.2f %.2f %.2f %.2f",
                      asked == Asked::kMasses ? "masses" : "malignant", found[0], found[1],
                      found[2], found[3]);
        text += line.data();
    }
    return text;
}

}  // namespace lucerna::learn
