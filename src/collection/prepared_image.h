#pragma once

#include <string>
#include <variant>

#include "base/encoding.h"
#include "collection/training_set.h"
#include "exam/raster.h"
#include "exam/reading.h"
#include "exam/refusal.h"

namespace lucerna::collection {

/// What training asks of mammograms at this pixel size; becomes the model's input contract.
[[nodiscard]] exam::InputContract mammography_contract(double spacing_mm);

/// Size of a stored pixel where neither the row nor a header says it. 0 is the nominal film: 240 mm
/// high, and 150 mm wide when the picture was stretched to a square.
struct AssumedSpacing {
    double row_mm = 0;
    double column_mm = 0;
};

/// Prepares one image of a collection as serving would. `file` holds the whole picture file.
///
/// A DICOM mammogram goes the way of serving (prepare::prepare_view), header and all: laterality,
/// view and spacing that its header lacks come from the row. Any other picture, a DICOM object of
/// another class too (secondary capture, digitised film), goes through prepare::prepare_picture:
/// the pixels say where its chest wall is, since films are mounted either way round.
///
/// A Refusal as of those functions. Throws Error(kInvalidInput) naming the row for a file that is
/// no picture, a box outside its image, or a header of another laterality or view than the row.
[[nodiscard]] std::variant<exam::PreparedView, exam::Refusal> prepare_record(
    const ImageRecord& record, ByteView file, const AssumedSpacing& assumed,
    const exam::InputContract& contract);

/// As above for the cache of training: grey levels of 8 bits, and the boxes carried along.
[[nodiscard]] std::variant<TrainingImage, exam::Refusal> prepare_image(
    const ImageRecord& record, ByteView file, const AssumedSpacing& assumed,
    const exam::InputContract& contract);

/// A picture file's display values on any scale, larger is brighter. Throws Error(kInvalidInput)
/// naming the picture by `name`.
[[nodiscard]] exam::Raster<float> display_picture(ByteView file, const std::string& name);

}  // namespace lucerna::collection
