#include "http/multipart_writer.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace lucerna::http {
namespace {

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// Gives the parts' heads and bodies in turn. Shared because std::function wants to copy it.
struct Sequence {
    std::string boundary;
    std::function<std::optional<Part>()> next;
    std::optional<Part> part;
    bool first = true;
    bool head_sent = false;

    Chunk give() {
        if (!part) return {.bytes = to_bytes(multipart_end(boundary)), .last = true};
        if (!head_sent) {
            head_sent = true;
            return {.bytes = to_bytes(part_head(*part, boundary, std::exchange(first, false)))};
        }
        Chunk chunk{.bytes = std::move(part->body)};
        part = next();
        head_sent = false;
        // An empty chunk would mean "not yet".
        return chunk.bytes.empty() ? give() : std::move(chunk);
    }

    static Bytes to_bytes(const std::string& text) { return {text.begin(), text.end()}; }
};

}  // namespace

std::string new_boundary() {
    return random_hex(16);
}

std::string multipart_content_type(std::string_view type, std::string_view boundary) {
    return "multipart/related; type=\"" + std::string(type) +
           "\"; boundary=" + std::string(boundary);
}

std::string part_head(const Part& part, std::string_view boundary, bool first) {
    if (has_control(part.content_type) || has_control(part.location))
        throw Error(ErrorCode::kInternal, "a part's header has a control character in it");
    std::string head = first ? "--" : "\r\n--";
    head += boundary;
    head += "\r\nContent-Type: " + part.content_type;
    head += "\r\nContent-Length: " + std::to_string(part.body.size());
    if (!part.location.empty()) head += "\r\nContent-Location: " + part.location;
    return head + "\r\n\r\n";
}

std::string multipart_end(std::string_view boundary) {
    return "\r\n--" + std::string(boundary) + "--\r\n";
}

Response multipart_response(std::string_view type, std::function<std::optional<Part>()> next) {
    const auto sequence = std::make_shared<Sequence>();
    sequence->boundary = new_boundary();
    sequence->next = std::move(next);
    sequence->part = sequence->next();
    Response response{200, {}, Stream{[sequence] { return sequence->give(); }}};
    response.headers.set("Content-Type", multipart_content_type(type, sequence->boundary));
    return response;
}

}  // namespace lucerna::http
