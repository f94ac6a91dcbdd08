#include "base/outgoing_http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "support/self_signed.h"
#include "support/temporary_folder.h"

namespace lucerna {
namespace {

using testing::HasSubstr;
using testing::Not;

int note(CURL*, curl_infotype, char* text, std::size_t size, void* into) {
    static_cast<std::string*>(into)->append(text, size);
    return 0;
}

std::size_t drop(char*, std::size_t size, std::size_t count, void*) {
    return size * count;
}

/// A socket that takes connections and says nothing.
class Listening {
  public:
    Listening() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(socket_, 1), 0);
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    ~Listening() { ::close(socket_); }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    [[nodiscard]] std::string port() const { return std::to_string(port_); }

  private:
    int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int port_ = 0;
};

struct Awaited {
    const std::string& said;
    const char* until;
};

int is_heard(void* awaited, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const auto& one = *static_cast<const Awaited*>(awaited);
    return one.said.find(one.until) == std::string::npos ? 0 : 1;
}

/// What libcurl says that it does, until it says that.
std::string said_of(const std::string& url, const std::filesystem::path& authorities,
                    const char* until) {
    const std::unique_ptr<CURL, EndCurl> handle(curl_easy_init());
    std::string said;
    send_straight_to(handle.get(), url, authorities);
    curl_easy_setopt(handle.get(), CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_DEBUGFUNCTION, note);
    curl_easy_setopt(handle.get(), CURLOPT_DEBUGDATA, &said);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, drop);
    Awaited awaited{said, until};
    curl_easy_setopt(handle.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle.get(), CURLOPT_XFERINFOFUNCTION, is_heard);
    curl_easy_setopt(handle.get(), CURLOPT_XFERINFODATA, &awaited);
    curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT, 60L);
    (void)curl_easy_perform(handle.get());
    return said;
}

TEST(OutgoingHttp, GoesByNoProxyOfTheEnvironment) {
    const Listening proxy;
    const Listening service;
    const std::string at_proxy = "127.0.0.1:" + proxy.port();
    for (const char* name : {"http_proxy", "https_proxy", "ALL_PROXY"})
        ::setenv(name, ("http://" + at_proxy).c_str(), 1);
    ::setenv("no_proxy", "", 1);
    for (const char* scheme : {"http", "https"}) {
        const std::string said =
            said_of(scheme + ("://127.0.0.1:" + service.port()) + "/x", {}, "Trying ");
        EXPECT_THAT(said, HasSubstr(service.port()));
        EXPECT_THAT(said, Not(HasSubstr(proxy.port()))) << scheme;
    }
    for (const char* name : {"http_proxy", "https_proxy", "ALL_PROXY", "no_proxy"})
        ::unsetenv(name);
}

TEST(OutgoingHttp, TrustsTheAuthoritiesThatItIsGivenAlone) {
    const test::TemporaryFolder folder;
    test::write_self_signed(folder.path(), "authority");
    const std::filesystem::path file = folder.path() / "authority.crt";
    const Listening service;
    const std::string said = said_of("https://127.0.0.1:" + service.port() + "/x", file, "CAfile");
    EXPECT_THAT(said, HasSubstr("CAfile: " + file.string()));
    EXPECT_THAT(said, Not(HasSubstr("CApath: /")));
}

}  // namespace
}  // namespace lucerna
