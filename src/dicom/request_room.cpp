#include "dicom/request_room.h"

#include <chrono>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "base/memory.h"

namespace lucerna::dicom {
namespace {

/// Of as many UIDs as a query may have. What is made of more than that the parser bounds
/// (parsing_memory).
constexpr std::size_t kOfOne = std::size_t{16} << 20;

}  // namespace

MemoryBudget& request_memory() {
    // Who waits does so for longer than the grace, in which as many UIDs come by any network that a
    // hospital has, and is answered before its peer gives up on that.
    static MemoryBudget budget("what requests with long data sets may take at once", 2 * kOfOne,
                               std::chrono::seconds(4), std::chrono::seconds(3));
    return budget;
}

/// Goes to who waits while its request is still on its way, not from one that is being answered.
class RequestRoom::Turn final : public MemoryBudget::Renewable {
  public:
    explicit Turn(MemoryBudget::Share share) : share_(std::move(share)) {}

    bool let_go() noexcept override {
        const std::lock_guard lock(mutex_);
        if (has_come_) return false;
        has_gone_ = true;
        share_ = {};
        return true;
    }
    /// It stays. False where it went.
    bool keep() {
        const std::lock_guard lock(mutex_);
        has_come_ = !has_gone_;
        return has_come_;
    }
    [[nodiscard]] bool has_gone() const {
        const std::lock_guard lock(mutex_);
        return has_gone_;
    }

  private:
    mutable std::mutex mutex_;
    MemoryBudget::Share share_;
    bool has_come_ = false;
    bool has_gone_ = false;
};

RequestRoom::RequestRoom(ByteBudget& intake, MemoryBudget& requests)
    : message_(intake), requests_(requests) {}

RequestRoom::~RequestRoom() {
    let_others();
}

bool RequestRoom::take(std::size_t bytes, std::size_t room) {
    bytes_ += bytes;
    if (refusal_.empty() && turn_ == nullptr && bytes_ > kFreelyAsked) {
        try {
            turn_ =
                std::make_shared<Turn>(requests_.take(kOfOne, "a request with so long a data set"));
            requests_.may_ask(turn_);
        } catch (const Error& error) {
            refusal_ = error.what();
        }
    }
    if (turn_ != nullptr && turn_->has_gone())
        refusal_ = "it came slowly, and others waited for their turn: send it later";
    return refusal_.empty() && message_.take(room);
}

bool RequestRoom::has_come(std::size_t room) {
    message_.give_back(room);
    if (turn_ != nullptr && !turn_->keep()) return take(0, 0);
    return true;
}

void RequestRoom::let_others() noexcept {
    if (turn_ == nullptr) return;
    // Before the next one has its turn: what this one has freed is not to lie beside that.
    give_back_freed_memory();
    turn_.reset();
}

std::string RequestRoom::refusal() const {
    return refusal_.empty() ? message_.refusal() : refusal_;
}

}  // namespace lucerna::dicom
