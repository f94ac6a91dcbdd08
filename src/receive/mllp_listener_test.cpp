#include "receive/mllp_listener.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "dicom/transport.h"
#include "hl7/mllp.h"

namespace lucerna::receive {
namespace {

using namespace std::chrono_literals;

MllpOptions any_port() {
    MllpOptions options;
    options.port = 0;
    return options;
}

/// Answers a message with its own text, and who sent it.
std::string echo(const std::string& message, const std::string& address) {
    return message + "@" + address;
}

class Peer {
  public:
    explicit Peer(const MllpListener& listener)
        : transport_(dicom::connect_to("127.0.0.1", listener.port(), 10s), nullptr) {}
    void send(std::string_view bytes) { (void)transport_.write(as_byte_view(bytes), {10s}); }
    /// The next message; "closed" where there is none any more.
    std::string next() {
        for (;;) {
            std::array<std::uint8_t, 1> byte{};
            if (transport_.read(byte, {30s}) != dicom::Io::kDone) return "closed";
            if (auto message = frames_.take(byte[0])) return *message;
        }
    }

  private:
    dicom::Transport transport_;
    hl7::FrameReader frames_{1 << 20};
};

TEST(MllpListener, AnswersOneMessageAfterTheOther) {
    const MllpListener listener(any_port(), echo);
    Peer peer(listener), other(listener);
    peer.send(hl7::framed("one") + hl7::framed("two"));
    other.send(hl7::framed("three"));
    EXPECT_EQ(peer.next(), "one@127.0.0.1");
    EXPECT_EQ(peer.next(), "two@127.0.0.1");
    EXPECT_EQ(other.next(), "three@127.0.0.1");
}

TEST(MllpListener, CutsOffWhatNeverEnds) {
    MllpOptions options = any_port();
    options.max_message_bytes = 1000;
    options.message_time = 300ms;
    const MllpListener listener(options, echo);
    Peer large(listener);
    large.send("\x0B" + std::string(2000, 'x'));
    EXPECT_EQ(large.next(), "closed");
    Peer slow(listener);
    slow.send("\x0BMSH|");
    EXPECT_EQ(slow.next(), "closed") << "a message that does not go on";
    Peer lost(listener);
    lost.send("GET / HTTP/1.1\r\n");
    EXPECT_EQ(lost.next(), "closed");
    Peer good(listener);
    good.send(hl7::framed("still there"));
    EXPECT_EQ(good.next(), "still there@127.0.0.1");
}

TEST(MllpListener, EndsIdleConnections) {
    MllpOptions options = any_port();
    options.idle = 200ms;
    const MllpListener listener(options, echo);
    Peer peer(listener);
    EXPECT_EQ(peer.next(), "closed");
}

TEST(MllpListener, LetsInCallersAloneAndNotTooMany) {
    MllpOptions options = any_port();
    options.callers = {"192.0.2.1"};
    const MllpListener closed(options, echo);
    EXPECT_EQ(Peer(closed).next(), "closed");
    options.callers = {"192.0.2.1", "127.0.0.1"};
    options.max_connections = 1;
    const MllpListener open(options, echo);
    Peer first(open);
    first.send(hl7::framed("in"));
    EXPECT_EQ(first.next(), "in@127.0.0.1");
    EXPECT_EQ(Peer(open).next(), "closed");
}

}  // namespace
}  // namespace lucerna::receive
