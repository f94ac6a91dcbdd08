#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>

#include "base/encoding.h"

namespace lucerna::fuzz {

/// Changes inputs at random as fuzzers do, the same way for the same seed.
class Mutator {
  public:
    explicit Mutator(std::uint64_t seed) : random_(seed) {}

    /// One of `corpus`, changed in one to eight places.
    Bytes next(std::span<const Bytes> corpus) {
        Bytes input = corpus[below(corpus.size())];
        for (std::size_t changes = 1 + below(8); changes > 0; --changes)
            change(input, corpus[below(corpus.size())]);
        return input;
    }

  private:
    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

    void change(Bytes& input, const Bytes& other) {
        const std::size_t at = below(input.size() + 1);
        const std::size_t length = std::min(input.size() - at, 1 + below(32));
        const auto begin = input.begin() + static_cast<std::ptrdiff_t>(at);
        switch (below(8)) {
            case 0:
                if (at < input.size()) input[at] ^= static_cast<std::uint8_t>(1U << below(8));
                break;
            case 1:
                if (at < input.size()) input[at] = static_cast<std::uint8_t>(below(256));
                break;
            case 2:
                write_number(input, at);
                break;
            case 3:
                input.erase(begin, begin + static_cast<std::ptrdiff_t>(length));
                break;
            case 4: {
                const Bytes again(begin, begin + static_cast<std::ptrdiff_t>(length));
                input.insert(begin, again.begin(), again.end());
                break;
            }
            case 5:
                input.insert(begin, 1 + below(8), static_cast<std::uint8_t>(below(256)));
                break;
            case 6: {
                // The end of another.
                input.resize(at);
                const std::size_t from = below(other.size() + 1);
                input.insert(input.end(), other.begin() + static_cast<std::ptrdiff_t>(from),
                             other.end());
                break;
            }
            default:
                if (below(4) == 0) input.resize(at);
        }
    }

    /// Where lengths and counts stand, what they should not say.
    void write_number(Bytes& input, std::size_t at) {
        constexpr std::uint32_t kOdd[] = {0,          1,          0x7F,       0x80,
                                          0xFF,       0x7FFF,     0x8000,     0xFFFF,
                                          0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF};
        const std::uint32_t number = kOdd[below(std::size(kOdd))];
        const std::size_t width = std::size_t{1} << below(3);
        const bool big_endian = below(2) == 1;
        for (std::size_t i = 0; i < width && at + i < input.size(); ++i)
            input[at + i] =
                static_cast<std::uint8_t>(number >> 8 * (big_endian ? width - 1 - i : i));
    }

    std::mt19937_64 random_;
};

}  // namespace lucerna::fuzz
