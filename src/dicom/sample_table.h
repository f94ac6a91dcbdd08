#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "dicom/frames.h"

namespace lucerna::dicom {

/// One entry for each value that a sample of a frame can have. Pixels outnumber the values of up to
/// 16 bits: what maps values one by one is worked out once a value, then looked up.
template <typename Entry>
class SampleTable {
  public:
    /// Whether samples of this layout are few enough to have a table.
    [[nodiscard]] static bool serves(const DecodedFrame& frame) {
        return frame.bits_allocated <= 16 && frame.bits_stored <= 16;
    }

    /// `entries` are of the values from `frame.lowest()` to `frame.highest()`. Requires `serves`.
    SampleTable(const DecodedFrame& frame, std::vector<Entry> entries)
        : entries_(std::move(entries)), offset_(static_cast<std::size_t>(-frame.lowest())) {}

    /// `map` takes a value as a double.
    template <typename Map>
    [[nodiscard]] static SampleTable of(const DecodedFrame& frame, Map&& map) {
        std::vector<Entry> entries;
        entries.reserve(static_cast<std::size_t>(frame.highest() - frame.lowest() + 1));
        for (std::int64_t value = frame.lowest(); value <= frame.highest(); ++value)
            entries.push_back(map(static_cast<double>(value)));
        return SampleTable(frame, std::move(entries));
    }

    /// The entries of samples `first` to `first + out.size()` of `frame`, which has the layout that
    /// the table was made for.
    void look_up(const DecodedFrame& frame, std::size_t first, std::span<Entry> out) const {
        // decode_frame keeps every sample between lowest and highest; others need not.
        const std::size_t mask = entries_.size() - 1;
        const Entry* const entries = entries_.data();
        if (frame.bits_allocated == 8) {
            const std::uint8_t* const samples = frame.samples.data() + first;
            for (std::size_t i = 0; i < out.size(); ++i)
                out[i] = entries[(samples[i] + offset_) & mask];
            return;
        }
        const std::uint8_t* const samples = frame.samples.data() + 2 * first;
        for (std::size_t i = 0; i < out.size(); ++i) {
            std::uint16_t sample = 0;
            std::memcpy(&sample, samples + 2 * i, sizeof(sample));
            out[i] = entries[(sample + offset_) & mask];
        }
    }

  private:
    std::vector<Entry> entries_;
    std::size_t offset_;
};

/// For each value from `frame.lowest()` to `frame.highest()`: 1 where a sample has it. Requires
/// that a table serves.
[[nodiscard]] inline std::vector<std::uint8_t> occurring(const DecodedFrame& frame) {
    std::vector<std::uint8_t> occurs(
        static_cast<std::size_t>(frame.highest() - frame.lowest() + 1));
    for (std::size_t i = 0; i < frame.count(); ++i)
        occurs[static_cast<std::size_t>(frame.value(i) - frame.lowest())] = 1;
    return occurs;
}

}  // namespace lucerna::dicom
