#include "collection/grey_codec.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "base/error.h"
#include "collection/range_coder.h"

namespace lucerna::collection {
namespace {

constexpr int kPredictors = 8;
/// Pixels beyond both ends of a row that predictors may look at.
constexpr int kMargin = 3;
/// Fractions of a grey level in a prediction: 1/8.
constexpr int kFraction = 3;
constexpr int kActivities = 20;
constexpr int kTextures = 128;
constexpr int kLargestLoss = 15;

/// The weight of a predictor that was off by so much in all beside the pixel.
constexpr std::array<int, 256> kWeights = [] {
    std::array<int, 256> weights{};
    for (int i = 0; i < static_cast<int>(weights.size()); ++i)
        weights[static_cast<std::size_t>(i)] = std::max(1, (1 << 14) / ((i + 1) * (i + 1)));
    return weights;
}();

/// Magnitudes from 1 up fall into classes of growing width: 1, 2, 3, 4, 5-6, 7-8, 9-12, 13-16, ...
struct MagnitudeClass {
    int first;
    int bits;
};
constexpr std::array<MagnitudeClass, 16> kClasses{{{1, 0},
                                                   {2, 0},
                                                   {3, 0},
                                                   {4, 0},
                                                   {5, 1},
                                                   {7, 1},
                                                   {9, 2},
                                                   {13, 2},
                                                   {17, 3},
                                                   {25, 3},
                                                   {33, 4},
                                                   {49, 4},
                                                   {65, 5},
                                                   {97, 5},
                                                   {129, 6},
                                                   {193, 6}}};

int class_of(int magnitude) {
    int found = 0;
    while (found + 1 < static_cast<int>(kClasses.size()) &&
           kClasses[static_cast<std::size_t>(found) + 1].first <= magnitude)
        ++found;
    return found;
}

/// One row of what has been seen, with a margin at both ends.
struct Row {
    explicit Row(int width)
        : grey(static_cast<std::size_t>(width + 2 * kMargin)),
          off(static_cast<std::size_t>(width + 2 * kMargin)),
          misses(static_cast<std::size_t>(width + 2 * kMargin)) {}
    std::vector<int> grey;
    /// How far the blended prediction was off.
    std::vector<int> off;
    /// How far each predictor was off.
    std::vector<std::array<int, kPredictors>> misses;
};

/// Where a pixel stands among its neighbours: w, n, ... as on a compass.
struct Around {
    int w, ww, n, nw, ne, nn, nne;
};

std::array<int, kPredictors> predictions(const Around& a) {
    return {a.w + a.ne - a.n,        a.n + a.w - a.nw,   a.n,           a.w, 2 * a.n - a.nn,
            a.w + (a.ne - a.nw) / 2, a.n + a.ne - a.nne, 2 * a.w - a.ww};
}

/// The part that encoder and decoder share: both walk through the picture and learn alike.
/// `Coder::bit` takes the bit to write, or ignores it and gives the bit that was read.
template <typename Coder>
class Walk {
  public:
    Walk(Coder& coder, int width, int loss)
        : coder_(coder), width_(width), loss_(loss), rows_{Row(width), Row(width), Row(width)} {}

    /// Codes the row; `line` holds the pixels, and afterwards what the decoder sees.
    template <typename Pixel>
    void take(Pixel* line) {
        std::rotate(rows_.begin(), rows_.end() - 1, rows_.end());
        open_row();
        for (int x = 0; x < width_; ++x) line[x] = static_cast<Pixel>(take_pixel(x, line[x]));
        close_row();
    }

  private:
    void open_row() {
        for (int i = 0; i < kMargin; ++i) {
            const auto at = static_cast<std::size_t>(i);
            rows_[0].grey[at] = rows_[1].grey[kMargin];
            rows_[0].misses[at] = rows_[1].misses[kMargin];
            rows_[0].off[at] = rows_[1].off[kMargin];
        }
    }
    void close_row() {
        const auto last = static_cast<std::size_t>(kMargin + width_ - 1);
        for (std::size_t i = 1; i <= kMargin; ++i) {
            rows_[0].grey[last + i] = rows_[0].grey[last];
            rows_[0].misses[last + i] = rows_[0].misses[last];
            rows_[0].off[last + i] = rows_[0].off[last];
        }
    }

    int take_pixel(int x, int wanted) {
        const auto at = static_cast<std::size_t>(x + kMargin);
        const Row& up = rows_[1];
        Row& here = rows_[0];
        const Around a{here.grey[at - 1], here.grey[at - 2], up.grey[at],          up.grey[at - 1],
                       up.grey[at + 1],   rows_[2].grey[at], rows_[2].grey[at + 1]};
        // Beyond the breast everything is 0: one question, and nothing to learn.
        const bool black = (a.w | a.ww | a.n | a.nw | a.ne | a.nn | a.nne) == 0;
        if (black && coder_.bit(stays_black_, wanted <= loss_)) {
            here.grey[at] = here.off[at] = 0;
            here.misses[at] = {};
            return 0;
        }
        const std::array<int, kPredictors> guesses = predictions(a);
        int prediction = blend(guesses, at);
        Bias& bias = biases_[texture(a, prediction >> kFraction)];
        prediction = std::clamp(prediction + bias.mean(), 0, 255 << kFraction);
        const int rounded = (prediction + (1 << (kFraction - 1))) >> kFraction;
        const int grey =
            take_residual(wanted, rounded, activity(a, at), prediction & ((1 << kFraction) - 1));
        const int off = (grey << kFraction) - prediction;
        bias.learn(off);
        here.grey[at] = grey;
        here.off[at] = std::abs(off);
        for (std::size_t k = 0; k < kPredictors; ++k)
            here.misses[at][k] = std::abs(grey - guesses[k]);
        return grey;
    }

