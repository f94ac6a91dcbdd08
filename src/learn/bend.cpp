#include "learn/bend.h"

#include <torch/torch.h>

namespace lucerna::learn {
namespace {

namespace F = torch::nn::functional;

/// 3 x 3 binomial, edges continued.
torch::Tensor blurred(const torch::Tensor& picture) {
    const auto along = torch::tensor({0.25F, 0.5F, 0.25F}, picture.options());
    const auto padded = F::pad(picture, F::PadFuncOptions({1, 1, 1, 1}).mode(torch::kReplicate));
    return torch::conv2d(torch::conv2d(padded, along.view({1, 1, 1, 3})), along.view({1, 1, 3, 1}));
}

torch::Tensor recoloured(const torch::Tensor& picture, const Recolouring& how,
                         const torch::Tensor& noise) {
    const auto g = picture.pow(how.gamma);
    const auto s = g + how.bend * g * (1 - g) * (2 * g - 1);
    auto out = (how.gain * s + how.lift).clamp(0, 1);
    if (how.noise > 0) out = (out + how.noise * noise).clamp(0, 1);
    return torch::where(picture > 0, out, torch::zeros_like(out));
}

}  // namespace

Darkroom::Darkroom(const TrainingSet& set, int width, int height, std::uint64_t seed,
                   torch::Device device)
    : set_(&set), device_(device) {
    for (const TrainingImage& image : set.images) {
        // from_blob takes no const pointer; nothing writes through it.
        auto* first = const_cast<std::uint8_t*>(image.pixels.pixels.data());
        pictures_.push_back(
            torch::from_blob(first, {image.pixels.height, image.pixels.width}, torch::kByte)
                .to(device));
    }
    Random random(seed);
    auto tile = torch::empty({height + kNoiseMargin, width + kNoiseMargin});
    float* out = tile.data_ptr<float>();
    for (std::int64_t i = 0; i < tile.numel(); ++i) *out++ = static_cast<float>(random.normal());
    noise_ = tile.to(device);
    columns_ = (torch::arange(width, torch::kFloat) + 0.5).to(device);
    rows_ = (torch::arange(height, torch::kFloat) + 0.5).to(device);
}

torch::Tensor Darkroom::grid_of(const Sample& sample, const torch::Tensor& picture) const {
    const Warp& warp = sample.warp;
    const auto dx = (columns_ - warp.middle.x).unsqueeze(0);
    const auto dy = (rows_ - warp.middle.y).unsqueeze(1);
    auto x = warp.centre.x + warp.xx * dx + warp.xy * dy;
    auto y = warp.centre.y + warp.yx * dx + warp.yy * dy;
    if (!warp.shifts.empty()) {
        const auto coarse =
            torch::tensor(warp.shifts).view({1, 2, Warp::kRows, Warp::kColumns}).to(device_);
        const auto shifts =
            torch::upsample_bilinear2d(coarse, {sample.height, sample.width}, true)[0];
        x = x + shifts[0];
        y = y + shifts[1];
    }
    // Of -1 at the left edge to 1 at the right one.
    return torch::stack({x * (2.0 / static_cast<double>(picture.size(1))) - 1,
                         y * (2.0 / static_cast<double>(picture.size(0))) - 1},
                        2);
}

torch::Tensor Darkroom::bent(const Sample& sample) const {
    const auto& stored = pictures_.at(static_cast<std::size_t>(sample.image - set_->images.data()));
    const auto source =
        stored.to(torch::kFloat).div(255).view({1, 1, stored.size(0), stored.size(1)});
    auto picture = F::grid_sample(source, grid_of(sample, stored).unsqueeze(0),
                                  F::GridSampleFuncOptions()
                                      .mode(torch::kBilinear)
                                      .padding_mode(torch::kZeros)
                                      .align_corners(false))
                       .clamp(0, 1);
    if (sample.blurred) picture = blurred(picture);
    const Recolouring& colour = sample.recolouring;
    const auto noise =
        noise_.narrow(0, colour.noise_y, sample.height).narrow(1, colour.noise_x, sample.width);
    picture = recoloured(picture, colour, noise);
    for (const CutOut& cut : sample.cut_outs)
        picture.narrow(2, cut.top, cut.height).narrow(3, cut.left, cut.width).fill_(cut.grey);
    return picture;
}

torch::Tensor Darkroom::develop(std::span<const Sample> samples) const {
    const torch::NoGradGuard no_gradient;
    std::vector<torch::Tensor> pictures;
    for (const Sample& sample : samples) pictures.push_back(bent(sample));
    return torch::cat(pictures);
}

}  // namespace lucerna::learn
