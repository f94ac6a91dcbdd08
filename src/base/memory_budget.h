#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace lucerna {

/// What several threads may hold together, in bytes. Who asks for more than is free waits in line
/// until others have given back. Safe from any thread.
class MemoryBudget {
  public:
    static constexpr std::size_t kNoLimit = SIZE_MAX;

    /// `name` is what errors call it: "decoding_mib, what decoding may hold at once". `grace` is
    /// for what can be made again. What `also_counted` has given counts here, too, as long as
    /// anybody holds anything of this: both together are no more than this limit, but for what one
    /// task takes alone.
    MemoryBudget(std::string name, std::size_t limit,
                 std::chrono::milliseconds patience = std::chrono::seconds(20),
                 std::chrono::milliseconds grace = std::chrono::seconds(2),
                 const MemoryBudget* also_counted = nullptr);
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;

    /// From here on; what is held already is not asked for again.
    void set_limit(std::size_t limit);
    [[nodiscard]] std::size_t limit() const;
    [[nodiscard]] std::size_t held() const;
    /// How many wait in line.
    [[nodiscard]] std::size_t waiting() const;
    [[nodiscard]] std::chrono::milliseconds grace() const { return grace_; }

    /// Whom a thread belongs to that waits.
    class Waiting {
      public:
        virtual ~Waiting() = default;
        /// It is about to; `again` where it gave back what it had, so that others have their turn.
        /// False: too many do, it must not.
        virtual bool begin(bool again) noexcept = 0;
        virtual void end() noexcept = 0;
        /// Asked a few times a second while it waits: true ends the wait, as one in vain.
        [[nodiscard]] virtual bool is_over() const noexcept { return false; }
    };
    /// What this thread does from here on is something else: what it took before is no more its
    /// than any other's. For threads that do one thing after the other for different people, before
    /// each. `waiting` is told when it waits; borrowed until the next task.
    static void begin_task(Waiting* waiting = nullptr);

    /// Bytes that are held until the share goes, by whichever thread.
    class Share {
      public:
        Share() = default;
        Share(Share&& other) noexcept;
        Share& operator=(Share&& other) noexcept;
        ~Share();

        /// The rest is free for others.
        void keep_only(std::size_t bytes);
        /// From here on it is no task's: an answer's that is sent, for one.
        void detach();

      private:
        friend class MemoryBudget;
        Share(MemoryBudget& of, std::size_t bytes, std::uint64_t task)
            : of_(&of), bytes_(bytes), task_(task) {}

        MemoryBudget* of_ = nullptr;
        std::size_t bytes_ = 0;
        std::uint64_t task_ = 0;
    };

    /// What holds a share and can be made again once it is needed: an answer that waits for its
    /// client.
    class Renewable {
      public:
        virtual ~Renewable() = default;
        /// From a thread that waits for memory and has no lock of the budget. False: it is in use,
        /// and was kept.
        virtual bool let_go() noexcept = 0;
    };
    /// From here on, once the grace has passed, it is asked to let go where somebody waits: the one
    /// whose grace ended first before the others, and each once.
    void may_ask(const std::weak_ptr<Renewable>& holder) { may_ask(holder, grace_); }
    void may_ask(std::weak_ptr<Renewable> holder, std::chrono::milliseconds grace);
    /// For what took so long to make: so much that making it again takes a fifth of the time in
    /// which it is sent, and no more than others have.
    [[nodiscard]] std::chrono::milliseconds grace_of(
        std::chrono::steady_clock::duration made) const;

    /// `what` is what they are for: "a frame of 8 x 8 pixels". Of those that wait each host
    /// (CurrentPeer) has its turn after the others, and of one host who came first; but a task that
    /// took a share before, which is held still, might wait for itself, so it never waits. Throws
    /// Error: kUnsupported for more than the limit, kUnavailable where nothing moves for as long as
    /// the patience lasts: nobody in front is served or gives up, and nobody gives back; or where
    /// its turn has not come after three times that; or at once where it would wait and must not,
    /// or no longer (Waiting).
    [[nodiscard]] Share take(std::size_t bytes, const std::string& what);
    /// For a task that gave back what it had, so that others have their turn: as `take`, but what
    /// it began is ended however long that takes.
    [[nodiscard]] Share take_again(std::size_t bytes, const std::string& what);
    /// For a task that holds a share of `other`, for which those may wait who hold one of this: at
    /// once, whatever is free. For any other task as above.
    [[nodiscard]] Share take_beside(const MemoryBudget& other, std::size_t bytes,
                                    const std::string& what);

  private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] bool is_held_by_this_task() const;
    void give_back(std::size_t bytes, std::uint64_t task);
    /// One share less of that task.
    void forget(std::uint64_t task);
    [[nodiscard]] Share hold(std::size_t bytes);
    [[nodiscard]] Share take(std::size_t bytes, const std::string& what, bool again);
    /// Once those are served, or have given up, who are before it in line.
    [[nodiscard]] Share hold_in_turn(std::size_t bytes, const std::string& what,
                                     Clock::time_point end, std::unique_lock<std::mutex>& lock);
    [[nodiscard]] std::size_t held_with_others() const {
        return held_ + (also_counted_ == nullptr || held_ == 0 ? 0 : also_counted_->held());
    }
    [[nodiscard]] bool fits(std::size_t bytes) const {
        const std::size_t all = held_with_others();
        return all <= limit_ && bytes <= limit_ - all;
    }
    /// Whose turn is next, where any wait.
    [[nodiscard]] std::uint64_t first_in_line() const;
    /// That was its host's turn where it had it.
    void leave_line(std::uint64_t ticket, bool had_turn) noexcept;

    struct InLine {
        std::uint64_t ticket;
        std::string host;
    };
    class PlaceInLine;
    struct Asked {
        std::weak_ptr<Renewable> holder;
        Clock::time_point from;
    };
    /// Of those that may be asked, the first; null where it is too early for that, or there is
    /// none.
    [[nodiscard]] std::shared_ptr<Renewable> next_to_ask();

    const std::string name_;
    const std::chrono::milliseconds patience_;
    const std::chrono::milliseconds grace_;
    /// Its lock is taken within this one's.
    const MemoryBudget* const also_counted_;
    // Not Guarded, which has no wait that ends.
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t limit_;
    std::size_t held_ = 0;
    /// Of each task that has some.
    std::map<std::uint64_t, std::size_t> shares_of_;
    std::uint64_t next_ticket_ = 0;
    /// In the order in which they came.
    std::deque<InLine> waiting_;
    /// What first_in_line gives, as of the last that came or left.
    std::uint64_t first_ = 0;
    /// Which turn was its last, since there is a line, of each host that waits; of one that comes
    /// new the one before, so that it is the next of those that had theirs then, but not the first.
    std::map<std::string, std::uint64_t> last_turn_of_;
    std::uint64_t last_turn_ = 0;
    /// In the order of their time.
    std::deque<Asked> renewable_;
};

}  // namespace lucerna
