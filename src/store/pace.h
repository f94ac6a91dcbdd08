#pragma once

#include <chrono>

namespace lucerna::store {

/// How long what is done on the index may take.
enum class Pace {
    /// Somebody waits for an answer (AnswerDue).
    kAnswerIsDue,
    kOrdinary,
    /// Of thousands of rows, or all: an erasure, a new schema.
    kLong
};

/// That this thread does something long on the index, while this lives. One within another changes
/// nothing.
class LongWork {
  public:
    LongWork();
    ~LongWork();
    LongWork(const LongWork&) = delete;
    LongWork& operator=(const LongWork&) = delete;

  private:
    const bool is_outermost_;
};

[[nodiscard]] Pace pace_of_this_thread();

struct Patience {
    Pace pace = Pace::kOrdinary;
    /// Others keep it waiting no longer. Where an answer is due nothing goes on for much longer.
    std::chrono::steady_clock::time_point until;
};

}  // namespace lucerna::store
