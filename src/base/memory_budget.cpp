#include "base/memory_budget.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "base/current_peer.h"
#include "base/error.h"

namespace lucerna {
namespace {

/// Times its patience, nobody waits longer whatever moves.
constexpr int kLongest = 3;
/// In which whoever waits asks whether to go on.
constexpr std::chrono::milliseconds kBetweenLooks{200};
constexpr std::chrono::milliseconds kBetweenLooksAtOther{20};
/// Of what could not be let go just then.
constexpr std::chrono::milliseconds kUntilAskedAgain{300};

std::atomic<std::uint64_t> last_task{0};
/// Of this thread; 0 where it took nothing yet.
thread_local std::uint64_t current_task = 0;
thread_local MemoryBudget::Waiting* current_waiting = nullptr;

std::uint64_t this_task() {
    if (current_task == 0) current_task = ++last_task;
    return current_task;
}

bool is_over() {
    return current_waiting != nullptr && current_waiting->is_over();
}

/// While this thread waits.
struct WaitingThread {
    WaitingThread(const std::string& what, const std::string& budget, bool again) {
        if (current_waiting != nullptr && !current_waiting->begin(again))
            throw Error(ErrorCode::kUnavailable,
                        what + " has to wait, and so do too many others (" + budget + ")");
    }
    ~WaitingThread() {
        if (current_waiting != nullptr) current_waiting->end();
    }
    WaitingThread(const WaitingThread&) = delete;
    WaitingThread& operator=(const WaitingThread&) = delete;
};

}  // namespace

MemoryBudget::MemoryBudget(std::string name, std::size_t limit, std::chrono::milliseconds patience,
                           std::chrono::milliseconds grace, const MemoryBudget* also_counted)
    : name_(std::move(name)),
      patience_(patience),
      grace_(grace),
      also_counted_(also_counted),
      limit_(limit) {}

void MemoryBudget::begin_task(Waiting* waiting) {
    current_task = 0;
    current_waiting = waiting;
}

void MemoryBudget::set_limit(std::size_t limit) {
    {
        const std::lock_guard lock(mutex_);
        limit_ = limit;
    }
    changed_.notify_all();
}

std::size_t MemoryBudget::limit() const {
    const std::lock_guard lock(mutex_);
    return limit_;
}

std::size_t MemoryBudget::held() const {
    const std::lock_guard lock(mutex_);
    return held_;
}

std::size_t MemoryBudget::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

MemoryBudget::Share::Share(Share&& other) noexcept
    : of_(std::exchange(other.of_, nullptr)), bytes_(other.bytes_), task_(other.task_) {}

MemoryBudget::Share& MemoryBudget::Share::operator=(Share&& other) noexcept {
    std::swap(of_, other.of_);
    std::swap(bytes_, other.bytes_);
    std::swap(task_, other.task_);
    return *this;
}

MemoryBudget::Share::~Share() {
    if (of_ != nullptr) of_->give_back(bytes_, task_);
}

MemoryBudget::Share MemoryBudget::take(std::size_t bytes, const std::string& what) {
    return take(bytes, what, false);
}

MemoryBudget::Share MemoryBudget::take_again(std::size_t bytes, const std::string& what) {
    return take(bytes, what, true);
}

MemoryBudget::Share MemoryBudget::take(std::size_t bytes, const std::string& what, bool again) {
    std::unique_lock lock(mutex_);
    if (bytes > limit_)
        throw Error(ErrorCode::kUnsupported, what + " takes " + std::to_string(bytes) +
                                                 " bytes, more than the limit of " +
                                                 std::to_string(limit_) + " bytes (" + name_ + ")");
    if (shares_of_.contains(this_task()) || (waiting_.empty() && fits(bytes))) return hold(bytes);
    lock.unlock();
    const WaitingThread waits(what, name_, again);
    lock.lock();
    const auto end = again ? Clock::time_point::max() : Clock::now() + kLongest * patience_;
    return hold_in_turn(bytes, what, end, lock);
}

MemoryBudget::Share MemoryBudget::take_beside(const MemoryBudget& other, std::size_t bytes,
                                              const std::string& what) {
    if (!other.is_held_by_this_task()) return take(bytes, what);
    const std::lock_guard lock(mutex_);
    return hold(bytes);
}

bool MemoryBudget::is_held_by_this_task() const {
    const std::lock_guard lock(mutex_);
    return shares_of_.contains(this_task());
}

/// From its end of the line on.
class MemoryBudget::PlaceInLine {
  public:
    PlaceInLine(MemoryBudget& of, std::unique_lock<std::mutex>& lock)
        : ticket(of.next_ticket_++), of_(of), lock_(lock) {
        of.last_turn_of_.try_emplace(CurrentPeer::host(), of.last_turn_);
        of.waiting_.push_back({ticket, CurrentPeer::host()});
        of.first_ = of.first_in_line();
    }
    ~PlaceInLine() {
        if (!lock_.owns_lock()) lock_.lock();
        of_.leave_line(ticket, had_turn);
        // Whoever was behind is the first now, and may fit.
        if (!of_.waiting_.empty()) of_.changed_.notify_all();
    }
    PlaceInLine(const PlaceInLine&) = delete;
    PlaceInLine& operator=(const PlaceInLine&) = delete;

    const std::uint64_t ticket;
    bool had_turn = false;

