#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>

#include "base/guarded.h"

namespace lucerna::receive {

/// Where a conversation is, and by how much it has held its place longer than what it said needs at
/// a least rate. Told by the thread of the conversation, looked at by the one that accepts.
class MllpPace {
  public:
    using Clock = std::chrono::steady_clock;
    /// kSends: a message comes in; kIsAnswered: it is our turn; kTakes: the answer goes out.
    enum class Phase { kRests, kSends, kIsAnswered, kTakes };

    explicit MllpPace(std::size_t least_bytes_per_second)
        : least_(static_cast<double>(least_bytes_per_second)) {}

    /// Returns when.
    Clock::time_point enter(Phase phase) {
        const Clock::time_point now = Clock::now();
        place_.with([&](Place& place) {
            place.behind = behind(place, now);
            place.phase = phase;
            place.since = now;
        });
        bytes_ = 0;
        return now;
    }
    /// Of a message that comes in.
    void count_byte() { ++bytes_; }

    /// For how long it has held its place for nothing: rested, or been slower than the least rate;
    /// 0 where it has been so for less than `least`, or is being answered.
    [[nodiscard]] Clock::duration wasted(Clock::duration least) const {
        const Clock::time_point now = Clock::now();
        return place_.with([&](const Place& place) {
            if (place.phase == Phase::kRests) return now - place.since;
            const Clock::duration slow = behind(place, now);
            return place.phase == Phase::kIsAnswered || slow < least ? Clock::duration{} : slow;
        });
    }

    [[nodiscard]] bool is_answered() const {
        return place_.with([](const Place& place) { return place.phase == Phase::kIsAnswered; });
    }

  private:
    struct Place {
        Phase phase = Phase::kRests;
        Clock::time_point since = Clock::now();
        /// At `since`.
        Clock::duration behind{};
    };

    /// Ending one slow message and beginning the next makes good for nothing; resting does, and
    /// bytes do.
    [[nodiscard]] Clock::duration behind(const Place& place, Clock::time_point now) const {
        const Clock::duration passed = now - place.since;
        const auto earned = std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(static_cast<double>(bytes_.load()) / least_));
        switch (place.phase) {
            case Phase::kRests:
                return std::max(place.behind - passed, Clock::duration{});
            case Phase::kSends:
                return std::max(place.behind + passed - earned, Clock::duration{});
            case Phase::kIsAnswered:
                break;
            case Phase::kTakes:
                return place.behind + passed;
        }
        return place.behind;
    }

    const double least_;
    std::atomic<std::size_t> bytes_ = 0;
    Guarded<Place> place_;
};

}  // namespace lucerna::receive
