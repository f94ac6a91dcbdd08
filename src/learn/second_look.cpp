#include "learn/second_look.h"

#include <torch/torch.h>

#include <cmath>
#include <optional>

#include "learn/look.h"

namespace lucerna::learn {
namespace {

/// How far boxes are moved (share of their size) and stretched (logarithm).
constexpr double kShift = 0.15;
constexpr double kStretch = 0.25;
constexpr double kHitOverlap = 0.2;

exam::Box jittered(const exam::Box& box, Random& random) {
    const exam::Point centre = box.centre();
    const double x = centre.x + box.width * random.uniform(-kShift, kShift);
    const double y = centre.y + box.height * random.uniform(-kShift, kShift);
    const double grow = std::exp(random.uniform(-kStretch, kStretch));
    return {x - grow * box.width / 2, y - grow * box.height / 2, grow * box.width,
            grow * box.height};
}

const Lesion* lesion_at(const exam::Box& box, const std::vector<Lesion>& lesions) {
    for (const Lesion& lesion : lesions)
        if (lesion.box.contains(box.centre()) || exam::overlap(lesion.box, box) >= kHitOverlap)
            return &lesion;
    return nullptr;
}

/// One of the eight ways to lay a square.
torch::Tensor turned(torch::Tensor looks, Random& random) {
    for (std::int64_t k = 0; k < looks.size(0); ++k) {
        auto look = looks[k];
        const std::uint64_t way = random.below(8);
        auto laid = (way & 1) != 0 ? look.transpose(1, 2) : look;
        if ((way & 2) != 0) laid = laid.flip(1);
        if ((way & 4) != 0) laid = laid.flip(2);
        if (way != 0) look.copy_(laid.clone());
    }
    return looks;
}

/// A box somewhere in the breast that is no mass; empty when chance finds none.
std::optional<exam::Box> place_in_breast(const Sample& sample, Random& random) {
    constexpr int kTries = 50;
    constexpr float kTissue = 0.2F;
    const exam::Box like = sample.lesions.empty() ? exam::Box{0, 0, kLeastLook / 2, kLeastLook / 2}
                                                  : sample.lesions.front().box;
    for (int i = 0; i < kTries; ++i) {
        const double x = random.uniform(0, sample.pixels.width);
        const double y = random.uniform(0, sample.pixels.height);
        const exam::Box box{x - like.width / 2, y - like.height / 2, like.width, like.height};
        if (sample.pixels.at(static_cast<int>(x), static_cast<int>(y)) >= kTissue &&
            lesion_at(box, sample.lesions) == nullptr)
            return box;
    }
    return std::nullopt;
}

std::vector<exam::Box> boxes_of(const Sample& sample, const std::vector<Place>& places,
                                const LookPlan& plan, Random& random) {
    const std::vector<Lesion>& lesions = sample.lesions;
    std::vector<exam::Box> boxes;
    for (const Lesion& lesion : lesions)
        for (int i = 0; i < plan.of_lesion; ++i) boxes.push_back(jittered(lesion.box, random));
    int mistaken = 0;
    for (const Place& place : places) {
        if (mistaken == plan.mistaken) break;
        if (lesion_at(place.box, lesions) != nullptr) continue;
        boxes.push_back(place.box);
        ++mistaken;
    }
    for (int i = 0; i < plan.random; ++i)
        if (const auto box = place_in_breast(sample, random)) boxes.push_back(*box);
    return boxes;
}

}  // namespace

LookBatch make_look_batch(std::span<const Sample> samples, const torch::Tensor& pictures,
                          const std::vector<std::vector<Place>>& places, const LookPlan& plan,
                          Random random) {
    const torch::NoGradGuard no_gradient;
    std::vector<torch::Tensor> looks;
    std::vector<float> mass;
    std::vector<float> malignant;
    std::vector<float> weight;
    for (std::size_t n = 0; n < samples.size(); ++n) {
        const std::vector<Lesion>& lesions = samples[n].lesions;
        const std::vector<exam::Box> boxes = boxes_of(samples[n], places[n], plan, random);
        for (const exam::Box& box : boxes) {
            const Lesion* lesion = lesion_at(box, lesions);
            mass.push_back(lesion != nullptr ? 1.0F : 0.0F);
            const bool known = lesion != nullptr && lesion->pathology != Pathology::kUnknown;
            malignant.push_back(known && lesion->pathology == Pathology::kMalignant ? 1.0F : 0.0F);
            weight.push_back(known ? 1.0F : 0.0F);
        }
        looks.push_back(looks_at(pictures[static_cast<std::int64_t>(n)], boxes));
    }
    const auto device = pictures.device();
    return {turned(torch::cat(looks), random), torch::tensor(mass).to(device),
            torch::tensor(malignant).to(device), torch::tensor(weight).to(device)};
}

}  // namespace lucerna::learn
