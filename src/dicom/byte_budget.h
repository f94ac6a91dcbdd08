#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/current_peer.h"

namespace lucerna::dicom {

/// What several may hold together while it comes, in bytes. Small holdings have half of it for
/// themselves; whoever wants more than kFreely, or finds that half taken, has the rest, one thread
/// at a time: so none waits for what another one who waits holds. One host (CurrentPeer) has no
/// more than three quarters of that half, and seven eighths of all, or less where that left others
/// no four megabytes, so that whoever holds what it can and goes on as slowly as it may keeps out
/// no other. Safe from any thread.
class ByteBudget {
  public:
    static constexpr std::size_t kNoLimit = SIZE_MAX;
    /// Objects that are sealed while they come hold less.
    static constexpr std::size_t kFreely = std::size_t{2} << 20;

    /// `name` is what refusals call it. Who finds it taken waits that long before it is refused,
    /// unless it has another patience.
    explicit ByteBudget(std::size_t limit, std::string name = "what may be held at once",
                        std::chrono::milliseconds patience = std::chrono::milliseconds(0));
    ByteBudget(const ByteBudget&) = delete;
    ByteBudget& operator=(const ByteBudget&) = delete;

    /// From here on; what is held already is not asked for again.
    void set_limit(std::size_t limit);
    [[nodiscard]] std::size_t held() const;
    /// How many wait for the turn.
    [[nodiscard]] std::size_t waiting_for_turn() const;

    using Clock = std::chrono::steady_clock;

    /// What one of them holds: an object, or all parts of a request. The budget must outlive it.
    class Holding {
      public:
        explicit Holding(ByteBudget& of) : of_(of) {}
        /// In all it waits for so long, and then for nothing more. Of what its host may have it
        /// leaves so much, but an eighth at most, for what is made of it.
        Holding(ByteBudget& of, std::chrono::milliseconds patience, std::size_t leaves = 0)
            : of_(of), patience_left_(patience), leaves_(leaves) {}
        ~Holding() { give_back(bytes_); }
        Holding(const Holding&) = delete;
        Holding& operator=(const Holding&) = delete;

        /// False, taking nothing, where it would pass the limit, or others hold too much for as
        /// long as the patience lasts. Once refused, it is refused at once until it gave something
        /// back.
        [[nodiscard]] bool take(std::size_t bytes) { return take(bytes, May::kHaveTurn); }
        /// The same for what is held for longer than it comes in: it never has the rest that one
        /// thread at a time has, and so is never more than kFreely.
        [[nodiscard]] bool take_as_small(std::size_t bytes) { return take(bytes, May::kBeSmall); }
        void give_back(std::size_t bytes);
        /// Why there is no room: because `take` was refused, or else the machine has none.
        [[nodiscard]] std::string refusal() const {
            return refusal_.empty() ? "out of memory" : refusal_;
        }
        /// It has the turn, and others waited for that within the last seconds: whoever sends what
        /// it is for is to send it quickly, or to give way. From any thread.
        [[nodiscard]] bool is_wanted() const;
        /// It was, because others hold too much: it may pass another time.
        [[nodiscard]] bool may_pass_later() const { return may_pass_later_; }

      private:
        friend class ByteBudget;
        enum class May { kHaveTurn, kBeSmall };
        [[nodiscard]] bool take(std::size_t bytes, May may);
        /// False where that is not so for as long as the patience lasts.
        [[nodiscard]] bool wait_for(std::unique_lock<std::mutex>& lock, std::size_t bytes, May may);
        ByteBudget& of_;
        /// For whom it was taken, of what is held.
        std::string peer_;
        std::optional<std::chrono::milliseconds> patience_left_;
        const std::size_t leaves_ = 0;
        std::size_t bytes_ = 0;
        bool has_turn_ = false;
        /// Since when.
        Clock::time_point turn_since_{};
        std::string refusal_;
        bool may_pass_later_ = false;
    };

  private:
    /// Of one host.
    struct OfPeer {
        std::size_t held = 0;
        std::size_t by_small = 0;
    };
    [[nodiscard]] OfPeer of_peer(const Holding& of) const;
    /// So much more or less, of a peer that is known; one of whom nothing is held any more is not.
    void count(const Holding& of, std::ptrdiff_t held, std::ptrdiff_t by_small);
    [[nodiscard]] std::size_t most_of_one(const Holding& of) const;
    /// Of a peer, of the half of small holdings.
    [[nodiscard]] std::size_t most_by_small(const Holding& of) const;
    [[nodiscard]] bool is_small(const Holding& of, std::size_t bytes) const;
    /// Others wait whose turn comes before this one's.
    [[nodiscard]] bool is_after_others(const Holding& of) const;
    [[nodiscard]] std::uint64_t last_turn_of(const std::string& host) const;
    /// Of hundreds that have come and gone, those are known that wait.
    void forget_turns() noexcept;
    enum class Lacks { kNothing, kTurn, kRoom };
    [[nodiscard]] Lacks lacks(const Holding& of, std::size_t bytes, Holding::May may) const;

    const std::string name_;
    const std::chrono::milliseconds patience_;
    // Not Guarded, which has no wait that ends.
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t limit_;
    std::size_t held_ = 0;
    /// Of all but those that have the turn.
    std::size_t held_by_small_ = 0;
    /// Of these two, of each host that holds anything.
    std::map<std::string, OfPeer> of_peers_;
    std::size_t have_turn_ = 0;
    /// Who took it.
    std::thread::id turn_of_;
    /// When somebody waited for it last.
    Clock::time_point turn_wanted_{};
    /// Whose it was how long ago, of each host that had it or waits: it goes round those that wait
    /// for it. A host that is new to it is before the one whose it was last, after all others.
    std::map<std::string, std::uint64_t> last_turn_of_;
    std::uint64_t last_turn_ = 1;
    /// Of each host of which any wait for anything.
    struct Waiting {
        std::size_t all = 0;
        /// For the turn, and for nothing else.
        std::size_t for_turn = 0;
    };
    std::map<std::string, Waiting> waiting_of_;
};

/// The one that whatever comes from outside is held by until it is kept, by whichever protocol.
/// It has no limit before a server gives it one.
[[nodiscard]] ByteBudget& intake_memory();

}  // namespace lucerna::dicom
