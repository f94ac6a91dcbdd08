#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "http/headers.h"

namespace lucerna::test {

struct HttpAnswer {
    int status = 0;
    http::Headers headers;
    std::string body;
    /// Behind a chunked body.
    http::Headers trailer;
    /// The body ended as its head had announced.
    bool complete = false;
};

/// A plain HTTP/1.1 client on 127.0.0.1 that sends whatever bytes a test wants to send, and gives
/// up after 20 s of silence.
class HttpClient {
  public:
    /// `own` is another address of this machine to come from, "127.0.0.2".
    explicit HttpClient(std::uint16_t port, const char* own = "127.0.0.1")
        : port_(port), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        timeval patience{20, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = ::inet_addr(own);
        if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("cannot come from there");
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("cannot connect");
    }
    ~HttpClient() { ::close(socket_); }
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// False once the server has closed.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    void finish_sending() { ::shutdown(socket_, SHUT_WR); }
    [[nodiscard]] int socket() const { return socket_; }

    /// Whether the server closes, whatever it sends before.
    [[nodiscard]] bool is_closed() {
        while (fill()) {
        }
        return ended_;
    }

    /// The next answer; status 0 if there is none. `method` because HEAD's has no body.
    HttpAnswer answer(std::string_view method = "GET") {
        HttpAnswer answer;
        std::size_t end = 0;
        while ((end = pending_.find("\r\n\r\n")) == std::string::npos)
            if (!fill()) return answer;
        take_head(answer, pending_.substr(0, end + 2));
        pending_.erase(0, end + 4);
        if (answer.status == 204 || answer.status == 304 || answer.status == 100 ||
            method == "HEAD") {
            answer.complete = true;
        } else if (const auto length = answer.headers.get("Content-Length")) {
            const std::size_t wanted = std::strtoull(length->c_str(), nullptr, 10);
            answer.complete = take(wanted, answer.body);
        } else if (answer.headers.has("Transfer-Encoding")) {
            answer.complete = take_chunks(answer);
        } else {
            while (fill()) {
            }
            answer.body = std::exchange(pending_, {});
            answer.complete = ended_;
        }
        return answer;
    }

    /// "GET /path" with `headers` ("Name: value\r\n..."), Host added.
    HttpAnswer ask(std::string_view method, std::string_view target, std::string_view headers = {},
                   std::string_view body = {}) {
        std::string text = std::string(method) + " " + std::string(target) +
                           " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) + "\r\n" +
                           std::string(headers);
        if (!body.empty() || method == "POST")
            text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        send(text + "\r\n" + std::string(body));
        return answer(method);
    }

    /// More bytes of the answer are there; false at its end or after too long a silence.
    bool fill() {
        char bytes[65536];
        const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
        if (got > 0) pending_.append(bytes, static_cast<std::size_t>(got));
        // A reset ends a connection as well.
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) ended_ = true;
        return got > 0;
    }
    [[nodiscard]] const std::string& pending() const { return pending_; }

  private:
    static void take_head(HttpAnswer& answer, const std::string& head) {
        answer.status = std::atoi(head.c_str() + std::string_view("HTTP/1.1 ").size());
        take_fields(answer.headers, head.substr(head.find("\r\n") + 2));
    }
    static void take_fields(http::Headers& headers, const std::string& lines) {
        for (std::size_t line = 0; line < lines.size();) {
            const std::size_t end = lines.find("\r\n", line);
            const std::size_t colon = lines.find(": ", line);
            headers.add(lines.substr(line, colon - line), lines.substr(colon + 2, end - colon - 2));
            line = end + 2;
        }
    }
    bool take(std::size_t count, std::string& into) {
        while (pending_.size() < count)
            if (!fill()) return false;
        into.append(pending_, 0, count);
        pending_.erase(0, count);
        return true;
    }
    bool take_line(std::string& line) {
        std::size_t end = 0;
        while ((end = pending_.find("\r\n")) == std::string::npos)
            if (!fill()) return false;
        line = pending_.substr(0, end);
        pending_.erase(0, end + 2);
        return true;
    }
    bool take_chunks(HttpAnswer& answer) {
        std::string line;
        while (take_line(line)) {
            const std::size_t size = std::strtoull(line.c_str(), nullptr, 16);
            if (size == 0) return take_trailer(answer.trailer);
            if (!take(size, answer.body) || !take_line(line) || !line.empty()) return false;
        }
        return false;
    }
    bool take_trailer(http::Headers& trailer) {
        std::string line;
        while (take_line(line)) {
            if (line.empty()) return true;
            take_fields(trailer, line + "\r\n");
        }
        return false;
    }

    std::uint16_t port_;
    int socket_;
    std::string pending_;
    bool ended_ = false;
};

}  // namespace lucerna::test
