#include "deidentify/gray_views.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/error.h"
#include "dicom/grayscale.h"
#include "dicom/render.h"

namespace lucerna::deidentify {
namespace {

/// Of 255: less is no other look.
constexpr int kNoticed = 16;
/// Headers have one or two.
constexpr std::size_t kMostVois = 16;

std::uint8_t shade(double share) {
    // Nor is what is no number.
    if (!(share > 0)) return 0;
    return static_cast<std::uint8_t>(std::min(share, 1.0) * 255.0 + 0.5);
}

/// The values of a gray frame that occur, and which of them each pixel has.
class Values {
  public:
    explicit Values(const dicom::DecodedFrame& frame) : frame_(frame) {
        const std::int64_t lowest = frame.lowest();
        const auto span = static_cast<std::uint64_t>(frame.highest() - lowest) + 1;
        if (span <= kMostListed) {
            lowest_ = lowest;
            places_.assign(static_cast<std::size_t>(span), 0);
            for (std::size_t i = 0; i < frame.count(); ++i) places_[offset(i)] = 1;
            for (std::size_t i = 0; i < places_.size(); ++i) {
                if (places_[i] == 0) continue;
                places_[i] = static_cast<std::uint32_t>(all_.size());
                all_.push_back(lowest + static_cast<std::int64_t>(i));
            }
            return;
        }
        all_.reserve(frame.count());
        for (std::size_t i = 0; i < frame.count(); ++i) all_.push_back(frame.value(i));
        std::sort(all_.begin(), all_.end());
        all_.erase(std::unique(all_.begin(), all_.end()), all_.end());
    }

    /// In order.
    [[nodiscard]] const std::vector<std::int64_t>& all() const { return all_; }
    /// Of pixel `index`, its place in all().
    [[nodiscard]] std::size_t place(std::size_t index) const {
        if (!places_.empty()) return places_[offset(index)];
        return static_cast<std::size_t>(
            std::lower_bound(all_.begin(), all_.end(), frame_.value(index)) - all_.begin());
    }

