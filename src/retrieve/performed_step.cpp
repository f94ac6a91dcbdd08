#include "retrieve/performed_step.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "dicom/byte_budget.h"
#include "dicom/copy.h"
#include "dicom/dimse_status.h"
#include "dicom/message_data_set.h"
#include "dicom/patient_issuer.h"
#include "dicom/uids.h"
#include "retrieve/order_tags.h"
#include "retrieve/performed_rules.h"

namespace lucerna::retrieve {
namespace {

namespace status = dicom::status;
namespace tags = dicom::tags;
using dicom::DataSet;
using store::PerformedState;
using store::PerformedStep;

constexpr std::uint16_t kMayNoLongerBeUpdated = 0xA710;
constexpr std::uint16_t kOptionalAttributesNotSupported = 0x0001;
constexpr std::string_view kKeptAs = dicom::transfer_syntax::kExplicitVrLittleEndian;

Bytes written(const DataSet& attributes) {
    return dicom::write_message(attributes, kKeptAs);
}

DataSet read_back(const PerformedStep& step) {
    return std::move(dicom::read_message(Bytes(step.data_set), kKeptAs).data_set);
}

void refuse(dicom::ScpExchange& exchange, const char* event, const StepRefusal& refusal,
            std::optional<std::uint16_t> error_id = {}) {
    exchange.answer({.status = refusal.status,
                     .comment = refusal.why,
                     .error_id = error_id,
                     .attributes = refusal.attributes});
    log_event(LogLevel::kWarning, event,
              {{"association", exchange.sender().association},
               {"modality", exchange.sender().calling_aet},
               {"status", dicom::describe_status(refusal.status)},
               {"why", refusal.why}});
}

void note(dicom::ScpExchange& exchange, const char* event, const PerformedStep& step) {
    constexpr const char* kStates[] = {"in progress", "completed", "discontinued",
                                       "discontinued, the wrong entry of the worklist"};
    log_event(LogLevel::kInfo, event,
              {{"association", exchange.sender().association},
               {"modality", exchange.sender().calling_aet},
               {"step", step.sop_instance_uid},
               {"state", kStates[static_cast<std::size_t>(step.state)]}});
}

constexpr const char* kCreated = "performed-step.created";
constexpr const char* kSet = "performed-step.set";
constexpr const char* kRefused = "performed-step.refused";

/// The images of a CT of several thousand slices fit.
constexpr std::size_t kMostBytes = std::size_t{1} << 20;
/// Of a kept step, what reading it, changing it and keeping it again takes: as it is in the index,
/// as bytes, as values, and as a message; and as bytes and values again to see whose it is.
constexpr std::size_t kTimesItsBytes = 8;
constexpr std::chrono::seconds kPatience{2};

StepRefusal too_large() {
    return {status::kResourceLimitation,
            "a performed procedure step has more than " + std::to_string(kMostBytes) + " bytes",
            {}};
}

/// What a step takes while a request is served, out of what all that comes in may take.
class Room {
  public:
    /// Says why there is none.
    [[nodiscard]] std::optional<StepRefusal> refusal_of(std::size_t bytes_of_step) {
        if (holding_.take(kTimesItsBytes * bytes_of_step)) return {};
        return StepRefusal{status::kResourceLimitation, holding_.refusal(), {}};
    }

