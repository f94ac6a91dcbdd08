#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/encoding.h"

namespace lucerna::http {

struct MultipartLimits {
    std::size_t max_part_bytes = std::size_t{2} << 30;
    std::size_t max_total_bytes = std::size_t{16} << 30;
    std::size_t max_parts = 10'000;
    /// Of one part's headers together.
    std::size_t max_header_bytes = 16 * 1024;
};

/// Takes the parts of a multipart body as they come in.
class PartTaker {
  public:
    /// Names in lower case.
    using Headers = std::map<std::string, std::string>;

    virtual ~PartTaker() = default;
    virtual void begin(const Headers& headers) = 0;
    /// The next bytes of the part that was begun; valid only during the call.
    virtual void more(ByteView bytes) = 0;
    virtual void end() = 0;
};

/// Takes a multipart body (RFC 2046 5.1.1) apart as it streams in. Holds no more of it than was fed
/// last and what may be a boundary.
class MultipartParser {
  public:
    /// The taker must outlive this. Throws Error(kInvalidInput) unless the boundary is 1 to 70 of
    /// the characters allowed there.
    MultipartParser(std::string_view boundary, const MultipartLimits& limits, PartTaker& taker);

    /// The next bytes of the body, cut anywhere. Throws Error(kInvalidInput): a limit is passed or
    /// the body is malformed; the message says which and at which part. After a throw the parser
    /// is done for. What the taker throws comes through.
    void feed(ByteView bytes);
    /// The body has ended. Throws Error(kInvalidInput) if its closing delimiter never came.
    void finish();

    /// Ended so far.
    [[nodiscard]] std::size_t parts() const { return parts_; }

  private:
    enum class State { kPreamble, kAfterDelimiter, kHeaders, kBody, kEpilogue };

    /// Each takes what it can from the front of rest(); false if it needs more.
    [[nodiscard]] bool step();
    [[nodiscard]] bool skip_preamble();
    [[nodiscard]] bool read_after_delimiter();
    [[nodiscard]] bool read_headers();
    [[nodiscard]] bool read_body();
    void pass_what_was_left(ByteView next);
    void pass(ByteView bytes);
    void take_header_line(std::string_view line);
    [[nodiscard]] std::string_view rest() const;
    [[noreturn]] void refuse(const std::string& what) const;

    std::string delimiter_;  // CRLF, two hyphens, boundary
    MultipartLimits limits_;
    PartTaker& taker_;
    State state_ = State::kPreamble;
    /// What an earlier call left, and during a call all that there is.
    Bytes pending_;
    ByteView text_;
    std::size_t start_ = 0;  // what lies before it is done with
    std::size_t part_bytes_ = 0;
    std::size_t total_ = 0;
    std::size_t parts_ = 0;
    std::size_t header_bytes_ = 0;
    PartTaker::Headers headers_;
    /// The one whose line was read last.
    std::string last_header_;
};

}  // namespace lucerna::http
