#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace c10d {
class Store;
}

namespace lucerna::learn {

/// The processes that train one network together: each takes its share of every batch, and all take
/// the same step. They meet in c10d's store, which the first of them serves; what they exchange
/// goes through it (17 MB a process and step for the network that ships), which suits a few
/// processes. They share the run directory.
class Team {
  public:
    /// A process alone.
    Team();
    /// As torchrun starts processes: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT; alone where
    /// WORLD_SIZE is absent or 1. Throws Error(kInvalidInput) naming the variable that is missing
    /// or no number, Error(kIo) when the others cannot be reached.
    [[nodiscard]] static Team from_environment();
    /// The leader, who serves the store, waits until all are here. Whoever still waits for this
    /// process is told that it is gone.
    ~Team();
    Team(Team&&) noexcept;
    Team& operator=(Team&&) noexcept;

    [[nodiscard]] int rank() const { return rank_; }
    [[nodiscard]] int size() const { return size_; }
    /// The one that writes.
    [[nodiscard]] bool leads() const { return rank_ == 0; }

    /// Adds each tensor up over all processes, in place, in the order of their ranks: all get the
    /// same bits. Throws Error(kUnavailable) naming a process that has ended.
    void sum(const std::vector<torch::Tensor>& tensors);
    /// The leader's value, and a place where all wait for one another. Throws as sum does.
    [[nodiscard]] std::int64_t agreed(std::int64_t value);

  private:
    [[nodiscard]] std::vector<std::vector<std::uint8_t>> exchanged(std::vector<std::uint8_t> mine);

    int rank_ = 0;
    int size_ = 1;
    std::int64_t round_ = 0;
    c10::intrusive_ptr<c10d::Store> store_;
};

/// Of torchrun: which of the machine's GPUs is this process's. 0 where it is not said.
[[nodiscard]] int local_rank();

}  // namespace lucerna::learn
