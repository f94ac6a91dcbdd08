#pragma once

#include <cstddef>
#include <mutex>
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

    /// Threads that do parts of what one of them does, which waits for the others: while any of
    /// them waits, they have one place together. On the stack of that one.
    class Together final : public Host {
      public:
        /// From here on, until this goes, this thread is one of them.
        Together();
        ~Together() override;
        Together(const Together&) = delete;
        Together& operator=(const Together&) = delete;

        /// From each of the others, before it does anything. It ends before this goes.
        void join();

        bool begin_outside() noexcept override;
        void end_outside() noexcept override;
        [[nodiscard]] bool refuses() const noexcept override { return of_->refuses(); }

      private:
        /// Null where none is needed.
        Host* const of_;
        // Not Guarded: the place is taken while it is held.
        std::mutex mutex_;
        std::size_t waiting_ = 0;
    };

    /// What becomes of one who waits where too many do.
    enum class Crowded { kWaits, kIsRefused };
    /// `what` is waited for: "the object store"; it outlives everything. Throws Error(kUnavailable)
    /// who is refused.
    OutsideWait(std::string_view what, Crowded crowded);
    ~OutsideWait();
    OutsideWait(const OutsideWait&) = delete;
    OutsideWait& operator=(const OutsideWait&) = delete;

    /// What this thread has waited for last since it forgot that, one within another among them.
    [[nodiscard]] static std::string_view last();
    static void forget_last();

  private:
    bool is_outermost_ = false;
    bool has_place_ = false;
};

}  // namespace lucerna
