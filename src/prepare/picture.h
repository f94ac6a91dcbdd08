#pragma once

#include <optional>
#include <variant>

#include "exam/contract.h"
#include "exam/raster.h"
#include "exam/reading.h"

namespace lucerna::prepare {

/// The side of a stored picture on which the chest wall lies.
enum class ChestWall { kLeft, kRight };

/// What is known of a mammogram beside its pixels.
struct PictureFacts {
    /// Size of a pixel, down (row to row) and across (column to column); both > 0.
    double row_spacing_mm = 0;
    double column_spacing_mm = 0;
    /// Whose breast it is, where that is known. Empty for films of unknown mounting.
    std::optional<exam::Laterality> laterality;
    /// Where the header says that the chest wall is. Empty: by convention from `laterality`
    /// (right breast, right side), and from the pixels when that is empty too.
    std::optional<ChestWall> chest_wall;
    /// True when the header says that the foot (MLO) or the medial side (CC) is on top.
    bool upside_down = false;
};

/// One mammogram as display values: larger is brighter (denser tissue), on any scale.
struct Picture : PictureFacts {
    exam::Raster<float> pixels;
};

/// Takes the steps that `contract.steps` names, in that order, on a picture that holds display
/// values already: the steps on stored values (modality_lut, voi_lut, presentation_lut) are
/// passed over. Training and serving both come through here.
///
/// The result has the chest wall on its left edge and lateral or head on top, holds the breast's
/// bounding box at `contract.spacing_mm`, values 0..1 within the breast and exactly 0 elsewhere,
/// and is padded on the right and bottom to `contract.multiple_of`. `placement` leads back to the
/// pixels of `picture`.
///
/// A Refusal when no breast is found, when the pixels contradict the laterality, or when the
/// result would be larger than the contract allows. Throws Error(kInvalidInput) for a step that
/// does not exist, a contract without spacing, or a picture without pixels or spacing.
[[nodiscard]] std::variant<exam::PreparedView, exam::Refusal> prepare_picture(
    Picture picture, const exam::ViewSource& source, const exam::InputContract& contract);

}  // namespace lucerna::prepare
