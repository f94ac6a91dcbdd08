#include "learn/masks.h"

#include <torch/torch.h>

#include "base/random.h"

namespace lucerna::learn {

torch::Tensor dropout_masks(const std::vector<std::uint64_t>& streams, std::int64_t width,
                            double rate, torch::Device device) {
    const auto kept = static_cast<float>(1 / (1 - rate));
    auto masks = torch::empty({static_cast<std::int64_t>(streams.size()), width});
    float* out = masks.data_ptr<float>();
    for (const std::uint64_t stream : streams) {
        Random random(stream);
        for (std::int64_t i = 0; i < width; ++i) *out++ = random.uniform() < rate ? 0.0F : kept;
    }
    return masks.to(device);
}

}  // namespace lucerna::learn
