#pragma once

#include <chrono>
#include <optional>

namespace lucerna {

/// That somebody waits for an answer to what this thread does, while this lives: what it waits for
/// meanwhile it gives up with Error(kUnavailable), from which who sent it knows to come again. That
/// is the index, where it is elsewhere, another writer of it, a key service, the device of a key
/// file, and whoever asks that for the same key. One within another changes nothing.
class AnswerDue {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// An answer to C-STORE is due within three seconds.
    explicit AnswerDue(std::chrono::milliseconds in = std::chrono::milliseconds(2000));
    ~AnswerDue();
    AnswerDue(const AnswerDue&) = delete;
    AnswerDue& operator=(const AnswerDue&) = delete;

    /// Nothing where nobody waits.
    [[nodiscard]] static std::optional<Time> of_this_thread();
    /// The end of what may take so long from now on, or until the answer is due.
    [[nodiscard]] static Time end_of(std::chrono::milliseconds patience);

  private:
    const bool is_outermost_;
};

}  // namespace lucerna
