#include "receive/mllp_listener.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dicom/tls_context.h"
#include "dicom/transport.h"
#include "hl7/mllp.h"
#include "support/connect_from.h"
#include "support/self_signed.h"
#include "support/temporary_folder.h"

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
    Peer(const MllpListener& listener, const char* address)
        : transport_(test::connect_from(address, listener.port()), nullptr) {}
    [[nodiscard]] bool secure(const dicom::TlsOptions& tls) {
        context_.emplace(tls, dicom::TlsRole::kClient);
        return transport_.secure(*context_, {10s}) == dicom::Io::kDone;
    }
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
    std::optional<dicom::TlsContext> context_;
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

TEST(MllpListener, GoesOnAfterWhatGetsNoAnswer) {
    const MllpListener listener(
        any_port(),
        [](const std::string& message, const std::string&) -> std::optional<std::string> {
            if (message == "ACK") return {};
            return message;
        });
    Peer peer(listener);
    peer.send(hl7::framed("ACK") + hl7::framed("next"));
    EXPECT_EQ(peer.next(), "next");
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

TEST(MllpListener, SpeaksTlsToClientsThatItTrusts) {
    const test::TemporaryFolder folder;
    for (const char* name : {"server", "client", "stranger"})
        test::write_self_signed(folder.path(), name);
    const auto tls = [&](const std::string& own, const std::string& trusted) {
        dicom::TlsOptions options;
        options.certificate_file = folder.path() / (own + ".crt");
        options.key_file = folder.path() / (own + ".key");
        options.trusted_file = folder.path() / (trusted + ".crt");
        return options;
    };
    MllpOptions options = any_port();
    options.tls = tls("server", "client");
    const MllpListener listener(options, echo);
    Peer peer(listener);
    ASSERT_TRUE(peer.secure(tls("client", "server")));
    peer.send(hl7::framed("sealed"));
    EXPECT_EQ(peer.next(), "sealed@127.0.0.1");
    Peer stranger(listener);
    // With TLS 1.3 a client learns of its refusal with the first thing that it reads.
    if (stranger.secure(tls("stranger", "server"))) stranger.send(hl7::framed("let me in"));
    EXPECT_EQ(stranger.next(), "closed");
    Peer plain(listener);
    plain.send(hl7::framed("in the clear"));
    EXPECT_NE(plain.next(), "in the clear@127.0.0.1");
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
    const std::string message = hl7::framed("in");
    first.send(message.substr(0, 2));
    std::this_thread::sleep_for(300ms);  // it is read
    EXPECT_EQ(Peer(open).next(), "closed") << "it is in the middle of a message";
    first.send(message.substr(2));
    EXPECT_EQ(first.next(), "in@127.0.0.1");
}

TEST(MllpListener, GivesUpWhoRestsForWhoeverComes) {
    MllpOptions options = any_port();
    options.max_connections = 2;
    const MllpListener listener(options, echo);
    Peer silent(listener);
    std::this_thread::sleep_for(300ms);  // it is waited for
    Peer served(listener);
    served.send(hl7::framed("in"));
    EXPECT_EQ(served.next(), "in@127.0.0.1");
    Peer another(listener);
    another.send(hl7::framed("too"));
    EXPECT_EQ(another.next(), "too@127.0.0.1");
    EXPECT_EQ(silent.next(), "closed");
    served.send(hl7::framed("again"));
    EXPECT_EQ(served.next(), "again@127.0.0.1");
}

TEST(MllpListener, GivesUpNoneForACrowdOfAnotherAddress) {
    MllpOptions options = any_port();
    options.max_connections = 3;
    const MllpListener listener(options, echo);
    Peer engine(listener, "127.0.0.2");
    std::this_thread::sleep_for(50ms);  // it has rested for longer than all others
    std::vector<std::unique_ptr<Peer>> crowd;
    for (int i = 0; i < 12; ++i) {
        crowd.push_back(std::make_unique<Peer>(listener));
        std::this_thread::sleep_for(10ms);
    }
    engine.send(hl7::framed("in"));
    EXPECT_EQ(engine.next(), "in@127.0.0.2");
    Peer another(listener, "127.0.0.3");
    another.send(hl7::framed("too"));
    EXPECT_EQ(another.next(), "too@127.0.0.3");
    EXPECT_EQ(crowd.front()->next(), "closed");
}

/// Connections of 127.0.0.1 that begin a message each, which is renewed without an end.
class CrowdThatSends {
  public:
    CrowdThatSends(const MllpListener& listener, int count) {
        for (int i = 0; i < count; ++i) {
            peers_.push_back(std::make_unique<Peer>(listener));
            peers_.back()->send("\x0BMSH|" + std::string(20'000, 'x'));
        }
        std::this_thread::sleep_for(100ms);  // it is read
    }

  private:
    std::vector<std::unique_ptr<Peer>> peers_;
};

TEST(MllpListener, ClosesOneOfACrowdThatSendsForWhoeverComesOfAnotherAddress) {
    MllpOptions options = any_port();
    options.max_connections = 4;
    options.slow_where_others_wait = 60s;
    const MllpListener listener(options, echo);
    const CrowdThatSends crowd(listener, 4);
    Peer engine(listener, "127.0.0.2");
    engine.send(hl7::framed("in"));
    EXPECT_EQ(engine.next(), "in@127.0.0.2");
    const CrowdThatSends more(listener, 4);
    engine.send(hl7::framed("again"));
    EXPECT_EQ(engine.next(), "again@127.0.0.2") << "it rests, and none of the others does";
    Peer another(listener, "127.0.0.3");
    another.send(hl7::framed("too"));
    EXPECT_EQ(another.next(), "too@127.0.0.3");
}

TEST(MllpListener, TurnsAwayAnotherOfACrowdThatSends) {
    MllpOptions options = any_port();
    options.max_connections = 2;
    options.slow_where_others_wait = 60s;
    const MllpListener listener(options, echo);
    const CrowdThatSends crowd(listener, 2);
    EXPECT_EQ(Peer(listener).next(), "closed");
}

/// Sends the bytes one by one, and again, until the connection or this ends.
std::jthread trickle(Peer& peer, std::string bytes) {
    return std::jthread([&peer, bytes = std::move(bytes)](const std::stop_token& stop) {
        for (std::size_t i = 0; !stop.stop_requested(); ++i) {
            peer.send(bytes.substr(i % bytes.size(), 1));
            std::this_thread::sleep_for(20ms);
        }
    });
}

TEST(MllpListener, GivesUpWhoseMessagesTrickleForWhoeverComes) {
    MllpOptions options = any_port();
    options.max_connections = 2;
    options.slow_where_others_wait = 200ms;
    for (const std::string& bytes : {std::string("\x0B") + std::string(5000, 'N'),  // no end
                                     std::string("\x0BMSH\x1C\r")}) {
        const MllpListener listener(options, echo);
        Peer first(listener), second(listener);
        const std::jthread one = trickle(first, bytes), two = trickle(second, bytes);
        std::this_thread::sleep_for(600ms);
        // On a busy machine they may have sent too little yet to be known for what they are.
        const auto is_served = [&] {
            for (int tries = 0; tries < 100; ++tries) {
                Peer another(listener);
                another.send(hl7::framed("in"));
                if (another.next() == "in@127.0.0.1") return true;
                std::this_thread::sleep_for(50ms);
            }
            return false;
        };
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(is_served());
    }
}

TEST(MllpListener, TakesASlowMessageWhereNobodyWaits) {
    MllpOptions options = any_port();
    options.max_connections = 2;
    options.slow_where_others_wait = 100ms;
    const MllpListener listener(options, echo);
    Peer slow(listener);
    const std::string message = hl7::framed("a slow line");
    for (const char byte : message) {
        slow.send({&byte, 1});
        std::this_thread::sleep_for(30ms);
    }
    EXPECT_EQ(slow.next(), "a slow line@127.0.0.1");
}

TEST(MllpListener, EndsWhoSendsNoMessageWhateverElse) {
    MllpOptions options = any_port();
    options.idle = 1s;
    const MllpListener listener(options, echo);
    Peer peer(listener);
    const std::jthread passed_over([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            peer.send("\r");
            std::this_thread::sleep_for(50ms);
        }
    });
    EXPECT_EQ(peer.next(), "closed");
}

}  // namespace
}  // namespace lucerna::receive
