#pragma once

#include <cstdint>
#include <filesystem>
#include <future>
#include <optional>

#include "base/clock.h"
#include "base/guarded.h"
#include "store/connection.h"

namespace lucerna::store {

/// Beside the index, how far it has come: a file in the data folder has the number that the index
/// counts every ten seconds in which anything is kept. An index that is behind that was put back,
/// out of a backup or a snapshot, and may know less than was acknowledged. Safe from several
/// threads.
class IndexWitness {
  public:
    explicit IndexWitness(std::filesystem::path folder);
    /// What is being written is waited for, but not for ever: its device may be silent.
    ~IndexWitness();
    IndexWitness(const IndexWitness&) = delete;
    IndexWitness& operator=(const IndexWitness&) = delete;

    /// The index is behind.
    [[nodiscard]] bool is_ahead_of(Connection& index) const;
    /// At the start. Of an index that is behind it notes that it is not recovered (presence.h), and
    /// goes on from where the other was.
    void compare(Connection& index) const;
    /// Within a transaction that keeps something: counts on, if so long has passed. To be noted
    /// once that is committed.
    [[nodiscard]] std::optional<std::int64_t> count(Connection& index, Instant now) const;
    /// By a thread of its own: no sender waits for the device of the folder. A failure is logged:
    /// at worst it is not seen that an index was put back.
    void note(std::int64_t count, Instant at);
    /// What is wrong with the file; empty where nothing is.
    [[nodiscard]] std::string damage() const;

  private:
    /// 0 where there is none. Throws Error: kCorrupt, kIo.
    [[nodiscard]] std::int64_t noted() const;
    /// The same; 0, and logged, where it cannot be read.
    [[nodiscard]] std::int64_t noted_or_none() const;

    const std::filesystem::path path_;
    Guarded<std::optional<Instant>> last_;
    /// Valid once there was one; its thread has what it needs.
    Guarded<std::future<void>> writing_;
};

}  // namespace lucerna::store
