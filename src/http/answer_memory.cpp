#include "http/answer_memory.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "http/pieces.h"

namespace lucerna::http {

AnswerMemory::Holding::Holding(AnswerMemory& of, std::size_t bytes, std::function<void()> cut)
    : of_(of), bytes_(bytes), cut_(std::move(cut)), last_progress_(Clock::now()) {}

AnswerMemory::Holding::~Holding() {
    {
        const std::lock_guard lock(of_.mutex_);
        of_.holdings_.erase(this);
        of_.held_ -= bytes_;
        if (is_cut_) of_.leaving_ -= bytes_;
    }
    of_.given_back_.notify_all();
}

void AnswerMemory::Holding::note_progress() {
    const std::lock_guard lock(of_.mutex_);
    last_progress_ = Clock::now();
    if (std::exchange(is_cut_, false)) of_.leaving_ -= bytes_;
}

bool AnswerMemory::fits(std::size_t bytes, std::size_t held) const {
    return held == 0 || (bytes <= terms_.limit && held <= terms_.limit - bytes);
}

/// How to cut the one that has stalled for longest; empty where none has.
std::function<void()> AnswerMemory::give_up_one() {
    Holding* longest = nullptr;
    for (Holding* holding : holdings_)
        if (holding->cut_ && !holding->is_cut_ &&
            (!longest || holding->last_progress_ < longest->last_progress_))
            longest = holding;
    if (!longest || Clock::now() - longest->last_progress_ < terms_.stall) return {};
    longest->is_cut_ = true;
    leaving_ += longest->bytes_;
    return longest->cut_;
}

std::unique_ptr<AnswerMemory::Holding> AnswerMemory::take(std::size_t bytes,
                                                          std::function<void()> cut) {
    // Outlives the lock: what `cut` holds may be the last of another answer.
    std::function<void()> cut_one;
    std::unique_lock lock(mutex_);
    const auto until = Clock::now() + terms_.patience;
    while (!fits(bytes, held_)) {
        if (waiting_ >= terms_.most_waiting || Clock::now() >= until) return nullptr;
        if (!fits(bytes, held_ - leaving_)) cut_one = give_up_one();
        ++waiting_;
        if (cut_one) {
            lock.unlock();
            std::exchange(cut_one, {})();
            lock.lock();
        }
        if (!fits(bytes, held_)) given_back_.wait_for(lock, std::chrono::milliseconds(100));
        --waiting_;
    }
    return add(bytes, std::move(cut));
}

std::unique_ptr<AnswerMemory::Holding> AnswerMemory::hold(std::size_t bytes,
                                                          std::function<void()> cut) {
    std::vector<std::function<void()>> to_cut;
    std::unique_ptr<Holding> holding;
    {
        const std::lock_guard lock(mutex_);
        while (!fits(bytes, held_ - leaving_)) {
            auto cut_one = give_up_one();
            if (!cut_one) break;
            to_cut.push_back(std::move(cut_one));
        }
        holding = add(bytes, std::move(cut));
    }
    for (const auto& cut_one : to_cut) cut_one();
    return holding;
}

std::unique_ptr<AnswerMemory::Holding> AnswerMemory::add(std::size_t bytes,
                                                         std::function<void()> cut) {
    std::unique_ptr<Holding> holding(new Holding(*this, bytes, std::move(cut)));
    holdings_.insert(holding.get());
    held_ += bytes;
    return holding;
}

std::size_t AnswerMemory::piece_bytes() const {
    const std::lock_guard lock(mutex_);
    // What is sent piece by piece leaves half to what is sent as a whole.
    const std::size_t most = terms_.limit / 2;
    const std::size_t left = most - std::min(most, held_);
    return std::clamp<std::size_t>(left / 8 / kLeastPiece * kLeastPiece, kLeastPiece, kPieceBytes);
}

std::size_t AnswerMemory::held() const {
    const std::lock_guard lock(mutex_);
    return held_;
}

AnswerMemory& answer_memory() {
    static AnswerMemory memory({});
    return memory;
}

}  // namespace lucerna::http
