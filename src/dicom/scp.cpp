#include "dicom/scp.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <map>
#include <string_view>
#include <thread>

#include "base/guarded.h"
#include "dicom/scp_association.h"

namespace lucerna::dicom {
namespace {

/// Connections that have not asked for an association yet, beyond the established ones. Each ends
/// within the ARTIM time, or when others come and it was there first of the address that has most.
constexpr std::size_t kLobby = 64;
/// Beyond those, until they are gone.
constexpr std::size_t kMostGivenUp = 32;
/// And for whoever comes of another address than those: who comes by the thousand is not to leave
/// the door shut to who comes once.
constexpr std::size_t kMostGivenUpForOthers = 64;

void check(const ScpOptions& options) {
    constexpr std::uint32_t kSmallestPdu = 4096;
    if (options.max_pdu_bytes < kSmallestPdu)
        throw Error(ErrorCode::kInvalidInput, "max_pdu_bytes must be 4096 at least");
    if (options.max_associations == 0)
        throw Error(ErrorCode::kInvalidInput, "max_associations must be 1 at least");
}

/// A server has several ports.
Descriptor listen_for_dicom(const ScpOptions& options) {
    try {
        return listen_on(options.address, options.port);
    } catch (const Error& error) {
        throw Error(error.code(), std::string("dicom: ") + error.what());
    }
}

}  // namespace

std::string_view name_of(AssociationEnd end) {
    switch (end) {
        case AssociationEnd::kReleased:
            return "released";
        case AssociationEnd::kAborted:
            return "aborted";
        case AssociationEnd::kRejected:
            return "rejected";
        case AssociationEnd::kTimedOut:
            return "timed-out";
        case AssociationEnd::kLost:
            return "lost";
        case AssociationEnd::kProtocolError:
            return "protocol-error";
        case AssociationEnd::kStopped:
            return "stopped";
    }
    return "unknown";
}

/// The accepting thread and the threads of the connections, which it starts and joins.
class Scp::Listener {
  public:
    Listener(ScpOptions options, ScpHandler& handler, std::vector<ScpService> services)
        : options_((check(options), std::move(options))),
          handler_(handler),
          services_(std::move(services)),
          gate_(options_.max_associations, options_.rest_where_others_wait,
                options_.usual_bytes_per_second),
          socket_(listen_for_dicom(options_)) {
        if (options_.tls) tls_.emplace(*options_.tls, TlsRole::kServer);
        thread_ = std::jthread([this] { accept(); });
    }

    ~Listener() {
        stop_.set();
        stop_services_.request_stop();
        thread_.join();
    }

    [[nodiscard]] std::uint16_t port() const { return port_of(socket_); }
    [[nodiscard]] std::size_t inside() const { return gate_.inside(); }

  private:
    struct Connection {
        std::atomic<bool> over = false;
        std::atomic<bool> is_established = false;
        bool is_given_up = false;
        std::string address;
        /// Its socket once more, which may be shut down whatever the thread does; closed when that
        /// is over.
        Guarded<Descriptor> line;
        std::jthread thread;
    };

    /// Silent ones would keep everybody else out, and those of one address are the first to go: it
    /// has no more of the lobby than others want. Returns whether `address` may come in for it.
    bool give_up_one(std::list<Connection>& connections, const std::string& address) const {
        const std::size_t given_up = connections.size() - most_at_a_time();
        if (given_up >= kMostGivenUpForOthers) return false;
        const auto may_go = [](const Connection& one) {
            return !one.is_given_up && !one.is_established && !one.over;
        };
        std::map<std::string_view, std::size_t> count_of;
        std::size_t most = 0;
        for (const Connection& one : connections)
            if (may_go(one)) most = std::max(most, ++count_of[one.address]);
        for (Connection& one : connections) {
            if (!may_go(one) || count_of[one.address] < most) continue;
            if (given_up >= kMostGivenUp && one.address == address) return false;
            one.is_given_up = one.line.with([](const Descriptor& line) {
                // It fails where the peer was quicker, and the thread is about to end as well.
                if (line.is_open()) (void)::shutdown(line.get(), SHUT_RDWR);
                return line.is_open();
            });
            if (one.is_given_up) return true;
        }
        return false;
    }
    [[nodiscard]] std::size_t most_at_a_time() const { return options_.max_associations + kLobby; }

    void accept() {
        std::list<Connection> connections;
        while (auto accepted = accept_on(socket_, stop_)) {
            connections.remove_if(
                [](const Connection& connection) { return connection.over.load(); });
            if (connections.size() >= most_at_a_time() &&
                !give_up_one(connections, accepted->address)) {
                turn_away(std::move(*accepted));
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

    void start(Connection& connection, AcceptedConnection accepted) {
        Sender sender;
        sender.association = ++last_association_;
        sender.address = connection.address = std::move(accepted.address);
        connection.line.with([&](Descriptor& line) {
            line = Descriptor(::fcntl(accepted.socket.get(), F_DUPFD_CLOEXEC, 0));
        });
        connection.thread =
            std::jthread([this, &connection, sender = std::move(sender),
                          transport = Transport(std::move(accepted.socket), &stop_)]() mutable {
                ScpAssociation association(std::move(transport), std::move(sender),
                                           {options_, handler_, services_, gate_, follow_up_memory_,
                                            stop_services_.get_token(), connection.is_established,
                                            // What is said to its peer still goes out.
                                            [&connection] {
                                                connection.line.with([](const Descriptor& line) {
                                                    if (line.is_open())
                                                        (void)::shutdown(line.get(), SHUT_RD);
                                                });
                                            }});
                association.run(tls_ ? &*tls_ : nullptr);
                connection.line.with([](Descriptor& line) { line = Descriptor(); });
                connection.over = true;
            });
    }

    /// Without a thread there is no time to read the request: the rejection comes unasked.
    void turn_away(AcceptedConnection accepted) {
        Transport transport(std::move(accepted.socket), &stop_);
        if (!tls_) (void)transport.write(encode_reject(kRejectLocalLimit), Patience{});
        AssociationReport report;
        report.sender.association = ++last_association_;
        report.sender.address = std::move(accepted.address);
        report.end = AssociationEnd::kRejected;
        report.why = "too many connections";
        try {
            handler_.ended(report);
        } catch (const std::exception&) {
            // Accepting goes on whatever the handler thinks of it.
        }
    }

    const ScpOptions options_;
    ScpHandler& handler_;
    const std::vector<ScpService> services_;
    AssociationGate gate_;
    FollowUpMemory follow_up_memory_;
    StopSignal stop_;
    std::stop_source stop_services_;
    std::optional<TlsContext> tls_;
    Descriptor socket_;
    std::uint64_t last_association_ = 0;
    std::jthread thread_;
};

Scp::Scp(ScpOptions options, ScpHandler& handler, std::vector<ScpService> services)
    : listener_(std::make_unique<Listener>(std::move(options), handler, std::move(services))) {}

Scp::Scp(ScpOptions options, ScpHandler& handler) : Scp(std::move(options), handler, {}) {}

Scp::~Scp() = default;

std::uint16_t Scp::port() const {
    return listener_->port();
}

std::size_t Scp::associations() const {
    return listener_->inside();
}

}  // namespace lucerna::dicom
