#include "dicom/transport.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "base/error.h"
#include "base/peer_address.h"

namespace lucerna::dicom {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Reads smaller than this are served from a buffer: headers cost no system call of their own.
constexpr std::size_t kBufferBytes = 16 * 1024;

std::string system_reason(int number) {
    return std::generic_category().message(number);
}

/// How long a wait may go on before it is asked whether it is still wanted.
constexpr milliseconds kBetweenQuestions{200};

/// Until when to poll: the end, or the next question.
Moment until_asked(Moment end, const std::function<bool()>& is_unwanted) {
    return is_unwanted ? std::min(end, steady_clock::now() + kBetweenQuestions) : end;
}

int poll_milliseconds(Moment until) {
    if (until == Moment::max()) return -1;
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now()).count();
    return static_cast<int>(std::clamp<milliseconds::rep>(left, 0, 3'600'000));
}

/// Not beyond the clock's range, whatever the silence.
Moment later(Moment from, milliseconds by) {
    if (by >= std::chrono::hours(24 * 365)) return Moment::max();
    return from + by;
}

void set_no_delay(int socket) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Addresses resolve(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int result = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    if (result != 0)
        throw Error(ErrorCode::kUnavailable,
                    "the address " + host + " can't be resolved: " + ::gai_strerror(result));
    return Addresses(list);
}

/// 0, or the error number; ECANCELED when stopped.
int connect_within(int socket, const addrinfo& address, Moment until, const StopSignal* stop,
                   const std::function<bool()>& is_unwanted) {
    if (::connect(socket, address.ai_addr, address.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    std::array<pollfd, 2> waiting{};
    waiting[0] = {socket, POLLOUT, 0};
    waiting[1] = {stop != nullptr ? stop->descriptor() : -1, POLLIN, 0};
    int ready = 0;
    do {
        ready = ::poll(waiting.data(), waiting.size(),
                       poll_milliseconds(until_asked(until, is_unwanted)));
        if (ready == 0 && is_unwanted && is_unwanted()) return ECANCELED;
    } while ((ready < 0 && errno == EINTR) || (ready == 0 && steady_clock::now() < until));
    if (waiting[1].revents != 0) return ECANCELED;
    if (ready == 0) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

}  // namespace

Descriptor::~Descriptor() {
    if (number_ >= 0) ::close(number_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
}

StopSignal::StopSignal() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!event_.is_open())
        throw Error(ErrorCode::kOutOfSpace, "no event descriptor: " + system_reason(errno));
}

void StopSignal::set() {
    is_set_ = true;
    const std::uint64_t one = 1;
    // Can only fail when it is set already.
    [[maybe_unused]] const ssize_t written = ::write(event_.get(), &one, sizeof one);
}

Transport::Transport(Descriptor socket, const StopSignal* stop)
    : socket_(std::move(socket)), stop_(stop), buffer_(kBufferBytes) {}

Io Transport::wait(Want want, const Patience& patience, Moment last_progress) {
    const Moment until = std::min(patience.end, later(last_progress, patience.silence));
    std::array<pollfd, 2> waiting{};
    waiting[0] = {socket_.get(), static_cast<short>(want == Want::kRead ? POLLIN : POLLOUT), 0};
    waiting[1] = {stop_ != nullptr ? stop_->descriptor() : -1, POLLIN, 0};
    for (;;) {
        const int ready = ::poll(waiting.data(), waiting.size(),
                                 poll_milliseconds(until_asked(until, is_unwanted_)));
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) {
            why_ = system_reason(errno);
            return Io::kFailed;
        }
        if (waiting[1].revents != 0) return Io::kStopped;
        // What comes may be no progress.
        const Moment now = steady_clock::now();
        if (now >= until) return Io::kTimedOut;
        if (is_unwanted_ && now - asked_ >= kBetweenQuestions) {
            asked_ = now;
            if (is_unwanted_()) return Io::kStopped;
        }
        if (waiting[0].revents != 0) return Io::kDone;
    }
}

Io Transport::secure(const TlsContext& context, const Patience& patience) {
    tls_.emplace(context, socket_.get());
    const Moment start = steady_clock::now();
    for (;;) {
        const TlsSession::Step step = tls_->handshake();
        Io waited = Io::kDone;
        switch (step.state) {
            case TlsSession::State::kDone:
                return Io::kDone;
            case TlsSession::State::kWantsToRead:
                waited = wait(Want::kRead, patience, start);
                break;
            case TlsSession::State::kWantsToWrite:
                waited = wait(Want::kWrite, patience, start);
                break;
            case TlsSession::State::kClosed:
                return Io::kClosed;
            case TlsSession::State::kFailed:
                why_ = tls_->why();
                return Io::kFailed;
        }
        if (waited != Io::kDone) return waited;
    }
}

