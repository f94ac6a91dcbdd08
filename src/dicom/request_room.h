#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/memory_budget.h"
#include "dicom/byte_budget.h"

namespace lucerna::dicom {

/// A request whose data set is longer takes its turn, before more of it is read.
inline constexpr std::size_t kFreelyAsked = std::size_t{128} << 10;

/// What requests with long data sets come to while they are answered: as values, as text, in a
/// statement of an index.
[[nodiscard]] MemoryBudget& request_memory();

/// What one request holds: its data set, of what is held while it comes in, and, where that is
/// long, what is made of it. Two of the long ones are answered at a time.
class RequestRoom {
  public:
    explicit RequestRoom(ByteBudget& intake, MemoryBudget& requests = request_memory());
    ~RequestRoom();
    RequestRoom(const RequestRoom&) = delete;
    RequestRoom& operator=(const RequestRoom&) = delete;

    /// For so many bytes more of the data set, which take `room` while they come. False where there
    /// is none, for as long as it is waited for, or has gone to others, as it came too slowly.
    [[nodiscard]] bool take(std::size_t bytes, std::size_t room);
    /// All of it has, and `room` is not needed any more. False as above.
    [[nodiscard]] bool has_come(std::size_t room);
    /// Nothing is left but the data set itself.
    void let_others() noexcept;
    /// What holds the data set.
    [[nodiscard]] const ByteBudget::Holding& holding() const { return message_; }
    /// Why there is no room.
    [[nodiscard]] std::string refusal() const;

  private:
    class Turn;

    ByteBudget::Holding message_;
    MemoryBudget& requests_;
    std::size_t bytes_ = 0;
    /// Shared with the budget, which may ask for it.
    std::shared_ptr<Turn> turn_;
    std::string refusal_;
};

}  // namespace lucerna::dicom
