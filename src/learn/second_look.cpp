#include "learn/second_look.h"

#include <torch/torch.h>

#include <cmath>
#include <numeric>
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
torch::Tensor turned(const torch::Tensor& look, std::uint64_t way) {
    auto laid = (way & 1) != 0 ? look.transpose(1, 2) : look;
    if ((way & 2) != 0) laid = laid.flip(1);
    if ((way & 4) != 0) laid = laid.flip(2);
    return laid;
}

/// A box somewhere in the breast that is no mass; empty when chance finds none.
std::optional<exam::Box> place_in_breast(const Sample& sample, Random& random) {
    constexpr int kTries = 50;
    constexpr double kTissue = 0.2;
    const exam::Box like = sample.lesions.empty() ? exam::Box{0, 0, kLeastLook / 2, kLeastLook / 2}
                                                  : sample.lesions.front().box;
    for (int i = 0; i < kTries; ++i) {
        const double x = random.uniform(0, sample.width);
        const double y = random.uniform(0, sample.height);
        const exam::Box box{x - like.width / 2, y - like.height / 2, like.width, like.height};
        if (sample.stored_grey({x, y}) >= kTissue && lesion_at(box, sample.lesions) == nullptr)
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

/// Of one sample; appended to the batch's lists.
struct LookLists {
    std::vector<torch::Tensor> looks;
    std::vector<float> mass, malignant, weight, descriptors, described;

    void add(const Lesion* lesion, const std::vector<float>& description, std::size_t width) {
        mass.push_back(lesion != nullptr ? 1.0F : 0.0F);
        const bool known = lesion != nullptr && lesion->pathology != Pathology::kUnknown;
        malignant.push_back(known && lesion->pathology == Pathology::kMalignant ? 1.0F : 0.0F);
        weight.push_back(known ? 1.0F : 0.0F);
        const bool told = lesion != nullptr && !description.empty();
        described.push_back(told ? 1.0F : 0.0F);
        if (told)
            descriptors.insert(descriptors.end(), description.begin(), description.end());
        else
            descriptors.resize(descriptors.size() + width);
    }
};

}  // namespace

LookBatch make_look_batch(std::span<const Sample> samples, const torch::Tensor& pictures,
                          const std::vector<std::vector<Place>>& places, const LookPlan& plan,
                          const Descriptors& descriptors) {
    const torch::NoGradGuard no_gradient;
    LookLists lists;
    LookBatch batch;
    for (std::size_t n = 0; n < samples.size(); ++n) {
        Random random(samples[n].stream);
        const std::vector<exam::Box> boxes = boxes_of(samples[n], places[n], plan, random);
        const std::vector<float> description =
            descriptors.size() > 0 ? descriptors.of(*samples[n].image) : std::vector<float>{};
        const auto looks = looks_at(pictures[static_cast<std::int64_t>(n)], boxes);
        for (std::size_t k = 0; k < boxes.size(); ++k) {
            lists.add(lesion_at(boxes[k], samples[n].lesions), description, descriptors.size());
            lists.looks.push_back(turned(looks[static_cast<std::int64_t>(k)], random.below(8)));
            batch.streams.push_back(random.next());
        }
    }
    const auto count = static_cast<std::int64_t>(lists.looks.size());
    const auto tensor = [&](const std::vector<float>& values) {
        return torch::tensor(values).to(pictures.device());
    };
    batch.looks =
        count > 0 ? torch::stack(lists.looks) : pictures.new_empty({0, 1, kLookSize, kLookSize});
    batch.mass = tensor(lists.mass);
    batch.malignant = tensor(lists.malignant);
    batch.malignant_weight = tensor(lists.weight);
    batch.descriptors =
        tensor(lists.descriptors).view({count, static_cast<std::int64_t>(descriptors.size())});
    batch.described = tensor(lists.described);
    const auto sum = [](const std::vector<float>& values) {
        return std::accumulate(values.begin(), values.end(), 0.0);
    };
    batch.judged_lesions = sum(lists.weight);
    batch.described_lesions = sum(lists.described);
    return batch;
}

}  // namespace lucerna::learn