Io Transport::read_some(std::span<std::uint8_t> into, std::size_t& count,
                        const Patience& patience) {
    const Moment start = steady_clock::now();
    for (;;) {
        Want want = Want::kRead;
        if (tls_) {
            const TlsSession::Step step = tls_->read(into);
            count = step.bytes;
            if (step.state == TlsSession::State::kDone) return Io::kDone;
            if (step.state == TlsSession::State::kClosed) return Io::kClosed;
            if (step.state == TlsSession::State::kFailed) {
                why_ = tls_->why();
                return Io::kFailed;
            }
            if (step.state == TlsSession::State::kWantsToWrite) want = Want::kWrite;
        } else {
            const ssize_t received = ::recv(socket_.get(), into.data(), into.size(), 0);
            if (received == 0) return Io::kClosed;
            if (received > 0) {
                count = static_cast<std::size_t>(received);
                return Io::kDone;
            }
            if (errno == EINTR) continue;
            if (errno != EAGAIN) {
                why_ = system_reason(errno);
                return Io::kFailed;
            }
        }
        const Io waited = wait(want, patience, start);
        if (waited != Io::kDone) return waited;
    }
}

Io Transport::read(std::span<std::uint8_t> into, const Patience& patience) {
    if (stop_ != nullptr && stop_->is_set()) return Io::kStopped;
    std::size_t filled = 0;
    while (filled < into.size()) {
        if (buffer_start_ < buffer_end_) {
            const std::size_t taken = std::min(into.size() - filled, buffer_end_ - buffer_start_);
            std::memcpy(into.data() + filled, buffer_.data() + buffer_start_, taken);
            buffer_start_ += taken;
            filled += taken;
            continue;
        }
        // A trickle is progress, but it does not move the end.
        if (steady_clock::now() >= patience.end) return Io::kTimedOut;
        const bool direct = into.size() - filled >= kBufferBytes;
        std::size_t count = 0;
        const Io result =
            read_some(direct ? into.subspan(filled) : std::span(buffer_), count, patience);
        if (result == Io::kClosed && filled > 0) {
            why_ = "the peer closed the connection within a PDU";
            return Io::kFailed;
        }
        if (result != Io::kDone) return result;
        if (direct) {
            filled += count;
        } else {
            buffer_start_ = 0;
            buffer_end_ = count;
        }
    }
    return Io::kDone;
}

Io Transport::write(ByteView bytes, const Patience& patience) {
    return write(std::span(&bytes, 1), patience);
}

Io Transport::write(std::span<const ByteView> pieces, const Patience& patience) {
    // A record of TLS for each small piece would cost more than the copy.
    if (tls_ && pieces.size() > 1) {
        Bytes all;
        for (const ByteView piece : pieces) all.insert(all.end(), piece.begin(), piece.end());
        return write(all, patience);
    }
    std::size_t sent = 0;
    Moment progress = steady_clock::now();
    while (!pieces.empty()) {
        if (sent >= pieces.front().size()) {
            sent -= pieces.front().size();
            pieces = pieces.subspan(1);
            continue;
        }
        Written written;
        const Io tried = write_some(pieces, sent, written);
        if (tried != Io::kDone) return tried;
        if (written.bytes > 0) {
            sent += written.bytes;
            progress = steady_clock::now();
            continue;
        }
        const Io waited = wait(written.wants, patience, progress);
        if (waited != Io::kDone) return waited;
    }
    return Io::kDone;
}

