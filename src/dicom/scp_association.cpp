#include "dicom/scp_association.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "base/current_peer.h"
#include "base/error.h"
#include "base/memory_budget.h"
#include "base/peer_address.h"
#include "dicom/convertible.h"
#include "dicom/data_set.h"
#include "dicom/dimse_message.h"
#include "dicom/dimse_status.h"
#include "dicom/implementation.h"
#include "dicom/reader.h"
#include "dicom/storage_class.h"
#include "dicom/tags.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Of the data set of a query or a commitment request: some 100,000 references.
constexpr std::size_t kMaxIdentifierBytes = 16 * 1024 * 1024;

Pace pace_of(const ScpOptions& options) {
    return {options.idle, options.stall, options.min_bytes_per_second};
}

/// What a place's lag is made up for by an object that was kept, however small.
constexpr milliseconds kForAnObject{100};

/// Explicit or implicit little endian where one is proposed, else empty.
std::string little_endian_of(const std::vector<std::string>& proposed) {
    for (const std::string_view syntax : kLittleEndian)
        if (std::find(proposed.begin(), proposed.end(), syntax) != proposed.end())
            return std::string(syntax);
    return {};
}

/// The proposer's order counts, except that explicit little endian goes before the other two
/// uncompressed ones: implicit loses the types of private elements, big endian is retired.
std::string preferred(const std::vector<std::string>& proposed) {
    const std::string& first = proposed.front();
    const bool uncompressed =
        first == transfer_syntax::kExplicitVrBigEndian ||
        std::find(kLittleEndian.begin(), kLittleEndian.end(), first) != kLittleEndian.end();
    const std::string better = uncompressed ? little_endian_of(proposed) : std::string();
    return better.empty() ? first : better;
}

/// Where the peer is to be sent objects, one syntax must do for whatever comes: one that most can
/// be converted to. A peer that wants them as they are kept proposes each syntax in its own
/// context.
std::string writable(const std::vector<std::string>& proposed) {
    std::string found = little_endian_of(proposed);
    if (!found.empty()) return found;
    for (const std::string& one : proposed)
        if (find_encoder(one)) return one;
    return proposed.front();
}

/// PS3.4 Tables C.4-1, C.4-2 and C.4-3, PS3.7 C.5.
std::uint16_t too_much_for(std::uint16_t request) {
    switch (request) {
        case command::kFindRequest:
            return status::kOutOfResources;
        case command::kMoveRequest:
        case command::kGetRequest:
            return status::kCannotCount;
        default:
            return status::kResourceLimitation;
    }
}

/// As `status_for`, whose A700 and C000 are statuses of C-STORE, C-FIND, C-GET and C-MOVE: those of
/// DIMSE-N are others (PS3.7 Annex C).
std::uint16_t status_for(ErrorCode code, std::uint16_t request) {
    if (request < command::kEventReportRequest) return dicom::status_for(code);
    switch (code) {
        case ErrorCode::kConflict:
            return status::kDuplicateInstance;
        case ErrorCode::kOutOfSpace:
            return status::kResourceLimitation;
        default:
            return status::kProcessingFailure;
    }
}

bool allows(const std::vector<std::string>& titles, const std::string& title) {
    return titles.empty() || std::find(titles.begin(), titles.end(), title) != titles.end();
}

/// An association request that is longer takes its turn until it is answered: of small items a
/// multiple of it is made.
constexpr std::size_t kFreelyNegotiated = std::size_t{32} << 10;
constexpr std::size_t kOfANegotiation = std::size_t{1} << 20;

MemoryBudget& negotiation_memory() {
    static MemoryBudget budget("what long association requests may take at once",
                               4 * kOfANegotiation, std::chrono::seconds(4));
    return budget;
}

/// What an association's thread waits for of memory, it waits for no longer once the provider
/// stops or the association is given up.
class UntilGivenUp final : public MemoryBudget::Waiting {
  public:
    UntilGivenUp(std::stop_token stop, const AssociationGate::Place& place)
        : stop_(std::move(stop)), place_(place) {
        MemoryBudget::begin_task(this);
    }
    ~UntilGivenUp() override { MemoryBudget::begin_task(); }
    UntilGivenUp(const UntilGivenUp&) = delete;
    UntilGivenUp& operator=(const UntilGivenUp&) = delete;

