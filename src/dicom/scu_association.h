#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "dicom/channel.h"
#include "dicom/dimse_command.h"
#include "dicom/pdu.h"
#include "dicom/scu.h"

namespace lucerna::dicom {

/// An association that we ask a peer for, from the connection to the release (PS3.8 9.2, the
/// requester's side). Not safe for several threads.
class ScuAssociation {
  public:
    /// Connects and negotiates. Throws Error: kUnavailable if there is no connection, no answer, or
    /// a transient rejection; kUnsupported for a permanent one, with the peer's reason.
    ScuAssociation(ScuOptions options, const std::vector<PresentationContext>& contexts,
                   const std::vector<RoleSelection>& roles = {});
    /// Releases; never throws.
    ~ScuAssociation();
    ScuAssociation(const ScuAssociation&) = delete;
    ScuAssociation& operator=(const ScuAssociation&) = delete;

    /// Those of the proposed contexts that the peer accepted, each with the one syntax agreed.
    [[nodiscard]] const std::vector<PresentationContext>& accepted() const { return accepted_; }

    /// Sends a request, its message ID ours to choose, and waits for the response. Throws
    /// Error(kUnavailable) when the association is lost, or the peer answers something else.
    /// The data set is `file` from byte `begin` on, if the request has one.
    DimseCommand exchange(DimseCommand request, std::uint8_t context,
                          const FileToSend& file = ByteView(), std::uint64_t begin = 0);

    /// By A-ABORT, or by closing the connection; not where it was kept waiting for.
    [[nodiscard]] bool is_ended_by_peer() const {
        return channel_.end() == AssociationEnd::kAborted ||
               channel_.end() == AssociationEnd::kLost;
    }

    /// "the peer PACS at host:104 `what`", for messages.
    [[nodiscard]] std::string named(const std::string& what) const;

  private:
    void secure(const Patience& patience);
    void negotiate(const std::vector<PresentationContext>& contexts,
                   const std::vector<RoleSelection>& roles, const Patience& patience);
    [[nodiscard]] AssociatePdu parsed(ByteView body) const;
    void note(const std::vector<PresentationContext>& proposed,
              const PresentationContext& answered);
    [[nodiscard]] DimseCommand read_response();
    void release();

    const ScuOptions options_;
    StopSignal stop_;
    std::stop_callback<std::function<void()>> when_stopped_;
    Channel channel_;
    bool usable_ = false;
    std::uint16_t last_message_ = 0;
    std::vector<PresentationContext> accepted_;
};

}  // namespace lucerna::dicom
