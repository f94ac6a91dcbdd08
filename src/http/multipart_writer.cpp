#include "http/multipart_writer.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "http/answer_memory.h"

namespace lucerna::http {
namespace {

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// Each chunk costs a change of threads: what is small goes out together.
constexpr std::size_t kTogether = 256 * 1024;
void append(Bytes& bytes, std::string_view text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
}

/// Gives the parts' heads and bodies in turn. Shared because std::function wants to copy it.
struct Sequence {
    std::string boundary;
    std::function<std::optional<Part>()> next;
    std::optional<Part> part;
    bool first = true;
    bool head_sent = false;
    /// In the part's body.
    std::uint64_t at = 0;
    /// What the next part's making threw, until those before it are sent.
    std::exception_ptr failure;

    Chunk give() {
        if (failure) std::rethrow_exception(failure);
        Chunk chunk;
        // The fuller it is, the less: what has begun finds room in any case.
        const std::size_t together = std::min(kTogether, answer_memory().piece_bytes());
        while (part && chunk.bytes.size() < together) {
            if (!head_sent) {
                const std::string head =
                    part_head(*part, part->size(), boundary, std::exchange(first, false));
                const std::size_t needed = chunk.bytes.size() + head.size() + slice().size() +
                                           multipart_end(boundary).size();
                // By more than that where there are many parts, but no further than it is filled.
                if (needed > chunk.bytes.capacity())
                    chunk.bytes.reserve(
                        std::max(needed, std::min(2 * chunk.bytes.capacity(), together)));
                append(chunk.bytes, head);
                head_sent = true;
            }
            if (part->pieces && at < part->pieces->size) {
                if (!chunk.bytes.empty()) return chunk;
                return give_piece();
            }
            const ByteView some = slice();
            chunk.bytes.insert(chunk.bytes.end(), some.begin(), some.end());
            at += some.size();
            if (!part->pieces && at < part->body.size()) return chunk;
            // What the last part held, decoding memory for one, goes before the next is made.
            part.reset();
            try {
                part = next();
            } catch (...) {
                if (chunk.bytes.empty()) throw;
                failure = std::current_exception();
                return chunk;
            }
            head_sent = false;
            at = 0;
        }
        if (part) return chunk;
        append(chunk.bytes, multipart_end(boundary));
        chunk.last = true;
        return chunk;
    }

    /// Of a body in memory, what is to be sent next: that is in memory once more.
    [[nodiscard]] ByteView slice() const {
        const ByteView left = ByteView(part->body).subspan(part->pieces ? 0 : at);
        return left.first(std::min(left.size(), answer_memory().piece_bytes()));
    }

    Chunk give_piece() {
        const Pieces& pieces = *part->pieces;
        Chunk piece{.bytes = pieces.read(at, std::min<std::uint64_t>(answer_memory().piece_bytes(),
                                                                     pieces.size - at))};
        if (piece.bytes.empty()) throw Error(ErrorCode::kCorrupt, "a part is too short");
        at += piece.bytes.size();
        return piece;
    }
};

}  // namespace

std::string new_boundary() {
    return random_hex(16);
}

std::string multipart_content_type(std::string_view type, std::string_view boundary) {
    return "multipart/related; type=\"" + std::string(type) +
           "\"; boundary=" + std::string(boundary);
}

std::string part_head(const PartName& name, std::uint64_t size, std::string_view boundary,
                      bool first) {
    if (has_control(name.content_type) || has_control(name.location))
        throw Error(ErrorCode::kInternal, "a part's header has a control character in it");
    std::string head = first ? "--" : "\r\n--";
    head += boundary;
    head += "\r\nContent-Type: " + name.content_type;
    head += "\r\nContent-Length: " + std::to_string(size);
    if (!name.location.empty()) head += "\r\nContent-Location: " + name.location;
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

Response multipart_response(std::string_view type, Part only) {
    if (only.pieces) {
        return multipart_response(type, [part = std::optional(std::move(only))]() mutable {
            return std::exchange(part, std::nullopt);
        });
    }
    return multipart_response(type, only, Buffer(std::move(only.body)), std::move(only.room));
}

Response multipart_response(std::string_view type, const PartName& name, Buffer body,
                            std::shared_ptr<const void> held) {
    const std::string boundary = new_boundary();
    std::string head = part_head(name, body.size(), boundary, true);
    Response response{
        200,
        {},
        Enclosed{std::move(head), std::move(body), multipart_end(boundary), std::move(held)}};
    response.headers.set("Content-Type", multipart_content_type(type, boundary));
    return response;
}

}  // namespace lucerna::http
