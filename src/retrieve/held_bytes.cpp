#include "retrieve/held_bytes.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "base/error.h"
#include "http/answer_memory.h"

namespace lucerna::retrieve {
namespace {

constexpr std::size_t kSentAtOnce = std::size_t{40} << 20;
std::atomic<std::size_t> held_to_send_at_once{0};

}  // namespace

std::shared_ptr<const void> room_to_send_at_once(std::size_t bytes) {
    std::size_t held = held_to_send_at_once;
    do {
        if (bytes > kSentAtOnce || held > kSentAtOnce - bytes) return nullptr;
    } while (!held_to_send_at_once.compare_exchange_weak(held, held + bytes));
    return {&held_to_send_at_once, [bytes](const void*) { held_to_send_at_once -= bytes; }};
}

std::shared_ptr<const void> room_for_part(std::size_t bytes) {
    static const auto for_small_ones = std::make_shared<const int>(0);
    return bytes <= http::AnswerMemory::kFreely ? for_small_ones : room_to_send_at_once(bytes);
}

void let_go_of_room(Bytes& made) {
    if (made.capacity() > made.size() + made.size() / 4) made.shrink_to_fit();
}

http::Pieces HeldBytes::pieces_of(Made first, Make make, MemoryBudget& memory) {
    const std::size_t size = first.bytes.size();
    const std::shared_ptr<HeldBytes> self(new HeldBytes(std::move(make), memory));
    hold(self, std::move(first));
    return {size, [self, size](std::uint64_t at, std::uint64_t length) {
                const std::lock_guard lock(self->mutex_);
                if (!self->made_) hold(self, self->make_());
                const ByteView bytes = self->made_->bytes;
                if (bytes.size() != size)
                    throw Error(ErrorCode::kCorrupt, "what is sent is another than it was");
                const ByteView piece =
                    bytes.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(length));
                Bytes copy(piece.begin(), piece.end());
                self->taken_ = Clock::now();
                if (at + length == size) self->made_.reset();
                return copy;
            }};
}

void HeldBytes::put_into(http::Part& part, Made first, Make make) {
    const std::size_t size = first.bytes.size();
    if (size <= kHeldFreely) part.room = room_for_part(size);
    if (part.room)
        part.body = std::move(first.bytes);
    else
        part.pieces = pieces_of(std::move(first), std::move(make));
}

void HeldBytes::hold(const std::shared_ptr<HeldBytes>& self, Made made) {
    MemoryBudget& memory = self->memory_;
    if (made.share == nullptr)
        made.share = std::make_shared<MemoryBudget::Share>(
            memory.take(std::min(made.bytes.size(), memory.limit()), "a large answer"));
    let_go_of_room(made.bytes);
    made.share->keep_only(made.bytes.size());
    // This thread goes on to others while a client takes its time.
    made.share->detach();
    // Where making it again and again would take all the time that there is, nobody was served; but
    // for who takes nothing, others need not wait for long.
    constexpr std::chrono::milliseconds kLongest{10'000};
    constexpr std::chrono::milliseconds kLeastPause{300};
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(made.took);
    const auto grace = std::clamp(4 * took, memory.grace(), kLongest);
    self->taken_ = Clock::now();
    self->until_ = self->taken_ + grace;
    self->pause_ = std::min(std::max(took, kLeastPause), grace);
    self->made_ = std::move(made);
    memory.may_ask(self, self->pause_);
}

bool HeldBytes::let_go() noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return false;
    const auto now = Clock::now();
    if (now < until_ && now < taken_ + pause_) return false;
    made_.reset();
    return true;
}

}  // namespace lucerna::retrieve
