#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "dicom/arriving_file.h"
#include "dicom/association_gate.h"
#include "dicom/channel.h"
#include "dicom/dimse_command.h"
#include "dicom/follow_ups.h"
#include "dicom/scp.h"
#include "dicom/scp_exchange.h"

namespace lucerna::dicom {

/// What all associations of a provider share, but for the last; borrowed.
struct ScpShared {
    const ScpOptions& options;
    ScpHandler& handler;
    const std::vector<ScpService>& services;
    AssociationGate& gate;
    FollowUpMemory& follow_up_memory;
    std::stop_token stop;
    /// Of this one alone: its association is established; and what wakes its thread where it reads.
    std::atomic<bool>& is_established;
    std::function<void()> cut;
};

/// The provider's side of one connection, from its first byte to its last (PS3.8 9.2, states Sta2
/// to Sta13, as straight code).
class ScpAssociation {
  public:
    ScpAssociation(Transport transport, Sender sender, const ScpShared& shared);
    ScpAssociation(const ScpAssociation&) = delete;
    ScpAssociation& operator=(const ScpAssociation&) = delete;

    /// Serves the peer until the end and reports it. Throws nothing. `tls` may be null.
    void run(const TlsContext* tls) noexcept;

  private:
    struct Refused {
        std::uint16_t status = 0;
        std::string why;
    };

    void serve(const TlsContext* tls);
    void secure(const TlsContext& tls, const Patience& patience);
    /// False if it was rejected.
    bool negotiate(const Patience& patience);
    bool reject(const RejectPdu& reason, const std::string& why);
    [[nodiscard]] std::optional<RejectPdu> reason_to_reject(const AssociatePdu& request);
    [[nodiscard]] AssociatePdu answer(AssociatePdu request);
    void grant_roles(AssociatePdu& negotiated) const;
    void grant_extensions(AssociatePdu& negotiated) const;
    void decide(PresentationContext& context, const AssociatePdu& accept);
    [[nodiscard]] bool offers(std::string_view sop_class) const;
    Moment follow_up();
    /// False when the association is over.
    bool serve_message();
    void handle(const DimseCommand& command, std::uint8_t context);
    void serve_request(const ScpService& service, const DimseCommand& command,
                       std::uint8_t context);
    void store(const DimseCommand& command, std::uint8_t context);
    [[nodiscard]] std::optional<Refused> reason_to_refuse(const DimseCommand& command,
                                                          const AgreedContext& context) const;
    void read_data_set(std::uint8_t context, std::optional<Refused>& refused);
    /// What `work` reads is held by that meanwhile.
    template <typename Work>
    auto while_coming(const ByteBudget::Holding& holding, Work&& work) {
        struct Coming {
            ScpAssociation& of;
            ~Coming() { of.coming_ = nullptr; }
        } const coming{*this};
        coming_ = &holding;
        return std::forward<Work>(work)();
    }
    /// Asked while more is waited for. Throws as Channel::fail where it is too slow for others.
    [[nodiscard]] bool is_to_end();
    [[nodiscard]] Refused no_room() const;
    void take_fragment(std::size_t bytes, std::optional<Refused>& refused);
    [[nodiscard]] static std::optional<Refused> reason_against(const std::function<void()>& work);
    [[nodiscard]] std::optional<Refused> keep(const ObjectHead& head, std::size_t data_set_offset);
    [[nodiscard]] ObjectHead head_by_its_data_set(const std::string& transfer_syntax_uid,
                                                  std::size_t data_set_offset) const;
    [[nodiscard]] static std::optional<Refused> reason_against_head(const ObjectHead& asked,
                                                                    const ObjectHead& found);
    void respond(const DimseCommand& request, std::uint8_t context, std::uint16_t status,
                 const std::string& comment);

    const ScpShared shared_;
    const ScpOptions& options_;
    Channel channel_;
    AssociationReport report_;
    Moment start_;
    AssociationGate::Place place_{shared_.gate};
    AbortReason abort_reason_ = AbortReason::kNotSpecified;
    AgreedContexts contexts_;
    FollowUps follow_ups_;
    ArrivingFile object_;
    const ByteBudget::Holding* coming_ = nullptr;
    std::uint64_t object_bytes_ = 0;
};

}  // namespace lucerna::dicom
