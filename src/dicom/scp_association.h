#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "dicom/arriving_file.h"
#include "dicom/channel.h"
#include "dicom/dimse_command.h"
#include "dicom/follow_ups.h"
#include "dicom/scp.h"
#include "dicom/scp_exchange.h"

namespace lucerna::dicom {

/// How many associations may be established at a time.
class AssociationGate {
  public:
    AssociationGate(std::size_t limit, std::chrono::milliseconds rest)
        : limit_(limit), rest_(rest) {}

    /// One association's; it is left by the end of it at the latest.
    class Place {
      public:
        explicit Place(AssociationGate& of) : of_(of) {}
        ~Place() { leave(); }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

        /// False where all are taken, by those that do not rest. `cut`, from any thread, wakes who
        /// has the place where it waits for its peer, to leave.
        [[nodiscard]] bool enter(const std::string& address, std::function<void()> cut);
        void leave();
        /// The peer owes the next message, and nothing else is done; or no more.
        void rest();
        void go_on();
        [[nodiscard]] bool is_given_up() const;

      private:
        friend class AssociationGate;
        AssociationGate& of_;
        bool is_inside_ = false;
        // Under the gate's lock.
        std::string address_;
        std::function<void()> cut_;
        std::optional<Moment> rests_from_;
        bool is_given_up_ = false;
    };
    [[nodiscard]] std::size_t inside() const;

  private:
    /// Of a thread that has the lock.
    void give_up_one();

    const std::size_t limit_;
    const std::chrono::milliseconds rest_;
    mutable std::mutex mutex_;
    std::condition_variable left_;
    std::vector<Place*> inside_;
};

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
    [[nodiscard]] std::optional<RejectPdu> reason_to_reject(const AssociatePdu& request);
    [[nodiscard]] AssociatePdu answer(const AssociatePdu& request);
    void grant_roles(const AssociatePdu& request, AssociatePdu& accept) const;
    void grant_extensions(const AssociatePdu& request, AssociatePdu& accept) const;
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
    [[nodiscard]] Refused no_room() const;
    void take_fragment(std::size_t bytes, std::optional<Refused>& refused);
    [[nodiscard]] static std::optional<Refused> reason_against(const std::function<void()>& work);
    [[nodiscard]] std::optional<Refused> keep(const ObjectHead& head, std::size_t data_set_offset);
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
    std::uint64_t object_bytes_ = 0;
};

}  // namespace lucerna::dicom
