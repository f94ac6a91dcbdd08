#pragma once

#include <cstddef>

#include "base/memory_budget.h"

namespace lucerna::retrieve {

/// For what a search finds, and the answer that is made of it, where that is much: of those two at
/// a time. Others do not wait for them, nor they for others.
class SearchRoom {
  public:
    /// `most_bytes` is what an answer may be.
    explicit SearchRoom(std::size_t most_bytes) : most_bytes_(most_bytes) {}

    /// To be called before so much more is there. Throws as MemoryBudget::take; so does take_all.
    void take(std::size_t bytes);
    /// To be called before it is known how much there is.
    void take_all();

  private:
    const std::size_t most_bytes_;
    std::size_t bytes_ = 0;
    bool has_all_ = false;
    MemoryBudget::Share share_;
};

}  // namespace lucerna::retrieve
