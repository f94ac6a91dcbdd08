#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "http/message.h"

namespace lucerna::http {

/// A server-sent event (HTML 9.2).
struct Event {
    std::string name;
    /// May have several lines.
    std::string data;
    /// Comes back as Last-Event-ID; may be empty.
    std::string id = {};
};

/// `event: name`, `data:` a line, blank line. Line breaks in name and id are dropped.
[[nodiscard]] std::string to_text(const Event& event);

/// Whether it is one that `event_stream` made.
[[nodiscard]] bool is_event_stream(const Response& response);

/// An endless answer: `poll` is asked every `every`, sends what it gives, and is asked again at
/// once until it gives nothing. It must not block: no thread waits for a silent client. A comment
/// goes out when nothing else did for 15 s, so that a dead connection is noticed.
[[nodiscard]] Response event_stream(
    std::function<std::optional<Event>()> poll,
    std::chrono::milliseconds every = std::chrono::milliseconds(500));

}  // namespace lucerna::http
