#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "vault/transit_key_provider.h"

namespace lucerna::vault {

/// How long requests to one service are waited for, which know of each other: where one was left
/// without an answer, those for which an answer is due (AnswerDue) are not begun for a while.
/// Safe from several threads.
class TransitWaits {
  public:
    using Time = std::chrono::steady_clock::time_point;

    explicit TransitWaits(TransitPatience patience) : patience_(patience) {}

    /// Of a request that begins now: when it has waited long enough. Throws Error(kUnavailable)
    /// where it is not to begin.
    [[nodiscard]] Time begin() const;
    /// What came of one that began then.
    void answered() { silent_until_ = Time::min(); }
    void unanswered(Time begun);

    /// The program ends: from here on a request takes `patience.ending` at most, those that wait,
    /// too.
    void end() { ending_since_ = std::chrono::steady_clock::now(); }
    [[nodiscard]] bool is_over(Time begun) const;

  private:
    const TransitPatience patience_;
    std::atomic<Time> silent_until_ = Time::min();
    std::atomic<Time> ending_since_ = Time::max();
};

/// One HTTP exchange with a transit engine. `path` follows the engine's address ("/encrypt/NAME"),
/// `body` is JSON; an empty one makes it a GET. Returns the body of a success. It may take
/// `options.patience.whole`, or until an answer is due (AnswerDue), or as `waits` says.
/// Throws Error: kUnavailable (not reached, 403, 429, 5xx, whatever is said without the service's
/// own {"errors": [...]}, any other 400), kNotFound (404, and 400 for a key that is not there),
/// kConflict (400 for a version of it that is retired), kCorrupt (400: the ciphertext is not the
/// key's).
[[nodiscard]] std::string ask_transit(const TransitOptions& options, TransitWaits& waits,
                                      const std::string& path, const std::string& body);

}  // namespace lucerna::vault