  private:
    MemoryBudget& of_;
    std::unique_lock<std::mutex>& lock_;
};

MemoryBudget::Share MemoryBudget::hold_in_turn(std::size_t bytes, const std::string& what,
                                               Clock::time_point end,
                                               std::unique_lock<std::mutex>& lock) {
    std::optional<PlaceInLine> place(std::in_place, *this, lock);
    const std::uint64_t ticket = place->ticket;
    const auto my_turn = [&] { return first_ == ticket && fits(bytes); };
    const auto state = [&] { return std::pair(first_, held_with_others()); };
    auto seen = state();
    auto gives_up = Clock::now() + patience_;
    while (!my_turn() && Clock::now() < std::min(gives_up, end) && !is_over()) {
        // Whoever is the first in line asks for all.
        const bool is_first = first_ == ticket;
        if (auto holder = is_first ? next_to_ask() : nullptr) {
            lock.unlock();
            if (!holder->let_go()) may_ask(holder, std::min(grace_, kUntilAskedAgain));
            holder.reset();
            lock.lock();
        } else {
            auto until = std::min(gives_up, end);
            if (current_waiting != nullptr) until = std::min(until, Clock::now() + kBetweenLooks);
            // Nobody says when the other one gets back what counts here.
            if (also_counted_ != nullptr)
                until = std::min(until, Clock::now() + kBetweenLooksAtOther);
            if (is_first && !renewable_.empty()) until = std::min(until, renewable_.front().from);
            changed_.wait_until(lock, until);
        }
        if (const auto now = state(); now != std::exchange(seen, now))
            gives_up = Clock::now() + patience_;
    }
    const bool came = my_turn();
    // Who waited in vain though it was his turn has had it; who was let go has not.
    place->had_turn = came || (first_ == ticket && !is_over());
    place.reset();
    if (!came)
        throw Error(ErrorCode::kUnavailable, what + " has to wait: others hold " +
                                                 std::to_string(held_with_others()) + " of " +
                                                 std::to_string(limit_) + " bytes (" + name_ + ")");
    return hold(bytes);
}

/// A crowd of one host is not to keep those of others waiting until all of it was served.
std::uint64_t MemoryBudget::first_in_line() const {
    const auto turn = [&](const InLine& one) {
        return std::pair(last_turn_of_.find(one.host)->second, one.ticket);
    };
    return std::min_element(
               waiting_.begin(), waiting_.end(),
               [&](const InLine& one, const InLine& other) { return turn(one) < turn(other); })
        ->ticket;
}

/// Who is gone before his turn takes none from his host's others.
void MemoryBudget::leave_line(std::uint64_t ticket, bool had_turn) noexcept {
    const auto at = std::find_if(waiting_.begin(), waiting_.end(),
                                 [&](const InLine& one) { return one.ticket == ticket; });
    if (had_turn) last_turn_of_.find(at->host)->second = ++last_turn_;
    waiting_.erase(at);
    if (!waiting_.empty()) first_ = first_in_line();
    // Of hundreds that have come and gone, those are known that wait.
    constexpr std::size_t kMostKnown = 256;
    if (!waiting_.empty() && last_turn_of_.size() <= kMostKnown) return;
    std::erase_if(last_turn_of_, [&](const auto& host) {
        return std::none_of(waiting_.begin(), waiting_.end(),
                            [&](const InLine& one) { return one.host == host.first; });
    });
}

void MemoryBudget::may_ask(std::weak_ptr<Renewable> holder, std::chrono::milliseconds grace) {
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(renewable_, [](const Asked& one) { return one.holder.expired(); });
        const auto from = Clock::now() + grace;
        const auto later = [](Clock::time_point time, const Asked& one) { return time < one.from; };
        renewable_.insert(std::upper_bound(renewable_.begin(), renewable_.end(), from, later),
                          {std::move(holder), from});
    }
    changed_.notify_all();
}

std::chrono::milliseconds MemoryBudget::grace_of(Clock::duration made) const {
    // Quicker than a client at the other end of the world takes anything at all nobody is asked.
    constexpr std::chrono::milliseconds kLeast{300};
    const auto worth = std::chrono::duration_cast<std::chrono::milliseconds>(4 * made);
    return std::min(std::max(worth, kLeast), grace_);
}

std::shared_ptr<MemoryBudget::Renewable> MemoryBudget::next_to_ask() {
    while (!renewable_.empty() && renewable_.front().from <= Clock::now()) {
        auto holder = renewable_.front().holder.lock();
        renewable_.pop_front();
        if (holder) return holder;
    }
    return nullptr;
}

MemoryBudget::Share MemoryBudget::hold(std::size_t bytes) {
    ++shares_of_[this_task()];
    held_ += bytes;
    return {*this, bytes, this_task()};
}

void MemoryBudget::give_back(std::size_t bytes, std::uint64_t task) {
    {
        const std::lock_guard lock(mutex_);
        held_ -= bytes;
        forget(task);
    }
    changed_.notify_all();
}

void MemoryBudget::forget(std::uint64_t task) {
    const auto at = shares_of_.find(task);
    if (at != shares_of_.end() && --at->second == 0) shares_of_.erase(at);
}

void MemoryBudget::Share::keep_only(std::size_t bytes) {
    if (of_ == nullptr || bytes >= bytes_) return;
    {
        const std::lock_guard lock(of_->mutex_);
        of_->held_ -= bytes_ - bytes;
        bytes_ = bytes;
    }
    of_->changed_.notify_all();
}

void MemoryBudget::Share::detach() {
    if (of_ == nullptr) return;
    const std::lock_guard lock(of_->mutex_);
    of_->forget(std::exchange(task_, 0));
}

}  // namespace lucerna
