#include "learn/predict.h"

#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <utility>

#include "learn/look.h"
#include "learn/places.h"

namespace lucerna::learn {
namespace {

/// Enough for the fast kernels, little enough for memory.
constexpr std::size_t kGroup = 8;

torch::Tensor pictures_of(const TrainingSet& set, const std::vector<std::size_t>& group) {
    const auto& first = set.images[group.front()].pixels;
    auto tensor =
        torch::empty({static_cast<std::int64_t>(group.size()), 1, first.height, first.width});
    float* out = tensor.data_ptr<float>();
    for (const std::size_t i : group)
        for (const std::uint8_t pixel : set.images[i].pixels.pixels)
            *out++ = static_cast<float>(pixel) / 255;
    return tensor;
}

std::vector<double> numbers(const torch::Tensor& values) {
    const auto flat = values.to(torch::kCPU, torch::kDouble).contiguous();
    const double* first = flat.data_ptr<double>();
    return {first, first + flat.numel()};
}

}  // namespace

std::vector<RawPrediction> read_pictures(Network& network, const torch::Tensor& pictures) {
    const torch::NoGradGuard no_gradient;
    network->eval();
    const FinderMaps maps = network->find(pictures);
    const auto places = places_of(maps, kCandidates);
    const std::vector<double> context = numbers(maps.context);
    std::vector<RawPrediction> all;
    for (std::size_t n = 0; n < places.size(); ++n) {
        RawPrediction raw;
        raw.context = context[n];
        std::vector<exam::Box> boxes;
        for (const Place& place : places[n]) boxes.push_back(place.box);
        const auto looks = looks_at(pictures[static_cast<std::int64_t>(n)], boxes);
        const JudgeOpinions upright = network->judge(looks);
        const JudgeOpinions turned = network->judge(looks.flip(2));
        const auto looked = numbers((upright.presence + turned.presence) / 2);
        const auto malignancy = numbers((upright.malignancy + turned.malignancy) / 2);
        for (std::size_t k = 0; k < boxes.size(); ++k)
            raw.candidates.push_back({boxes[k], places[n][k].found, looked[k], malignancy[k]});
        all.push_back(std::move(raw));
    }
    return all;
}

std::vector<RawPrediction> predict(Network& network, const TrainingSet& set,
                                   const std::vector<std::size_t>& indices, int fold,
                                   torch::Device device) {
    std::map<std::pair<int, int>, std::vector<std::size_t>> by_size;
    for (const std::size_t i : indices)
        by_size[{set.images[i].pixels.width, set.images[i].pixels.height}].push_back(i);
    std::map<std::size_t, RawPrediction> predictions;
    for (const auto& [size, members] : by_size)
        for (std::size_t from = 0; from < members.size(); from += kGroup) {
            const std::vector<std::size_t> group(
                members.begin() + static_cast<std::ptrdiff_t>(from),
                members.begin() +
                    static_cast<std::ptrdiff_t>(std::min(from + kGroup, members.size())));
            auto raw = read_pictures(network, pictures_of(set, group).to(device));
            for (std::size_t k = 0; k < group.size(); ++k) {
                const TrainingImage& image = set.images[group[k]];
                raw[k].file = image.record.file;
                raw[k].patient = image.record.patient;
                raw[k].fold = fold;
                for (RawCandidate& candidate : raw[k].candidates)
                    candidate.box = image.placement.to_stored(candidate.box);
                predictions[group[k]] = std::move(raw[k]);
            }
        }
    std::vector<RawPrediction> list;
    for (auto& [index, prediction] : predictions) list.push_back(std::move(prediction));
    return list;
}

}  // namespace lucerna::learn
