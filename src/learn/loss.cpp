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

/// Cross-entropy of logits, summed by weight.
torch::Tensor weighted_entropy(const torch::Tensor& logits, const torch::Tensor& target,
                               const torch::Tensor& weight) {
    return F::binary_cross_entropy_with_logits(
        logits, target,
        F::BinaryCrossEntropyWithLogitsFuncOptions().weight(weight).reduction(torch::kSum));
}

}  // namespace

Batch make_batch(std::span<const Sample> samples, torch::Tensor pictures) {
    const int width = samples.front().width;
    const int height = samples.front().height;
    const torch::Device device = pictures.device();
    std::vector<Targets> targets;
    std::vector<float> labels;
    std::vector<float> weights;
    Batch batch;
    for (const Sample& sample : samples) {
        targets.push_back(make_targets(sample.lesions, width, height, kStride));
        labels.push_back(sample.malignant ? 1.0F : 0.0F);
        weights.push_back(sample.label_holds ? 1.0F : 0.0F);
        batch.lesions += static_cast<double>(sample.lesions.size());
        batch.labelled_images += sample.label_holds ? 1 : 0;
    }
    const auto gather = [&](std::vector<float> Targets::*member, std::int64_t channels) {
        std::vector<const std::vector<float>*> parts;
        for (const Targets& one : targets) parts.push_back(&(one.*member));
        return stacked(parts, channels, height / kStride, width / kStride, device);
    };
    batch.pictures = std::move(pictures);
    batch.presence = gather(&Targets::presence, 1);
    batch.box_weight = gather(&Targets::box_weight, 1);
    batch.distances = gather(&Targets::distances, 4);
    batch.image_malignant = torch::tensor(labels).to(device);
    batch.image_weight = torch::tensor(weights).to(device);
    return batch;
}

Counts counts_of(const Batch& batch, const LookBatch& looks) {
    return {batch.lesions, batch.labelled_images, static_cast<double>(looks.mass.size(0)),
            looks.judged_lesions, looks.described_lesions};
}

Losses loss_of(const FinderMaps& maps, const Batch& batch, const JudgeOpinions& opinions,
               const LookBatch& looks, const Counts& counts) {
    const double lesions = std::max(counts.lesions, 1.0);
    const auto presence = focal(maps.presence, batch.presence) / lesions;
    const auto off = F::smooth_l1_loss(maps.distances, batch.distances,
                                       F::SmoothL1LossFuncOptions().reduction(torch::kNone));
    const auto box = (off * batch.box_weight).sum() / (4 * lesions);
    const auto context = weighted_entropy(maps.context, batch.image_malignant, batch.image_weight) /
                         std::max(counts.labelled_images, 1.0);
    const auto mass =
        weighted_entropy(opinions.presence, looks.mass, torch::ones_like(looks.mass)) /
        std::max(counts.looks, 1.0);
    const auto malignancy =
        weighted_entropy(opinions.malignancy, looks.malignant, looks.malignant_weight) /
        std::max(counts.judged_lesions, 1.0);
    auto description = torch::zeros_like(presence);
    if (opinions.described.defined())
        description =
            weighted_entropy(opinions.described, looks.descriptors, looks.described.unsqueeze(1)) /
            (std::max(counts.described, 1.0) * static_cast<double>(opinions.described.size(1)));
    Losses losses;
    losses.total = presence + 2 * box + 0.5 * context + mass + malignancy + 2 * description;
    losses.parts = torch::stack({presence, box, context, mass, malignancy, description}).detach();
    return losses;
}

}  // namespace lucerna::learn
