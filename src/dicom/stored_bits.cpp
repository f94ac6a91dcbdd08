#include "dicom/stored_bits.h"

#include <cstdint>
#include <cstring>
#include <limits>

namespace lucerna::dicom {
namespace {

template <typename Sample>
Sample mask_of(int bits) {
    return static_cast<Sample>(std::numeric_limits<Sample>::max() >>
                               (static_cast<int>(sizeof(Sample) * 8) - bits));
}

template <typename Sample>
void keep_values_as(Bytes& samples, const ValueBits& value) {
    const auto mask = mask_of<Sample>(value.count);
    const auto sign = static_cast<Sample>(value.is_signed ? Sample{1} << (value.count - 1) : 0);
    for (std::size_t i = 0; i + sizeof(Sample) <= samples.size(); i += sizeof(Sample)) {
        Sample sample;
        std::memcpy(&sample, samples.data() + i, sizeof(Sample));
        sample = static_cast<Sample>((sample >> value.low) & mask);
        sample = static_cast<Sample>((sample ^ sign) - sign);
        std::memcpy(samples.data() + i, &sample, sizeof(Sample));
    }
}

template <typename Sample>
bool has_bits_beside_as(const Bytes& samples, const ValueBits& value) {
    const auto mask = static_cast<Sample>(mask_of<Sample>(value.count) << value.low);
    const auto above = static_cast<Sample>(~mask_of<Sample>(value.low + value.count));
    const auto sign =
        static_cast<Sample>(value.is_signed ? Sample{1} << (value.low + value.count - 1) : 0);
    bool found = false;
    for (std::size_t i = 0; i + sizeof(Sample) <= samples.size(); i += sizeof(Sample)) {
        Sample sample;
        std::memcpy(&sample, samples.data() + i, sizeof(Sample));
        const auto beside = static_cast<Sample>(sample & ~mask);
        // No branch that leaves the loop: nearly always there is nothing, and then it is faster.
        found |= beside != 0 && !((sample & sign) != 0 && beside == above);
    }
    return found;
}

}  // namespace

bool has_embedded_overlay(const DataSet& data_set, const StoredLayout& layout) {
    constexpr std::uint16_t kFirstGroup = 0x6000;
    constexpr std::uint16_t kLastGroup = 0x601E;
    const int low = layout.high_bit + 1 - layout.bits_stored;
    for (std::uint16_t group = kFirstGroup; group <= kLastGroup;
         group = static_cast<std::uint16_t>(group + 2)) {
        const auto bit = data_set.integer({group, tags::kOverlayBitPosition.element});
        if (!bit || *bit < 0 || *bit >= layout.bits_allocated) continue;
        if (data_set.has_value({group, tags::kOverlayData.element})) continue;
        if (*bit < low || *bit > layout.high_bit) return true;
    }
    return false;
}

bool has_bits_beside(const DecodedFrame& frame, const ValueBits& value) {
    if (value.count == frame.bits_allocated) return false;
    if (frame.bits_allocated == 8) return has_bits_beside_as<std::uint8_t>(frame.samples, value);
    if (frame.bits_allocated == 16) return has_bits_beside_as<std::uint16_t>(frame.samples, value);
    return has_bits_beside_as<std::uint32_t>(frame.samples, value);
}

void keep_values(DecodedFrame& frame, const ValueBits& value) {
    frame.bits_stored = value.count;
    frame.is_signed = value.is_signed;
    if (value.count == frame.bits_allocated && value.low == 0) return;
    if (frame.bits_allocated == 8) {
        keep_values_as<std::uint8_t>(frame.samples, value);
    } else if (frame.bits_allocated == 16) {
        keep_values_as<std::uint16_t>(frame.samples, value);
    } else {
        keep_values_as<std::uint32_t>(frame.samples, value);
    }
}

}  // namespace lucerna::dicom
