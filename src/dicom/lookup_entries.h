#pragma once

#include <cstddef>

namespace lucerna::dicom {

/// What the first number of a lookup table's descriptor counts: 65536 is what 16 bits say as 0,
/// whatever VR says it.
[[nodiscard]] constexpr std::size_t entries_of_descriptor(long long first) {
    const auto words = static_cast<std::size_t>(first & 0xFFFF);
    return words == 0 ? 65536 : words;
}

/// Of a value of `size` bytes, how many an entry takes: two, or one where entries are of 8 bits and
/// there are too few for two; none where there are too few for either (PS3.3 C.7.6.3.1.5,
/// C.11.1.1.1).
[[nodiscard]] constexpr std::size_t bytes_an_entry(std::size_t size, std::size_t entries,
                                                   long long bits) {
    if (size >= 2 * entries) return 2;
    return bits == 8 && size >= entries ? 1 : 0;
}

}  // namespace lucerna::dicom
