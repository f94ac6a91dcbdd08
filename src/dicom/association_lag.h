#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>

#include "dicom/transport.h"

namespace lucerna::dicom {

/// For how long an association has kept its place without use: what was waited for its peers (who
/// sends to it, who takes from it, the destination that it sends to), less what the bytes that
/// moved meanwhile take at a usual rate. A sender at that rate has none, whatever the length of
/// what it sends. One thread at a time waits; any may ask.
class AssociationLag {
  public:
    /// It grows to `most`, so that whoever has been slow for hours and is no more is soon forgiven.
    AssociationLag(std::size_t usual_bytes_per_second, std::chrono::milliseconds most)
        : usual_bytes_per_second_(usual_bytes_per_second), most_(most) {}

    /// A wait for a peer, from here to the end of it; also within another. `of` may be null.
    class Wait {
      public:
        explicit Wait(AssociationLag* of);
        ~Wait();
        Wait(const Wait&) = delete;
        Wait& operator=(const Wait&) = delete;

      private:
        AssociationLag* const of_;
    };
    void moved(std::size_t bytes);
    /// Something else was done that makes up for so much.
    void make_up(std::chrono::microseconds time);

    [[nodiscard]] std::chrono::microseconds now() const;
    [[nodiscard]] bool is_waiting() const { return waits_from_.load() != kNever; }

  private:
    using Ticks = std::chrono::microseconds::rep;
    static constexpr Ticks kNever = -1;

    const std::size_t usual_bytes_per_second_;
    const std::chrono::microseconds most_;
    /// Without the wait that goes on.
    std::atomic<Ticks> lag_ = 0;
    std::atomic<Ticks> waits_from_ = kNever;
    /// Of the thread that waits.
    int depth_ = 0;
};

}  // namespace lucerna::dicom
