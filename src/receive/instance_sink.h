#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/encoding.h"
#include "base/error.h"
#include "dicom/arriving_file.h"

namespace lucerna::receive {

enum class KeptAs { kNew, kAlreadyKept };

/// What the sender told about itself, for the audit and the log.
struct Origin {
    /// "dimse", "stow" or "file".
    const char* protocol = "file";
    /// Calling AE title or authenticated principal; may be empty.
    std::string sender;
};

/// What every file needs has said nothing until the answer was due (kUnavailable): another one
/// would wait as long for nothing, if it came at once.
class Silence final : public Error {
  public:
    explicit Silence(const std::string& message,
                     std::chrono::milliseconds assumed_for = std::chrono::seconds(2))
        : Error(ErrorCode::kUnavailable, message),
          until(std::chrono::steady_clock::now() + assumed_for) {}

    /// From then on it may be tried again.
    const std::chrono::steady_clock::time_point until;
};

/// Where received objects go. The archive stands behind it; receiving does not know how it stores.
class InstanceSink {
  public:
    virtual ~InstanceSink() = default;

    /// Keeps one DICOM file (PS3.10, with file meta). On return it is durable and indexed.
    /// Throws Error: kInvalidInput (not storable: says which attribute), kConflict (the SOP
    /// Instance UID is kept with other content), kOutOfSpace, kIo, kUnavailable, as Silence where
    /// that goes for every file. After a throw nothing is kept.
    /// Called from several threads at once.
    virtual KeptAs keep(ByteView file, const Origin& origin) = 0;

    /// For a large file that is still coming: its `keep` is as the one above. Null: the file is
    /// held until it is there. Called from several threads at once.
    virtual std::unique_ptr<dicom::Arrival> arriving(const Origin& /*origin*/) { return nullptr; }
};

}  // namespace lucerna::receive