    /// In 1/8 grey levels.
    int blend(const std::array<int, kPredictors>& guesses, std::size_t at) const {
        const auto& w = rows_[0].misses[at - 1];
        const auto& ww = rows_[0].misses[at - 2];
        const auto& n = rows_[1].misses[at];
        const auto& nw = rows_[1].misses[at - 1];
        const auto& ne = rows_[1].misses[at + 1];
        // At most 8 predictors x 2^14 x (3 x 255) x 2^3: within 31 bits.
        int sum = 0;
        int weights = 0;
        for (std::size_t k = 0; k < kPredictors; ++k) {
            const int missed = 2 * w[k] + ww[k] + 2 * n[k] + nw[k] + ne[k];
            const int weight = kWeights[static_cast<std::size_t>(std::min(missed, 255))];
            sum += weight * guesses[k];
            weights += weight;
        }
        return ((std::max(sum, 0) << kFraction) + weights / 2) / weights;
    }

    /// Which neighbours are brighter than the prediction.
    static std::size_t texture(const Around& a, int prediction) {
        const std::array<int, 7> beside{a.w, a.n, a.nw, a.ne, a.ww, a.nn, 2 * a.n - a.nn};
        std::size_t bits = 0;
        for (const int grey : beside) bits = bits << 1 | (grey > prediction ? 1U : 0U);
        return bits;
    }

    /// How rough it is here, on a scale of powers of the square root of two.
    std::size_t activity(const Around& a, std::size_t at) const {
        const Row& here = rows_[0];
        const Row& up = rows_[1];
        const int off = 2 * here.off[at - 1] + here.off[at - 2] + 2 * up.off[at] + up.off[at - 1] +
                        up.off[at + 1];
        const int slope = std::abs(a.w - a.nw) + std::abs(a.n - a.nw) + std::abs(a.n - a.ne);
        auto rough = static_cast<unsigned>(off + 4 * slope);
        std::size_t level = 0;
        while (rough >= 4) {
            rough >>= 1;
            level += 2;
        }
        return std::min<std::size_t>(level + (rough >= 3 ? 1 : 0) + (rough == 0 ? 0 : 1),
                                     kActivities - 1);
    }

    /// Returns the pixel that the decoder sees.
    int take_residual(int wanted, int rounded, std::size_t activity, int fraction) {
        const int step = 2 * loss_ + 1;
        const int off = wanted - rounded;
        int levels = (std::abs(off) + loss_) / step;
        bool above = off > 0;
        Models& models = models_[activity];
        const auto part = static_cast<std::size_t>(fraction);
        if (coder_.bit(models.is_zero[part], levels == 0)) return rounded;
        above = coder_.bit(models.is_above[part], above);
        levels = take_magnitude(models, levels);
        return std::clamp(rounded + (above ? levels * step : -levels * step), 0, 255);
    }

    struct Models {
        std::array<BitModel, 1 << kFraction> is_zero;
        std::array<BitModel, 1 << kFraction> is_above;
        std::array<BitModel, kClasses.size()> stops;
        std::array<std::array<BitModel, 8>, kClasses.size()> bits;
    };

    int take_magnitude(Models& models, int magnitude) {
        const int wanted = class_of(std::max(magnitude, 1));
        std::size_t found = 0;
        while (found + 1 < kClasses.size() &&
               !coder_.bit(models.stops[found], static_cast<int>(found) == wanted))
            ++found;
        const MagnitudeClass& known = kClasses[found];
        int rest = 0;
        for (int i = known.bits - 1; i >= 0; --i) {
            const bool bit = ((magnitude - known.first) >> i & 1) != 0;
            rest = rest << 1 |
                   (coder_.bit(models.bits[found][static_cast<std::size_t>(i)], bit) ? 1 : 0);
        }
        return known.first + rest;
    }

    /// What is left over of the errors in one texture, taken out of the next prediction.
    struct Bias {
        int sum = 0;
        int count = 1;
        [[nodiscard]] int mean() const { return sum / count; }
        void learn(int off) {
            sum += off;
            if (++count == 256) {
                sum /= 2;
                count /= 2;
            }
        }
    };

    Coder& coder_;
    int width_;
    int loss_;
    /// This row, the one above, the one above that.
    std::array<Row, 3> rows_;
    std::array<Bias, kTextures> biases_{};
    std::array<Models, kActivities> models_{};
    BitModel stays_black_;
};

void check_loss(int loss) {
    if (loss < 0 || loss > kLargestLoss)
        throw Error(ErrorCode::kInvalidInput, "the loss of a picture must be 0 to 15 grey levels");
}

}  // namespace

Bytes encode_grey(const exam::Raster<std::uint8_t>& picture, int loss) {
    check_loss(loss);
    RangeEncoder coder;
    Walk<RangeEncoder> walk(coder, picture.width, loss);
    exam::Raster<std::uint8_t> seen = picture;
    for (int y = 0; y < seen.height; ++y) walk.take(&seen.at(0, y));
    return coder.finish();
}

void decode_grey(ByteView packed, int loss, exam::Raster<std::uint8_t>& picture) {
    check_loss(loss);
    RangeDecoder coder(packed);
    Walk<RangeDecoder> walk(coder, picture.width, loss);
    for (int y = 0; y < picture.height; ++y) walk.take(&picture.at(0, y));
}

}  // namespace lucerna::collection