    bool begin(bool /*again*/) noexcept override { return true; }
    void end() noexcept override {}
    [[nodiscard]] bool is_over() const noexcept override {
        return stop_.stop_requested() || place_.is_given_up();
    }

  private:
    const std::stop_token stop_;
    const AssociationGate::Place& place_;
};

}  // namespace

ScpAssociation::ScpAssociation(Transport transport, Sender sender, const ScpShared& shared)
    : shared_(shared),
      options_(shared_.options),
      channel_(std::move(transport), pace_of(shared_.options)),
      start_(steady_clock::now()),
      follow_ups_(channel_, contexts_, shared_.follow_up_memory, options_.idle),
      object_(*options_.intake) {
    report_.sender = std::move(sender);
    channel_.set_own_max_pdu(options_.max_pdu_bytes);
    channel_.transport().end_waits_where([this] { return is_to_end(); });
    channel_.end_reads_where([this] { return place_.is_given_up(); });
}

bool ScpAssociation::is_to_end() {
    if (coming_ != nullptr && coming_->is_wanted() && channel_.is_slow())
        channel_.fail(AssociationEnd::kTimedOut,
                      "what it sends came too slowly for the room that others wait for");
    return place_.is_given_up();
}

void ScpAssociation::run(const TlsContext* tls) noexcept {
    const UntilGivenUp waits(shared_.stop, place_);
    const CurrentPeer sent_by(report_.sender.address);
    try {
        serve(tls);
    } catch (const std::exception& error) {
        report_.end =
            channel_.end() == AssociationEnd::kReleased ? AssociationEnd::kLost : channel_.end();
        report_.why = error.what();
        if (place_.is_given_up()) {
            report_.end = AssociationEnd::kTimedOut;
            report_.why = "it made least of its place while others were kept out";
        }
        const bool provider = report_.end == AssociationEnd::kProtocolError;
        if (report_.end != AssociationEnd::kAborted)
            channel_.abort(provider ? AbortSource::kServiceProvider : AbortSource::kServiceUser,
                           provider ? abort_reason_ : AbortReason::kNotSpecified);
    }
    object_.clear();
    follow_ups_.end();
    // Whoever reads the report, or sees the connection closed, may count on the slot being free.
    place_.leave();
    channel_.close();
    report_.bytes = channel_.bytes_received();
    report_.lasted = std::chrono::duration_cast<milliseconds>(steady_clock::now() - start_);
    try {
        shared_.handler.ended(report_);
    } catch (const std::exception&) {
        // The connection is over; there is nobody left to tell.
    }
}

void ScpAssociation::serve(const TlsContext* tls) {
    const Patience artim{options_.artim, start_ + options_.artim};
    if (tls != nullptr) secure(*tls, artim);
    if (!negotiate(artim)) return;
    while (serve_message()) {
    }
}

void ScpAssociation::secure(const TlsContext& tls, const Patience& patience) {
    switch (channel_.transport().secure(tls, patience)) {
        case Io::kDone:
            return;
        case Io::kTimedOut:
            channel_.fail(AssociationEnd::kTimedOut, "no TLS handshake in time");
        case Io::kStopped:
            channel_.fail(AssociationEnd::kStopped, "stopped in the TLS handshake");
        case Io::kClosed:
        case Io::kFailed:
            break;
    }
    channel_.fail(AssociationEnd::kLost, "the TLS handshake failed: " + channel_.transport().why());
}

bool ScpAssociation::negotiate(const Patience& patience) {
    abort_reason_ = AbortReason::kUnexpectedPdu;
    Channel::AssociationPdu pdu = channel_.read_association_pdu(patience);
    if (pdu.type != PduType::kAssociateRequest)
        channel_.fail(AssociationEnd::kProtocolError, "the first PDU is no A-ASSOCIATE-RQ");
    abort_reason_ = AbortReason::kInvalidParameter;
    MemoryBudget::Share share;
    try {
        if (pdu.body.size() > kFreelyNegotiated)
            share = negotiation_memory().take(kOfANegotiation, "an association request so long");
    } catch (const Error& error) {
        return reject(kRejectLocalLimit, error.what());
    }
    AssociatePdu request;
    try {
        request = parse_associate(PduType::kAssociateRequest, pdu.body);
    } catch (const Error& error) {
        channel_.fail(AssociationEnd::kProtocolError, error.what());
    }
    pdu.body = Bytes();
    report_.sender.calling_aet = request.calling_aet;
    report_.sender.called_aet = request.called_aet;
    if (const std::optional<RejectPdu> reason = reason_to_reject(request))
        return reject(*reason, describe_reject(*reason));
    channel_.set_peer_max_pdu(request.max_pdu_bytes);
    channel_.send(encode_associate(PduType::kAssociateAccept, answer(std::move(request))));
    return true;
}

