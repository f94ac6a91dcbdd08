#include "dicom/scu.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/convertible.h"
#include "dicom/scu_association.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

constexpr std::size_t kMaxContexts = 128;

/// A SOP class with transfer syntaxes of which the peer picks one.
using Proposal = std::pair<std::string, std::vector<std::string>>;

const std::vector<std::string>& compressed_syntaxes() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> uids;
        for (const Encoder& encoder : encoders()) uids.emplace_back(encoder.transfer_syntax_uid);
        return uids;
    }();
    return all;
}

/// One presentation context a pair of SOP class and transfer syntax: the peer then says for each
/// syntax whether it takes it, instead of picking one. Only of those that an object would have to
/// be compressed for is it to pick one.
std::vector<PresentationContext> contexts_for(std::span<const ObjectHead> objects) {
    std::vector<Proposal> pairs = {{std::string(sop_class::kVerification),
                                    {std::string(transfer_syntax::kImplicitVrLittleEndian)}}};
    const auto add = [&pairs](const std::string& sop_class, std::vector<std::string> syntaxes) {
        Proposal pair(sop_class, std::move(syntaxes));
        if (std::find(pairs.begin(), pairs.end(), pair) == pairs.end())
            pairs.push_back(std::move(pair));
    };
    for (const ObjectHead& object : objects) {
        add(object.sop_class_uid, {object.transfer_syntax_uid});
        if (!is_convertible(object.transfer_syntax_uid)) continue;
        for (const std::string_view syntax : kLittleEndian)
            add(object.sop_class_uid, {std::string(syntax)});
        add(object.sop_class_uid, compressed_syntaxes());
    }
    if (pairs.size() > kMaxContexts)
        throw Error(ErrorCode::kInvalidInput,
                    std::to_string(pairs.size()) +
                        " presentation contexts are needed, an association holds 128");
    std::vector<PresentationContext> contexts;
    for (auto& [sop_class, syntaxes] : pairs) {
        PresentationContext context;
        context.id = static_cast<std::uint8_t>(2 * contexts.size() + 1);
        context.abstract_syntax = sop_class;
        context.transfer_syntaxes = std::move(syntaxes);
        contexts.push_back(std::move(context));
    }
    return contexts;
}

}  // namespace

class StoreScu::Association {
  public:
    Association(ScuOptions options, std::span<const ObjectHead> objects)
        : association_(std::move(options), contexts_for(objects)) {
        for (const PresentationContext& context : association_.accepted()) {
            if (context.abstract_syntax == sop_class::kVerification) echo_context_ = context.id;
            accepted_[{context.abstract_syntax, context.transfer_syntaxes.front()}] = context.id;
        }
    }

    SendOutcome store(const FileToSend& file, const std::optional<MoveOriginator>& originator) {
        const Part10Parts parts = split_part10(file.begin);
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
            request.priority = originator->priority;
        }
        if (syntax == parts.head.transfer_syntax_uid)
            return outcome_of(association_.exchange(request, context, file, parts.data_set_offset));
        std::optional<ConvertedToSend> converted;
        try {
            converted.emplace(file, syntax);
        } catch (const Error& error) {
            // Of this object alone; the peer is there.
            if (error.code() != ErrorCode::kUnavailable) throw;
            return {StatusKind::kTransientFailure, status::kOutOfResources, error.what()};
        }
        return outcome_of(association_.exchange(request, context, converted->file(),
                                                converted->data_set_offset()));
    }

    [[nodiscard]] bool is_ended_by_peer() const { return association_.is_ended_by_peer(); }

    void echo() {
        if (echo_context_ == 0)
            throw Error(ErrorCode::kUnavailable,
                        association_.named("does not accept Verification"));
        DimseCommand request;
        request.field = command::kEchoRequest;
        request.affected_sop_class_uid = sop_class::kVerification;
        const DimseCommand response = association_.exchange(request, echo_context_);
        if (response.status.value_or(status::kProcessingFailure) != status::kSuccess)
            throw Error(ErrorCode::kUnavailable,
                        association_.named(
                            "answers C-ECHO with " +
                            describe_status(response.status.value_or(status::kProcessingFailure))));
    }

  private:
    struct Agreed {
        std::uint8_t context = 0;
        std::string syntax;
    };

    [[nodiscard]] Agreed context_for(const ObjectHead& head) const {
        const std::string syntax =
            syntax_to_send(head.transfer_syntax_uid, [&](const std::string& one) {
                return accepted_.contains({head.sop_class_uid, one});
            });
        if (syntax.empty()) return {};
        return {accepted_.at({head.sop_class_uid, syntax}), syntax};
    }

    ScuAssociation association_;
    std::uint8_t echo_context_ = 0;
    std::map<std::pair<std::string, std::string>, std::uint8_t> accepted_;
};

std::size_t fitting_one_association(std::span<const ObjectHead> objects) {
    constexpr std::size_t kKinds = (kMaxContexts - 1) / 4;
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

StoreScu::StoreScu(ScuOptions options, std::span<const ObjectHead> objects)
    : association_(std::make_unique<Association>(std::move(options), objects)) {}

StoreScu::~StoreScu() = default;

SendOutcome StoreScu::store(const FileToSend& file,
                            const std::optional<MoveOriginator>& originator) {
    return association_->store(file, originator);
}

bool StoreScu::is_ended_by_peer() const {
    return association_->is_ended_by_peer();
}

void StoreScu::echo() {
    association_->echo();
}

}  // namespace lucerna::dicom
