#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

/// What was found, until it is sent item by item: of the same memory, where it is much. Once a
/// client has taken its time, who waits for that memory has it.
class FoundItems final : public MemoryBudget::Renewable {
  public:
    [[nodiscard]] static std::shared_ptr<FoundItems> hold(std::vector<std::string> items);

    /// Nothing behind the last. Throws Error(kUnavailable) where they have gone: the answer ends.
    [[nodiscard]] std::optional<std::string> next();
    bool let_go() noexcept override;

  private:
    explicit FoundItems(std::vector<std::string> items) : items_(std::move(items)) {}

    std::mutex mutex_;
    std::vector<std::string> items_;
    std::size_t at_ = 0;
    bool have_gone_ = false;
    MemoryBudget::Share share_;
};

}  // namespace lucerna::retrieve