bool ScpAssociation::reject(const RejectPdu& reason, const std::string& why) {
    channel_.send(encode_reject(reason));
    report_.end = AssociationEnd::kRejected;
    report_.why = why;
    return false;
}

std::optional<RejectPdu> ScpAssociation::reason_to_reject(const AssociatePdu& request) {
    if ((request.protocol_version & 1) == 0) return kRejectProtocolVersion;
    if (request.application_context != kDicomApplicationContext) return kRejectApplicationContext;
    if (!allows(options_.called_aets, request.called_aet)) return kRejectCalledAet;
    if (!allows(options_.calling_aets, request.calling_aet)) return kRejectCallingAet;
    if (!place_.enter(host_of(report_.sender.address), shared_.cut)) return kRejectLocalLimit;
    channel_.count_waits(&place_.lag());
    shared_.is_established = true;
    return std::nullopt;
}

AssociatePdu ScpAssociation::answer(AssociatePdu request) {
    AssociatePdu accept = std::move(request);
    accept.protocol_version = 1;
    accept.max_pdu_bytes = options_.max_pdu_bytes;
    accept.implementation_class_uid = implementation::kClassUid;
    accept.implementation_version = implementation::kVersionName;
    grant_roles(accept);
    grant_extensions(accept);
    for (PresentationContext& context : accept.contexts) decide(context, accept);
    return accept;
}

/// The requester may be a user of whatever it asks for, and a provider of storage where C-GET is
/// served (PS3.7 D.3.3.4, PS3.4 C.5.3.1).
void ScpAssociation::grant_roles(AssociatePdu& negotiated) const {
    const bool gives = std::any_of(
        shared_.services.begin(), shared_.services.end(),
        [](const ScpService& service) { return service.request == command::kGetRequest; });
    for (RoleSelection& role : negotiated.roles)
        role.scp = role.scp && gives && is_storage_class(role.sop_class) && !offers(role.sop_class);
}

void ScpAssociation::grant_extensions(AssociatePdu& negotiated) const {
    std::vector<ExtendedNegotiation> granted;
    for (ExtendedNegotiation& asked : negotiated.extended)
        for (const ScpService& service : shared_.services) {
            if (service.sop_class != asked.sop_class || service.extended.empty()) continue;
            Bytes information(asked.information.size(), 0);
            for (std::size_t i = 0; i < std::min(information.size(), service.extended.size()); ++i)
                information[i] = asked.information[i] == 1 ? service.extended[i] : std::uint8_t{0};
            granted.push_back({asked.sop_class, std::move(information)});
        }
    negotiated.extended = std::move(granted);
}

bool ScpAssociation::offers(std::string_view sop_class) const {
    return std::any_of(shared_.services.begin(), shared_.services.end(),
                       [&](const ScpService& service) { return service.sop_class == sop_class; });
}

