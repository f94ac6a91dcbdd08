#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/buffer.h"
#include "base/encoding.h"
#include "base/error.h"
#include "http/headers.h"
#include "http/query.h"

namespace lucerna::http {

/// A request's body, as it comes in.
class BodyReader {
  public:
    virtual ~BodyReader() = default;
    /// Waits for bytes, fills the front of `into` and says how many; 0 is the end. Throws Error:
    /// kInvalidInput (larger than the server's limit, malformed chunks), kUnavailable (the client
    /// is too slow or gone), kCancelled (the server stops).
    virtual std::size_t read(std::span<std::uint8_t> into) = 0;
    /// From here on, while more is waited for, it is asked a few times a second whether others wait
    /// for what the reader holds: where they do, and it comes too slowly, it ends as too slow.
    virtual void give_way_where(std::function<bool()> /*others_wait*/) {}
    /// What Content-Length says; empty for a chunked body.
    [[nodiscard]] virtual std::optional<std::uint64_t> length() const = 0;

    /// The rest of it. Throws Error(kInvalidInput) if that is more than `limit` bytes.
    [[nodiscard]] Bytes read_all(std::size_t limit = std::size_t{1} << 20);
    /// A limit was passed: the answer to the Error is 413 then.
    [[nodiscard]] bool is_too_large() const { return too_large_; }

  protected:
    bool too_large_ = false;
};

/// A body that is there already: for tests, and for handlers called without a server.
class BodyInMemory final : public BodyReader {
  public:
    explicit BodyInMemory(std::string text = {}) : text_(std::move(text)) {}
    std::size_t read(std::span<std::uint8_t> into) override;
    [[nodiscard]] std::optional<std::uint64_t> length() const override { return text_.size(); }

  private:
    std::string text_;
    std::size_t at_ = 0;
};

struct Request {
    explicit Request(BodyReader& reader) : body(reader) {}

    /// Names this request in the log, in the answer's X-Request-Id and in error bodies.
    std::string id;
    /// "GET"; a HEAD request comes to GET's handler as "GET", its body is dropped by the server.
    std::string method = "GET";
    /// As sent, without query.
    std::string path = "/";
    Query query;
    Headers headers;
    /// What the pattern's {names} matched, decoded.
    std::map<std::string, std::string, std::less<>> parameters;
    /// The peer's address.
    std::string remote;
    /// What stands before the path in addresses that are sent back, "http://127.0.0.1:8042": as is
    /// configured, or as the client asked; empty if its Host header is no host.
    std::string origin;
    /// Who asks: the token's name, or what the trusted user header says; empty if anonymous.
    std::string principal;
    /// It asks for the connection to become a WebSocket (RFC 6455 4.1): answer with a channel.
    bool upgrades = false;
    BodyReader& body;

    /// Throws Error(kInternal) if the route's pattern has no such name.
    [[nodiscard]] const std::string& parameter(std::string_view name) const;
};

/// What a streamed body says when asked for more.
struct Chunk {
    /// Sent at once. Empty and not last: there is nothing now, ask again after `wait`.
    Bytes bytes = {};
    bool last = false;
    std::chrono::milliseconds wait{0};
    /// Of a channel: more is asked for once the client has shown that this one came.
    bool until_heard = false;
    /// Of a channel: what of answer_memory() was taken for `bytes`, where they are large.
    std::shared_ptr<const void> room = {};
};

/// A body made while it is sent. `next` is called on a worker thread, one call at a time, only
/// when the client has taken what was there; it may block. What it throws after the head was sent
/// is logged and cuts the connection, so that the client sees a broken answer, not a short one.
struct Stream {
    std::function<Chunk()> next;
    /// Sent as Content-Length; without it the body is chunked.
    std::optional<std::uint64_t> length = {};
    /// Asked at the end of a chunked body for what is only known then (RFC 9110 6.5). HTTP/1.0 has
    /// no place for it. May be empty.
    std::function<Headers()> trailer = {};
};

/// A file sent piece by piece. The size is that at the time of sending the head.
struct FileBody {
    std::filesystem::path path;
};

/// A body in memory with something small before and after it, or nothing, which needs no copy of
/// it.
struct Enclosed {
    std::string before;
    Buffer bytes;
    std::string after;
    /// The room for it, if it is counted anywhere: let go of once it is sent, or cannot be.
    std::shared_ptr<const void> held = {};
};

/// What is sent over a connection that becomes a WebSocket (RFC 6455), as text messages.
struct Channel {
    /// Called as Stream::next is; each chunk is a message. What it throws is logged and closes the
    /// channel. That it is called again says that the last message is sent, and where that was
    /// `until_heard`, that the client has answered a ping behind it.
    std::function<Chunk()> next;
    /// The last message where the server stops; may be empty.
    Bytes farewell = {};
};

using Body = std::variant<std::string, Bytes, Enclosed, FileBody, Stream>;

/// `headers` need neither Content-Length nor Date. Where the handler does not set them, the server
/// adds Cache-Control: no-store, X-Content-Type-Options, a Content-Security-Policy that allows
/// nothing, and its kin. A header value with a line break in it is dropped, and logged.
struct Response {
    int status = 200;
    Headers headers;
    Body body = std::string();
    /// In place of all that, for a request that `upgrades`.
    std::optional<Channel> channel = {};

    [[nodiscard]] static Response of(int status, std::string_view content_type, std::string text);
    /// Those of `held` are counted there, as long as the answer holds it.
    [[nodiscard]] static Response of(int status, std::string_view content_type, Bytes bytes,
                                     std::shared_ptr<const void> held = {});
    /// Content-Type application/json.
    [[nodiscard]] static Response json(int status, std::string text);
    /// 204.
    [[nodiscard]] static Response empty();
};

using Handler = std::function<Response(Request&)>;

/// {"error": code, "message": message, "request": id}: the body of every refusal. `code` is stable
/// and short ("not-acceptable"), `message` a sentence for a person.
[[nodiscard]] Response refusal(int status, std::string_view code, std::string_view message,
                               std::string_view request_id);

/// The one table from an Error's code to a status.
[[nodiscard]] int status_of(ErrorCode code);
/// As `refusal`. Of kInternal and kIo the message stays in the log.
[[nodiscard]] Response refusal(const Error& error, std::string_view request_id);

/// "Not Found"; empty for a status that RFC 9110 and its kin do not name.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace lucerna::http
