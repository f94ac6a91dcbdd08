#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lucerna::hl7 {

/// The minimal lower layer protocol (HL7 v2.5.1 appendix C.4): a message between VT and FS CR.
[[nodiscard]] std::string framed(std::string_view message);

/// Takes messages out of their frames, a byte at a time.
class FrameReader {
  public:
    /// A message of more than `max_message_bytes` is refused.
    explicit FrameReader(std::size_t max_message_bytes) : most_(max_message_bytes) {}

    /// The message that this byte ends, if it ends one. Between frames, CR, LF and NUL are passed
    /// over. Throws Error(kInvalidInput) for another byte there, and for a message that is too long
    /// or holds the beginning of another.
    [[nodiscard]] std::optional<std::string> take(std::uint8_t byte);

    /// A frame has begun and not ended.
    [[nodiscard]] bool is_within() const { return within_; }

  private:
    std::size_t most_;
    bool within_ = false;
    std::string message_;
};

}  // namespace lucerna::hl7
