#include "learn/loss.h"

#include <torch/torch.h>

#include <algorithm>

#include "learn/targets.h"

namespace lucerna::learn {
namespace {

namespace F = torch::nn::functional;

torch::Tensor stacked(const std::vector<const std::vector<float>*>& parts, std::int64_t channels,
                      std::int64_t rows, std::int64_t columns, torch::Device device) {
    auto tensor = torch::empty({static_cast<std::int64_t>(parts.size()), channels, rows, columns});
    float* out = tensor.data_ptr<float>();
    for (const std::vector<float>* part : parts) out = std::copy(part->begin(), part->end(), out);
    return tensor.to(device);
}

torch::Tensor focal(const torch::Tensor& logits, const torch::Tensor& target) {
    const auto positive = target.ge(0.999).to(torch::kFloat);
    const auto p = torch::sigmoid(logits);
    const auto log_p = F::logsigmoid(logits);
    const auto log_not = F::logsigmoid(-logits);
    const auto hit = positive * (1 - p).pow(2) * log_p;
    const auto miss = (1 - positive) * (1 - target).pow(4) * p.pow(2) * log_not;
    return -(hit + miss).sum();
}

/// Cross-entropy of logits, averaged by weight.
torch::Tensor weighted_entropy(const torch::Tensor& logits, const torch::Tensor& target,
                               const torch::Tensor& weight) {
    return F::binary_cross_entropy_with_logits(
               logits, target,
               F::BinaryCrossEntropyWithLogitsFuncOptions().weight(weight).reduction(torch::kSum)) /
           weight.sum().clamp_min(1);
}

}  // namespace

Batch make_batch(std::span<const Sample> samples, torch::Device device) {
    const int width = samples.front().pixels.width;
    const int height = samples.front().pixels.height;
    std::vector<Targets> targets;
    std::vector<const std::vector<float>*> pictures;
    std::vector<float> labels;
    std::vector<float> weights;
    Batch batch;
    for (const Sample& sample : samples) {
        targets.push_back(make_targets(sample.lesions, width, height, kStride));
        pictures.push_back(&sample.pixels.pixels);
        labels.push_back(sample.malignant ? 1.0F : 0.0F);
        weights.push_back(sample.label_holds ? 1.0F : 0.0F);
        batch.lesions += static_cast<double>(sample.lesions.size());
    }
    const auto gather = [&](std::vector<float> Targets::*member, std::int64_t channels) {
        std::vector<const std::vector<float>*> parts;
        for (const Targets& one : targets) parts.push_back(&(one.*member));
        return stacked(parts, channels, height / kStride, width / kStride, device);
    };
    batch.pictures = stacked(pictures, 1, height, width, device);
    batch.presence = gather(&Targets::presence, 1);
    batch.box_weight = gather(&Targets::box_weight, 1);
    batch.distances = gather(&Targets::distances, 4);
    batch.image_malignant = torch::tensor(labels).to(device);
    batch.image_weight = torch::tensor(weights).to(device);
    return batch;
}

Losses loss_of(const FinderMaps& maps, const Batch& batch, const JudgeOpinions& opinions,
               const LookBatch& looks) {
    const double lesions = std::max(batch.lesions, 1.0);
    const auto presence = focal(maps.presence, batch.presence) / lesions;
    const auto off = F::smooth_l1_loss(maps.distances, batch.distances,
                                       F::SmoothL1LossFuncOptions().reduction(torch::kNone));
    const auto box = (off * batch.box_weight).sum() / (4 * lesions);
    const auto context = weighted_entropy(maps.context, batch.image_malignant, batch.image_weight);
    const auto mass = weighted_entropy(opinions.presence, looks.mass, torch::ones_like(looks.mass));
    const auto malignancy =
        weighted_entropy(opinions.malignancy, looks.malignant, looks.malignant_weight);
    Losses losses;
    losses.total = presence + 2 * box + 0.5 * context + mass + malignancy;
    losses.presence = presence.item<double>();
    losses.box = box.item<double>();
    losses.context = context.item<double>();
    losses.mass = mass.item<double>();
    losses.malignancy = malignancy.item<double>();
    return losses;
}

}  // namespace lucerna::learn
