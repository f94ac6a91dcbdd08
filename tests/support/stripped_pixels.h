#pragma once

#include <memory>
#include <vector>

#include "dicom/bare_pixels.h"
#include "dicom/piecewise_file.h"

namespace lucerna::dicom {

/// The object with bare pixels, as whoever gets its file reads it. Returns what was left out.
inline std::vector<LeftOut> strip_pixels(DataSet& data_set) {
    if (!data_set.has(tags::kSopClassUid)) data_set.set_text(tags::kSopClassUid, "1.2");
    if (!data_set.has(tags::kSopInstanceUid)) data_set.set_text(tags::kSopInstanceUid, "1.2.3");
    const bool has_pixels = data_set.has(tags::kPixelData);
    const auto object = std::make_shared<FramedObject>(data_set.clone());
    BarePixels bare = look_beside_pixels(*object);
    DataSet attributes = object->take_attributes();
    strip_attributes(attributes, bare);
    data_set = has_pixels
                   ? DataSet::parse(PiecewiseFile(attributes, bare_pieces(object, bare)).whole())
                   : std::move(attributes);
    return bare.left_out;
}

}  // namespace lucerna::dicom