  private:
    static constexpr std::uint64_t kMostListed = 1 << 16;
    [[nodiscard]] std::size_t offset(std::size_t index) const {
        return static_cast<std::size_t>(frame_.value(index) - lowest_);
    }
    const dicom::DecodedFrame& frame_;
    std::int64_t lowest_ = 0;
    std::vector<std::uint32_t> places_;
    std::vector<std::int64_t> all_;
};

/// What each value that occurs is shown as.
using Shades = std::vector<std::uint8_t>;

/// Turned over is no other look either.
bool look_alike(const Shades& one, const Shades& other) {
    const auto differs_by = [&](auto&& of_other) {
        int most = 0;
        for (std::size_t i = 0; i < one.size(); ++i)
            most = std::max(most, std::abs(one[i] - of_other(other[i])));
        return most;
    };
    return differs_by([](int value) { return value; }) < kNoticed ||
           differs_by([](int value) { return 255 - value; }) < kNoticed;
}

/// From the least to the greatest of what the Modality LUT makes of them, as they are shown without
/// any VOI: where it is no straight line, others stand out.
template <typename Add>
void add_without_voi(const dicom::DataSet& object, int number,
                     const std::vector<std::int64_t>& values, Add&& add) {
    const dicom::ModalityLut modality =
        dicom::modality_lut_of(object, number, dicom::Unusable::kPassedOver);
    std::vector<double> made;
    for (const std::int64_t value : values)
        made.push_back(modality.value(static_cast<double>(value)));
    const auto [least, greatest] = std::minmax_element(made.begin(), made.end());
    const double low = *least;
    const double range = *greatest - low;
    if (!(range > 0)) return;
    const auto presentation = dicom::presentation_lut_of(object, dicom::Unusable::kPassedOver);
    add([&](std::size_t i) { return (made[i] - low) / range; });
    add([&](std::size_t i) {
        return presentation.value(static_cast<float>((made[i] - low) / range));
    });
}

std::vector<Shades> ways_to_show(const dicom::DataSet& object, int number,
                                 const std::vector<std::int64_t>& values) {
    std::vector<Shades> ways;
    const auto add = [&](auto&& share_of) {
        Shades shades(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) shades[i] = shade(share_of(i));
        if (std::none_of(ways.begin(), ways.end(),
                         [&](const Shades& way) { return look_alike(shades, way); }))
            ways.push_back(std::move(shades));
    };
    const auto range = static_cast<double>(values.back() - values.front());
    add([&](std::size_t i) { return static_cast<double>(values[i] - values.front()) / range; });
    const auto steps = static_cast<double>(values.size() - 1);
    add([&](std::size_t i) { return static_cast<double>(i) / steps; });
    add_without_voi(object, number, values, add);
    auto vois = dicom::voi_alternatives(object, number, dicom::Unusable::kPassedOver);
    if (vois.size() > kMostVois) vois.resize(kMostVois);
    for (const dicom::Voi& voi : vois)
        if (const auto shown =
                dicom::presentation_map(object, number, voi, {}, dicom::Unusable::kPassedOver))
            add([&](std::size_t i) { return (*shown)(static_cast<double>(values[i])); });
    return ways;
}

void look_at_gray(const dicom::DataSet& object, int number, const dicom::DecodedFrame& frame,
                  const std::function<void(const Gray&)>& look) {
    const Values values(frame);
    if (values.all().size() < 2) return;
    Gray gray{frame.columns, frame.rows, std::vector<std::uint8_t>(frame.count()), &frame};
    for (const Shades& shades : ways_to_show(object, number, values.all())) {
        for (std::size_t i = 0; i < gray.values.size(); ++i)
            gray.values[i] = shades[values.place(i)];
        look(gray);
        // The first is of the whole range.
        gray.is_stretched = true;
    }
}

/// `value(pixel, channel)`; all channels over what there is in any.
template <typename Value>
void look_at_channels(int width, int height, std::size_t channels, Value&& value,
                      const std::function<void(const Gray&)>& look) {
    const std::size_t pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    std::int64_t low = value(std::size_t{0}, std::size_t{0}), high = low;
    for (std::size_t i = 0; i < pixels; ++i)
        for (std::size_t c = 0; c < channels; ++c) {
            low = std::min<std::int64_t>(low, value(i, c));
            high = std::max<std::int64_t>(high, value(i, c));
        }
    if (low == high) return;
    const double scale = 1.0 / static_cast<double>(high - low);
    Gray gray{width, height, std::vector<std::uint8_t>(pixels)};
    for (std::size_t c = 0; c < channels; ++c) {
        // Of a gray picture in colors the channels are the same.
        int differs = c == 0 ? kNoticed : 0;
        for (std::size_t i = 0; i < pixels; ++i) {
            gray.values[i] = shade(static_cast<double>(value(i, c) - low) * scale);
            if (c > 0)
                differs = std::max(
                    differs, std::abs(gray.values[i] -
                                      shade(static_cast<double>(value(i, c - 1) - low) * scale)));
        }
        if (differs >= kNoticed) look(gray);
    }
}

std::optional<dicom::Picture8> colors_of(const dicom::DataSet& object, int number,
                                         const dicom::DecodedFrame& frame) {
    try {
        return dicom::colored_picture(object, frame, number);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kUnsupported) throw;
        return {};
    }
}

}  // namespace

void for_each_view(const dicom::DataSet& object, int number, const dicom::DecodedFrame& frame,
                   const std::function<void(const Gray&)>& look) {
    if (frame.count() == 0) return;
    const bool is_gray = frame.photometric_interpretation.starts_with("MONOCHROME");
    if (is_gray) look_at_gray(object, number, frame, look);
    const auto samples = static_cast<std::size_t>(frame.samples_per_pixel);
    if (const auto picture = colors_of(object, number, frame)) {
        const auto channels = static_cast<std::size_t>(picture->channels);
        return look_at_channels(
            frame.columns, frame.rows, channels,
            [&](std::size_t pixel, std::size_t channel) -> std::int64_t {
                return picture->pixels[pixel * channels + channel];
            },
            look);
    }
    if (is_gray) return;
    look_at_channels(
        frame.columns, frame.rows, samples,
        [&](std::size_t pixel, std::size_t channel) {
            return frame.value(pixel * samples + channel);
        },
        look);
}

}  // namespace lucerna::deidentify
