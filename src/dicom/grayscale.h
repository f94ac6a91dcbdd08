#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "dicom/data_set.h"
#include "dicom/frames.h"

namespace lucerna::dicom {

/// The entries of a LUT sequence (PS3.3 C.11.1.1, C.11.2.1.1). Inputs below and above its range
/// take the first and the last entry.
struct LookupTable {
    std::int64_t first_mapped = 0;
    /// Of each entry: 8 to 16.
    int bits = 16;
    /// Never empty.
    std::vector<std::uint16_t> entries;
    std::string explanation;

    [[nodiscard]] std::uint16_t at(double input) const;
};

/// PS3.3 C.11.1: the table where there is one, else input * slope + intercept.
struct ModalityLut {
    double slope = 1;
    double intercept = 0;
    std::optional<LookupTable> table;

    [[nodiscard]] double value(double stored) const;
};

/// PS3.3 C.11.2.1.3.
enum class VoiFunction { kLinear, kLinearExact, kSigmoid };

/// Holds what PS3.3 C.11.2.1.2 asks: width >= 1 for kLinear, > 0 for the others.
struct VoiWindow {
    double center = 0;
    double width = 1;
    VoiFunction function = VoiFunction::kLinear;
    std::string explanation;
};

using Voi = std::variant<VoiWindow, LookupTable>;

/// What the VOI gives to what is shown (PS3.3 C.11.4, C.11.6), both from 0 to 1.
struct PresentationLut {
    /// Without a table: 1 - value.
    bool inverse = false;
    /// Its first entry is that of 0, its last that of 1.
    std::optional<LookupTable> table = {};

    [[nodiscard]] float value(float given) const;
};

/// Values of a stage from the least to the greatest. Modality values that become 0 and 1 where
/// there is no VOI are not the same.
struct ValueRange {
    double least = 0;
    double greatest = 1;
};

/// What becomes of what the standard does not allow in a header: a LUT with too few entries, a
/// window without a width or of one that its function does not take, a function that is none.
enum class Unusable {
    /// Error(kInvalidInput), naming the attribute: who reads values must not read others.
    kRefused,
    /// As if it were not there; of a rescale without slope, or with one of 0, the slope is 1, and
    /// without intercept that is 0. For pictures to look at.
    kPassedOver,
};

// From the header. Where a multi-frame image has functional groups, those of `frame` count, then
// the shared ones, then the data set's own. All throw Error as `unusable` says.

[[nodiscard]] ModalityLut modality_lut_of(const DataSet& data_set, int frame = 0,
                                          Unusable unusable = Unusable::kRefused);
/// Every alternative that the header offers: VOI LUTs first, then windows. May be empty.
[[nodiscard]] std::vector<Voi> voi_alternatives(const DataSet& data_set, int frame = 0,
                                                Unusable unusable = Unusable::kRefused);
/// Presentation LUT Shape where there is one, else the table of the Presentation LUT Sequence, else
/// by whether the pixels are MONOCHROME1 (PS3.3 C.11.6, C.7.6.3.1.2).
[[nodiscard]] PresentationLut presentation_lut_of(const DataSet& data_set,
                                                  Unusable unusable = Unusable::kRefused);
/// The smallest value is meant to be brighter than the greatest, by that or, where its table cannot
/// be used, as without one. Throws nothing.
[[nodiscard]] bool is_inverse(const DataSet& data_set);

// The stages. All take and give one value a pixel.

/// Stored values to modality values. Requires samples_per_pixel 1.
[[nodiscard]] std::vector<float> apply_modality_lut(const DecodedFrame& frame,
                                                    const ModalityLut& lut);
/// Modality values to presentation values from 0 to 1: y_min is 0 and y_max is 1 in the formulas of
/// PS3.3 C.11.2.1.2.1 (LINEAR), C.11.2.1.3.1 (SIGMOID) and C.11.2.1.3.2 (LINEAR_EXACT).
[[nodiscard]] float apply_voi(double value, const Voi& voi);
void apply_voi(std::span<float> values, const Voi& voi);
/// Without any VOI: the least value to 0, the greatest to 1; all equal become 0.
void stretch(std::span<float> values);

/// The whole pipeline (PS3.4 N.2) from a stored value to a presentation value from 0 (black) to 1
/// (white), by the header's first alternative or by `voi`; where there is none, by `range`. Nothing
/// where there is no range either. Throws Error as above.
[[nodiscard]] std::optional<std::function<float(double)>> presentation_map(
    const DataSet& data_set, int frame = 0, const std::optional<Voi>& voi = {},
    const std::optional<ValueRange>& range = {}, Unusable unusable = Unusable::kRefused);

/// The whole pipeline (PS3.4 N.2) of one grayscale frame: presentation values from 0 (black) to 1
/// (white), by the header's first alternative or by `voi`; `stretch` where there is none.
/// Throws Error: as decode_frame and as above; kUnsupported for a color frame.
[[nodiscard]] std::vector<float> presentation_values(const DataSet& data_set,
                                                     const DecodedFrame& decoded, int frame = 0,
                                                     const std::optional<Voi>& voi = {});

}  // namespace lucerna::dicom
