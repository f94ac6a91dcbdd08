#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace lucerna {

/// Why work was abandoned. Edges (HTTP, DIMSE, exit codes) map these in one table each.
enum class ErrorCode {
    kInvalidInput,  ///< what came in is malformed or breaks a stated limit
    kNotFound,      ///< what was named does not exist
    kConflict,      ///< what was sent contradicts what is kept
    kUnsupported,   ///< well-formed, but not something this program does
    kUnavailable,   ///< a peer, device or service does not answer; trying later may help
    kOutOfSpace,    ///< the disk, a quota or a bounded queue is full
    kIo,            ///< reading or writing failed
    kCorrupt,       ///< what was kept is not what was stored
    kCancelled,     ///< somebody asked to stop
    kInternal,      ///< a defect of this program
};

/// The code's stable name, as logs and JSON bodies carry it ("invalid-input").
[[nodiscard]] std::string_view name_of(ErrorCode code);

/// The one exception of the project: work was abandoned. Expected answers are values instead.
/// `what()` is a sentence that names what failed and where, free of patient identifiers.
class Error : public std::runtime_error {
  public:
    Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
    /// Keeps the cause's words behind the new message.
    Error(ErrorCode code, const std::string& message, const std::exception& cause)
        : std::runtime_error(message + ": " + cause.what()), code_(code) {}

    [[nodiscard]] ErrorCode code() const { return code_; }

  private:
    ErrorCode code_;
};

}  // namespace lucerna
