#include "http/event_stream.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

namespace lucerna::http {
namespace {

using namespace std::chrono_literals;
constexpr auto kSilence = 15s;
constexpr std::string_view kMediaType = "text/event-stream";

std::string one_line(std::string text) {
    std::erase_if(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
    return text;
}

Bytes to_bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

}  // namespace

std::string to_text(const Event& event) {
    std::string text;
    if (!event.id.empty()) text += "id: " + one_line(event.id) + "\n";
    if (!event.name.empty()) text += "event: " + one_line(event.name) + "\n";
    std::string_view data = event.data;
    for (;;) {
        const std::size_t end = data.find_first_of("\r\n");
        text += "data: " + std::string(data.substr(0, end)) + "\n";
        if (end == std::string_view::npos) break;
        data = data.substr(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    return text + "\n";
}

bool is_event_stream(const Response& response) {
    return response.headers.get("Content-Type") == kMediaType;
}

Response event_stream(std::function<std::optional<Event>()> poll, std::chrono::milliseconds every) {
    // Time since the last byte is counted in waits, so that no clock is needed here.
    const auto silent = std::make_shared<std::chrono::milliseconds>(0);
    // The first bytes go out at once: proxies and browsers then know that the stream is open.
    const auto opened = std::make_shared<bool>(false);
    Response response{200, {}, Stream{[=, poll = std::move(poll)]() -> Chunk {
                          if (!std::exchange(*opened, true)) return {.bytes = to_bytes(":\n\n")};
                          if (const std::optional<Event> event = poll()) {
                              *silent = 0ms;
                              return {.bytes = to_bytes(to_text(*event))};
                          }
                          *silent += every;
                          if (*silent < kSilence) return {.wait = every};
                          *silent = 0ms;
                          return {.bytes = to_bytes(":\n\n")};
                      }}};
    response.headers.set("Content-Type", kMediaType);
    response.headers.set("X-Accel-Buffering", "no");
    return response;
}

}  // namespace lucerna::http
