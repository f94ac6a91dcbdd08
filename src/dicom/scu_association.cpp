#include "dicom/scu_association.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/error.h"
#include "dicom/implementation.h"

namespace lucerna::dicom {
namespace {

using std::chrono::steady_clock;

constexpr std::uint32_t kOwnMaxPdu = 128 * 1024;
constexpr std::size_t kMaxResponseBytes = 64 * 1024;

}  // namespace

ScuAssociation::ScuAssociation(ScuOptions options, const std::vector<PresentationContext>& contexts,
                               const std::vector<RoleSelection>& roles)
    : options_(std::move(options)),
      when_stopped_(options_.stop, [this] { stop_.set(); }),
      channel_(Transport(connect_to(options_.host, options_.port, options_.connect_timeout, &stop_,
                                    options_.is_unwanted),
                         &stop_),
               Pace{options_.response_timeout, options_.response_timeout,
                    options_.min_bytes_per_second}) {
    channel_.transport().end_waits_where(options_.is_unwanted);
    channel_.count_waits(options_.lag);
    const Patience patience{options_.association_timeout,
                            steady_clock::now() + options_.association_timeout};
    if (options_.tls) secure(patience);
    negotiate(contexts, roles, patience);
}

ScuAssociation::~ScuAssociation() {
    try {
        if (usable_) release();
    } catch (const std::exception&) {
        // The requests have been answered; how the peer says goodbye changes nothing.
    }
    channel_.close();
}

std::string ScuAssociation::named(const std::string& what) const {
    return "the peer " + options_.called_aet + " at " + options_.host + ":" +
           std::to_string(options_.port) + " " + what;
}

void ScuAssociation::secure(const Patience& patience) {
    const TlsContext tls(*options_.tls, TlsRole::kClient);
    const Io result = channel_.transport().secure(tls, patience);
    if (result == Io::kStopped) throw Error(ErrorCode::kCancelled, "stopped in the TLS handshake");
    if (result != Io::kDone)
        throw Error(ErrorCode::kUnavailable,
                    named("does not complete the TLS handshake: " + channel_.transport().why()));
}

void ScuAssociation::negotiate(const std::vector<PresentationContext>& contexts,
                               const std::vector<RoleSelection>& roles, const Patience& patience) {
    AssociatePdu request;
    request.called_aet = options_.called_aet;
    request.calling_aet = options_.calling_aet;
    request.application_context = kDicomApplicationContext;
    request.contexts = contexts;
    request.roles = roles;
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

AssociatePdu ScuAssociation::parsed(ByteView body) const {
    try {
        return parse_associate(PduType::kAssociateAccept, body);
    } catch (const Error& error) {
        throw Error(ErrorCode::kUnavailable, named("accepts in a malformed way"), error);
    }
}

void ScuAssociation::note(const std::vector<PresentationContext>& proposed,
                          const PresentationContext& answered) {
    if (answered.result != ContextResult::kAccepted) return;
    for (const PresentationContext& ours : proposed) {
        const std::string& syntax = answered.transfer_syntaxes.front();
        const auto& offered = ours.transfer_syntaxes;
        // A syntax that was not proposed is no agreement.
        if (ours.id != answered.id ||
            std::find(offered.begin(), offered.end(), syntax) == offered.end())
            continue;
        accepted_.push_back({ours.id, ours.abstract_syntax, {syntax}, ContextResult::kAccepted});
    }
}

DimseCommand ScuAssociation::exchange(DimseCommand request, std::uint8_t context,
                                      const FileToSend& file, std::uint64_t begin) {
    if (!usable_) throw Error(ErrorCode::kUnavailable, named("has ended the association"));
    usable_ = false;
    request.message_id = ++last_message_;
    channel_.send_part(context, true, encode_command(request));
    if (request.has_data_set) channel_.send_data_set(context, file, begin);
    const DimseCommand response = read_response();
    if (response.message_id != request.message_id ||
        response.field != (request.field | command::kResponseBit)) {
        channel_.abort(AbortSource::kServiceUser, AbortReason::kNotSpecified);
        throw Error(ErrorCode::kUnavailable, named("answers another request than ours"));
    }
    usable_ = true;
    return response;
}

DimseCommand ScuAssociation::read_response() {
    Bytes bytes;
    Channel::Fragment fragment = channel_.next_message();
    for (;; fragment = channel_.next()) {
        const std::size_t start = bytes.size();
        if (fragment.kind != Channel::Fragment::Kind::kData || !fragment.is_command ||
            fragment.bytes > kMaxResponseBytes - start) {
            channel_.abort(AbortSource::kServiceUser, AbortReason::kNotSpecified);
            throw Error(ErrorCode::kUnavailable, named("sends no response"));
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

void ScuAssociation::release() {
    usable_ = false;
    channel_.set_pace({options_.association_timeout, options_.association_timeout, 0});
    channel_.send(encode_release(PduType::kReleaseRequest));
    (void)channel_.next_message();
}

}  // namespace lucerna::dicom