void ScpAssociation::decide(PresentationContext& context, const AssociatePdu& accept) {
    const bool service =
        offers(context.abstract_syntax) || context.abstract_syntax == sop_class::kVerification;
    AgreedContext agreed;
    agreed.abstract_syntax = context.abstract_syntax;
    for (const RoleSelection& role : accept.roles)
        if (role.sop_class == context.abstract_syntax) {
            agreed.peer_stores = role.scp;
            agreed.peer_asks = role.scu;
        }
    for (const ExtendedNegotiation& extended : accept.extended)
        if (extended.sop_class == context.abstract_syntax) agreed.extended = extended.information;
    std::erase_if(context.transfer_syntaxes,
                  [](const std::string& syntax) { return !is_valid_uid(syntax); });
    if (!service && !is_storage_class(context.abstract_syntax))
        context.result = ContextResult::kAbstractSyntaxNotSupported;
    else if (!agreed.peer_asks && !agreed.peer_stores)
        context.result = ContextResult::kUserRejection;
    else if (context.transfer_syntaxes.empty())
        context.result = ContextResult::kTransferSyntaxesNotSupported;
    else if (service)
        agreed.transfer_syntax = little_endian_of(context.transfer_syntaxes);
    else
        agreed.transfer_syntax = agreed.peer_stores ? writable(context.transfer_syntaxes)
                                                    : preferred(context.transfer_syntaxes);
    if (service && agreed.transfer_syntax.empty() && context.result == ContextResult::kAccepted)
        context.result = ContextResult::kTransferSyntaxesNotSupported;
    if (context.result != ContextResult::kAccepted) {
        constexpr std::size_t kLongestUid = 64;
        if (++report_.refused_contexts == 1)
            report_.first_refused = context.abstract_syntax.substr(0, kLongestUid);
        // One has to stand there and is not looked at (PS3.8 Table 9-18).
        context.transfer_syntaxes = {std::string(transfer_syntax::kImplicitVrLittleEndian)};
        return;
    }
    context.transfer_syntaxes = {agreed.transfer_syntax};
    contexts_[context.id] = std::move(agreed);
}

/// What answered requests have left is done while the peer says nothing. Since when it has not.
Moment ScpAssociation::follow_up() {
    Moment silent_from = steady_clock::now();
    for (;;) {
        follow_ups_.say_that_they_wait();
        if (shared_.stop.stop_requested() || place_.is_given_up() || channel_.has_input())
            return silent_from;
        if (follow_ups_.work()) {
            silent_from = steady_clock::now();
            continue;
        }
        const auto left = std::chrono::duration_cast<milliseconds>(silent_from + options_.idle -
                                                                   steady_clock::now());
        if (!follow_ups_.are_left() || left.count() <= 0 ||
            channel_.has_input(std::min<milliseconds>(left, FollowUps::kBetweenWords)))
            return silent_from;
    }
}

bool ScpAssociation::serve_message() {
    abort_reason_ = AbortReason::kInvalidParameter;
    const Moment silent_from = follow_up();
    if (!follow_ups_.are_left()) place_.rest();
    const Channel::Fragment first = channel_.next_message(silent_from);
    place_.go_on();
    if (first.kind == Channel::Fragment::Kind::kReleaseRequest) {
        channel_.send(encode_release(PduType::kReleaseResponse));
        return false;
    }
    if (first.kind != Channel::Fragment::Kind::kData)
        channel_.fail(AssociationEnd::kProtocolError, "an A-RELEASE-RP that nobody asked for");
    const CommandOnContext came = read_command(
        channel_, first, [&](std::uint8_t context) { return contexts_.contains(context); });
    handle(came.command, came.context);
    return true;
}

void ScpAssociation::handle(const DimseCommand& command, std::uint8_t context) {
    const AgreedContext& agreed = contexts_.at(context);
    if (command.field == command::kStoreRequest) {
        store(command, context);
        return;
    }
    for (const ScpService& service : shared_.services)
        if (service.sop_class == agreed.abstract_syntax && service.request == command.field)
            return serve_request(service, command, context);
    if (command.has_data_set) {
        std::optional<Refused> refused = Refused{};
        read_data_set(context, refused);
    }
    if (command.field == command::kEchoRequest)
        respond(command, context, status::kSuccess, "");
    else if (command.is_response() && !follow_ups_.take(command))
        channel_.fail(AssociationEnd::kProtocolError, "a response that nobody asked for");
    else if (!command.is_response() && command.field != command::kCancelRequest)
        respond(command, context, status::kUnrecognizedOperation,
                "not an operation of this presentation context");
}

