#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/clock.h"

namespace lucerna::pipeline {

/// Has the jobs that were done long ago forgotten, once a day, some at a time: others write
/// between. What fails is tried again after an hour, as each try may keep others from the index.
class Tidying {
  public:
    /// Forgets some of those that were created before, and says how many; none: there are no more.
    using Forget = std::function<std::size_t(Instant created_before)>;

    explicit Tidying(Forget forget) : forget_(std::move(forget)) {}

    /// Does it where it is due, until `stop`. Throws as the other does.
    void run(Instant now, const std::stop_token& stop);

  private:
    Forget forget_;
    std::optional<Instant> tried_at_;
    std::chrono::hours until_next_{0};
};

}  // namespace lucerna::pipeline
