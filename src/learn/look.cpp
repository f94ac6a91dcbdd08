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
    auto grid = torch::empty({1, count * kSamples, kSamples, 2});
    float* out = grid.data_ptr<float>();
    for (const exam::Box& box : boxes) {
        const exam::Point centre = box.centre();
        const double side = std::max(kLookMargin * std::max(box.width, box.height), kLeastLook);
        const auto place = [&](double middle, int i, double extent) {
            const double pixel = middle + side * ((i + 0.5) / kSamples - 0.5);
            return static_cast<float>(2 * pixel / extent - 1);
        };
        for (int y = 0; y < kSamples; ++y)
            for (int x = 0; x < kSamples; ++x) {
                *out++ = place(centre.x, x, width);
                *out++ = place(centre.y, y, height);
            }
    }
    namespace F = torch::nn::functional;
    const auto samples = F::grid_sample(picture.unsqueeze(0), grid.to(picture.device()),
                                        F::GridSampleFuncOptions()
                                            .mode(torch::kBilinear)
                                            .padding_mode(torch::kZeros)
                                            .align_corners(false));
    return torch::avg_pool2d(samples.view({count, 1, kSamples, kSamples}), kLookSamples);
}

}  // namespace lucerna::learn
