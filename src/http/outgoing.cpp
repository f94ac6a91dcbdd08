#include "http/outgoing.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <utility>

namespace lucerna::http {
namespace {

/// Written at once, and one chunk where the body is chunked.
constexpr std::size_t kSlice = 1024 * 1024;

Chunk piece_of(std::ifstream& file, std::uint64_t& left) {
    Chunk chunk;
    chunk.bytes.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(left, answer_memory().piece_bytes())));
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
        enclosed_ = {};
        text_.clear();
        bytes_ = {};
        source_ = nullptr;
        chunked_ = false;
        before_.clear();
        after_.clear();
    }
    head_ += before_;
    exchange.bytes_sent += before_.size();
}

/// False if it is a file that cannot be opened.
bool Outgoing::take_body(Body body) {
    if (auto* stream = std::get_if<Stream>(&body)) {
        source_ = std::move(stream->next);
        trailer_ = std::move(stream->trailer);
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
    if (auto* text = std::get_if<std::string>(&body)) {
        text_ = std::move(*text);
    } else if (auto* enclosed = std::get_if<Enclosed>(&body)) {
        before_ = std::move(enclosed->before);
        enclosed_ = std::move(enclosed->bytes);
        held_ = std::move(enclosed->held);
        after_ = std::move(enclosed->after);
    } else {
        chunk_.bytes = std::move(std::get<Bytes>(body));
    }
    bytes_ = !text_.empty()       ? as_byte_view(text_)
             : !enclosed_.empty() ? enclosed_.view()
                                  : ByteView(chunk_.bytes);
    length_ = before_.size() + bytes_.size() + after_.size();
    return true;
}

Outgoing::Next Outgoing::next() {
    buffers_ = {};
    if (!head_sent_) {
        head_sent_ = true;
        buffers_[0] = as_byte_view(head_);
        // Small answers leave in one packet.
        if (!source_) take_slice();
        return Next::kWrite;
    }
    if (at_ < bytes_.size()) {
        write_slice();
        return Next::kWrite;
    }
    if (!source_) return Next::kDone;
    if (!chunk_.last) {
        if (!std::exchange(waited_, true)) return Next::kWait;
        return Next::kPull;
    }
    if (!chunked_ || std::exchange(ended_, true)) return Next::kDone;
    head_ = first_slice_ ? "0\r\n" : "\r\n0\r\n";
    head_ += trailer_ ? fields_text(exchange_, trailer_()) : std::string();
    head_ += "\r\n";
    buffers_[0] = as_byte_view(head_);
    return Next::kWrite;
}

/// The next of what is in memory, with what comes after it once it is the last.
void Outgoing::take_slice() {
    buffers_[1] = bytes_.subspan(at_, std::min(bytes_.size() - at_, kSlice));
    at_ += buffers_[1].size();
    if (at_ == bytes_.size()) buffers_[2] = as_byte_view(after_);
    exchange_.bytes_sent += buffers_[1].size() + buffers_[2].size();
}

/// Where the body is chunked, each slice is a chunk of its own (RFC 9112 7.1).
void Outgoing::write_slice() {
    take_slice();
    head_.clear();
    if (chunked_) {
        std::array<char, 24> size{};
        std::snprintf(size.data(), size.size(), "%s%zx\r\n", first_slice_ ? "" : "\r\n",
                      buffers_[1].size());
        head_ = size.data();
        first_slice_ = false;
    }
    buffers_[0] = as_byte_view(head_);
}

std::array<ByteView, 3> Outgoing::unwritten(std::size_t written) const {
    std::array<ByteView, 3> left = buffers_;
    for (ByteView& buffer : left) {
        const std::size_t done = std::min(written, buffer.size());
        written -= done;
        buffer = buffer.subspan(done);
    }
    return left;
}

std::size_t Outgoing::bytes_in_memory() const {
    return text_.size() + chunk_.bytes.size() + (held_ ? 0 : enclosed_.size());
}

bool Outgoing::find_room(std::function<void()> cut) {
    if (bytes_in_memory() <= AnswerMemory::kFreely) return true;
    holding_ = answer_memory().take(bytes_in_memory(), std::move(cut));
    return holding_ != nullptr;
}

void Outgoing::hold_room(std::function<void()> cut) {
    hold_room(bytes_in_memory(), std::move(cut));
}

void Outgoing::hold_room(std::size_t bytes, std::function<void()> cut) {
    // What was held goes first: it is for the same.
    holding_.reset();
    if (bytes > AnswerMemory::kLeastPiece) holding_ = answer_memory().hold(bytes, std::move(cut));
}

void Outgoing::let_go_of_what_was_taken() {
    buffers_ = {};
    bytes_ = {};
    at_ = 0;
    chunk_ = {};
    holding_.reset();
}

void Outgoing::pull(const std::function<void()>& cut) {
    let_go_of_what_was_taken();
    const std::size_t piece = answer_memory().piece_bytes();
    hold_room(length_ ? static_cast<std::size_t>(std::min<std::uint64_t>(piece, *length_ - pulled_))
                      : piece,
              {});
    chunk_ = source_();
    hold_room(cut);
    bytes_ = chunk_.bytes;
    waited_ = !chunk_.bytes.empty();
    pulled_ += chunk_.bytes.size();
    if (length_ && (pulled_ > *length_ || (chunk_.last && pulled_ != *length_)))
        throw Error(ErrorCode::kInternal, "a streamed body has another length than was announced");
}

}  // namespace lucerna::http
