#include "prepare/view.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/frames.h"
#include "dicom/grayscale.h"
#include "dicom/sample_table.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "prepare/header.h"
#include "prepare/run_steps.h"

namespace lucerna::prepare {
namespace {

using Values = std::vector<float>;

Values stored_values(const dicom::DecodedFrame& frame) {
    Values values(frame.count());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(frame.value(i));
    return values;
}

/// Every value that a sample of the frame can have, from the lowest up.
Values possible_values(const dicom::DecodedFrame& frame) {
    Values values;
    values.reserve(static_cast<std::size_t>(frame.highest() - frame.lowest() + 1));
    for (std::int64_t value = frame.lowest(); value <= frame.highest(); ++value)
        values.push_back(static_cast<float>(value));
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

exam::Raster<float> row_of(Values values) {
    exam::Raster<float> row;
    row.width = static_cast<int>(values.size());
    row.height = 1;
    row.pixels = std::move(values);
    return row;
}

/// Each sample of the frame by its entry, row by row: a large picture is written only once.
exam::Raster<float> looked_up(const dicom::DecodedFrame& frame,
                              const dicom::SampleTable<float>& table) {
    const auto columns = static_cast<std::size_t>(frame.columns);
    const auto rows = static_cast<std::size_t>(frame.rows);
    exam::Raster<float> raster;
    raster.width = frame.columns;
    raster.height = frame.rows;
    raster.pixels.reserve(columns * rows);
    Values row(columns);
    for (std::size_t y = 0; y < rows; ++y) {
        table.look_up(frame, y * columns, row);
        raster.pixels.insert(raster.pixels.end(), row.begin(), row.end());
    }
    return raster;
}

/// Takes the first steps, which are those on stored values, and leaves the rest in `steps`. Such a
/// step maps each value by itself: it is taken on the values that there can be, not on the pixels.
std::optional<exam::Refusal> take_steps_on_values(const dicom::DecodedFrame& frame,
                                                  Working& working, std::span<const Step>& steps,
                                                  const exam::ViewSource& source,
                                                  const exam::InputContract& contract,
                                                  std::vector<std::string>& taken) {
    const bool by_table = dicom::SampleTable<float>::serves(frame);
    Values values = by_table ? possible_values(frame) : stored_values(frame);
    if (working.header->has_value(dicom::kPixelPaddingValue))
        blacken_padding(*working.header, values,
                        by_table ? dicom::occurring(frame) : std::vector<std::uint8_t>());
    working.picture.pixels = row_of(std::move(values));
    const auto rest = std::find_if(steps.begin(), steps.end(),
                                   [](const Step& step) { return !step.on_stored_values; });
    if (auto refusal = take_steps(working, {steps.begin(), rest}, source, contract, taken))
        return refusal;
    steps = {rest, steps.end()};
    exam::Raster<float>& pixels = working.picture.pixels;
    if (by_table) {
        pixels = looked_up(frame, dicom::SampleTable<float>(frame, std::move(pixels.pixels)));
    } else {
        pixels.width = frame.columns;
        pixels.height = frame.rows;
    }
    return {};
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
    const std::vector<Step> all = steps_of(contract);
    auto checked = read_header(data_set, contract);
    if (auto* refusal = std::get_if<exam::Refusal>(&checked)) return std::move(*refusal);
    const Header& header = std::get<Header>(checked);
    const dicom::DecodedFrame* frame = nullptr;
    try {
        frame = &first_frame.decoded();
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kInternal) throw;
        return undecodable(error, header.source);
    }
    Working working;
    working.header = &data_set;
    working.picture.row_spacing_mm = header.source.row_spacing_mm;
    working.picture.column_spacing_mm = header.source.column_spacing_mm;
    working.picture.laterality = header.laterality;
    working.picture.chest_wall = header.chest_wall;
    working.picture.upside_down = header.upside_down;
    std::span<const Step> steps = all;
    std::vector<std::string> taken;
    auto refusal = take_steps_on_values(*frame, working, steps, header.source, contract, taken);
    if (!refusal) refusal = take_steps(working, steps, header.source, contract, taken);
    if (refusal) return *std::move(refusal);
    return view_of(std::move(working), header.source, contract, std::move(taken));
}

std::variant<exam::PreparedView, exam::Refusal> prepare_view(const dicom::DataSet& data_set,
                                                             const exam::InputContract& contract) {
    dicom::FirstFrame first_frame(data_set);
    return prepare_view(data_set, first_frame, contract);
}

}  // namespace lucerna::prepare
