#include "learn/predict.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "learn/targets.h"

namespace lucerna::learn {
namespace {

/// Enough for the fast kernels, little enough for memory.
constexpr std::size_t kGroup = 16;

std::vector<Candidate> decode_one(const float* presence, const float* peak, const float* malignancy,
                                  const float* distances, std::int64_t rows, std::int64_t columns) {
    const auto cells = static_cast<std::size_t>(rows * columns);
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < cells; ++i)
        if (presence[i] == peak[i]) order.push_back(i);
    const std::size_t count = std::min<std::size_t>(order.size(), kCandidates);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
                      order.end(), [&](std::size_t a, std::size_t b) {
                          return presence[a] != presence[b] ? presence[a] > presence[b] : a < b;
                      });
    std::vector<Candidate> list;
    for (std::size_t k = 0; k < count; ++k) {
        const std::size_t i = order[k];
        const double x =
            (static_cast<double>(i % static_cast<std::size_t>(columns)) + 0.5) * kStride;
        const double y =
            (static_cast<double>(i / static_cast<std::size_t>(columns)) + 0.5) * kStride;
        const auto side = [&](std::size_t which) {
            const double log_distance =
                std::clamp(static_cast<double>(distances[which * cells + i]), -kLogDistanceLimit,
                           kLogDistanceLimit);
            return kDistanceUnit * std::exp(log_distance);
        };
        Candidate candidate;
        candidate.box = {x - side(0), y - side(1), side(0) + side(2), side(1) + side(3)};
        candidate.presence = static_cast<double>(presence[i]);
        candidate.suspicion = static_cast<double>(presence[i]) * static_cast<double>(malignancy[i]);
        list.push_back(candidate);
    }
    return list;
}

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

}  // namespace

std::vector<Decoded> decode(const NetworkMaps& maps) {
    const auto to_cpu = [](const torch::Tensor& t) { return t.to(torch::kCPU).contiguous(); };
    const auto presence = to_cpu(torch::sigmoid(maps.presence));
    const auto peak = torch::max_pool2d(presence, 3, 1, 1).contiguous();
    const auto malignancy = to_cpu(torch::sigmoid(maps.malignancy));
    const auto distances = to_cpu(maps.distances);
    const auto image = to_cpu(torch::sigmoid(maps.image));
    const std::int64_t rows = presence.size(2);
    const std::int64_t columns = presence.size(3);
    std::vector<Decoded> all;
    for (std::int64_t n = 0; n < presence.size(0); ++n) {
        const std::int64_t skip = n * rows * columns;
        Decoded one;
        one.candidates =
            decode_one(presence.data_ptr<float>() + skip, peak.data_ptr<float>() + skip,
                       malignancy.data_ptr<float>() + skip, distances.data_ptr<float>() + 4 * skip,
                       rows, columns);
        one.image_score = static_cast<double>(image.data_ptr<float>()[n]);
        all.push_back(std::move(one));
    }
    return all;
}

std::vector<Prediction> predict(Network& network, const TrainingSet& set,
                                const std::vector<std::size_t>& indices, int fold,
                                torch::Device device) {
    const torch::NoGradGuard no_gradient;
    network->eval();
    std::map<std::pair<int, int>, std::vector<std::size_t>> by_size;
    for (const std::size_t i : indices)
        by_size[{set.images[i].pixels.width, set.images[i].pixels.height}].push_back(i);
    std::map<std::size_t, Prediction> predictions;
    for (const auto& [size, members] : by_size)
        for (std::size_t from = 0; from < members.size(); from += kGroup) {
            const std::vector<std::size_t> group(
                members.begin() + static_cast<std::ptrdiff_t>(from),
                members.begin() +
                    static_cast<std::ptrdiff_t>(std::min(from + kGroup, members.size())));
            const auto decoded = decode(network->forward(pictures_of(set, group).to(device)));
            for (std::size_t k = 0; k < group.size(); ++k) {
                const TrainingImage& image = set.images[group[k]];
                Prediction& prediction = predictions[group[k]];
                prediction.file = image.record.file;
                prediction.patient = image.record.patient;
                prediction.fold = fold;
                prediction.image_score = decoded[k].image_score;
                for (Candidate candidate : decoded[k].candidates) {
                    candidate.box = image.placement.to_stored(candidate.box);
                    prediction.candidates.push_back(candidate);
                }
            }
        }
    std::vector<Prediction> list;
    for (auto& [index, prediction] : predictions) list.push_back(std::move(prediction));
    return list;
}

}  // namespace lucerna::learn
