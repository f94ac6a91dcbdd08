#include "dicom/stretched_map.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "dicom/grayscale.h"
#include "dicom/sample_table.h"

namespace lucerna::dicom {

std::function<float(double)> stretched_map(const DataSet& data_set, const FrameView& decoded,
                                           int frame) {
    const auto modality = [lut = modality_lut_of(data_set, frame)](double stored) {
        return lut.table ? static_cast<float>(lut.table->at(stored))
                         : static_cast<float>(stored * lut.slope + lut.intercept);
    };
    const SampleValues values(decoded);
    const std::vector<std::uint8_t> occurs = occurring(decoded, values);
    float least = std::numeric_limits<float>::infinity();
    float greatest = -least;
    for (std::size_t i = 0; i < occurs.size(); ++i) {
        if (!occurs[i]) continue;
        const float value =
            modality(static_cast<double>(values.lowest() + static_cast<std::int64_t>(i)));
        least = std::min(least, value);
        greatest = std::max(greatest, value);
    }
    return
        [modality, least, range = greatest - least, inverse = is_inverse(data_set)](double stored) {
            const float shown = range > 0 ? (modality(stored) - least) / range : 0;
            return inverse ? 1 - shown : shown;
        };
}

}  // namespace lucerna::dicom
