#include "receive/mllp_listener.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <list>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "dicom/tls_context.h"
#include "dicom/transport.h"
#include "hl7/mllp.h"

namespace lucerna::receive {
namespace {

using dicom::Io;
using dicom::Patience;

constexpr std::chrono::milliseconds kLinger{1000};

const char* words_of(Io io) {
    switch (io) {
        case Io::kDone:
        case Io::kClosed:
            return "";
        case Io::kTimedOut:
            return "nothing came for too long";
        case Io::kStopped:
            return "the server stops";
        case Io::kFailed:
            break;
    }
    return "the connection is lost";
}

/// One connection, until it ends.
class Conversation {
  public:
    Conversation(dicom::Transport& transport, const MllpOptions& options,
                 const MllpListener::Answer& answer, const std::string& address)
        : transport_(transport), options_(options), answer_(answer), address_(address) {}

    /// Returns why it ended; empty for an orderly end.
    std::string run() {
        hl7::FrameReader frames(options_.max_message_bytes);
        dicom::Moment end = dicom::Moment::max();
        for (;;) {
            std::array<std::uint8_t, 1> byte{};
            const bool within = frames.is_within();
            const Io io = transport_.read(byte, {within ? options_.stall : options_.idle, end});
            if (io == Io::kClosed && within) return "closed within a message";
            if (io != Io::kDone) return words_of(io);
            if (auto message = frames.take(byte[0])) {
                end = dicom::Moment::max();
                const Io sent = reply(*message);
                if (sent != Io::kDone) return words_of(sent);
            } else if (!within && frames.is_within()) {
                end = std::chrono::steady_clock::now() + options_.message_time;
            }
        }
    }
    [[nodiscard]] std::size_t count() const { return count_; }

  private:
    Io reply(const std::string& message) {
        const std::optional<std::string> answer = answer_(message, address_);
        ++count_;
        if (!answer) return Io::kDone;
        const std::string frame = hl7::framed(*answer);
        return transport_.write(as_byte_view(frame), {options_.stall});
    }

    dicom::Transport& transport_;
    const MllpOptions& options_;
    const MllpListener::Answer& answer_;
    const std::string& address_;
    std::size_t count_ = 0;
};

}  // namespace

/// The accepting thread and the threads of the connections, which it starts and joins.
class MllpListener::State {
  public:
    State(MllpOptions options, Answer answer)
        : options_(std::move(options)),
          answer_(std::move(answer)),
          socket_(dicom::listen_on(options_.address, options_.port)) {
        if (options_.tls) tls_.emplace(*options_.tls, dicom::TlsRole::kServer);
        thread_ = std::jthread([this] { accept(); });
    }
    ~State() {
        stop_.set();
        thread_.join();
    }
    [[nodiscard]] std::uint16_t port() const { return dicom::port_of(socket_); }

  private:
    struct Connection {
        std::atomic<bool> over = false;
        std::jthread thread;
    };

    [[nodiscard]] std::string reason_to_turn_away(const std::string& address,
                                                  std::size_t connections) const {
        const auto& callers = options_.callers;
        if (!callers.empty() && std::find(callers.begin(), callers.end(), address) == callers.end())
            return "not one of hl7.callers";
        if (connections >= options_.max_connections) return "too many connections";
        return {};
    }

    void accept() {
        std::list<Connection> connections;
        while (auto accepted = dicom::accept_on(socket_, stop_)) {
            connections.remove_if(
                [](const Connection& connection) { return connection.over.load(); });
            const std::string why = reason_to_turn_away(accepted->address, connections.size());
            if (!why.empty()) {
                note(accepted->address, 0, why);
                continue;
            }
            try {
                start(connections.emplace_back(), std::move(*accepted));
            } catch (const std::exception&) {
                // No thread to be had: the peer sees its connection closed and tries again.
                connections.pop_back();
            }
        }
    }

    void start(Connection& connection, dicom::AcceptedConnection accepted) {
        connection.thread = std::jthread(
            [this, &connection, address = std::move(accepted.address),
             transport = dicom::Transport(std::move(accepted.socket), &stop_)]() mutable {
                converse(transport, address);
                connection.over = true;
            });
    }

    void converse(dicom::Transport& transport, const std::string& address) {
        Conversation conversation(transport, options_, answer_, address);
        std::string why;
        try {
            const Io secured = tls_ ? transport.secure(*tls_, {options_.stall}) : Io::kDone;
            why = secured == Io::kDone ? conversation.run() : words_of(secured);
        } catch (const std::exception& error) {
            why = error.what();
        }
        transport.close(kLinger);
        note(address, conversation.count(), why);
    }

    static void note(const std::string& address, std::size_t messages, const std::string& why) {
        log_event(why.empty() ? LogLevel::kInfo : LogLevel::kWarning, "hl7.connection",
                  {{"address", address}, {"messages", messages}, {"why", why}});
    }

    const MllpOptions options_;
    const Answer answer_;
    dicom::StopSignal stop_;
    std::optional<dicom::TlsContext> tls_;
    dicom::Descriptor socket_;
    std::jthread thread_;
};

MllpListener::MllpListener(MllpOptions options, Answer answer)
    : state_(std::make_unique<State>(std::move(options), std::move(answer))) {}

MllpListener::~MllpListener() = default;

std::uint16_t MllpListener::port() const {
    return state_->port();
}

}  // namespace lucerna::receive
