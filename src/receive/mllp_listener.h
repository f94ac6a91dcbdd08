#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dicom/tls.h"

namespace lucerna::receive {

struct MllpOptions {
    /// Numeric address to listen on.
    std::string address = "127.0.0.1";
    /// 0 takes any free port; MllpListener::port() says which.
    std::uint16_t port = 2575;
    /// Numeric addresses that may connect; empty lets in all.
    std::vector<std::string> callers;
    std::optional<dicom::TlsOptions> tls;

    /// For one more, one is closed: of an address that has more than half of them, where another
    /// one asks; else the one that has rested for longest, or been slow for longer, of the address
    /// that has most of those, and none of another for an address that has more than half. Where
    /// there is none, that one more.
    std::size_t max_connections = 16;
    std::size_t max_message_bytes = std::size_t{1} << 20;
    /// Between two messages, whatever else comes meanwhile.
    std::chrono::milliseconds idle{300'000};
    /// Silence within a message, and while an answer is taken.
    std::chrono::milliseconds stall{30'000};
    /// From the first byte of a message to its last.
    std::chrono::milliseconds message_time{60'000};
    /// By how much a connection whose messages come more slowly than the least rate, or whose
    /// answers are not taken, may be behind where one more comes. The longest message keeps the
    /// rate if it comes in about `message_time`.
    std::chrono::milliseconds slow_where_others_wait{5'000};
    std::size_t least_where_others_wait = std::size_t{16} << 10;  ///< Bytes a second.
};

/// Takes HL7 messages in MLLP frames, one after the other on each connection, and sends what
/// `answer` says of each, if anything. Each connection has its own thread, so `answer` is called
/// from several at once. Logs "hl7.connection" when one has ended.
class MllpListener {
  public:
    using Answer = std::function<std::optional<std::string>(const std::string& message,
                                                            const std::string& address)>;

    /// Listens on return. Throws Error: kUnavailable if the port can't be had, kInvalidInput for
    /// TLS files that can't be used.
    MllpListener(MllpOptions options, Answer answer);
    /// The message being answered is finished, connections are closed.
    ~MllpListener();
    MllpListener(const MllpListener&) = delete;
    MllpListener& operator=(const MllpListener&) = delete;

    [[nodiscard]] std::uint16_t port() const;

  private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace lucerna::receive
