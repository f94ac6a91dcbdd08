#include "dicom/scu.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/channel.h"
#include "dicom/convertible.h"
#include "dicom/dimse_command.h"
#include "dicom/implementation.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMaxContexts = 128;
constexpr std::uint32_t kOwnMaxPdu = 128 * 1024;
constexpr std::size_t kMaxResponseBytes = 64 * 1024;

/// One presentation context a pair of SOP class and transfer syntax: the peer then says for each
/// syntax whether it takes it, instead of picking one.
std::vector<PresentationContext> contexts_for(std::span<const ObjectHead> objects) {
    std::vector<std::pair<std::string, std::string>> pairs = {
        {std::string(sop_class::kVerification),
         std::string(transfer_syntax::kImplicitVrLittleEndian)}};
    const auto add = [&pairs](const std::string& sop_class, std::string_view syntax) {
        const std::pair<std::string, std::string> pair(sop_class, syntax);
        if (std::find(pairs.begin(), pairs.end(), pair) == pairs.end()) pairs.push_back(pair);
    };
    for (const ObjectHead& object : objects) {
        add(object.sop_class_uid, object.transfer_syntax_uid);
        if (!is_convertible(object.transfer_syntax_uid)) continue;
        for (const std::string_view syntax : kLittleEndian) add(object.sop_class_uid, syntax);
    }
    if (pairs.size() > kMaxContexts)
        throw Error(ErrorCode::kInvalidInput,
                    std::to_string(pairs.size()) +
                        " presentation contexts are needed, an association holds 128");
    std::vector<PresentationContext> contexts;
    for (const auto& [sop_class, syntax] : pairs) {
        PresentationContext context;
        context.id = static_cast<std::uint8_t>(2 * contexts.size() + 1);
        context.abstract_syntax = sop_class;
        context.transfer_syntaxes = {syntax};
        contexts.push_back(std::move(context));
    }
    return contexts;
}

}  // namespace

class StoreScu::Association {
  public:
    Association(StoreScuOptions options, std::span<const ObjectHead> objects)
        : options_(std::move(options)),
          when_stopped_(options_.stop, [this] { stop_.set(); }),
          channel_(
              Transport(connect_to(options_.host, options_.port, options_.connect_timeout, &stop_),
                        &stop_),
              Pace{options_.response_timeout, options_.response_timeout, 0}) {
        const Patience patience{options_.association_timeout,
                                steady_clock::now() + options_.association_timeout};
        if (options_.tls) secure(patience);
        negotiate(contexts_for(objects), patience);
    }

    ~Association() {
        try {
            if (usable_) release();
        } catch (const std::exception&) {
            // The objects have been answered for; how the peer says goodbye changes nothing.
        }
        channel_.close();
    }

    SendOutcome store(ByteView file, const std::optional<MoveOriginator>& originator) {
        const Part10Parts parts = split_part10(file);
        const auto [context, syntax] = context_for(parts.head);
        if (context == 0)
            return {StatusKind::kPermanentFailure, status::kClassNotSupported,
                    no_context_for(parts.head)};
        DimseCommand request;
        request.field = command::kStoreRequest;
        request.has_data_set = true;
        request.affected_sop_class_uid = parts.head.sop_class_uid;
        request.affected_sop_instance_uid = parts.head.sop_instance_uid;
        if (originator) {
            request.move_originator_aet = originator->aet;
            request.move_originator_message = originator->message_id;
        }
        DimseCommand response;
        if (syntax == parts.head.transfer_syntax_uid)
            response = exchange(request, context, file.subspan(parts.data_set_offset));
        else
            response = exchange(request, context, converted_data_set(file, syntax));

        return outcome_of(response);
    }

    void echo() {
        if (echo_context_ == 0)
            throw Error(ErrorCode::kUnavailable, named("does not accept Verification"));
        DimseCommand request;
        request.field = command::kEchoRequest;
        request.affected_sop_class_uid = sop_class::kVerification;
        const DimseCommand response = exchange(request, echo_context_, {});
        if (response.status.value_or(status::kProcessingFailure) != status::kSuccess)
            throw Error(ErrorCode::kUnavailable,
                        named("answers C-ECHO with " + describe_status(response.status.value_or(
                                                           status::kProcessingFailure))));
    }

  private:
    struct Agreed {
        std::uint8_t context = 0;
        std::string syntax;
    };

    [[nodiscard]] std::string named(const std::string& what) const {
        return "the peer " + options_.called_aet + " at " + options_.host + ":" +
               std::to_string(options_.port) + " " + what;
    }

    void secure(const Patience& patience) {
        const TlsContext tls(*options_.tls, TlsRole::kClient);
        const Io result = channel_.transport().secure(tls, patience);
        if (result == Io::kStopped)
            throw Error(ErrorCode::kCancelled, "stopped in the TLS handshake");
        if (result != Io::kDone)
            throw Error(ErrorCode::kUnavailable, named("does not complete the TLS handshake: " +
                                                       channel_.transport().why()));
    }

