#include "receive/mllp_listener.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <list>
#include <map>
#include <string_view>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/guarded.h"
#include "base/log.h"
#include "dicom/tls_context.h"
#include "dicom/transport.h"
#include "hl7/mllp.h"
#include "receive/mllp_pace.h"

namespace lucerna::receive {
namespace {

using dicom::Io;
using dicom::Patience;
using Phase = MllpPace::Phase;

constexpr std::chrono::milliseconds kLinger{1000};
/// Beyond the most connections, until they are gone.
constexpr std::size_t kMostGivenUp = 16;
/// And for whoever comes of another address than those.
constexpr std::size_t kMostGivenUpForOthers = 32;

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
                 const MllpListener::Answer& answer, const std::string& address, MllpPace& pace)
        : transport_(transport),
          options_(options),
          answer_(answer),
          address_(address),
          pace_(pace) {}

    /// Returns why it ended; empty for an orderly end.
    std::string run() {
        hl7::FrameReader frames(options_.max_message_bytes);
        // Bytes between messages are passed over, and earn nobody more time.
        dicom::Moment end = pace_.enter(Phase::kRests) + options_.idle;
        for (;;) {
            std::array<std::uint8_t, 1> byte{};
            const bool within = frames.is_within();
            const Io io = transport_.read(byte, {within ? options_.stall : options_.idle, end});
            if (io == Io::kClosed && within) return "closed within a message";
            if (io != Io::kDone) return words_of(io);
            pace_.count_byte();
            if (auto message = frames.take(byte[0])) {
                pace_.enter(Phase::kIsAnswered);
                const Io sent = reply(*message);
                if (sent != Io::kDone) return words_of(sent);
                end = pace_.enter(Phase::kRests) + options_.idle;
            } else if (!within && frames.is_within()) {
                end = pace_.enter(Phase::kSends) + options_.message_time;
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
        pace_.enter(Phase::kTakes);
        return transport_.write(as_byte_view(frame), {options_.stall});
    }

    dicom::Transport& transport_;
    const MllpOptions& options_;
    const MllpListener::Answer& answer_;
    const std::string& address_;
    MllpPace& pace_;
    std::size_t count_ = 0;
};

/// A server has several ports.
dicom::Descriptor listen_for_hl7(const MllpOptions& options) {
    try {
        return dicom::listen_on(options.address, options.port);
    } catch (const Error& error) {
        throw Error(error.code(), std::string("hl7: ") + error.what());
    }
}

}  // namespace

/// The accepting thread and the threads of the connections, which it starts and joins.
class MllpListener::State {
  public:
    State(MllpOptions options, Answer answer)
        : options_(std::move(options)),
          answer_(std::move(answer)),
          socket_(listen_for_hl7(options_)) {
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
        Connection(std::string of, std::size_t least_bytes_per_second)
            : address(std::move(of)), pace(least_bytes_per_second) {}
        const std::string address;
        std::atomic<bool> over = false;
        MllpPace pace;
        bool is_given_up = false;
        /// Its socket once more, which may be shut down whatever the thread does; closed when that
        /// is over.
        Guarded<dicom::Descriptor> line;
        std::jthread thread;
    };

    static bool is_inside(const Connection& one) { return !one.is_given_up && !one.over; }

    /// The address that has more than half of the places; empty where there is none. Nobody else's
    /// connection is closed for one more of it.
    [[nodiscard]] std::string_view crowded_address(const std::list<Connection>& connections) const {
        std::map<std::string_view, std::size_t> places;
        for (const Connection& one : connections)
            if (is_inside(one)) ++places[one.address];
        for (const auto& [address, count] : places)
            if (count > (options_.max_connections + 1) / 2) return address;
        return {};
    }

    /// Of that address the one that loses least, whatever its pace: who begins a message on each
    /// connection, and renews them in time, would keep everybody else out.
    static Connection* one_of(std::string_view crowded, std::list<Connection>& connections) {
        const auto worth = [](const Connection& one) {
            return std::pair(!one.pace.is_answered(), one.pace.wasted({}));
        };
        Connection* chosen = nullptr;
        for (Connection& one : connections)
            if (is_inside(one) && one.address == crowded &&
                (chosen == nullptr || worth(one) > worth(*chosen)))
                chosen = &one;
        return chosen;
    }

