#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "dicom/tls_context.h"

namespace lucerna::dicom {

/// Owns a file descriptor.
class Descriptor {
  public:
    explicit Descriptor(int number = -1) : number_(number) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
    Descriptor& operator=(Descriptor&& other) noexcept;

    [[nodiscard]] int get() const { return number_; }
    [[nodiscard]] bool is_open() const { return number_ >= 0; }

  private:
    int number_;
};

/// Once set, ends every wait on the transports that know it, at once.
class StopSignal {
  public:
    /// Throws Error(kOutOfSpace) when no descriptor is left.
    StopSignal();
    void set();
    [[nodiscard]] bool is_set() const { return is_set_.load(); }
    [[nodiscard]] int descriptor() const { return event_.get(); }

  private:
    std::atomic<bool> is_set_ = false;
    Descriptor event_;
};

using Moment = std::chrono::steady_clock::time_point;

/// How long to wait: until nothing has moved for `silence`, at the latest until `end`.
struct Patience {
    std::chrono::milliseconds silence{0};
    Moment end = Moment::max();
};

enum class Io { kDone, kClosed, kTimedOut, kStopped, kFailed };

/// One TCP connection, plain or TLS, with a deadline on every wait. Not safe for several threads.
class Transport {
  public:
    /// `stop` may be null; it must outlive the transport.
    Transport(Descriptor socket, const StopSignal* stop);
    /// Runs the TLS handshake over the connection; from then on all bytes go through it.
    [[nodiscard]] Io secure(const TlsContext& context, const Patience& patience);
    /// Asked now and then while it waits: true ends the wait as the stop signal does. What it
    /// throws is thrown on.
    void end_waits_where(std::function<bool()> is_unwanted) {
        is_unwanted_ = std::move(is_unwanted);
    }

    /// Fills `into`. kStopped whenever the stop signal is set, even if there is something to read;
    /// kClosed if the peer closed before the first byte, kFailed if within.
    [[nodiscard]] Io read(std::span<std::uint8_t> into, const Patience& patience);
    [[nodiscard]] Io write(ByteView bytes, const Patience& patience);
    /// One piece after another, many with one call of the system.
    [[nodiscard]] Io write(std::span<const ByteView> pieces, const Patience& patience);
    /// Whether a read would find something, be it the end or the stop signal, in so long.
    [[nodiscard]] bool has_input(std::chrono::milliseconds patience = {});

    /// Sends what is under way, tells the peer that nothing more comes, and gives it a moment to
    /// do the same, so that the last PDU is not lost to a reset.
    void close(std::chrono::milliseconds linger);

    /// In words, why the last call was kFailed.
    [[nodiscard]] const std::string& why() const { return why_; }

  private:
    enum class Want { kRead, kWrite };
    [[nodiscard]] Io wait(Want want, const Patience& patience, Moment last_progress);
    [[nodiscard]] Io read_some(std::span<std::uint8_t> into, std::size_t& count,
                               const Patience& patience);
    struct Written {
        std::size_t bytes = 0;
        /// Where that is 0.
        Want wants = Want::kWrite;
    };
    [[nodiscard]] Io write_some(std::span<const ByteView> pieces, std::size_t begin,
                                Written& written);

    Descriptor socket_;
    const StopSignal* stop_;
    std::function<bool()> is_unwanted_;
    /// When that was asked last.
    Moment asked_{};
    std::optional<TlsSession> tls_;
    Bytes buffer_;
    std::size_t buffer_start_ = 0;
    std::size_t buffer_end_ = 0;
    std::string why_;
};

/// Connects with TCP_NODELAY. Throws Error(kUnavailable), naming host and port, or
/// Error(kCancelled) when stopped. `stop` may be null; `is_unwanted` is as that of a transport.
[[nodiscard]] Descriptor connect_to(const std::string& host, std::uint16_t port,
                                    std::chrono::milliseconds timeout,
                                    const StopSignal* stop = nullptr,
                                    const std::function<bool()>& is_unwanted = {});

/// A listening socket on a numeric address; port 0 takes any. Throws Error(kUnavailable).
[[nodiscard]] Descriptor listen_on(const std::string& address, std::uint16_t port);
[[nodiscard]] std::uint16_t port_of(const Descriptor& listening);

struct AcceptedConnection {
    Descriptor socket;
    /// Numeric.
    std::string address;
};
/// The next connection, with TCP_NODELAY; empty when stopped. Waits out a shortage of descriptors.
[[nodiscard]] std::optional<AcceptedConnection> accept_on(const Descriptor& listening,
                                                          const StopSignal& stop);

}  // namespace lucerna::dicom
