#pragma once

#include <cstdint>
#include <string>

namespace lucerna {

/// A small seeded generator (SplitMix64, Steele et al. 2014) whose sequence is the same on every
/// platform and compiler, unlike the distributions of <random>.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    [[nodiscard]] std::uint64_t next();
    /// In [0, 1).
    [[nodiscard]] double uniform();
    /// In [low, high).
    [[nodiscard]] double uniform(double low, double high) { return low + (high - low) * uniform(); }
    /// In [0, count). Requires count > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t count);
    /// Standard normal (Box and Muller 1958).
    [[nodiscard]] double normal();
    /// An independent generator for the part of the work that `stream` names.
    [[nodiscard]] Random fork(std::uint64_t stream) const;

  private:
    std::uint64_t state_;
};

/// Bytes of the operating system's generator, as 2 x `count` hexadecimal digits.
[[nodiscard]] std::string random_hex(std::size_t count);

}  // namespace lucerna