/// What fits now of the pieces from the first one's byte `begin` on.
Io Transport::write_some(std::span<const ByteView> pieces, std::size_t begin, Written& written) {
    if (tls_) {
        const TlsSession::Step step = tls_->write(pieces.front().subspan(begin));
        written.bytes = step.bytes;
        if (step.state == TlsSession::State::kClosed) return Io::kClosed;
        if (step.state == TlsSession::State::kFailed) {
            why_ = tls_->why();
            return Io::kFailed;
        }
        if (step.state == TlsSession::State::kWantsToRead) written.wants = Want::kRead;
        return Io::kDone;
    }
    std::array<iovec, 64> parts;
    std::size_t count = 0;
    for (; count < std::min(pieces.size(), parts.size()); ++count) {
        const ByteView part = pieces[count].subspan(count == 0 ? begin : 0);
        // sendmsg does not write to it.
        parts[count] = {const_cast<std::uint8_t*>(part.data()), part.size()};
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    ssize_t result = 0;
    do result = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    while (result < 0 && errno == EINTR);
    if (result < 0 && errno != EAGAIN) {
        why_ = system_reason(errno);
        return Io::kFailed;
    }
    written.bytes = static_cast<std::size_t>(std::max<ssize_t>(result, 0));
    return Io::kDone;
}

bool Transport::has_input(milliseconds patience) {
    if (buffer_start_ < buffer_end_ || (tls_ && tls_->has_pending())) return true;
    // One of no descriptor is passed over.
    std::array<pollfd, 2> waiting{
        {{socket_.get(), POLLIN, 0}, {stop_ == nullptr ? -1 : stop_->descriptor(), POLLIN, 0}}};
    return ::poll(waiting.data(), patience.count() > 0 ? waiting.size() : 1,
                  poll_milliseconds(steady_clock::now() + patience)) > 0;
}

void Transport::close(milliseconds linger) {
    if (!socket_.is_open()) return;
    if (tls_) tls_->close();
    ::shutdown(socket_.get(), SHUT_WR);
    const Moment until = steady_clock::now() + linger;
    pollfd waiting{socket_.get(), POLLIN, 0};
    while (steady_clock::now() < until && ::poll(&waiting, 1, poll_milliseconds(until)) > 0)
        if (::recv(socket_.get(), buffer_.data(), buffer_.size(), 0) <= 0) break;
    tls_.reset();
    socket_ = Descriptor();
}

Descriptor connect_to(const std::string& host, std::uint16_t port, milliseconds timeout,
                      const StopSignal* stop, const std::function<bool()>& is_unwanted) {
    const Moment until = later(steady_clock::now(), timeout);
    const Addresses addresses = resolve(host, port, 0);
    int error = 0;
    for (const addrinfo* address = addresses.get(); address != nullptr;
         address = address->ai_next) {
        Descriptor socket(::socket(address->ai_family,
                                   address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                                   address->ai_protocol));
        if (!socket.is_open()) {
            error = errno;
            continue;
        }
        error = connect_within(socket.get(), *address, until, stop, is_unwanted);
        if (error == ECANCELED) throw Error(ErrorCode::kCancelled, "stopped while connecting");
        if (error != 0) continue;
        set_no_delay(socket.get());
        return socket;
    }
    throw Error(ErrorCode::kUnavailable, "no connection to " + host + ":" + std::to_string(port) +
                                             ": " + system_reason(error));
}

Descriptor listen_on(const std::string& address, std::uint16_t port) {
    const Addresses addresses = resolve(address, port, AI_PASSIVE | AI_NUMERICHOST);
    Descriptor socket(
        ::socket(addresses->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    if (socket.is_open()) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!socket.is_open() || ::bind(socket.get(), addresses->ai_addr, addresses->ai_addrlen) != 0 ||
        ::listen(socket.get(), SOMAXCONN) != 0)
        throw Error(ErrorCode::kUnavailable, "can't listen on " + address + ":" +
                                                 std::to_string(port) + ": " +
                                                 system_reason(errno));
    return socket;
}

std::uint16_t port_of(const Descriptor& listening) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &size);
    const in_port_t port = address.ss_family == AF_INET6
                               ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                               : reinterpret_cast<const sockaddr_in&>(address).sin_port;
    return ntohs(port);
}

std::optional<AcceptedConnection> accept_on(const Descriptor& listening, const StopSignal& stop) {
    std::array<pollfd, 2> waiting{};
    waiting[0] = {listening.get(), POLLIN, 0};
    waiting[1] = {stop.descriptor(), POLLIN, 0};
    for (;;) {
        if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
        if (waiting[1].revents != 0) return std::nullopt;
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        auto* const peer = reinterpret_cast<sockaddr*>(&address);
        Descriptor socket(::accept4(listening.get(), peer, &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (socket.is_open()) {
            set_no_delay(socket.get());
            return AcceptedConnection{std::move(socket), peer_address(peer, size)};
        }
        // Without descriptors the connection stays in the queue: don't spin on it.
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            ::poll(&waiting[1], 1, 100);
    }
}

}  // namespace lucerna::dicom
