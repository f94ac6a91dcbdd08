#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "dicom/agreed_context.h"
#include "dicom/channel.h"
#include "dicom/dimse_command.h"
#include "dicom/dimse_message.h"
#include "dicom/follow_ups.h"
#include "dicom/message_data_set.h"
#include "dicom/request_room.h"
#include "dicom/scp.h"
#include "dicom/scu.h"

namespace lucerna::dicom {

/// An answer to the request under way.
struct ServiceAnswer {
    std::uint16_t status = 0;
    /// Why, for people; cut to what Error Comment holds.
    std::string comment = {};
    std::optional<SubOperations> sub_operations = {};
    /// Borrowed; text goes out in the request's own character set where that can express it.
    const DataSet* data_set = nullptr;
    std::optional<std::uint16_t> error_id = {};
    /// What a refusal is about.
    std::vector<Tag> attributes = {};
    /// Of what was made; else the one that was asked about.
    std::string sop_instance_uid = {};
};

/// One request under way, as its service sees it. Whatever ends the association is thrown as Error,
/// and `is_lost` then holds: a service lets it pass.
class ScpExchange {
  public:
    /// What is given is borrowed. `message` is the request's data set as it came, in `room`.
    ScpExchange(Channel& channel, FollowUps& follow_ups, const Sender& sender,
                const AgreedContexts& contexts, std::uint8_t context, const DimseCommand& request,
                Bytes message, RequestRoom& room, std::stop_token stop);

    [[nodiscard]] const DimseCommand& request() const { return request_; }
    [[nodiscard]] const Sender& sender() const { return sender_; }
    [[nodiscard]] const AgreedContext& context() const { return contexts_.at(context_); }
    /// Byte `index` of the extended negotiation was proposed by the peer and granted.
    [[nodiscard]] bool is_extended(std::size_t index) const;
    /// The request's data set. Throws Error(kInvalidInput) where it is none.
    [[nodiscard]] const DataSet& data_set();
    /// It is not asked for again, and goes.
    void forget_data_set();
    /// What is made of it, where it is long, has gone: from here on it is in nobody's way.
    void let_others_ask() noexcept { room_.let_others(); }
    /// Of the request's data set as it came.
    [[nodiscard]] std::size_t message_bytes() const { return message_bytes_; }
    /// Asked to end what is under way.
    [[nodiscard]] const std::stop_token& stop() const { return stop_; }

    /// Sends an answer, and the gathered ones with it.
    void answer(const ServiceAnswer& answer);
    /// Leaves it with others until there are enough to be worth a call, or `answer`.
    void gather(const ServiceAnswer& answer);
    /// The peer has sent C-CANCEL for this request; looks without waiting.
    [[nodiscard]] bool is_cancelled();

    /// C-STORE of a DICOM file to the peer, over this association (C-GET, PS3.4 C.4.3), with the
    /// request's priority. The data set goes out bit for bit where the peer takes its transfer
    /// syntax, else converted (convertible.h).
    [[nodiscard]] SendOutcome store(const FileToSend& file);
    /// Leaves it to be done once this request has been served, on the request's own context, while
    /// the peer asks for nothing else. It hears what becomes of it even where that is never begun.
    void afterwards(std::unique_ptr<FollowUp> follow_up) noexcept;
    /// Whether the next that is left so can be begun on this association, as far as is known; it
    /// holds about so many bytes. To be asked before.
    [[nodiscard]] bool has_room_afterwards(std::size_t bytes) noexcept;

    /// The peer has said something, or has gone; looks without waiting, and takes nothing of it.
    [[nodiscard]] bool is_spoken_to() { return channel_.has_input(); }
    /// What is waited for others on the request's behalf counts as the peer's own; may be null.
    [[nodiscard]] AssociationLag* lag() const { return channel_.lag(); }

    [[nodiscard]] bool is_lost() const { return channel_.end() != AssociationEnd::kReleased; }

  private:
    [[nodiscard]] std::uint8_t context_to_store(const ObjectHead& head, std::string& syntax) const;
    [[nodiscard]] bool take_message(std::optional<CommandOnContext>& message);
    [[nodiscard]] std::optional<DimseCommand> response_to(const DimseCommand& request);

    Channel& channel_;
    FollowUps& follow_ups_;
    const Sender& sender_;
    const AgreedContexts& contexts_;
    const std::uint8_t context_;
    const DimseCommand& request_;
    RequestRoom& room_;
    Bytes message_;
    const std::size_t message_bytes_;
    std::optional<MessageDataSet> data_set_;
    bool is_forgotten_ = false;
    const std::stop_token stop_;
    bool is_cancelled_ = false;
};

/// One line of the table of services: who answers which request on which SOP class.
struct ScpService {
    std::string_view sop_class;
    /// command::kFindRequest and its kin.
    std::uint16_t request = 0;
    /// What of the SOP class's extended negotiation is understood, byte by byte; 1 grants what is
    /// proposed.
    Bytes extended = {};
    /// Must send a last answer. What it throws while the association stands is answered with the
    /// status of `status_for`.
    std::function<void(ScpExchange&)> serve;
};

}  // namespace lucerna::dicom
