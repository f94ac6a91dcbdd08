#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "dicom/frames.h"

namespace lucerna::dicom {

/// The values that a sample of some layout can have: pixels outnumber those of up to 16 bits, so
/// what maps values one by one is worked out once a value and then looked up.
class SampleValues {
  public:
    explicit SampleValues(const FrameView& frame)
        : bits_allocated_(frame.bits_allocated),
          bits_stored_(frame.bits_stored),
          low_bit_(frame.low_bit),
          is_signed_(frame.is_signed) {}

    /// Whether they are few enough to be listed.
    [[nodiscard]] bool are_few() const {
        return bits_allocated_ <= 16 && bits_stored_ + low_bit_ <= bits_allocated_;
    }
    [[nodiscard]] std::int64_t lowest() const {
        return is_signed_ ? -(std::int64_t{1} << (bits_stored_ - 1)) : 0;
    }
    [[nodiscard]] std::size_t count() const { return std::size_t{1} << bits_stored_; }
    /// How many patterns of bits stand for them, whatever the bits beside the value.
    [[nodiscard]] std::size_t patterns() const { return std::size_t{1} << bits_allocated_; }
    /// Of a pattern: the place of its value among all, from the lowest up (PS3.5 8.1.1).
    [[nodiscard]] std::size_t place(std::size_t pattern) const {
        const std::size_t bits = (pattern >> low_bit_) & (count() - 1);
        return is_signed_ ? bits ^ (count() / 2) : bits;
    }
    [[nodiscard]] std::size_t bytes_a_sample() const {
        return static_cast<std::size_t>(bits_allocated_ / 8);
    }

  private:
    int bits_allocated_;
    int bits_stored_;
    int low_bit_;
    bool is_signed_;
};

/// Calls `visit(index, pattern)` for `count` samples from `first` on. Requires values that are few.
template <typename Visit>
void for_each_pattern(const FrameView& frame, std::size_t first, std::size_t count, Visit&& visit) {
    if (frame.bits_allocated == 8) {
        const std::uint8_t* const samples = frame.samples.data() + first;
        for (std::size_t i = 0; i < count; ++i) visit(i, std::size_t{samples[i]});
        return;
    }
    const std::uint8_t* const samples = frame.samples.data() + 2 * first;
    for (std::size_t i = 0; i < count; ++i) {
        std::uint16_t pattern = 0;
        std::memcpy(&pattern, samples + 2 * i, sizeof(pattern));
        visit(i, std::size_t{pattern});
    }
}

/// What each value of a sample becomes.
template <typename Entry>
class SampleTable {
  public:
    /// `entries` are of `values`, from the lowest up. Requires values that are few.
    SampleTable(const SampleValues& values, const std::vector<Entry>& entries) {
        by_pattern_.reserve(values.patterns());
        for (std::size_t pattern = 0; pattern < values.patterns(); ++pattern)
            by_pattern_.push_back(entries[values.place(pattern)]);
    }

    /// `map` takes a value as a double.
    template <typename Map>
    [[nodiscard]] static SampleTable of(const SampleValues& values, Map&& map) {
        std::vector<Entry> entries;
        entries.reserve(values.count());
        for (std::size_t i = 0; i < values.count(); ++i)
            entries.push_back(
                map(static_cast<double>(values.lowest() + static_cast<std::int64_t>(i))));
        return SampleTable(values, entries);
    }

    /// The entries of samples `first` to `first + out.size()` of `frame`, which has the layout that
    /// the table was made for.
    void look_up(const FrameView& frame, std::size_t first, std::span<Entry> out) const {
        const Entry* const entries = by_pattern_.data();
        for_each_pattern(frame, first, out.size(),
                         [&](std::size_t i, std::size_t pattern) { out[i] = entries[pattern]; });
    }

  private:
    std::vector<Entry> by_pattern_;
};

/// For each of `values`, from the lowest up: 1 where a sample of `frame` has it.
[[nodiscard]] inline std::vector<std::uint8_t> occurring(const FrameView& frame,
                                                         const SampleValues& values) {
    std::vector<std::uint8_t> patterns(values.patterns());
    for_each_pattern(frame, 0, frame.samples.size() / values.bytes_a_sample(),
                     [&](std::size_t, std::size_t pattern) { patterns[pattern] = 1; });
    std::vector<std::uint8_t> occurs(values.count());
    for (std::size_t pattern = 0; pattern < patterns.size(); ++pattern)
        if (patterns[pattern]) occurs[values.place(pattern)] = 1;
    return occurs;
}

}  // namespace lucerna::dicom
