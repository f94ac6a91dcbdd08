#include "learn/look.h"

#include <torch/torch.h>

#include <algorithm>

#include "learn/network_shape.h"

namespace lucerna::learn {

torch::Tensor looks_at(const torch::Tensor& picture, const std::vector<exam::Box>& boxes) {
    constexpr int kSamples = kLookSize * kLookSamples;
    const auto count = static_cast<std::int64_t>(boxes.size());
    if (count == 0) return picture.new_empty({0, 1, kLookSize, kLookSize});
    const auto height = static_cast<double>(picture.size(1));
    const auto width = static_cast<double>(picture.size(2));
    // x and y of each centre, and the side of the square.
    std::vector<float> squares;
    for (const exam::Box& box : boxes) {
        const exam::Point centre = box.centre();
        const double side = std::max(kLookMargin * std::max(box.width, box.height), kLeastLook);
        for (const double value : {centre.x, centre.y, side})
            squares.push_back(static_cast<float>(value));
    }
    const auto square = torch::tensor(squares).view({count, 3}).to(picture.device());
    const auto offsets = (torch::arange(kSamples, square.options()) + 0.5) / kSamples - 0.5;
    const auto along = [&](std::int64_t axis, double extent) {
        const auto pixels = square.narrow(1, axis, 1) + square.narrow(1, 2, 1) * offsets;
        return pixels * (2 / extent) - 1;
    };
    const auto x = along(0, width).unsqueeze(1).expand({count, kSamples, kSamples});
    const auto y = along(1, height).unsqueeze(2).expand({count, kSamples, kSamples});
    const auto grid = torch::stack({x, y}, 3).view({1, count * kSamples, kSamples, 2});
    namespace F = torch::nn::functional;
    const auto samples = F::grid_sample(picture.unsqueeze(0), grid,
                                        F::GridSampleFuncOptions()
                                            .mode(torch::kBilinear)
                                            .padding_mode(torch::kZeros)
                                            .align_corners(false));
    return torch::avg_pool2d(samples.view({count, 1, kSamples, kSamples}), kLookSamples);
}

}  // namespace lucerna::learn
