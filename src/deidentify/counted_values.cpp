#include "deidentify/counted_values.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <limits>
#include <vector>

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
namespace tags = dicom::tags;

constexpr Tag kNumberOfTableBreakPoints{0x0018, 0x6050};
constexpr Tag kNumberOfTableEntries{0x0018, 0x6056};
constexpr Tag kDataPointRows{0x0028, 0x9001};
constexpr Tag kDataPointColumns{0x0028, 0x9002};
constexpr Tag kDataRepresentation{0x0028, 0x9108};
constexpr Tag kRealWorldValueLastValueMapped{0x0040, 0x9211};
constexpr Tag kRealWorldValueLutData{0x0040, 0x9212};
constexpr Tag kRealWorldValueFirstValueMapped{0x0040, 0x9216};
constexpr Tag kHistogramNumberOfBins{0x0060, 0x3002};
constexpr Tag kGridDimensions{0x0064, 0x0007};
constexpr Tag kNumberOfSurfacePoints{0x0066, 0x0015};
constexpr Tag kNumberOfVectors{0x0066, 0x001E};
constexpr Tag kVectorDimensionality{0x0066, 0x001F};
constexpr Tag kNumberOfVolumetricCurvePoints{0x0070, 0x150C};
constexpr Tag kNumberOfScanSpotPositions{0x300A, 0x0392};
constexpr Tag kSpectroscopyData{0x5600, 0x0020};

/// What there is of a value where what counts it is missing.
enum class Uncounted {
    kNothing,
    kAll,  ///< the standard has it in places without the count, too
};

struct Counted {
    Tag tag;
    std::size_t bytes_of_one;
    /// All values of all of them multiply; those of group 0 are none.
    std::array<Tag, 2> counts;
    Uncounted uncounted = Uncounted::kNothing;
};

constexpr Counted kCounted[] = {
    {{0x0016, 0x0062}, 4, {}},                                        // Interoperability Version
    {{0x0018, 0x6052}, 4, {kNumberOfTableBreakPoints}},               // Table of X Break Points
    {{0x0018, 0x6054}, 8, {kNumberOfTableBreakPoints}},               // Table of Y Break Points
    {{0x0018, 0x6058}, 4, {kNumberOfTableEntries}},                   // Table of Pixel Values
    {{0x0018, 0x605A}, 4, {kNumberOfTableEntries}},                   // Table of Parameter Values
    {{0x0054, 0x0010}, 2, {tags::kNumberOfFrames}, Uncounted::kAll},  // Energy Window Vector
    {{0x0054, 0x0020}, 2, {tags::kNumberOfFrames}, Uncounted::kAll},  // Detector Vector
    {{0x0054, 0x0030}, 2, {tags::kNumberOfFrames}, Uncounted::kAll},  // Phase Vector
    {{0x0054, 0x0050}, 2, {tags::kNumberOfFrames}, Uncounted::kAll},  // Rotation Vector
    {{0x0054, 0x0060}, 2, {tags::kNumberOfFrames}, Uncounted::kAll},  // R-R Interval Vector
    {{0x0054, 0x0070}, 2, {tags::kNumberOfFrames}, Uncounted::kAll},  // Time Slot Vector
    {{0x0054, 0x0080}, 2, {tags::kNumberOfFrames}, Uncounted::kAll},  // Slice Vector
    {{0x0054, 0x0090}, 2, {tags::kNumberOfFrames}, Uncounted::kAll},  // Angular View Vector
    {{0x0054, 0x0100}, 2, {tags::kNumberOfFrames}, Uncounted::kAll},  // Time Slice Vector
    {{0x0060, 0x3020}, 4, {kHistogramNumberOfBins}},                  // Histogram Data
    {{0x0064, 0x0009}, 12, {kGridDimensions}},                        // Vector Grid Data
    // Point Coordinates Data, of tracks too.
    {{0x0066, 0x0016}, 12, {kNumberOfSurfacePoints}, Uncounted::kAll},
    {{0x0066, 0x0021}, 4, {kNumberOfVectors, kVectorDimensionality}},  // Vector Coordinate Data
    {{0x0070, 0x0256}, 128, {}},                                       // Fill Pattern
    {{0x0070, 0x150D}, 24, {kNumberOfVolumetricCurvePoints}},          // Volumetric Curve Points
    // Volumetric Curve Up Directions.
    {{0x0070, 0x1A07}, 24, {kNumberOfVolumetricCurvePoints}, Uncounted::kAll},
    // Scan Spot Metersets Delivered, Position Map, Meterset Weights.
    {{0x3008, 0x0047}, 4, {kNumberOfScanSpotPositions}},
    {{0x300A, 0x0394}, 8, {kNumberOfScanSpotPositions}},
    {{0x300A, 0x0396}, 4, {kNumberOfScanSpotPositions}},
};

/// What does not fit is more than any value has.
std::size_t product(std::size_t one, long long other) {
    if (other <= 0) return 0;
    const auto factor = static_cast<unsigned long long>(other);
    constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
    return one > kMost / factor ? kMost : one * static_cast<std::size_t>(factor);
}

std::optional<std::size_t> multiplied(const DataSet& level, Tag count, std::size_t bytes) {
    // Grid Dimensions has three.
    if (level.value_count(count) > 3) return {};
    const std::vector<long long> numbers = level.integers(count);
    if (numbers.empty()) return {};
    for (const long long number : numbers) bytes = product(bytes, number);
    return bytes;
}

/// A number for each value from the first that is mapped to the last (PS3.3 C.7.6.16.2.11).
std::size_t real_world_bytes(const DataSet& level) {
    const auto first = level.integer(kRealWorldValueFirstValueMapped);
    const auto last = level.integer(kRealWorldValueLastValueMapped);
    if (!first || !last) return 0;
    // One may be said to be signed, and the other not.
    const auto steps = static_cast<std::uint16_t>(static_cast<unsigned long long>(*last) -
                                                  static_cast<unsigned long long>(*first));
    return product(8, steps + 1LL);
}

/// One number or two for each point of each voxel of each frame (PS3.3 C.8.14.4).
std::size_t spectroscopy_bytes(const DataSet& level) {
    std::size_t bytes = level.text_or(kDataRepresentation, "") == "COMPLEX" ? 8 : 4;
    for (const Tag count : {tags::kRows, tags::kColumns, kDataPointRows, kDataPointColumns})
        bytes = product(bytes, level.integer(count).value_or(0));
    return product(bytes, level.integer(tags::kNumberOfFrames).value_or(1));
}

}  // namespace

std::optional<std::size_t> counted_bytes(const DataSet& level, Tag tag) {
    if (tag == kRealWorldValueLutData) return real_world_bytes(level);
    if (tag == kSpectroscopyData) return spectroscopy_bytes(level);
    const auto* const found = std::find_if(std::begin(kCounted), std::end(kCounted),
                                           [&](const Counted& one) { return one.tag == tag; });
    if (found == std::end(kCounted)) return {};
    std::size_t bytes = found->bytes_of_one;
    for (const Tag count : found->counts) {
        if (count.group == 0) continue;
        const auto more = multiplied(level, count, bytes);
        if (!more && found->uncounted == Uncounted::kAll) return {};
        bytes = more.value_or(0);
    }
    return bytes;
}

}  // namespace lucerna::deidentify
