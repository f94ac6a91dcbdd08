#pragma once

// Made-up mammograms for the tests of this room.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "dicom/data_set.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "exam/contract.h"
#include "exam/raster.h"
#include "prepare/picture.h"

namespace lucerna::prepare::test {

inline exam::InputContract contract() {
    exam::InputContract contract;
    contract.modality = "MG";
    contract.presentation_intents = {"FOR PRESENTATION"};
    contract.views = {"R-CC", "L-CC", "R-MLO", "L-MLO"};
    contract.steps = {"modality_lut",   "voi_lut",        "presentation_lut",
                      "orient",         "remove_markers", "segment_breast",
                      "crop_to_breast", "resample",       "normalise"};
    contract.spacing_mm = 1;
    contract.multiple_of = 32;
    return contract;
}

/// Half an ellipse at the left edge, 70 mm deep and 120 mm high around 100 mm, on a picture of
/// 150 x 200 mm; darker upwards, on an exact background. Where the upper half is is thus seen.
inline exam::Raster<float> left_breast(double pixel_mm = 1, float background = 0) {
    exam::Raster<float> raster(static_cast<int>(150 / pixel_mm), static_cast<int>(200 / pixel_mm),
                               background);
    for (int y = 0; y < raster.height; ++y)
        for (int x = 0; x < raster.width; ++x) {
            const double u = (x + 0.5) * pixel_mm / 70;
            const double v = ((y + 0.5) * pixel_mm - 100) / 60;
            if (u * u + v * v < 1)
                raster.at(x, y) = static_cast<float>(1000 + 800 * (v + 1) / 2 + 200 * (1 - u));
        }
    return raster;
}

inline exam::Raster<float> mirrored(const exam::Raster<float>& raster) {
    exam::Raster<float> result(raster.width, raster.height);
    for (int y = 0; y < raster.height; ++y)
        for (int x = 0; x < raster.width; ++x) result.at(x, y) = raster.at(raster.width - 1 - x, y);
    return result;
}

inline exam::Raster<float> upturned(const exam::Raster<float>& raster) {
    exam::Raster<float> result(raster.width, raster.height);
    for (int y = 0; y < raster.height; ++y)
        for (int x = 0; x < raster.width; ++x)
            result.at(x, y) = raster.at(x, raster.height - 1 - y);
    return result;
}

/// By a quarter of a circle: what was on the left is on top.
inline exam::Raster<float> turned(const exam::Raster<float>& raster) {
    exam::Raster<float> result(raster.height, raster.width);
    for (int y = 0; y < result.height; ++y)
        for (int x = 0; x < result.width; ++x)
            result.at(x, y) = raster.at(y, raster.height - 1 - x);
    return result;
}

inline void set_stored(dicom::DataSet& data_set, const exam::Raster<float>& raster) {
    dicom::PixelLayout layout;
    layout.rows = raster.height;
    layout.columns = raster.width;
    layout.bits_stored = 12;
    Bytes samples;
    for (const float value : raster.pixels) {
        const auto stored = static_cast<unsigned>(std::lround(value));
        samples.push_back(static_cast<std::uint8_t>(stored & 0xFF));
        samples.push_back(static_cast<std::uint8_t>(stored >> 8));
    }
    data_set.set_pixels(layout, std::move(samples));
}

inline dicom::DataSet& add_code(dicom::DataSet& holder, dicom::Tag sequence,
                                const std::string& value, const std::string& scheme) {
    dicom::DataSet& item = holder.add_item(sequence);
    item.set_text(dicom::kCodeValue, value);
    item.set_text(dicom::kCodingSchemeDesignator, scheme);
    item.set_text(dicom::kCodeMeaning, "made up");
    return item;
}

/// A screening view with everything in order: `view` is "L-CC" and the like.
inline dicom::DataSet stored_view(const std::string& view, const std::string& uid = "2.25.1") {
    const bool right = view[0] == 'R', oblique = view.substr(2) == "MLO";
    dicom::DataSet data_set;
    data_set.set_text(dicom::kSopClassUid, dicom::sop_class::kDigitalMammographyForPresentation);
    data_set.set_text(dicom::kSopInstanceUid, uid);
    data_set.set_text(dicom::kSeriesInstanceUid, "2.25.2");
    data_set.set_text(dicom::kModality, "MG");
    data_set.set_text(dicom::kPresentationIntentType, "FOR PRESENTATION");
    data_set.set_text(dicom::kImageLaterality, right ? "R" : "L");
    data_set.set_text(dicom::kViewPosition, oblique ? "MLO" : "CC");
    add_code(data_set, dicom::kViewCodeSequence, oblique ? "399368009" : "399162004", "SCT");
    const std::string orientation[] = {right ? "P" : "A",
                                       std::string(oblique ? "F" : "") + (right ? "L" : "R")};
    data_set.set_texts(dicom::kPatientOrientation, orientation);
    const double spacing[] = {1, 1};
    data_set.set_numbers(dicom::kImagerPixelSpacing, spacing);
    set_stored(data_set, right ? mirrored(left_breast()) : left_breast());
    return data_set;
}

}  // namespace lucerna::prepare::test
