#include "dicom/follow_ups.h"

#include <new>
#include <utility>

#include "dicom/message_data_set.h"

namespace lucerna::dicom {
namespace {

using std::chrono::steady_clock;

/// Of one association, beside the one that is worked on or asked about.
constexpr std::size_t kMostBytes = std::size_t{4} << 20;
/// What each takes beside the bytes that it names.
constexpr std::size_t kBytesOfEach = 1024;

}  // namespace

std::optional<FollowUpMemory::Share> FollowUpMemory::take(std::size_t bytes) noexcept {
    std::size_t held = held_.load();
    do {
        if (held > kMost || bytes > kMost - held) return std::nullopt;
    } while (!held_.compare_exchange_weak(held, held + bytes));
    return Share(*this, bytes);
}

bool FollowUps::make_room(std::size_t bytes) noexcept {
    room_ = {};
    const bool is_deaf = asked_ && asked_->by == nullptr;
    if (is_deaf) return false;
    bytes += kBytesOfEach;
    std::size_t waiting = bytes;
    for (const Waiting& one : waiting_) waiting += one.share.bytes();
    if (!waiting_.empty() && waiting > kMostBytes) return false;
    try {
        waiting_.reserve(waiting_.size() + 1);
    } catch (const std::bad_alloc&) {
        return false;
    }
    std::optional<FollowUpMemory::Share> share = memory_.take(bytes);
    if (!share) return false;
    room_ = *std::move(share);
    return true;
}

void FollowUps::add(std::unique_ptr<FollowUp> one, std::uint8_t context) noexcept {
    if (room_.bytes() == 0) return tell_unanswered(*one);
    waiting_.push_back({std::move(one), context, std::exchange(room_, {})});
}

bool FollowUps::work() {
    // Whoever goes on to say other things, but not this, will not say it to the next one either.
    if (asked_ && asked_->by != nullptr && steady_clock::now() - asked_->since >= patience_) end();
    if (asked_ || waiting_.empty()) return false;
    FollowUp& first = *waiting_.front().follow_up;
    const std::uint8_t context = waiting_.front().context;
    bool is_done = false;
    std::optional<Question> question;
    Bytes command;
    Bytes data_set;
    const bool is_well = succeeds(first, [&] {
        is_done = !first.work();
        if (is_done) question = first.question();
        if (!question) return;
        question->command.message_id = next_message_id();
        question->command.has_data_set = true;
        command = encode_command(question->command);
        data_set = write_message(question->data_set, contexts_.at(context).transfer_syntax);
    });
    if (is_well && !is_done) return true;
    std::unique_ptr<FollowUp> one = std::move(waiting_.front().follow_up);
    FollowUpMemory::Share share = std::move(waiting_.front().share);
    waiting_.erase(waiting_.begin());
    if (!is_well || !question) return true;
    const std::uint16_t field = question->command.field;
    asked_.emplace(Asked{question->command.message_id,
                         static_cast<std::uint16_t>(field | command::kResponseBit),
                         steady_clock::now(), std::move(one), std::move(share)});
    // Not to be held while the peer takes its time.
    question.reset();
    channel_.queue_part(context, true, command);
    channel_.send_part(context, false, data_set);
    return true;
}

void FollowUps::say_that_they_wait() noexcept {
    const Moment now = steady_clock::now();
    if (now - last_word_ < kBetweenWords) return;
    last_word_ = now;
    const auto is_over = [](FollowUp& one) { return !succeeds(one, [&] { one.waits(); }); };
    if (asked_ && asked_->by != nullptr && is_over(*asked_->by)) {
        asked_->by.reset();
        asked_->share = {};
        // Nobody would see any more that the answer is overdue, behind which they wait.
        end();
    }
    std::erase_if(waiting_, [&](const Waiting& one) { return is_over(*one.follow_up); });
}

bool FollowUps::take(const DimseCommand& response) noexcept {
    if (!asked_ || response.message_id != asked_->message_id || response.field != asked_->response)
        return false;
    const std::unique_ptr<FollowUp> one = std::move(asked_->by);
    asked_.reset();
    if (one != nullptr) (void)succeeds(*one, [&] { one->answered(response); });
    return true;
}

void FollowUps::end() noexcept {
    if (asked_ && asked_->by != nullptr) tell_unanswered(*std::exchange(asked_->by, nullptr));
    if (asked_) asked_->share = {};
    for (const Waiting& one : std::exchange(waiting_, {})) tell_unanswered(*one.follow_up);
}

std::uint16_t FollowUps::next_message_id() {
    do ++last_message_;
    while (last_message_ == 0 || (asked_ && asked_->message_id == last_message_));
    return last_message_;
}

bool FollowUps::succeeds(FollowUp& one, const std::function<void()>& step) noexcept {
    try {
        step();
        return true;
    } catch (const std::exception& error) {
        try {
            one.failed(error);
        } catch (const std::exception&) {
            // It had its say; the association goes on.
        }
        return false;
    }
}

void FollowUps::tell_unanswered(FollowUp& one) noexcept {
    try {
        one.unanswered();
    } catch (const std::exception&) {
        // It had its say; the others are to have theirs.
    }
}

}  // namespace lucerna::dicom
