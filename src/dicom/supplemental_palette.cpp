#include "dicom/supplemental_palette.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/error.h"
#include "dicom/functional_group.h"
#include "dicom/sample_table.h"

namespace lucerna::dicom {
namespace {

/// Macros that say Pixel Presentation of a frame.
constexpr std::array<Tag, 7> kFrameTypes{{
    {0x0018, 0x9226},  // MR Image Frame Type Sequence
    {0x0018, 0x9329},  // CT Image Frame Type Sequence
    {0x0018, 0x9504},  // X-Ray 3D Frame Type Sequence
    {0x0018, 0x9751},  // PET Frame Type Sequence
    {0x0018, 0x9806},  // US Image Description Sequence
    {0x0018, 0x9835},  // Photoacoustic Image Frame Type Sequence
    {0x0040, 0x9092},  // Parametric Map Frame Type Sequence
}};

bool is_monochrome(const DataSet& data_set, int frame) {
    return std::any_of(kFrameTypes.begin(), kFrameTypes.end(), [&](Tag group) {
        const DataSet* const type = functional_group(data_set, frame, group);
        return type != nullptr && type->text(kPixelPresentation) == "MONOCHROME";
    });
}

}  // namespace

bool has_supplemental_palette(const DataSet& header) {
    const auto presentation = header.text(kPixelPresentation);
    return (presentation == "COLOR" || presentation == "MIXED") &&
           header.text(tags::kPhotometricInterpretation) == "MONOCHROME2" &&
           header.has_value(tags::kRedPaletteColorLookupTableDescriptor);
}

std::optional<Palette> supplemental_palette_of(const DataSet& data_set, int frame) {
    if (!has_supplemental_palette(data_set) || is_monochrome(data_set, frame)) return {};
    try {
        return Palette(data_set);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kInvalidInput && error.code() != ErrorCode::kUnsupported)
            throw;
        return {};
    }
}

PictureRows rows_of_both(const DecodedFrame& frame, const Palette& palette,
                         const std::function<std::uint8_t(double)>& shade) {
    const auto shown = [palette, shade](std::int64_t stored) {
        if (stored >= palette.first_mapped()) return palette.color(stored);
        const std::uint8_t gray = shade(static_cast<double>(stored));
        return Rgb{gray, gray, gray};
    };
    PictureRows rows{frame.columns, frame.rows, 3, {}};
    const SampleValues values{FrameView(frame)};
    if (!values.are_few()) {
        rows.rows = [&frame, shown](int first, std::span<std::uint8_t> out) {
            auto at = static_cast<std::size_t>(first) * static_cast<std::size_t>(frame.columns);
            for (; !out.empty(); out = out.subspan(3), ++at) {
                const Rgb color = shown(frame.value(at));
                std::copy(color.begin(), color.end(), out.begin());
            }
        };
        return rows;
    }
    rows.rows = [view = FrameView(frame), colors = SampleTable<Rgb>::of(values, [&](double value) {
                                              return shown(static_cast<std::int64_t>(value));
                                          })](int first, std::span<std::uint8_t> out) {
        const auto columns = static_cast<std::size_t>(view.columns);
        std::vector<Rgb> some(out.size() / 3);
        colors.look_up(view, static_cast<std::size_t>(first) * columns, some);
        for (const Rgb& color : some) {
            std::copy(color.begin(), color.end(), out.begin());
            out = out.subspan(color.size());
        }
    };
    return rows;
}

}  // namespace lucerna::dicom
