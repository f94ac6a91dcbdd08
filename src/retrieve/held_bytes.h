#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/memory_budget.h"
#include "dicom/decoding_memory.h"
#include "http/multipart_writer.h"
#include "http/pieces.h"

namespace lucerna::retrieve {

/// What an answer may hold while it is sent, whatever others need.
inline constexpr std::size_t kHeldFreely = std::size_t{4} << 20;

/// For a large answer that is made and sent as a whole, as nearly all are within a moment: held as
/// long as what is returned. Null where those that are on their way take 40 MiB already: then it is
/// for HeldBytes, so that slow clients hold no more than that.
[[nodiscard]] std::shared_ptr<const void> room_to_send_at_once(std::size_t bytes);

/// The same of a part that is sent with others, and made before there is a client to take it; small
/// ones find room in any case.
[[nodiscard]] std::shared_ptr<const void> room_for_part(std::size_t bytes);

/// Gives back what was made in room for much more; to copy what is nearly full would take as much
/// once more.
void let_go_of_room(Bytes& made);

/// A large body that was made and is sent piece by piece. It holds a share of a budget while its
/// client takes it; where others wait for memory and the client takes its time, it is let go, and
/// made again for the next piece: who reads slowly keeps nobody else from reading.
class HeldBytes final : public MemoryBudget::Renewable {
  public:
    struct Made {
        Bytes bytes;
        /// What making it took; may be null.
        std::shared_ptr<MemoryBudget::Share> share{};
        /// Making it, where that is long.
        std::chrono::nanoseconds took{};
    };
    using Make = std::function<Made()>;

    /// `first` is what `make` gave; it gives the same bytes whenever it is called. Throws as
    /// MemoryBudget::take; reading throws what `make` throws, and Error(kCorrupt) where it is
    /// another size.
    [[nodiscard]] static http::Pieces pieces_of(Made first, Make make,
                                                MemoryBudget& memory = dicom::decoding_memory());
    /// The same as the body of `part`; what is small is it as it is, where it finds room
    /// (room_for_part).
    static void put_into(http::Part& part, Made first, Make make);

    bool let_go() noexcept override;

  private:
    HeldBytes(Make make, MemoryBudget& memory) : make_(std::move(make)), memory_(memory) {}
    static void hold(const std::shared_ptr<HeldBytes>& self, Made made);

    const Make make_;
    MemoryBudget& memory_;
    using Clock = std::chrono::steady_clock;
    /// It is kept until then, while its client takes some of it again and again, each time within
    /// so long of the last.
    Clock::time_point until_{};
    std::chrono::milliseconds pause_{};
    Clock::time_point taken_{};
    /// Of `made_`. Recursive, since the thread that makes it may have to ask others, and would ask
    /// this one too if it is still on the list: there is nothing to let go of then.
    std::recursive_mutex mutex_;
    std::optional<Made> made_;
};

}  // namespace lucerna::retrieve
