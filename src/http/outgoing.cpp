#include "http/outgoing.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <utility>

namespace lucerna::http {
namespace {

/// Written at once, and so under one stall timeout.
constexpr std::size_t kSlice = 256 * 1024;

Chunk piece_of(std::ifstream& file, std::uint64_t& left) {
    Chunk chunk;
    chunk.bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, kSlice)));
    file.read(reinterpret_cast<char*>(chunk.bytes.data()),
              static_cast<std::streamsize>(chunk.bytes.size()));
    if (static_cast<std::size_t>(file.gcount()) != chunk.bytes.size())
        throw Error(ErrorCode::kIo, "a file became shorter while it was sent");
    left -= chunk.bytes.size();
    chunk.last = left == 0;
    return chunk;
}

}  // namespace

Outgoing::Outgoing(Exchange& exchange, Response response, const Guard& guard, bool keep_alive)
    : exchange_(exchange), keep_alive_(keep_alive) {
    if (!take_body(std::move(response.body))) {
        // The file went away after the handler had seen it.
        response = refusal(404, "not-found", "there is no such file", exchange.request.id);
        take_body(std::move(response.body));
    }
    const bool has_no_body = response.status == 204 || response.status == 304;
    if (has_no_body) {
        length_.reset();
    } else if (!length_) {
        chunked_ = exchange.is_http_11;
        keep_alive_ = keep_alive_ && chunked_;
    }
    head_ = head_text(exchange, response, guard,
                      {.keep_alive = keep_alive_, .chunked = chunked_, .length = length_});
    exchange.status = response.status;
    if (has_no_body || exchange.method == "HEAD") {
        chunk_ = {};
        source_ = nullptr;
        chunked_ = false;
    }
}

/// False if it is a file that cannot be opened.
bool Outgoing::take_body(std::variant<std::string, Bytes, FileBody, Stream> body) {
    if (auto* stream = std::get_if<Stream>(&body)) {
        source_ = std::move(stream->next);
        length_ = stream->length;
        return true;
    }
    if (const auto* file = std::get_if<FileBody>(&body)) {
        const auto opened = std::make_shared<std::ifstream>(file->path, std::ios::binary);
        std::error_code failed;
        const std::uint64_t size = std::filesystem::file_size(file->path, failed);
        if (!*opened || failed) return false;
        source_ = [opened, left = size]() mutable { return piece_of(*opened, left); };
        length_ = size;
        return true;
    }
    if (const auto* text = std::get_if<std::string>(&body))
        chunk_.bytes.assign(text->begin(), text->end());
    else
        chunk_.bytes = std::move(std::get<Bytes>(body));
    length_ = chunk_.bytes.size();
    return true;
}

Outgoing::Next Outgoing::next() {
    buffers_ = {};
    if (!head_sent_) {
        head_sent_ = true;
        buffers_[0] = as_byte_view(head_);
        // Small answers leave in one packet.
        if (!source_) {
            const std::size_t count = std::min(chunk_.bytes.size(), kSlice);
            buffers_[1] = ByteView(chunk_.bytes).first(count);
            at_ = count;
            exchange_.bytes_sent += count;
        }
        return Next::kWrite;
    }
    if (at_ < chunk_.bytes.size()) {
        write_slice();
        return Next::kWrite;
    }
    if (!source_) return Next::kDone;
    if (!chunk_.last) {
        if (!std::exchange(waited_, true)) return Next::kWait;
        return Next::kPull;
    }
    if (!chunked_ || std::exchange(ended_, true)) return Next::kDone;
    head_ = first_slice_ ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
    buffers_[0] = as_byte_view(head_);
    return Next::kWrite;
}

/// Where the body is chunked, each slice is a chunk of its own (RFC 9112 7.1).
void Outgoing::write_slice() {
    const std::size_t count = std::min(chunk_.bytes.size() - at_, kSlice);
    head_.clear();
    if (chunked_) {
        std::array<char, 24> size{};
        std::snprintf(size.data(), size.size(), "%s%zx\r\n", first_slice_ ? "" : "\r\n", count);
        head_ = size.data();
        first_slice_ = false;
    }
    buffers_ = {as_byte_view(head_), ByteView(chunk_.bytes).subspan(at_, count)};
    at_ += count;
    exchange_.bytes_sent += count;
}

void Outgoing::pull() {
    chunk_ = source_();
    at_ = 0;
    waited_ = !chunk_.bytes.empty();
    pulled_ += chunk_.bytes.size();
    if (length_ && (pulled_ > *length_ || (chunk_.last && pulled_ != *length_)))
        throw Error(ErrorCode::kInternal, "a streamed body has another length than was announced");
}

}  // namespace lucerna::http
