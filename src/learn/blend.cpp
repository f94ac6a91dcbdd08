#include "learn/blend.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"

namespace lucerna::learn {
namespace {

double logistic(double x) {
    return 1 / (1 + std::exp(-x));
}
double logit(double p) {
    return std::log(p / (1 - p));
}

/// What the image's score is made of: top, mean, context.
std::vector<double> image_features(const RawPrediction& raw, const Prediction& prediction) {
    double top = kLeastSuspicion;
    double sum = 0;
    double weights = kLeastPresence;
    for (std::size_t k = 0; k < raw.candidates.size(); ++k) {
        const Candidate& candidate = prediction.candidates[k];
        top = std::max(top, std::min(candidate.suspicion, 1 - kLeastSuspicion));
        const double weight = candidate.presence * candidate.presence;
        sum += weight * raw.candidates[k].malignancy;
        weights += weight;
    }
    return {logit(top), sum / weights, raw.context};
}

Prediction with_presence(const RawPrediction& raw, const Blend& blend) {
    Prediction prediction;
    prediction.file = raw.file;
    prediction.patient = raw.patient;
    prediction.fold = raw.fold;
    for (const RawCandidate& one : raw.candidates) {
        const double presence =
            logistic(blend.found * one.found + blend.looked * one.looked + blend.presence_bias);
        const double malignant =
            logistic(blend.malignancy * one.malignancy + blend.malignancy_bias);
        prediction.candidates.push_back({one.box, presence, presence * malignant});
    }
    return prediction;
}

using Index = std::map<std::string, const TrainingImage*>;

const ImageRecord& record_of(const Index& index, const std::string& file) {
    const auto found = index.find(file);
    if (found == index.end())
        throw Error(ErrorCode::kInvalidInput,
                    "predictions of an image that the data lacks: " + file);
    return found->second->record;
}

/// Solves a x = b for a positive definite `a` (n x n, row by row), by Cholesky's method.
std::vector<double> solved(std::vector<double> a, std::vector<double> b) {
    const std::size_t n = b.size();
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            double sum = a[i * n + j];
            for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = i == j ? std::sqrt(std::max(sum, 1e-12)) : sum / a[j * n + j];
        }
        for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
        b[i] /= a[i * n + i];
    }
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
        b[i] /= a[i * n + i];
    }
    return b;
}

}  // namespace

std::vector<double> fit_logistic(std::span<const std::vector<double>> rows,
                                 const std::vector<bool>& outcomes, double ridge) {
    if (rows.empty()) throw Error(ErrorCode::kInvalidInput, "a fit needs cases");
    const std::size_t n = rows[0].size() + 1;
    std::vector<double> weights(n);
    for (int round = 0; round < 50; ++round) {
        std::vector<double> slope(n);
        std::vector<double> curvature(n * n);
        for (std::size_t i = 0; i + 1 < n; ++i) {
            slope[i] = -ridge * weights[i];
            curvature[i * n + i] = ridge;
        }
        curvature[n * n - 1] = 1e-9;
        for (std::size_t r = 0; r < rows.size(); ++r) {
            const auto x = [&](std::size_t i) { return i + 1 < n ? rows[r][i] : 1.0; };
            double sum = 0;
            for (std::size_t i = 0; i < n; ++i) sum += weights[i] * x(i);
            const double p = logistic(sum);
            for (std::size_t i = 0; i < n; ++i) {
                slope[i] += ((outcomes[r] ? 1.0 : 0.0) - p) * x(i);
                for (std::size_t j = 0; j < n; ++j)
                    curvature[i * n + j] += p * (1 - p) * x(i) * x(j);
            }
        }
        const std::vector<double> step = solved(std::move(curvature), std::move(slope));
        double size = 0;
        for (std::size_t i = 0; i < n; ++i) {
            weights[i] += std::clamp(step[i], -2.0, 2.0);
            size = std::max(size, std::abs(step[i]));
        }
        if (size < 1e-9) break;
    }
    return weights;
}

Prediction blended(const RawPrediction& raw, const Blend& blend) {
    Prediction prediction = with_presence(raw, blend);
    const std::vector<double> features = image_features(raw, prediction);
    prediction.image_score = logistic(blend.top * features[0] + blend.mean * features[1] +
                                      blend.context * features[2] + blend.image_bias);
    return prediction;
}

Blend fit_blend(const TrainingSet& set, const std::vector<RawPrediction>& raw) {
    constexpr double kRidge = 1;
    Index index;
    for (const TrainingImage& image : set.images) index[image.record.file] = &image;
    std::vector<std::vector<double>> rows;
    std::vector<bool> outcomes;
    std::vector<std::vector<double>> on_masses;
    std::vector<bool> malignant;
    for (const RawPrediction& one : raw) {
        const ImageRecord& record = record_of(index, one.file);
        for (const RawCandidate& candidate : one.candidates) {
            const auto lesion = std::find_if(
                record.lesions.begin(), record.lesions.end(),
                [&](const Lesion& each) { return each.box.contains(candidate.box.centre()); });
            const bool on_lesion = lesion != record.lesions.end();
            rows.push_back({candidate.found, candidate.looked});
            outcomes.push_back(on_lesion);
            if (!on_lesion || lesion->pathology == Pathology::kUnknown) continue;
            on_masses.push_back({candidate.malignancy});
            malignant.push_back(lesion->pathology == Pathology::kMalignant);
        }
    }
    Blend blend;
    const std::vector<double> presence = fit_logistic(rows, outcomes, kRidge);
    blend.found = presence[0];
    blend.looked = presence[1];
    blend.presence_bias = presence[2];
    // A tiny run may find masses of one kind only: then the judge's word stands as it is.
    const auto positive = std::count(malignant.begin(), malignant.end(), true);
    if (positive > 0 && static_cast<std::size_t>(positive) < malignant.size()) {
        const std::vector<double> of_masses = fit_logistic(on_masses, malignant, kRidge);
        blend.malignancy = of_masses[0];
        blend.malignancy_bias = of_masses[1];
    }
    rows.clear();
    outcomes.clear();
    for (const RawPrediction& one : raw) {
        rows.push_back(image_features(one, with_presence(one, blend)));
        outcomes.push_back(record_of(index, one.file).malignant);
    }
    const std::vector<double> image = fit_logistic(rows, outcomes, kRidge);
    blend.top = image[0];
    blend.mean = image[1];
    blend.context = image[2];
    blend.image_bias = image[3];
    return blend;
}

std::vector<Prediction> blended_across_folds(const TrainingSet& set,
                                             const std::vector<RawPrediction>& raw) {
    std::set<int> folds;
    for (const RawPrediction& one : raw) folds.insert(one.fold);
    std::vector<Prediction> predictions;
    for (const int fold : folds) {
        std::vector<RawPrediction> others;
        for (const RawPrediction& one : raw)
            if (one.fold != fold) others.push_back(one);
        const Blend blend = others.empty() ? Blend{} : fit_blend(set, others);
        for (const RawPrediction& one : raw)
            if (one.fold == fold) predictions.push_back(blended(one, blend));
    }
    return predictions;
}

}  // namespace lucerna::learn