void ScpAssociation::serve_request(const ScpService& service, const DimseCommand& command,
                                   std::uint8_t context) {
    RequestRoom room(*options_.intake);
    std::optional<Bytes> message = Bytes();
    if (command.has_data_set)
        message = while_coming(room.holding(), [&] {
            return read_data_set_bytes(channel_, context, kMaxIdentifierBytes, room);
        });
    ScpExchange exchange(channel_, follow_ups_, report_.sender, contexts_, context, command,
                         message ? *std::move(message) : Bytes(), room, shared_.stop);
    if (!message) {
        exchange.answer({too_much_for(command.field), room.refusal()});
        return;
    }
    if (command.sop_class_uid() != service.sop_class) {
        exchange.answer(
            {status::kClassNotSupported, "the SOP class is not that of the presentation context"});
        return;
    }
    try {
        service.serve(exchange);
    } catch (const Error& error) {
        if (exchange.is_lost()) throw;
        exchange.answer({status_for(error.code(), command.field), error.what()});
    } catch (const std::bad_alloc&) {
        exchange.answer({status_for(ErrorCode::kOutOfSpace, command.field), "out of memory"});
    }
}

void ScpAssociation::store(const DimseCommand& command, std::uint8_t context) {
    const AgreedContext& agreed = contexts_.at(context);
    const ObjectHead head{command.affected_sop_class_uid, command.affected_sop_instance_uid,
                          agreed.transfer_syntax};
    std::optional<Refused> refused = reason_to_refuse(command, agreed);
    std::size_t data_set_offset = 0;
    object_.start([&] { return shared_.handler.arriving(head, report_.sender); });
    if (!refused) {
        const Bytes meta = part10_head(head, report_.sender.calling_aet);
        data_set_offset = meta.size();
        const std::span<std::uint8_t> room = object_.grow(meta.size());
        if (room.empty())
            refused = no_room();
        else
            std::copy(meta.begin(), meta.end(), room.begin());
    }
    if (command.has_data_set)
        while_coming(object_.holding(), [&] { read_data_set(context, refused); });
    if (!refused) refused = keep(head, data_set_offset);
    object_.clear();
    if (refused) {
        ++report_.failed;
        shared_.handler.failed({head, refused->status, refused->why}, report_.sender);
        respond(command, context, refused->status, refused->why);
    } else {
        ++report_.stored;
        place_.lag().make_up(kForAnObject);
        respond(command, context, status::kSuccess, "");
    }
}

std::optional<ScpAssociation::Refused> ScpAssociation::reason_to_refuse(
    const DimseCommand& command, const AgreedContext& context) const {
    if (command.affected_sop_class_uid != context.abstract_syntax ||
        context.abstract_syntax == sop_class::kVerification || offers(context.abstract_syntax))
        return Refused{status::kClassNotSupported,
                       "Affected SOP Class UID is not that of the presentation context"};
    if (!context.peer_asks)
        return Refused{status::kNotAuthorized,
                       "the role of SCU was not taken for this SOP class (PS3.7 D.3.3.4)"};
    if (!is_valid_uid(command.affected_sop_instance_uid))
        return Refused{status::kInvalidInstance, "Affected SOP Instance UID is no valid UID"};
    if (!command.has_data_set)
        return Refused{status::kCannotUnderstand, "the request comes without a data set"};
    return std::nullopt;
}

void ScpAssociation::read_data_set(std::uint8_t context, std::optional<Refused>& refused) {
    object_bytes_ = 0;
    for (;;) {
        const Channel::Fragment fragment = channel_.next();
        if (fragment.kind != Channel::Fragment::Kind::kData || fragment.is_command ||
            fragment.context != context)
            channel_.fail(AssociationEnd::kProtocolError, "a data set is interrupted");
        object_bytes_ += fragment.bytes;
        // What is refused is still read, so that the sender learns why; but not without end.
        if (object_bytes_ / 2 > options_.max_object_bytes)
            channel_.fail(AssociationEnd::kProtocolError,
                          "an object of more than twice the largest size");
        if (!refused && object_bytes_ > options_.max_object_bytes)
            refused = Refused{
                status::kOutOfResources,
                "the object has more than " + std::to_string(options_.max_object_bytes) + " bytes"};
        take_fragment(fragment.bytes, refused);
        // It may take long to come.
        follow_ups_.say_that_they_wait();
        if (fragment.is_last) return;
    }
}

ScpAssociation::Refused ScpAssociation::no_room() const {
    return {status::kOutOfResources, object_.holding().refusal()};
}

