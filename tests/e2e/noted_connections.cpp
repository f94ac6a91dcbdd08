// Notes whom a program asks for or connects to: loaded before the C library (LD_PRELOAD).
//
//     NOTED_CONNECTIONS=/notes LD_PRELOAD=libnoted_connections.so lucerna serve ...
//
// Each name that is looked up and each address of the internet that is connected to is a line of
// that file; the call goes on as if nobody had looked.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>

namespace {

template <typename Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

void note(const std::string& line) {
    const char* path = std::getenv("NOTED_CONNECTIONS");
    if (path == nullptr) return;
    const int saved = errno;
    const int file = ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    const std::string ended = line + '\n';
    // A note that can't be made must not look like silence.
    if (file < 0 || ::write(file, ended.data(), ended.size()) < 0) std::abort();
    ::close(file);
    errno = saved;
}

}  // namespace

extern "C" int connect(int socket, const sockaddr* address, socklen_t size) {
    static const auto real = next<int (*)(int, const sockaddr*, socklen_t)>("connect");
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address->sa_family == AF_INET)
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text.data(),
                    text.size());
    else if (address->sa_family == AF_INET6)
        ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr,
                    text.data(), text.size());
    if (text[0] != '\0') note(std::string("connect ") + text.data());
    return real(socket, address, size);
}

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
    using Lookup = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto real = next<Lookup>("getaddrinfo");
    if (node != nullptr) note(std::string("getaddrinfo ") + node);
    return real(node, service, hints, result);
}
