#include "prepare/view.h"

#include <cstring>
#include <utility>

#include "base/error.h"
#include "dicom/frames.h"
#include "dicom/grayscale.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "prepare/header.h"
#include "prepare/run_steps.h"

namespace lucerna::prepare {
namespace {

exam::Raster<float> stored_values(const dicom::DecodedFrame& frame) {
    exam::Raster<float> raster(frame.columns, frame.rows);
    if (frame.bits_allocated == 16) {
        const std::uint8_t* bytes = frame.samples.data();
        for (float& value : raster.pixels) {
            const auto sample = static_cast<std::uint16_t>(bytes[0] | (bytes[1] << 8));
            value = frame.is_signed ? static_cast<float>(static_cast<std::int16_t>(sample))
                                    : static_cast<float>(sample);
            bytes += 2;
        }
        return raster;
    }
    for (std::size_t i = 0; i < raster.pixels.size(); ++i)
        raster.pixels[i] = static_cast<float>(frame.value(i));
    return raster;
}

/// Padding (PS3.3 C.7.5.1.1.2) is no tissue, whatever its value: it becomes what is black.
void blacken_padding(const dicom::DataSet& data_set, std::vector<float>& values) {
    const auto padding = data_set.integer(dicom::kPixelPaddingValue);
    if (!padding) return;
    const auto limit = data_set.integer(dicom::kPixelPaddingRangeLimit).value_or(*padding);
    const auto low = static_cast<float>(std::min(*padding, limit));
    const auto high = static_cast<float>(std::max(*padding, limit));
    const auto pads = [&](float value) { return value >= low && value <= high; };
    const bool inverse = dicom::is_inverse(data_set);
    std::optional<float> black;
    for (const float value : values)
        if (!pads(value) && (!black || (inverse ? value > *black : value < *black))) black = value;
    if (!black) return;
    for (float& value : values)
        if (pads(value)) value = *black;
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
                                                             const exam::InputContract& contract) {
    const std::vector<Step> steps = steps_of(contract);
    auto checked = read_header(data_set, contract);
    if (auto* refusal = std::get_if<exam::Refusal>(&checked)) return std::move(*refusal);
    const Header& header = std::get<Header>(checked);
    Working working;
    try {
        working.picture.pixels = stored_values(dicom::decode_frame(data_set, 0));
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kInternal) throw;
        return undecodable(error, header.source);
    }
    blacken_padding(data_set, working.picture.pixels.pixels);
    working.header = &data_set;
    working.picture.row_spacing_mm = header.source.row_spacing_mm;
    working.picture.column_spacing_mm = header.source.column_spacing_mm;
    working.picture.laterality = header.laterality;
    working.picture.chest_wall = header.chest_wall;
    working.picture.upside_down = header.upside_down;
    return run_steps(std::move(working), steps, header.source, contract);
}

}  // namespace lucerna::prepare
