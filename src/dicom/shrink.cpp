#include "dicom/shrink.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace lucerna::dicom {
namespace {

/// Along one axis: which source pixels a target pixel covers, and how much each counts.
struct Coverage {
    std::size_t first;
    std::vector<float> weights;
};

std::vector<Coverage> coverages(int source, int target) {
    const double scale = static_cast<double>(source) / target;
    std::vector<Coverage> out;
    for (int i = 0; i < target; ++i) {
        const double from = i * scale;
        const double to = std::min<double>((i + 1) * scale, source);
        Coverage coverage{static_cast<std::size_t>(from), {}};
        for (auto at = static_cast<int>(from); at < to; ++at) {
            const double part = std::min<double>(at + 1, to) - std::max<double>(at, from);
            coverage.weights.push_back(static_cast<float>(part / (to - from)));
        }
        out.push_back(std::move(coverage));
    }
    return out;
}

/// Averages along a line. Every target pixel takes the same number of source pixels, some with a
/// weight of 0, which is faster than to ask each how many.
class Across {
  public:
    Across(int source, int target, int channels)
        : channels_(static_cast<std::size_t>(channels)), target_(static_cast<std::size_t>(target)) {
        const std::vector<Coverage> all = coverages(source, target);
        for (const Coverage& coverage : all) taps_ = std::max(taps_, coverage.weights.size());
        for (const Coverage& coverage : all) {
            first_.push_back(coverage.first * channels_);
            weights_.insert(weights_.end(), coverage.weights.begin(), coverage.weights.end());
            weights_.resize(first_.size() * taps_);
        }
    }

    /// What a line needs after its end, so that weights of 0 fall on something.
    [[nodiscard]] std::size_t overhang() const { return taps_ * channels_; }

    /// Writes one row of the target.
    void average(const std::vector<float>& line, std::uint8_t* out) const {
        switch (taps_) {
            // The number that most pictures need: known, the loop within is no loop.
            case 3:
                return average_by([] { return std::size_t{3}; }, line, out);
            case 4:
                return average_by([] { return std::size_t{4}; }, line, out);
            default:
                return average_by([this] { return taps_; }, line, out);
        }
    }

  private:
    template <typename Taps>
    void average_by(Taps taps, const std::vector<float>& line, std::uint8_t* out) const {
        for (std::size_t x = 0; x < target_; ++x) {
            const float* const weights = &weights_[x * taps()];
            for (std::size_t channel = 0; channel < channels_; ++channel) {
                const float* const covered = &line[first_[x] + channel];
                float sum = 0;
                for (std::size_t i = 0; i < taps(); ++i) sum += weights[i] * covered[i * channels_];
                // Not negative: adding a half and cutting off is to round.
                *out++ = static_cast<std::uint8_t>(std::min(sum + 0.5, 255.0));
            }
        }
    }

    std::size_t channels_;
    std::size_t target_;
    std::size_t taps_ = 0;
    std::vector<std::size_t> first_;
    std::vector<float> weights_;
};

}  // namespace

Picture8 shrunk_rows(const RowsOf& source, int width, int height, const SourceRow& source_row) {
    const Across across(source.width, width, source.channels);
    const auto samples =
        static_cast<std::size_t>(source.width) * static_cast<std::size_t>(source.channels);
    const auto target_samples =
        static_cast<std::size_t>(width) * static_cast<std::size_t>(source.channels);
    Picture8 target{width, height, source.channels,
                    Bytes(target_samples * static_cast<std::size_t>(height))};
    std::uint8_t* out = target.pixels.data();
    std::vector<float> row(samples);
    std::vector<float> line(samples + across.overhang());
    int read = 0;
    for (const Coverage& down : coverages(source.height, height)) {
        std::fill_n(line.begin(), samples, 0.0F);
        for (std::size_t j = 0; j < down.weights.size(); ++j) {
            // The last row of one target row is often the first of the next.
            for (; read <= static_cast<int>(down.first + j); ++read) source_row(read, row);
            const float weight = down.weights[j];
            for (std::size_t i = 0; i < samples; ++i) line[i] += weight * row[i];
        }
        across.average(line, out);
        out += target_samples;
    }
    return target;
}

}  // namespace lucerna::dicom
