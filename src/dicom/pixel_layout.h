#pragma once

#include <cstddef>
#include <string>

#include "dicom/data_set.h"

namespace lucerna::dicom {

/// The Image Pixel module (PS3.3 C.7.6.3) of a stored image, checked.
struct StoredLayout {
    int rows = 0;
    int columns = 0;
    int samples_per_pixel = 1;
    int bits_allocated = 8;
    int bits_stored = 8;
    int high_bit = 7;
    bool is_signed = false;
    /// Planes after each other, in native pixel data.
    bool is_planar = false;
    std::string photometric_interpretation;
    /// Its only samples, or some of their values, stand for colors: of PALETTE COLOR or with a
    /// supplemental palette.
    bool has_palette = false;
    /// Number of Frames as the header claims; nothing is known of the pixel data yet.
    long long frames = 1;

    [[nodiscard]] std::size_t pixels() const {
        return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
    }
    [[nodiscard]] std::size_t samples() const {
        return pixels() * static_cast<std::size_t>(samples_per_pixel);
    }
    /// Two pixels share their colors (PS3.3 C.7.6.3.1.2, without compression).
    [[nodiscard]] bool is_subsampled() const {
        return samples_per_pixel == 3 &&
               (photometric_interpretation == "YBR_FULL_422" || is_of_studio_range());
    }
    /// Luminance is from 16 to 235, colors from 16 to 240 (retired, PS3.3-2014 C.7.6.3.1.2).
    [[nodiscard]] bool is_of_studio_range() const {
        return photometric_interpretation == "YBR_PARTIAL_422";
    }
    /// Samples do not begin at bytes.
    [[nodiscard]] bool is_packed() const { return bits_allocated % 8 != 0; }
    /// Of one native frame.
    [[nodiscard]] std::size_t frame_bits() const {
        const std::size_t all = samples() * static_cast<std::size_t>(bits_allocated);
        return is_subsampled() ? all / 3 * 2 : all;
    }
};

/// Throws Error: kInvalidInput, naming the attribute, where one is missing or contradicts another;
/// kUnsupported for a layout that is not read here.
[[nodiscard]] StoredLayout stored_layout_of(const DataSet& data_set);

}  // namespace lucerna::dicom
