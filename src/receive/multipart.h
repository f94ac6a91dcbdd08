#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/encoding.h"

namespace lucerna::receive {

struct MultipartLimits {
    std::size_t max_part_bytes = std::size_t{2} << 30;
    std::size_t max_total_bytes = std::size_t{16} << 30;
    std::size_t max_parts = 10'000;
    /// Of one part's headers together.
    std::size_t max_header_bytes = 16 * 1024;
};

/// Takes a multipart body (RFC 2046 5.1.1) apart as it streams in; holds one part at a time.
class MultipartParser {
  public:
    struct Part {
        /// Names in lower case.
        std::map<std::string, std::string> headers;
        /// Valid only during the call.
        ByteView body;
    };
    using PartHandler = std::function<void(const Part&)>;

    /// Throws Error(kInvalidInput) unless the boundary is 1 to 70 of the characters allowed there.
    MultipartParser(std::string_view boundary, const MultipartLimits& limits, PartHandler handler);

    /// The next bytes of the body, cut anywhere. Throws Error(kInvalidInput): a limit is passed or
    /// the body is malformed; the message says which and at which part. After a throw the parser
    /// is done for. What the handler throws comes through.
    void feed(ByteView bytes);
    /// The body has ended. Throws Error(kInvalidInput) if its closing delimiter never came.
    void finish();

    /// Handed over so far.
    [[nodiscard]] std::size_t parts() const { return parts_; }

  private:
    enum class State { kPreamble, kAfterDelimiter, kHeaders, kBody, kEpilogue };

    /// Each takes what it can from the front of `pending_`; false if it needs more.
    [[nodiscard]] bool step();
    [[nodiscard]] bool skip_preamble();
    [[nodiscard]] bool read_after_delimiter();
    [[nodiscard]] bool read_headers();
    [[nodiscard]] bool read_body();
    void take_header_line(std::string_view line);
    [[nodiscard]] std::string_view rest() const;
    [[noreturn]] void refuse(const std::string& what) const;

    std::string delimiter_;  // CRLF, two hyphens, boundary
    MultipartLimits limits_;
    PartHandler handler_;
    State state_ = State::kPreamble;
    Bytes pending_;
    std::size_t start_ = 0;    // what lies before it is done with
    std::size_t scanned_ = 0;  // from start_: no delimiter begins in these
    std::size_t total_ = 0;
    std::size_t parts_ = 0;
    std::size_t header_bytes_ = 0;
    std::map<std::string, std::string> headers_;
};

}  // namespace lucerna::receive
