#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/encoding.h"
#include "dicom/dimse_command.h"
#include "dicom/dimse_status.h"
#include "dicom/file_to_send.h"
#include "dicom/part10_head.h"
#include "dicom/tls.h"

namespace lucerna::dicom {

class AssociationLag;

struct ScuOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 104;
    std::string called_aet = "ANY-SCP";
    std::string calling_aet = "LUCERNA";
    std::optional<TlsOptions> tls;
    std::chrono::milliseconds connect_timeout{10'000};
    /// For the answer to A-ASSOCIATE-RQ and to A-RELEASE-RQ.
    std::chrono::milliseconds association_timeout{30'000};
    /// For the answer to one request, and for progress in sending it.
    std::chrono::milliseconds response_timeout{120'000};
    /// Ends every wait: what was under way throws Error(kCancelled).
    std::stop_token stop = {};
    /// Asked now and then while a wait goes on: true ends it as `stop` does. What it throws is
    /// thrown on.
    std::function<bool()> is_unwanted = {};
    /// A peer that takes what it is sent slower than this, beyond `response_timeout`, is given up.
    std::size_t min_bytes_per_second = 4096;
    /// Counts what is waited for the peer; may be null.
    AssociationLag* lag = nullptr;
};

/// Who asked for an object by C-MOVE (PS3.7 9.3.1.1), and with which Priority (PS3.7 9.3.4.1).
struct MoveOriginator {
    std::string aet;
    std::uint16_t message_id = 0;
    std::uint16_t priority = priorities::kMedium;
};

/// What became of one object.
struct SendOutcome {
    StatusKind kind = StatusKind::kPermanentFailure;
    /// The peer's status; 0x0122 without an accepted presentation context.
    std::uint16_t status = 0;
    /// The peer's Error Comment or our own words; empty for success.
    std::string why;
};

/// What the response to a C-STORE says.
[[nodiscard]] SendOutcome outcome_of(const DimseCommand& response);
/// Why an object of this kind cannot be sent where no presentation context for it was accepted.
[[nodiscard]] std::string no_context_for(const ObjectHead& head);

/// How many of the first objects one association can be opened for: it holds 128 presentation
/// contexts, and each kind of object takes up to four.
[[nodiscard]] std::size_t fitting_one_association(std::span<const ObjectHead> objects);

/// One association with a storage provider. Not safe for several threads.
class StoreScu {
  public:
    /// Connects, and proposes for each object its SOP class in its own transfer syntax, as well
    /// as, where it can be converted (convertible.h), explicit and implicit little endian and, in
    /// one context, those that compress without loss.
    /// Verification is always proposed. Throws Error: kUnavailable if there is no connection, no
    /// answer, or a transient rejection; kUnsupported for a permanent rejection (unknown AE title,
    /// ...), with the peer's reason; kInvalidInput for more than 128 presentation contexts.
    StoreScu(ScuOptions options, std::span<const ObjectHead> objects);
    /// Releases; never throws.
    ~StoreScu();
    StoreScu(const StoreScu&) = delete;
    StoreScu& operator=(const StoreScu&) = delete;

    /// C-STORE of one DICOM file whose head was among the constructor's. The data set goes out bit
    /// for bit if the peer took its transfer syntax, converted otherwise. Throws
    /// Error(kUnavailable) when the association is lost, BrokenOff when it is because the file
    /// cannot be read to its end, Error(kInvalidInput) if the bytes are no DICOM file or cannot be
    /// decoded. `originator` names the C-MOVE that asks for it, whose priority it has; it is medium
    /// without.
    [[nodiscard]] SendOutcome store(const FileToSend& file,
                                    const std::optional<MoveOriginator>& originator = {});

    /// What `store` threw is that the peer has ended the association, by A-ABORT or by closing the
    /// connection, and not that it took too long.
    [[nodiscard]] bool is_ended_by_peer() const;

    /// C-ECHO; throws Error(kUnavailable) if there is no successful answer.
    void echo();

  private:
    class Association;
    std::unique_ptr<Association> association_;
};

}  // namespace lucerna::dicom
