#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exam/contract.h"
#include "exam/geometry.h"
#include "exam/raster.h"
#include "exam/refusal.h"
#include "prepare/picture.h"
#include "prepare/pixels.h"
#include "prepare/survey.h"

namespace lucerna::dicom {
class DataSet;
}

namespace lucerna::prepare {

/// A picture on its way through the steps.
struct Working {
    PictureFacts facts;
    Pixels pixels;
    /// From `pixels` to the picture that came in.
    exam::Placement placement;
    /// Where the breast is: 1 inside, 0 outside, between at the skin line. Spread over the whole
    /// picture whatever its size; empty before `segment_breast`.
    exam::Raster<float> breast;
    /// Of `pixels` as they are: whoever changes them empties or renews it.
    std::optional<Survey> survey;
    /// The header of a stored image, borrowed while the steps run; null for other pictures.
    const dicom::DataSet* header = nullptr;
};

/// One step: changes `working`, or says why the picture cannot be used.
using StepFunction = std::optional<exam::Refusal> (*)(Working&, const exam::InputContract&);

struct Step {
    std::string_view name;
    StepFunction take;
    /// True when it works on stored values and so needs a header.
    bool on_stored_values;
};

/// Every step there is, in the order in which they are meant to be taken.
[[nodiscard]] std::span<const Step> all_steps();

/// The steps of these names. Throws Error(kInvalidInput) that names one that does not exist.
[[nodiscard]] std::vector<Step> steps_named(const std::vector<std::string>& names);

/// Stored values to modality values (PS3.3 C.11.1): Modality LUT Sequence, or Rescale Slope and
/// Intercept, or the identity.
std::optional<exam::Refusal> modality_lut(Working& working, const exam::InputContract& contract);
/// Modality values to presentation values (PS3.3 C.11.2): the first VOI LUT or window.
std::optional<exam::Refusal> voi_lut(Working& working, const exam::InputContract& contract);
/// Turns the picture over when the smallest value is meant to be the brightest (PS3.3 C.11.6,
/// C.7.6.3.1.2; dicom::is_inverse).
std::optional<exam::Refusal> presentation_lut(Working& working,
                                              const exam::InputContract& contract);

/// Mirrors so that the chest wall is on the left, and turns upright what is upside down. Refuses
/// when the pixels clearly show the chest wall on the other side than the header.
std::optional<exam::Refusal> orient(Working& working, const exam::InputContract& contract);
/// Blackens the bright edges of film and whatever lies apart from the breast: labels, view
/// markers, plates. Markers that touch the breast stay.
std::optional<exam::Refusal> remove_markers(Working& working, const exam::InputContract& contract);
/// Finds the breast. Refuses a picture without one.
std::optional<exam::Refusal> segment_breast(Working& working, const exam::InputContract& contract);
/// Cuts to the bounding box of the breast.
std::optional<exam::Refusal> crop_to_breast(Working& working, const exam::InputContract& contract);
/// To `contract.spacing_mm`: area average when shrinking, bilinear when growing; pads to
/// `contract.multiple_of`. Refuses what is larger than the contract's maximum.
std::optional<exam::Refusal> resample(Working& working, const exam::InputContract& contract);
/// The breast's 0.5th to 99.5th percentile to 0..1, clamped; exactly 0 outside the breast.
std::optional<exam::Refusal> normalise(Working& working, const exam::InputContract& contract);

}  // namespace lucerna::prepare
