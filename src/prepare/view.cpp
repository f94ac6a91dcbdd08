#include "prepare/view.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/frames.h"
#include "dicom/grayscale.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "prepare/header.h"
#include "prepare/pixels.h"
#include "prepare/run_steps.h"

namespace lucerna::prepare {
namespace {

using Values = std::vector<float>;

/// Every value that a sample can have, from the lowest up.
Values possible_values(const dicom::SampleValues& all) {
    Values values;
    values.reserve(all.count());
    for (std::size_t i = 0; i < all.count(); ++i)
        values.push_back(static_cast<float>(all.lowest() + static_cast<std::int64_t>(i)));
    return values;
}

/// Padding (PS3.3 C.7.5.1.1.2) is no tissue, whatever its value: it becomes what is black. Of the
/// values, only those that `occurs` can be that (empty: all).
void blacken_padding(const dicom::DataSet& data_set, Values& values,
                     const std::vector<std::uint8_t>& occurs) {
    const auto padding = data_set.integer(dicom::kPixelPaddingValue);
    if (!padding) return;
    const auto limit = data_set.integer(dicom::kPixelPaddingRangeLimit).value_or(*padding);
    const auto low = static_cast<float>(std::min(*padding, limit));
    const auto high = static_cast<float>(std::max(*padding, limit));
    const auto pads = [&](float value) { return value >= low && value <= high; };
    const bool inverse = dicom::is_inverse(data_set);
    std::optional<float> black;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (pads(values[i]) || (!occurs.empty() && !occurs[i])) continue;
        if (!black || (inverse ? values[i] > *black : values[i] < *black)) black = values[i];
    }
    if (!black) return;
    for (float& value : values)
        if (pads(value)) value = *black;
}

Pixels pixels_of(const dicom::DataSet& data_set, dicom::FirstFrame& first_frame) {
    const dicom::FrameView& frame = first_frame.view();
    const dicom::SampleValues all(frame);
    const bool pads = data_set.has_value(dicom::kPixelPaddingValue);
    if (all.are_few()) {
        Values values = possible_values(all);
        if (pads) blacken_padding(data_set, values, dicom::occurring(frame, all));
        return Pixels(frame, std::move(values));
    }
    const dicom::DecodedFrame decoded = dicom::decode_frame(data_set, 0);
    exam::Raster<float> raster(decoded.columns, decoded.rows);
    for (std::size_t i = 0; i < raster.pixels.size(); ++i)
        raster.pixels[i] = static_cast<float>(decoded.value(i));
    if (pads) blacken_padding(data_set, raster.pixels, {});
    return Pixels(std::move(raster));
}

exam::Refusal undecodable(const Error& error, const exam::ViewSource& source) {
    const bool unsupported = error.code() == ErrorCode::kUnsupported;
    return {
        unsupported ? exam::RefusalReason::kUnsupportedEncoding : exam::RefusalReason::kUnreadable,
        error.what(),
        describe(dicom::kPixelData),
        unsupported ? "Send the image uncompressed or in a lossless JPEG syntax."
                    : "Send the image again, as the modality made it.",
        source.sop_instance_uid,
        source.name ? to_string(*source.name) : ""};
}

}  // namespace

std::variant<exam::PreparedView, exam::Refusal> prepare_view(const dicom::DataSet& data_set,
                                                             dicom::FirstFrame& first_frame,
                                                             const exam::InputContract& contract) {
    const std::vector<Step> steps = steps_of(contract);
    auto checked = read_header(data_set, contract);
    if (auto* refusal = std::get_if<exam::Refusal>(&checked)) return std::move(*refusal);
    const Header& header = std::get<Header>(checked);
    Working working;
    try {
        working.pixels = pixels_of(data_set, first_frame);
    } catch (const Error& error) {
        // Neither says anything of the image: it may be read later.
        if (error.code() == ErrorCode::kInternal || error.code() == ErrorCode::kUnavailable) throw;
        return undecodable(error, header.source);
    }
    working.header = &data_set;
    working.facts.row_spacing_mm = header.source.row_spacing_mm;
    working.facts.column_spacing_mm = header.source.column_spacing_mm;
    working.facts.laterality = header.laterality;
    working.facts.chest_wall = header.chest_wall;
    working.facts.upside_down = header.upside_down;
    std::vector<std::string> taken;
    if (auto refusal = take_steps(working, steps, header.source, contract, taken))
        return *std::move(refusal);
    return view_of(std::move(working), header.source, contract, std::move(taken));
}

std::variant<exam::PreparedView, exam::Refusal> prepare_view(const dicom::DataSet& data_set,
                                                             const exam::InputContract& contract) {
    dicom::FirstFrame first_frame(data_set);
    return prepare_view(data_set, first_frame, contract);
}

}  // namespace lucerna::prepare
