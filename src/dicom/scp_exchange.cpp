#include "dicom/scp_exchange.h"

#include <utility>

#include "base/error.h"
#include "dicom/convertible.h"
#include "dicom/dimse_message.h"
#include "dicom/dimse_status.h"
#include "dicom/part10_head.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

/// What peers send along with a response.
constexpr std::size_t kMaxResponseDataSet = 64 * 1024;

}  // namespace

ScpExchange::ScpExchange(Channel& channel, FollowUps& follow_ups, const Sender& sender,
                         const AgreedContexts& contexts, std::uint8_t context,
                         const DimseCommand& request, Bytes message, RequestRoom& room,
                         std::stop_token stop)
    : channel_(channel),
      follow_ups_(follow_ups),
      sender_(sender),
      contexts_(contexts),
      context_(context),
      request_(request),
      room_(room),
      message_(std::move(message)),
      message_bytes_(message_.size()),
      stop_(std::move(stop)) {}

bool ScpExchange::is_extended(std::size_t index) const {
    const Bytes& extended = context().extended;
    return index < extended.size() && extended[index] == 1;
}

const DataSet& ScpExchange::data_set() {
    if (is_forgotten_) throw Error(ErrorCode::kInternal, "the request's data set has gone");
    if (!data_set_) {
        if (!request_.has_data_set)
            throw Error(ErrorCode::kInvalidInput, "the request comes without a data set");
        data_set_ = read_message(std::move(message_), context().transfer_syntax);
    }
    return data_set_->data_set;
}

void ScpExchange::forget_data_set() {
    is_forgotten_ = true;
    data_set_.reset();
    Bytes().swap(message_);
}

void ScpExchange::answer(const ServiceAnswer& answer) {
    gather(answer);
    channel_.flush();
}

void ScpExchange::gather(const ServiceAnswer& answer) {
    DimseCommand response;
    response.field = static_cast<std::uint16_t>(request_.field | command::kResponseBit);
    response.message_id = request_.message_id;
    response.status = answer.status;
    response.has_data_set = answer.data_set != nullptr;
    response.affected_sop_class_uid = request_.sop_class_uid();
    response.affected_sop_instance_uid = answer.sop_instance_uid.empty()
                                             ? request_.requested_sop_instance_uid
                                             : answer.sop_instance_uid;
    response.error_id = answer.error_id;
    response.attributes = answer.attributes;
    response.action_type = request_.action_type;
    response.error_comment = as_error_comment(answer.comment);
    response.sub_operations = answer.sub_operations;
    channel_.queue_part(context_, true, encode_command(response));
    if (answer.data_set == nullptr) return;
    const std::string character_set = data_set_ ? data_set_->character_set : std::string();
    channel_.queue_part(context_, false,
                        write_message(*answer.data_set, context().transfer_syntax, character_set));
}

/// False when the peer has released the association.
bool ScpExchange::take_message(std::optional<CommandOnContext>& message) {
    const Channel::Fragment first = channel_.next_message();
    if (first.kind == Channel::Fragment::Kind::kReleaseRequest) {
        channel_.send(encode_release(PduType::kReleaseResponse));
        return false;
    }
    if (first.kind != Channel::Fragment::Kind::kData)
        channel_.fail(AssociationEnd::kProtocolError, "an A-RELEASE-RP that nobody asked for");
    CommandOnContext came = read_command(
        channel_, first, [&](std::uint8_t context) { return contexts_.contains(context); });
    if (came.command.has_data_set)
        (void)read_data_set_bytes(channel_, came.context, kMaxResponseDataSet);
    if (came.command.field == command::kCancelRequest) {
        if (came.command.message_id == request_.message_id) is_cancelled_ = true;
        return true;
    }
    if (follow_ups_.take(came.command)) return true;
    // Asynchronous operations are not negotiated (PS3.7 D.3.3.3).
    if (!came.command.is_response())
        channel_.fail(AssociationEnd::kProtocolError, "a request while another is under way");
    message = std::move(came);
    return true;
}

bool ScpExchange::is_cancelled() {
    // What is under way may take hours.
    follow_ups_.say_that_they_wait();
    while (!is_cancelled_ && channel_.has_input()) {
        std::optional<CommandOnContext> message;
        if (!take_message(message))
            channel_.fail(AssociationEnd::kLost, "released while a request is under way");
        if (message)
            channel_.fail(AssociationEnd::kProtocolError, "a response that nobody asked for");
    }
    return is_cancelled_;
}

std::optional<DimseCommand> ScpExchange::response_to(const DimseCommand& request) {
    std::optional<CommandOnContext> message;
    while (!message)
        if (!take_message(message)) return std::nullopt;
    const DimseCommand& response = message->command;
    if (response.message_id != request.message_id ||
        response.field != (request.field | command::kResponseBit))
        channel_.fail(AssociationEnd::kProtocolError, "a response to another request than ours");
    return response;
}

void ScpExchange::afterwards(std::unique_ptr<FollowUp> follow_up) noexcept {
    follow_ups_.add(std::move(follow_up), context_);
}

bool ScpExchange::has_room_afterwards(std::size_t bytes) noexcept {
    return follow_ups_.make_room(bytes);
}

std::uint8_t ScpExchange::context_to_store(const ObjectHead& head, std::string& syntax) const {
    std::map<std::string, std::uint8_t> taken;
    for (const auto& [id, context] : contexts_)
        if (context.peer_stores && context.abstract_syntax == head.sop_class_uid)
            taken.emplace(context.transfer_syntax, id);
    syntax = syntax_to_send(head.transfer_syntax_uid,
                            [&](const std::string& one) { return taken.contains(one); });
    return syntax.empty() ? std::uint8_t{0} : taken.at(syntax);
}

SendOutcome ScpExchange::store(const FileToSend& file) {
    const Part10Parts parts = split_part10(file.begin);
    std::string syntax;
    const std::uint8_t context = context_to_store(parts.head, syntax);
    if (context == 0)
        return {StatusKind::kPermanentFailure, status::kClassNotSupported,
                no_context_for(parts.head)};
    DimseCommand store;
    store.field = command::kStoreRequest;
    store.message_id = follow_ups_.next_message_id();
    store.priority = request_.priority_to_hand_on();
    store.has_data_set = true;
    store.affected_sop_class_uid = parts.head.sop_class_uid;
    store.affected_sop_instance_uid = parts.head.sop_instance_uid;
    const bool as_it_is = syntax == parts.head.transfer_syntax_uid;
    std::optional<ConvertedToSend> converted;
    if (!as_it_is) converted.emplace(file, syntax);
    channel_.queue_part(context, true, encode_command(store));
    if (converted)
        channel_.send_data_set(context, converted->file(), converted->data_set_offset());
    else
        channel_.send_data_set(context, file, parts.data_set_offset);
    converted.reset();
    const std::optional<DimseCommand> response = response_to(store);
    if (!response) channel_.fail(AssociationEnd::kLost, "released while objects are on their way");
    return outcome_of(*response);
}

}  // namespace lucerna::dicom
