#include "dicom/shown_range.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "dicom/pixel_layout.h"
#include "dicom/sample_table.h"
#include "dicom/supplemental_palette.h"

namespace lucerna::dicom {
namespace {

/// Values of up to so many bits are shown as they are.
constexpr int kMostBitsAsTheyAre = 8;
/// So many frames are looked at, or all, and more as long as they have no more pixels than this.
constexpr long long kFramesLookedAt = 5;
constexpr long long kPixelsLookedAt = 8'000'000;

ModalityLut modality_to_show(const DataSet& header, int frame) {
    return modality_lut_of(header, frame, Unusable::kPassedOver);
}

/// Stored values that are no shade of the picture.
struct NoShades {
    /// Padding (PS3.3 C.7.5.1.1.2): from the least to the greatest, both among it; none where the
    /// least is the greater.
    std::int64_t least = 0;
    std::int64_t greatest = -1;
    /// From here on they are colors.
    std::int64_t first_color = std::numeric_limits<std::int64_t>::max();

    [[nodiscard]] bool has(std::int64_t value) const {
        return (least <= value && value <= greatest) || value >= first_color;
    }
};

void add_padding(const DataSet& header, const StoredLayout& layout, NoShades& out) {
    const auto stored = [&](Tag tag) -> std::optional<std::int64_t> {
        const auto value = header.integer(tag);
        if (!value) return {};
        // Of implicit VR nobody says whether it has a sign.
        const bool is_wrapped = layout.is_signed && *value >= std::int64_t{1}
                                                                  << (layout.bits_allocated - 1);
        return is_wrapped ? *value - (std::int64_t{1} << layout.bits_allocated) : *value;
    };
    const auto value = stored(tags::kPixelPaddingValue);
    if (!value) return;
    const std::int64_t limit = stored(tags::kPixelPaddingRangeLimit).value_or(*value);
    out.least = std::min(*value, limit);
    out.greatest = std::max(*value, limit);
}

NoShades no_shades_of(const DataSet& data_set, int frame) {
    NoShades out;
    add_padding(data_set, stored_layout_of(data_set), out);
    if (const auto palette = supplemental_palette_of(data_set, frame))
        out.first_color = palette->first_mapped();
    return out;
}

class Extremes {
  public:
    void take(double value) {
        least_ = std::min(least_, value);
        greatest_ = std::max(greatest_, value);
    }
    /// Nothing for one value alone, or none.
    [[nodiscard]] std::optional<ValueRange> range() const {
        if (least_ >= greatest_) return {};
        return ValueRange{least_, greatest_};
    }

  private:
    double least_ = std::numeric_limits<double>::infinity();
    double greatest_ = -std::numeric_limits<double>::infinity();
};

/// Requires values that are few.
void take_values(const FrameView& frame, const ModalityLut& modality, const NoShades& none,
                 Extremes& extremes) {
    const SampleValues values(frame);
    const std::vector<std::uint8_t> occurs = occurring(frame, values);
    for (std::size_t i = 0; i < occurs.size(); ++i) {
        const std::int64_t value = values.lowest() + static_cast<std::int64_t>(i);
        if (occurs[i] && !none.has(value))
            extremes.take(modality.value(static_cast<double>(value)));
    }
}

void take_values(const DecodedFrame& frame, const ModalityLut& modality, const NoShades& none,
                 Extremes& extremes) {
    const FrameView view(frame);
    if (SampleValues(view).are_few()) return take_values(view, modality, none, extremes);
    for (std::size_t i = 0; i < frame.count(); ++i)
        if (!none.has(frame.value(i)))
            extremes.take(modality.value(static_cast<double>(frame.value(i))));
}

ValueRange all_of(const StoredLayout& layout, const ModalityLut& modality) {
    if (modality.table) return {0, static_cast<double>((1U << modality.table->bits) - 1)};
    DecodedFrame any;
    any.bits_stored = layout.bits_stored;
    any.is_signed = layout.is_signed;
    const double one = modality.value(static_cast<double>(any.lowest()));
    const double other = modality.value(static_cast<double>(any.highest()));
    return {std::min(one, other), std::max(one, other)};
}

bool is_gray(const StoredLayout& layout) {
    return layout.samples_per_pixel == 1 && (layout.photometric_interpretation == "MONOCHROME1" ||
                                             layout.photometric_interpretation == "MONOCHROME2");
}

void look_at(const DataSet& data_set, int number, Extremes& extremes) {
    const ModalityLut modality = modality_to_show(data_set, number);
    const NoShades none = no_shades_of(data_set, number);
    const auto native = native_view(data_set, number);
    if (native && SampleValues(*native).are_few())
        take_values(*native, modality, none, extremes);
    else
        take_values(decode_frame(data_set, number), modality, none, extremes);
}

template <typename Frame>
ValueRange range_of(const Frame& frame, const DataSet& header, int number) {
    const ModalityLut modality = modality_to_show(header, number);
    Extremes extremes;
    take_values(frame, modality, no_shades_of(header, number), extremes);
    const auto range = extremes.range();
    return range ? *range : all_of(stored_layout_of(header), modality);
}

}  // namespace

std::optional<ValueRange> range_to_show(const DataSet& header, int frame,
                                        const WithFrame& with_frame) {
    const StoredLayout layout = stored_layout_of(header);
    if (!is_gray(layout) || !voi_alternatives(header, frame, Unusable::kPassedOver).empty())
        return {};
    if (layout.bits_stored <= kMostBitsAsTheyAre)
        return all_of(layout, modality_to_show(header, frame));
    if (layout.frames == 1) return {};
    const long long affordable = kPixelsLookedAt / static_cast<long long>(layout.pixels());
    const long long count = std::min(layout.frames, std::max(kFramesLookedAt, affordable));
    Extremes extremes;
    for (long long i = 0; i < count; ++i) {
        const auto number = static_cast<int>(i * (layout.frames - 1) / (count - 1));
        try {
            look_at(with_frame(number), number, extremes);
        } catch (const Error& error) {
            // Another frame that is damaged is no reason not to show this one.
            if (error.code() != ErrorCode::kInvalidInput) throw;
        }
    }
    const auto range = extremes.range();
    return range ? *range : all_of(layout, modality_to_show(header, frame));
}

ValueRange range_within(const FrameView& frame, const DataSet& header, int number) {
    return range_of(frame, header, number);
}

ValueRange range_within(const DecodedFrame& frame, const DataSet& header, int number) {
    return range_of(frame, header, number);
}

}  // namespace lucerna::dicom
