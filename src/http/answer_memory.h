#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

namespace lucerna::http {

/// What answers that were made and not yet taken by their clients hold together, in bytes. Where
/// others need it, those go whose clients have taken nothing for longest. Safe from any thread.
class AnswerMemory {
  public:
    using Clock = std::chrono::steady_clock;

    /// An answer of that size is held whatever others hold, and counted nowhere.
    static constexpr std::size_t kFreely = std::size_t{64} << 10;
    /// And a piece of one, which hundreds of clients may be slow to take.
    static constexpr std::size_t kLeastPiece = std::size_t{16} << 10;

    struct Terms {
        std::size_t limit = std::size_t{32} << 20;
        /// Who has taken something within this is not cut.
        std::chrono::milliseconds stall{10'000};
        /// How long one waits for room, and how many may at once: each holds a thread.
        std::chrono::milliseconds patience{4'000};
        std::size_t most_waiting = 4;
    };

    explicit AnswerMemory(Terms terms) : terms_(terms) {}
    AnswerMemory(const AnswerMemory&) = delete;
    AnswerMemory& operator=(const AnswerMemory&) = delete;

    /// What one answer holds until this goes.
    class Holding {
      public:
        ~Holding();
        Holding(const Holding&) = delete;
        Holding& operator=(const Holding&) = delete;

        /// Its client has taken some of it; it is not cut then, if it was about to be.
        void note_progress();

      private:
        friend class AnswerMemory;
        Holding(AnswerMemory& of, std::size_t bytes, std::function<void()> cut);

        AnswerMemory& of_;
        const std::size_t bytes_;
        std::function<void()> cut_;
        bool is_cut_ = false;
        Clock::time_point last_progress_;
    };

    /// Null where there is no room for it, though others were cut. `cut`, from any thread, soon
    /// ends the answer, or notes the progress that its client made. One alone may be larger than
    /// the limit.
    [[nodiscard]] std::unique_ptr<Holding> take(std::size_t bytes, std::function<void()> cut);

    /// As `take` for what cannot be refused any more: it is held whatever others hold, and as many
    /// of those as it needs are cut that have stalled. Without `cut` it is none of those that are:
    /// what is being made waits for others, not for its client.
    [[nodiscard]] std::unique_ptr<Holding> hold(std::size_t bytes, std::function<void()> cut);

    /// How large a piece of an answer to make next: the fuller it is, the smaller.
    [[nodiscard]] std::size_t piece_bytes() const;
    [[nodiscard]] std::size_t held() const;

  private:
    /// Where `held` is held already.
    [[nodiscard]] bool fits(std::size_t bytes, std::size_t held) const;
    [[nodiscard]] std::function<void()> give_up_one();
    /// Of a thread that has the lock.
    [[nodiscard]] std::unique_ptr<Holding> add(std::size_t bytes, std::function<void()> cut);

    const Terms terms_;
    mutable std::mutex mutex_;
    std::condition_variable given_back_;
    std::unordered_set<Holding*> holdings_;
    std::size_t held_ = 0;
    /// Of these, by answers that were cut and are not gone yet.
    std::size_t leaving_ = 0;
    std::size_t waiting_ = 0;
};

/// The one of this process.
[[nodiscard]] AnswerMemory& answer_memory();

}  // namespace lucerna::http
