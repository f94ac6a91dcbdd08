#pragma once

#include <variant>

#include "base/encoding.h"
#include "collection/training_set.h"
#include "exam/refusal.h"

namespace lucerna::collection {

/// What training asks of mammograms at this pixel size; becomes the model's input contract.
[[nodiscard]] exam::InputContract mammography_contract(double spacing_mm);

/// Size of a stored pixel where neither the row nor a header says it.
struct AssumedSpacing {
    double row_mm = 0;
    double column_mm = 0;
};

/// Prepares one image of a collection as serving would, and carries its boxes along. `file` holds
/// the whole picture file.
///
/// A DICOM mammogram goes the way of serving (prepare::prepare_view), header and all: laterality,
/// view and spacing that its header lacks come from the row. Any other picture, a DICOM object of
/// another class too (secondary capture, digitised film), goes through prepare::prepare_picture:
/// the pixels say where its chest wall is, since films are mounted either way round.
///
/// A Refusal as of those functions. Throws Error(kInvalidInput) naming the row for a file that is
/// no picture, a box outside its image, or a header of another laterality or view than the row.
[[nodiscard]] std::variant<TrainingImage, exam::Refusal> prepare_image(
    const ImageRecord& record, ByteView file, const AssumedSpacing& assumed,
    const exam::InputContract& contract);

}  // namespace lucerna::collection