    void negotiate(const std::vector<PresentationContext>& contexts, const Patience& patience) {
        AssociatePdu request;
        request.called_aet = options_.called_aet;
        request.calling_aet = options_.calling_aet;
        request.application_context = kDicomApplicationContext;
        request.contexts = contexts;
        request.max_pdu_bytes = kOwnMaxPdu;
        request.implementation_class_uid = implementation::kClassUid;
        request.implementation_version = implementation::kVersionName;
        channel_.send(encode_associate(PduType::kAssociateRequest, request));
        const Channel::AssociationPdu pdu = channel_.read_association_pdu(patience);
        if (pdu.type == PduType::kAssociateReject) {
            const RejectPdu reject = parse_reject(pdu.body);
            throw Error(reject.result == 2 ? ErrorCode::kUnavailable : ErrorCode::kUnsupported,
                        named("rejects the association, " + describe_reject(reject)));
        }
        if (pdu.type != PduType::kAssociateAccept)
            throw Error(ErrorCode::kUnavailable, named("answers with an A-ASSOCIATE-RQ"));
        const AssociatePdu accept = parsed(pdu.body);
        channel_.set_peer_max_pdu(accept.max_pdu_bytes);
        channel_.set_own_max_pdu(kOwnMaxPdu);
        for (const PresentationContext& answered : accept.contexts) note(contexts, answered);
        usable_ = true;
    }

    [[nodiscard]] AssociatePdu parsed(ByteView body) const {
        try {
            return parse_associate(PduType::kAssociateAccept, body);
        } catch (const Error& error) {
            throw Error(ErrorCode::kUnavailable, named("accepts in a malformed way"), error);
        }
    }

    void note(const std::vector<PresentationContext>& proposed,
              const PresentationContext& answered) {
        const std::size_t index = answered.id / 2;
        if (answered.result != ContextResult::kAccepted || index >= proposed.size()) return;
        const PresentationContext& ours = proposed[index];
        // A syntax that was not proposed is no agreement.
        if (answered.transfer_syntaxes.front() != ours.transfer_syntaxes.front()) return;
        if (ours.abstract_syntax == sop_class::kVerification) echo_context_ = ours.id;
        accepted_[{ours.abstract_syntax, ours.transfer_syntaxes.front()}] = ours.id;
    }

    [[nodiscard]] Agreed context_for(const ObjectHead& head) const {
        const std::string syntax =
            syntax_to_send(head.transfer_syntax_uid, [&](const std::string& one) {
                return accepted_.contains({head.sop_class_uid, one});
            });
        if (syntax.empty()) return {};
        return {accepted_.at({head.sop_class_uid, syntax}), syntax};
    }

    DimseCommand exchange(DimseCommand request, std::uint8_t context, ByteView data_set) {
        if (!usable_) throw Error(ErrorCode::kUnavailable, named("has ended the association"));
        usable_ = false;
        request.message_id = ++last_message_;
        channel_.send_part(context, true, encode_command(request));
        if (request.has_data_set) channel_.send_part(context, false, data_set);
        const DimseCommand response = read_response();
        if (response.message_id != request.message_id ||
            response.field != (request.field | command::kResponseBit)) {
            channel_.abort(AbortSource::kServiceUser, AbortReason::kNotSpecified);
            throw Error(ErrorCode::kUnavailable, named("answers another request than ours"));
        }
        usable_ = true;
        return response;
    }

    DimseCommand read_response() {
        Bytes bytes;
        Channel::Fragment fragment = channel_.next_message();
        for (;; fragment = channel_.next()) {
            const std::size_t start = bytes.size();
            if (fragment.kind != Channel::Fragment::Kind::kData || !fragment.is_command ||
                fragment.bytes > kMaxResponseBytes - start) {
                channel_.abort(AbortSource::kServiceUser, AbortReason::kNotSpecified);
                throw Error(ErrorCode::kUnavailable, named("sends no response to C-STORE"));
            }
            bytes.resize(start + fragment.bytes);
            channel_.payload(std::span(bytes).subspan(start));
            if (fragment.is_last) break;
        }
        try {
            return parse_command(bytes);
        } catch (const Error& error) {
            throw Error(ErrorCode::kUnavailable, named("sends a malformed response"), error);
        }
    }

    void release() {
        usable_ = false;
        channel_.set_pace({options_.association_timeout, options_.association_timeout, 0});
        channel_.send(encode_release(PduType::kReleaseRequest));
        (void)channel_.next_message();
    }

    StoreScuOptions options_;
    StopSignal stop_;
    std::stop_callback<std::function<void()>> when_stopped_;
    Channel channel_;
    bool usable_ = false;
    std::uint8_t echo_context_ = 0;
    std::uint16_t last_message_ = 0;
    std::map<std::pair<std::string, std::string>, std::uint8_t> accepted_;
};

std::size_t fitting_one_association(std::span<const ObjectHead> objects) {
    constexpr std::size_t kKinds = (kMaxContexts - 1) / 3;
    std::set<std::pair<std::string, std::string>> kinds;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        kinds.emplace(objects[i].sop_class_uid, objects[i].transfer_syntax_uid);
        if (kinds.size() > kKinds) return i;
    }
    return objects.size();
}

SendOutcome outcome_of(const DimseCommand& response) {
    SendOutcome outcome;
    outcome.status = response.status.value_or(status::kProcessingFailure);
    outcome.kind = kind_of(outcome.status);
    if (outcome.kind == StatusKind::kSuccess) return outcome;
    outcome.why = describe_status(outcome.status);
    if (!response.error_comment.empty()) outcome.why += ": " + response.error_comment;
    return outcome;
}

std::string no_context_for(const ObjectHead& head) {
    return "the peer accepts no presentation context for SOP class " + head.sop_class_uid +
           " in transfer syntax " + head.transfer_syntax_uid;
}

StoreScu::StoreScu(StoreScuOptions options, std::span<const ObjectHead> objects)
    : association_(std::make_unique<Association>(std::move(options), objects)) {}

StoreScu::~StoreScu() = default;

SendOutcome StoreScu::store(ByteView file, const std::optional<MoveOriginator>& originator) {
    return association_->store(file, originator);
}

void StoreScu::echo() {
    association_->echo();
}

}  // namespace lucerna::dicom
