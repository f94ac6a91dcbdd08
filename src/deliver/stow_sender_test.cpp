#include "deliver/stow_sender.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/dimse_status.h"
#include "dicom/part10_head.h"
#include "dicom/transport.h"

namespace lucerna::deliver {
namespace {

using dicom::StatusKind;
using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(StowSender, SaysThatTheServiceOrTheTokenIsNotThere) {
    Destination destination;
    destination.url = "http://127.0.0.1:1/dicom-web";
    const auto message = [&] {
        try {
            (void)stow_sender()(destination, {}, {})->store(ByteView());
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_THAT(message(), HasSubstr(destination.url));
    destination.token_file = "/nowhere/token";
    EXPECT_THAT(message(), HasSubstr("/nowhere/token"));
}

/// One that takes connections one after another, each as the next of its manners has it.
class Service {
  public:
    using Manner = std::function<void(int socket)>;

    explicit Service(std::vector<Manner> manners)
        : listening_(dicom::listen_on("127.0.0.1", 0)),
          thread_([this, manners = std::move(manners)] {
              for (const Manner& manner : manners) {
                  const auto accepted = dicom::accept_on(listening_, stop_);
                  if (!accepted) return;
                  (void)::fcntl(accepted->socket.get(), F_SETFL, 0);  // it waits
                  manner(accepted->socket.get());
              }
          }) {}

    ~Service() { stop_.set(); }
    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(dicom::port_of(listening_)) + "/dicom-web";
    }

  private:
    dicom::Descriptor listening_;
    dicom::StopSignal stop_;
    std::jthread thread_;
};

void say_stored(int socket, const std::string& more = {}) {
    const std::string stored = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + more + "\r\n";
    EXPECT_EQ(::send(socket, stored.data(), stored.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(stored.size()));
}

/// A request to its end, which is that of its last boundary.
void take_one(int socket) {
    std::string taken;
    std::array<char, 4096> some{};
    while (!taken.ends_with("--\r\n")) {
        const ssize_t count = ::recv(socket, some.data(), some.size(), 0);
        ASSERT_GT(count, 0);
        taken.append(some.data(), static_cast<std::size_t>(count));
    }
}

Bytes object_of(std::size_t size) {
    Bytes file =
        dicom::part10_head({"1.2.840.10008.5.1.4.1.1.7", "1.2.3", "1.2.840.10008.1.2.1"}, "");
    file.resize(size);
    return file;
}

TEST(StowSender, BelievesNoAnswerToWhatWasNotTaken) {
    const Service service({[](int socket) {
        const int little = 4096;
        ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
        say_stored(socket, "Connection: close\r\n");
        std::this_thread::sleep_for(200ms);
    }});
    Destination destination;
    destination.url = service.url();
    const Bytes object = object_of(std::size_t{30} << 20);
    EXPECT_THAT([&] { (void)stow_sender()(destination, {}, {})->store(object); },
                testing::ThrowsMessage<Error>(HasSubstr("when it has taken")));
}

TEST(StowSender, GoesByNoProxyOfTheEnvironment) {
    const Service proxy({[](int) { ADD_FAILURE() << "the proxy was asked"; }});
    const Service service({[](int socket) {
        take_one(socket);
        say_stored(socket);
    }});
    Destination destination;
    destination.url = service.url();
    const std::string url = proxy.url();
    ::setenv("http_proxy", url.substr(0, url.rfind('/')).c_str(), 1);
    ::setenv("no_proxy", "", 1);
    EXPECT_EQ(stow_sender()(destination, {}, {})->store(object_of(1000)).kind,
              StatusKind::kSuccess);
    ::unsetenv("http_proxy");
    ::unsetenv("no_proxy");
}

TEST(StowSender, SendsAgainWhereTheConnectionWasClosedMeanwhile) {
    const auto take_once = [](int socket) {
        take_one(socket);
        say_stored(socket);
        char next = 0;
        (void)::recv(socket, &next, 1, 0);
    };
    const Service service({take_once, take_once});
    Destination destination;
    destination.url = service.url();
    const Bytes object = object_of(500'000);
    const auto sender = stow_sender()(destination, {}, {});
    EXPECT_EQ(sender->store(object).kind, StatusKind::kSuccess);
    EXPECT_EQ(sender->store(object).kind, StatusKind::kSuccess);
}

}  // namespace
}  // namespace lucerna::deliver