  private:
    dicom::ByteBudget::Holding holding_{dicom::intake_memory(), kPatience};
};

StepRefusal no_such_step() {
    return {status::kNoSuchInstance, "there is no performed procedure step of that UID", {}};
}

/// What came of a request. The room for it has been given back by then: the peer may be slow to
/// take its answer, and others wait for that memory.
struct Outcome {
    std::optional<StepRefusal> refusal = {};
    std::optional<std::uint16_t> error_id = {};
    PerformedStep step = {};
};

Outcome created(dicom::ScpExchange& exchange, store::PerformedBook& book) {
    PerformedStep step;
    step.sop_instance_uid = exchange.request().affected_sop_instance_uid;
    if (step.sop_instance_uid.empty())
        step.sop_instance_uid = dicom::new_uid();
    else if (!dicom::is_valid_uid(step.sop_instance_uid))
        return {StepRefusal{status::kInvalidInstance, "Affected SOP Instance UID is no UID", {}}};
    if (exchange.message_bytes() > kMostBytes) return {too_large()};
    Room room;
    if (const auto none = room.refusal_of(exchange.message_bytes())) return {none};
    DataSet attributes = exchange.data_set().clone();
    if (const auto refusal = problem_of_creation(attributes)) return {refusal};
    complete(attributes);
    step.patient_id = attributes.text_or(tags::kPatientId, "");
    step.issuer_of_patient_id = dicom::issuer_of_patient_id(attributes);
    step.of = scheduled_for(attributes);
    step.data_set = written(attributes);
    if (!book.create(step))
        return {StepRefusal{status::kDuplicateInstance,
                            "there is a performed procedure step of that UID already",
                            {}}};
    step.data_set = Bytes();
    return {{}, {}, std::move(step)};
}

Outcome set(dicom::ScpExchange& exchange, store::PerformedBook& book) {
    const std::string& uid = exchange.request().requested_sop_instance_uid;
    if (exchange.message_bytes() > kMostBytes) return {too_large()};
    const DataSet& changes = exchange.data_set();
    for (;;) {
        Room room;
        if (const auto none = room.refusal_of(book.bytes_of(uid))) return {none};
        auto step = book.find(uid);
        if (!step) return {no_such_step()};
        if (step->state != PerformedState::kInProgress)
            return {StepRefusal{status::kProcessingFailure,
                                "Performed Procedure Step Object may no longer be updated",
                                {}},
                    kMayNoLongerBeUpdated};
        DataSet attributes = read_back(*step);
        if (const auto refusal = set_attributes(attributes, changes)) return {refusal};
        step->state = state_of(attributes).value_or(PerformedState::kInProgress);
        step->data_set = written(attributes);
        if (step->data_set.size() > kMostBytes) return {too_large()};
        // Another association was quicker: its state counts.
        if (!book.update(*step)) continue;
        step->data_set = Bytes();
        return {{}, {}, *std::move(step)};
    }
}

/// What is asked for goes to `asked`, what the step has not to `unknown`.
Outcome read(dicom::ScpExchange& exchange, store::PerformedBook& book, DataSet& asked,
             std::vector<dicom::Tag>& unknown) {
    const std::string& uid = exchange.request().requested_sop_instance_uid;
    Room room;
    if (const auto none = room.refusal_of(book.bytes_of(uid))) return {none};
    const auto step = book.find(uid);
    if (!step) return {no_such_step()};
    DataSet attributes = read_back(*step);
    if (exchange.request().attributes.empty()) {
        asked = std::move(attributes);
        return {};
    }
    for (const dicom::Tag tag : exchange.request().attributes) {
        if (attributes.has(tag))
            dicom::copy_attribute(attributes, tag, asked);
        else
            unknown.push_back(tag);
    }
    return {};
}

}  // namespace

void answer_step_creation(dicom::ScpExchange& exchange, store::PerformedBook& book) {
    const Outcome outcome = created(exchange, book);
    if (outcome.refusal) return refuse(exchange, kRefused, *outcome.refusal);
    exchange.answer(
        {.status = status::kSuccess, .sop_instance_uid = outcome.step.sop_instance_uid});
    note(exchange, kCreated, outcome.step);
}

void answer_step_set(dicom::ScpExchange& exchange, store::PerformedBook& book) {
    const Outcome outcome = set(exchange, book);
    if (outcome.refusal) return refuse(exchange, kRefused, *outcome.refusal, outcome.error_id);
    exchange.answer({.status = status::kSuccess});
    note(exchange, kSet, outcome.step);
}

void answer_step_read(dicom::ScpExchange& exchange, store::PerformedBook& book) {
    DataSet asked;
    std::vector<dicom::Tag> unknown;
    const Outcome outcome = read(exchange, book, asked, unknown);
    if (outcome.refusal) return refuse(exchange, kRefused, *outcome.refusal);
    exchange.answer({.status = unknown.empty() ? status::kSuccess : kOptionalAttributesNotSupported,
                     .data_set = &asked,
                     .attributes = std::move(unknown)});
}

}  // namespace lucerna::retrieve
