#include "dicom/float_pixels.h"

#include <string>

#include "base/error.h"
#include "dicom/tags.h"

namespace lucerna::dicom {
namespace {

constexpr long long kMostRows = 65535;
constexpr long long kMostFrames = 0x7FFFFFFF;

std::size_t positive(const DataSet& data_set, Tag tag, long long fallback, long long most) {
    const long long value = data_set.integer(tag).value_or(fallback);
    if (value >= 1 && value <= most) return static_cast<std::size_t>(value);
    throw Error(ErrorCode::kInvalidInput,
                describe(tag) + " is missing, or not from 1 to " + std::to_string(most));
}

}  // namespace

std::optional<ByteView> float_frame(const DataSet& data_set, int frame) {
    const bool is_double = data_set.has(tags::kDoubleFloatPixelData);
    if (!is_double && !data_set.has(tags::kFloatPixelData)) return {};
    const Tag tag = is_double ? tags::kDoubleFloatPixelData : tags::kFloatPixelData;
    const std::size_t size = positive(data_set, tags::kRows, 0, kMostRows) *
                             positive(data_set, tags::kColumns, 0, kMostRows) *
                             (is_double ? sizeof(double) : sizeof(float));
    const std::size_t frames = positive(data_set, tags::kNumberOfFrames, 1, kMostFrames);
    if (frame < 0 || static_cast<std::size_t>(frame) >= frames)
        throw Error(ErrorCode::kNotFound, "there is no frame " + std::to_string(frame + 1) +
                                              " of " + std::to_string(frames));
    const ByteView all = data_set.bytes(tag);
    if (all.size() / size < frames)
        throw Error(ErrorCode::kInvalidInput, describe(tag) + " has " + std::to_string(all.size()) +
                                                  " bytes, less than " + std::to_string(frames) +
                                                  " frames of " + std::to_string(size) +
                                                  " bytes take");
    return all.subspan(size * static_cast<std::size_t>(frame), size);
}

}  // namespace lucerna::dicom
