#include "http/multipart.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace lucerna::http {
namespace {

constexpr std::size_t kMaxBoundary = 70;
constexpr std::string_view kLineBreak = "\r\n";

/// bchars of RFC 2046 5.1.1; a blank may not come last.
bool is_boundary(std::string_view text) {
    if (text.empty() || text.size() > kMaxBoundary || text.back() == ' ') return false;
    return std::all_of(text.begin(), text.end(), [](char letter) {
        const bool alphanumeric = (letter >= '0' && letter <= '9') ||
                                  (letter >= 'A' && letter <= 'Z') ||
                                  (letter >= 'a' && letter <= 'z');
        return alphanumeric ||
               std::string_view("'()+_,-./:=? ").find(letter) != std::string_view::npos;
    });
}

std::string_view trimmed(std::string_view text) {
    const auto blank = [](char letter) { return letter == ' ' || letter == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& letter : lower)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return lower;
}

}  // namespace

MultipartParser::MultipartParser(std::string_view boundary, const MultipartLimits& limits,
                                 PartTaker& taker)
    : delimiter_("\r\n--" + std::string(boundary)),
      limits_(limits),
      taker_(taker),
      // The first delimiter may stand at the very start: as if a line had ended before it.
      pending_(kLineBreak.begin(), kLineBreak.end()) {
    if (!is_boundary(boundary))
        throw Error(ErrorCode::kInvalidInput,
                    "the boundary is not 1 to 70 of the characters that RFC 2046 allows");
}

void MultipartParser::refuse(const std::string& what) const {
    throw Error(ErrorCode::kInvalidInput,
                "multipart body, part " + std::to_string(parts_ + 1) + ": " + what);
}

std::string_view MultipartParser::rest() const {
    return as_text(text_).substr(start_);
}

void MultipartParser::feed(ByteView bytes) {
    total_ += bytes.size();
    if (total_ > limits_.max_total_bytes)
        refuse("the body is larger than " + std::to_string(limits_.max_total_bytes) + " bytes");
    if (state_ == State::kEpilogue) return;
    if (state_ == State::kBody) pass_what_was_left(bytes);
    // Most bytes are of bodies: those are passed on from where they lie.
    if (!pending_.empty()) {
        pending_.insert(pending_.end(), bytes.begin(), bytes.end());
        bytes = pending_;
    }
    text_ = bytes;
    start_ = 0;
    while (step()) {
    }
    const ByteView left = text_.subspan(start_);
    pending_ = Bytes(left.begin(), left.end());
}

/// What was left since a delimiter might begin in it, where none does.
void MultipartParser::pass_what_was_left(ByteView next) {
    const std::size_t longest = delimiter_.size() - 1;
    if (pending_.empty() || next.size() < longest) return;
    std::string seam(as_text(pending_));
    seam += as_text(next.first(longest));
    if (seam.find(delimiter_) != std::string::npos) return;
    pass(pending_);
    pending_.clear();
}

void MultipartParser::pass(ByteView bytes) {
    part_bytes_ += bytes.size();
    if (part_bytes_ > limits_.max_part_bytes)
        refuse("it is larger than " + std::to_string(limits_.max_part_bytes) + " bytes");
    if (!bytes.empty()) taker_.more(bytes);
}

void MultipartParser::finish() {
    if (state_ == State::kEpilogue) return;
    if (state_ == State::kPreamble) refuse("the boundary never comes");
    refuse("the body ends before the closing boundary");
}

bool MultipartParser::step() {
    switch (state_) {
        case State::kPreamble:
            return skip_preamble();
        case State::kAfterDelimiter:
            return read_after_delimiter();
        case State::kHeaders:
            return read_headers();
        case State::kBody:
            return read_body();
        case State::kEpilogue:
            break;
    }
    start_ = text_.size();
    return false;
}

bool MultipartParser::skip_preamble() {
    const std::size_t found = rest().find(delimiter_);
    if (found == std::string_view::npos) {
        const std::size_t kept = std::min(rest().size(), delimiter_.size() - 1);
        start_ = text_.size() - kept;
        return false;
    }
    start_ += found + delimiter_.size();
    state_ = State::kAfterDelimiter;
    return true;
}

bool MultipartParser::read_after_delimiter() {
    constexpr std::size_t kMaxPadding = 256;
    const std::string_view text = rest();
    if (text.size() < 2) return false;
    if (text.starts_with("--")) {
        state_ = State::kEpilogue;
        return true;
    }
    const std::size_t end = text.find_first_not_of(" \t");
    if (end == std::string_view::npos || end + 2 > text.size()) {
        if (text.size() > kMaxPadding) refuse("the boundary is followed by blanks without end");
        return false;
    }
    if (text.substr(end, 2) != kLineBreak) refuse("the boundary is not followed by a line break");
    if (parts_ >= limits_.max_parts)
        refuse("there are more than " + std::to_string(limits_.max_parts) + " parts");
    start_ += end + 2;
    headers_.clear();
    last_header_.clear();
    header_bytes_ = 0;
    state_ = State::kHeaders;
    return true;
}

bool MultipartParser::read_headers() {
    const std::string_view text = rest();
    const std::size_t end = text.find(kLineBreak);
    const std::size_t seen = end == std::string_view::npos ? text.size() : end + 2;
    if (header_bytes_ + seen > limits_.max_header_bytes)
        refuse("the headers are longer than " + std::to_string(limits_.max_header_bytes) +
               " bytes");
    if (end == std::string_view::npos) return false;
    header_bytes_ += seen;
    if (end == 0) {
        state_ = State::kBody;
        part_bytes_ = 0;
        taker_.begin(headers_);
    } else {
        take_header_line(text.substr(0, end));
    }
    start_ += end + 2;
    return true;
}

void MultipartParser::take_header_line(std::string_view line) {
    // Goes on from the line before (RFC 822 3.1.1).
    if ((line.front() == ' ' || line.front() == '\t') && !last_header_.empty()) {
        headers_[last_header_] += " " + std::string(trimmed(line));
        return;
    }
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) refuse("a header line has no name");
    last_header_ = lower_case(trimmed(line.substr(0, colon)));
    headers_[last_header_] = trimmed(line.substr(colon + 1));
}

bool MultipartParser::read_body() {
    const std::string_view text = rest();
    // string_view::find stops at each carriage return, of which pixels are full.
    const void* const at = ::memmem(text.data(), text.size(), delimiter_.data(), delimiter_.size());
    const bool ends = at != nullptr;
    // What may still turn out to be the delimiter is left.
    const std::size_t certain =
        ends ? static_cast<std::size_t>(static_cast<const char*>(at) - text.data())
             : text.size() - std::min(text.size(), delimiter_.size() - 1);
    pass(text_.subspan(start_, certain));
    start_ += certain;
    if (!ends) return false;
    start_ += delimiter_.size();
    state_ = State::kAfterDelimiter;
    taker_.end();
    ++parts_;
    return true;
}

}  // namespace lucerna::http