void ScpAssociation::take_fragment(std::size_t bytes, std::optional<Refused>& refused) {
    if (!refused && bytes > 0) {
        const std::span<std::uint8_t> room = object_.grow(bytes);
        if (!room.empty()) {
            channel_.payload(room);
            refused = reason_against([&] { object_.offer(); });
            if (refused) object_.clear();
            return;
        }
        refused = no_room();
    }
    if (refused) object_.clear();
    std::array<std::uint8_t, 8192> thrown_away{};
    while (bytes > 0) {
        const std::size_t count = std::min(bytes, thrown_away.size());
        channel_.payload(std::span(thrown_away).first(count));
        bytes -= count;
    }
}

std::optional<ScpAssociation::Refused> ScpAssociation::keep(const ObjectHead& head,
                                                            std::size_t data_set_offset) {
    std::optional<Refused> mismatch;
    const auto failure = reason_against([&] {
        mismatch = reason_against_head(
            head, head_by_its_data_set(head.transfer_syntax_uid, data_set_offset));
        if (!mismatch)
            shared_.handler.object({head, object_.bytes(), object_.arrival()}, report_.sender);
    });
    return failure ? failure : mismatch;
}

/// Where it does not begin with them: elements may be out of order, or so written that more than
/// a glance is needed.
ObjectHead ScpAssociation::head_by_its_data_set(const std::string& transfer_syntax_uid,
                                                std::size_t data_set_offset) const {
    try {
        ObjectHead head =
            head_of_data_set(object_.bytes().subspan(data_set_offset), transfer_syntax_uid);
        if (!head.sop_class_uid.empty() && !head.sop_instance_uid.empty()) return head;
    } catch (const Error& error) {
        // Of an encoding that is not known nothing more can be read.
        if (error.code() != ErrorCode::kInvalidInput ||
            find_transfer_syntax(transfer_syntax_uid) == nullptr)
            throw;
    }
    // In a file it would go on with the File Meta Information, and say something else than that.
    if (read_file_meta(object_.bytes()).data_set_offset != data_set_offset)
        throw Error(ErrorCode::kInvalidInput,
                    "the data set begins with attributes of group 0002, which belong into the File "
                    "Meta Information alone (PS3.10 7.1)");
    const DataSet header = object_.header();
    return {header.text_or(tags::kSopClassUid, ""), header.text_or(tags::kSopInstanceUid, ""),
            transfer_syntax_uid};
}

/// PS3.4 Table B.2-1: what differs is another object, what is missing makes it none.
std::optional<ScpAssociation::Refused> ScpAssociation::reason_against_head(
    const ObjectHead& asked, const ObjectHead& found) {
    if (found.sop_class_uid.empty())
        return Refused{status::kCannotUnderstand, "SOP Class UID (0008,0016) is missing"};
    if (found.sop_instance_uid.empty())
        return Refused{status::kCannotUnderstand, "SOP Instance UID (0008,0018) is missing"};
    if (found.sop_class_uid != asked.sop_class_uid)
        return Refused{status::kDoesNotMatchClass,
                       "SOP Class UID (0008,0016) differs from the request"};
    if (found.sop_instance_uid != asked.sop_instance_uid)
        return Refused{status::kDoesNotMatchClass,
                       "SOP Instance UID (0008,0018) differs from the request"};
    return std::nullopt;
}

std::optional<ScpAssociation::Refused> ScpAssociation::reason_against(
    const std::function<void()>& work) {
    try {
        work();
        return std::nullopt;
    } catch (const Error& error) {
        return Refused{dicom::status_for(error.code()), error.what()};
    } catch (const std::bad_alloc&) {
        return Refused{status::kOutOfResources, "out of memory"};
    } catch (const std::exception& error) {
        return Refused{status::kProcessingFailure, error.what()};
    }
}

void ScpAssociation::respond(const DimseCommand& request, std::uint8_t context,
                             std::uint16_t status, const std::string& comment) {
    DimseCommand response;
    response.field = static_cast<std::uint16_t>(request.field | command::kResponseBit);
    response.message_id = request.message_id;
    response.status = status;
    response.affected_sop_class_uid = request.affected_sop_class_uid;
    // A UID that is none is not repeated.
    if (is_valid_uid(request.affected_sop_instance_uid))
        response.affected_sop_instance_uid = request.affected_sop_instance_uid;
    response.error_comment = as_error_comment(comment);
    channel_.send_part(context, true, encode_command(response));
}

}  // namespace lucerna::dicom
