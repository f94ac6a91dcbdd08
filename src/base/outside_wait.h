#pragma once

#include <string_view>

namespace lucerna {

/// That this thread waits for what is none of this machine's: a service over the network, a client,
/// or somebody who waits for one of those. Whoever runs many things on a few threads has another
/// done meanwhile. Within another one it changes nothing.
class OutsideWait {
  public:
    /// Whom a thread belongs to.
    class Host {
      public:
        virtual ~Host() = default;
        /// False: so many wait already that no other can be done in its place.
        virtual bool begin_outside() noexcept = 0;
        virtual void end_outside() noexcept = 0;
        /// Then whoever may be is refused, as others are to be done before he comes again.
        [[nodiscard]] virtual bool refuses() const noexcept = 0;
    };
    /// Of this thread from here on; borrowed. Null, as at first: it may wait as long as it likes.
    static void set_host(Host* host);

    /// What becomes of one who waits where too many do.
    enum class Crowded { kWaits, kIsRefused };
    /// `what` is waited for: "the object store". Throws Error(kUnavailable) who is refused.
    OutsideWait(std::string_view what, Crowded crowded);
    ~OutsideWait();
    OutsideWait(const OutsideWait&) = delete;
    OutsideWait& operator=(const OutsideWait&) = delete;

  private:
    bool is_outermost_ = false;
    bool has_place_ = false;
};

}  // namespace lucerna
