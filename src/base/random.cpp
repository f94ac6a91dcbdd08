#include "base/random.h"

#include <sys/random.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/encoding.h"
#include "base/error.h"

namespace lucerna {

std::uint64_t Random::next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31);
}

double Random::uniform() {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

std::uint64_t Random::below(std::uint64_t count) {
    // Rejects the few values that would favour small results.
    const std::uint64_t excess = (0 - count) % count;
    std::uint64_t drawn = next();
    while (drawn < excess) drawn = next();
    return drawn % count;
}

double Random::normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

Random Random::fork(std::uint64_t stream) const {
    Random mixer(state_ ^ (stream * 0xD1342543DE82EF95U + 0x2545F4914F6CDD1DU));
    return Random(mixer.next());
}

std::string random_hex(std::size_t count) {
    Bytes bytes(count);
    // getentropy gives at most 256 bytes at once (getrandom(2), getentropy(3)).
    for (std::size_t at = 0; at < count; at += 256)
        if (getentropy(bytes.data() + at, std::min<std::size_t>(256, count - at)) != 0)
            throw Error(ErrorCode::kInternal, "the system's random generator does not answer");
    return to_hex(bytes);
}

}  // namespace lucerna