    /// Of the address that has most of those that hold their places for nothing, the one that has
    /// done so for longest: who says nothing, or a byte now and then, would keep everybody else
    /// out, and who comes by the thousand would be the last to go. Of `only`, where it is not
    /// empty.
    Connection* one_that_wastes(std::list<Connection>& connections, std::string_view only) const {
        struct Idle {
            std::size_t count = 0;
            MllpPace::Clock::duration most{};
            Connection* worst = nullptr;
        };
        std::map<std::string_view, Idle> of_address;
        for (Connection& one : connections) {
            if (!is_inside(one) || (!only.empty() && one.address != only)) continue;
            const auto wasted = one.pace.wasted(options_.slow_where_others_wait);
            if (wasted <= MllpPace::Clock::duration{}) continue;
            Idle& idle = of_address[one.address];
            ++idle.count;
            if (wasted > idle.most) {
                idle.most = wasted;
                idle.worst = &one;
            }
        }
        Idle crowd;
        for (const auto& [address, idle] : of_address)
            if (std::pair(idle.count, idle.most) > std::pair(crowd.count, crowd.most)) crowd = idle;
        return crowd.worst;
    }

    /// False where there is none to be closed for it, or too many of that address are on their way
    /// out for another of it.
    bool give_up_one(std::list<Connection>& connections, const std::string& for_address) const {
        const std::size_t given_up = connections.size() - options_.max_connections;
        if (given_up >= kMostGivenUpForOthers) return false;
        const std::string_view crowded = crowded_address(connections);
        Connection* const worst = !crowded.empty() && crowded != for_address
                                      ? one_of(crowded, connections)
                                      : one_that_wastes(connections, crowded);
        if (worst == nullptr) return false;
        if (given_up >= kMostGivenUp && worst->address == for_address) return false;
        worst->is_given_up = worst->line.with([](const dicom::Descriptor& line) {
            // It fails where the peer was quicker, and the thread is about to end as well.
            if (line.is_open()) (void)::shutdown(line.get(), SHUT_RDWR);
            return line.is_open();
        });
        return worst->is_given_up;
    }

    [[nodiscard]] std::string reason_to_turn_away(const std::string& address,
                                                  std::list<Connection>& connections) const {
        const auto& callers = options_.callers;
        if (!callers.empty() && std::find(callers.begin(), callers.end(), address) == callers.end())
            return "not one of hl7.callers";
        const std::size_t most = options_.max_connections;
        if (connections.size() < most) return {};
        if (give_up_one(connections, address)) return {};
        return "too many connections";
    }

    void accept() {
        std::list<Connection> connections;
        while (auto accepted = dicom::accept_on(socket_, stop_)) {
            connections.remove_if(
                [](const Connection& connection) { return connection.over.load(); });
            const std::string why = reason_to_turn_away(accepted->address, connections);
            if (!why.empty()) {
                note(accepted->address, 0, why);
                continue;
            }
            try {
                Connection& connection =
                    connections.emplace_back(accepted->address, options_.least_where_others_wait);
                start(connection, std::move(*accepted));
            } catch (const std::exception&) {
                // No thread to be had: the peer sees its connection closed and tries again.
                connections.pop_back();
            }
        }
    }

    void start(Connection& connection, dicom::AcceptedConnection accepted) {
        connection.line.with([&](dicom::Descriptor& line) {
            line = dicom::Descriptor(::fcntl(accepted.socket.get(), F_DUPFD_CLOEXEC, 0));
        });
        connection.thread = std::jthread(
            [this, &connection, address = std::move(accepted.address),
             transport = dicom::Transport(std::move(accepted.socket), &stop_)]() mutable {
                converse(transport, address, connection.pace);
                connection.line.with([](dicom::Descriptor& line) { line = dicom::Descriptor(); });
                connection.over = true;
            });
    }

    void converse(dicom::Transport& transport, const std::string& address, MllpPace& pace) {
        Conversation conversation(transport, options_, answer_, address, pace);
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
