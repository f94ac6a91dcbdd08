#include "retrieve/performed_rules.h"

#include <algorithm>
#include <set>
#include <utility>

#include "dicom/copy.h"
#include "dicom/dimse_status.h"
#include "dicom/uids.h"
#include "retrieve/date_time.h"
#include "retrieve/order_tags.h"
#include "store/matching.h"

namespace lucerna::retrieve {
namespace {

namespace tags = dicom::tags;
namespace status = dicom::status;
using namespace order_tags;
using dicom::DataSet;
using store::PerformedState;

// PS3.4 Table F.7.2-1, SCP's column of N-CREATE.
constexpr Tag kType1[] = {kScheduledStepAttributesSequence,
                          tags::kPerformedProcedureStepId,
                          kPerformedStationAeTitle,
                          tags::kPerformedProcedureStepStartDate,
                          tags::kPerformedProcedureStepStartTime,
                          kPerformedStatus,
                          tags::kModality};
constexpr Tag kType2[] = {tags::kPatientName,
                          tags::kPatientId,
                          tags::kPatientBirthDate,
                          tags::kPatientSex,
                          kReferencedPatientSequence,
                          kPerformedStationName,
                          kPerformedLocation,
                          tags::kPerformedProcedureStepDescription,
                          kPerformedTypeDescription,
                          tags::kProcedureCodeSequence,
                          kPerformedEndDate,
                          kPerformedEndTime,
                          tags::kStudyId,
                          tags::kPerformedProtocolCodeSequence,
                          kPerformedSeriesSequence};
constexpr Tag kType1OfASeries[] = {tags::kProtocolName, tags::kSeriesInstanceUid};
/// N-SET: not allowed.
constexpr Tag kFixed[] = {kScheduledStepAttributesSequence,
                          tags::kPatientName,
                          tags::kPatientId,
                          tags::kIssuerOfPatientId,
                          tags::kIssuerOfPatientIdQualifiersSequence,
                          tags::kOtherPatientIdsSequence,
                          tags::kPatientBirthDate,
                          tags::kPatientSex,
                          kReferencedPatientSequence,
                          kAdmissionId,
                          tags::kPerformedProcedureStepId,
                          kPerformedStationAeTitle,
                          kPerformedStationName,
                          kPerformedLocation,
                          tags::kPerformedProcedureStepStartDate,
                          tags::kPerformedProcedureStepStartTime,
                          tags::kModality,
                          tags::kStudyId};

/// One that is performed of more is none of a patient's day.
constexpr std::size_t kMostScheduled = 128;

StepRefusal refusal(std::uint16_t code, Tag tag, const char* what) {
    return {code, dicom::describe(tag) + " " + what, {tag}};
}

std::optional<StepRefusal> lack_of(const DataSet& attributes, Tag tag) {
    if (!attributes.has(tag)) return refusal(status::kMissingAttribute, tag, "is missing");
    if (!attributes.has_value(tag))
        return refusal(status::kMissingAttributeValue, tag, "has no value");
    return {};
}

std::optional<StepRefusal> bad_uid(const DataSet& item, Tag tag) {
    if (auto lack = lack_of(item, tag)) return lack;
    if (item.value_count(tag) == 1 && dicom::is_valid_uid(item.text_or(tag, ""))) return {};
    return refusal(status::kInvalidAttributeValue, tag, "is no UID");
}

bool is_time(std::string_view text) {
    const std::string time = store::time_key(text);
    return !time.empty() && is_date_time("20000101" + time);
}

std::optional<StepRefusal> bad_date_or_time(const DataSet& attributes, Tag tag) {
    const std::string text = attributes.text_or(tag, "");
    const bool is_date = dicom::vr_of(tag) == "DA";
    if (text.empty() || (is_date ? is_date_time(store::date_key(text)) : is_time(text))) return {};
    return refusal(status::kInvalidAttributeValue, tag, is_date ? "is no date" : "is no time");
}

/// What holds of the series, whenever there are any.
std::optional<StepRefusal> bad_series(const DataSet& attributes) {
    for (const DataSet& item : attributes.items(kPerformedSeriesSequence)) {
        for (const Tag tag : kType1OfASeries)
            if (auto lack = lack_of(item, tag)) return lack;
        if (auto bad = bad_uid(item, tags::kSeriesInstanceUid)) return bad;
    }
    return {};
}

std::optional<StepRefusal> bad_times(const DataSet& attributes) {
    for (const Tag tag :
         {tags::kPerformedProcedureStepStartDate, tags::kPerformedProcedureStepStartTime,
          kPerformedEndDate, kPerformedEndTime})
        if (auto bad = bad_date_or_time(attributes, tag)) return bad;
    return {};
}

/// The final state's column of the table.
std::optional<StepRefusal> lack_at_the_end(const DataSet& attributes, PerformedState state) {
    for (const Tag tag : {kPerformedEndDate, kPerformedEndTime})
        if (auto lack = lack_of(attributes, tag)) return lack;
    if (state == PerformedState::kCompleted) return lack_of(attributes, kPerformedSeriesSequence);
    return {};
}

bool same_items(const DataSet& a, const DataSet& b, Tag sequence);

/// As text is compared: padding and blanks at the ends do not count.
bool same(const DataSet& a, const DataSet& b, Tag tag) {
    if (a.vr(tag) == "SQ" || b.vr(tag) == "SQ") return same_items(a, b, tag);
    return a.texts(tag) == b.texts(tag) || (!a.has_value(tag) && !b.has_value(tag));
}

bool same_items(const DataSet& a, const DataSet& b, Tag sequence) {
    const auto& left = a.items(sequence);
    const auto& right = b.items(sequence);
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
        const std::vector<Tag> inner = left[i].tags();
        if (inner != right[i].tags()) return false;
        if (!std::all_of(inner.begin(), inner.end(),
                         [&](Tag tag) { return same(left[i], right[i], tag); }))
            return false;
    }
    return true;
}

/// "Incorrect worklist entry selected" (PS3.16 CID 9300).
bool is_mistaken(const DataSet& attributes) {
    const auto& reasons = attributes.items(kDiscontinuationReasonSequence);
    return std::any_of(reasons.begin(), reasons.end(), [](const DataSet& reason) {
        return reason.text_or(tags::kCodeValue, "") == "110514" &&
               reason.text_or(tags::kCodingSchemeDesignator, "") == "DCM";
    });
}

}  // namespace

std::optional<PerformedState> state_of(const DataSet& attributes) {
    if (attributes.value_count(kPerformedStatus) > 1) return {};
    const std::string text = attributes.text_or(kPerformedStatus, "");
    if (text == "IN PROGRESS") return PerformedState::kInProgress;
    if (text == "COMPLETED") return PerformedState::kCompleted;
    if (text == "DISCONTINUED")
        return is_mistaken(attributes) ? PerformedState::kMistaken : PerformedState::kDiscontinued;
    return {};
}

std::vector<store::PerformedStep::Of> scheduled_for(const DataSet& attributes) {
    std::vector<store::PerformedStep::Of> all;
    std::set<std::pair<std::string, std::string>> named;
    for (const DataSet& item : attributes.items(kScheduledStepAttributesSequence)) {
        std::string study = item.text_or(tags::kStudyInstanceUid, "");
        std::string step = item.text_or(kStepId, "");
        if (named.emplace(study, step).second) all.push_back({std::move(study), std::move(step)});
    }
    return all;
}

std::optional<StepRefusal> problem_of_creation(const DataSet& attributes) {
    for (const Tag tag : kType1)
        if (auto lack = lack_of(attributes, tag)) return lack;
    for (const Tag tag : {tags::kPatientId, tags::kIssuerOfPatientId})
        if (attributes.value_count(tag) > 1)
            return refusal(status::kInvalidAttributeValue, tag, "has several values");
    if (state_of(attributes) != PerformedState::kInProgress)
        return refusal(status::kInvalidAttributeValue, kPerformedStatus,
                       "of a new step is IN PROGRESS");
    const auto& scheduled = attributes.items(kScheduledStepAttributesSequence);
    if (scheduled.size() > kMostScheduled)
        return refusal(status::kResourceLimitation, kScheduledStepAttributesSequence,
                       "has more items than are taken");
    for (const DataSet& item : scheduled)
        if (auto bad = bad_uid(item, tags::kStudyInstanceUid)) return bad;
    if (auto bad = bad_date_or_time(attributes, tags::kPatientBirthDate)) return bad;
    if (auto bad = bad_times(attributes)) return bad;
    return bad_series(attributes);
}

void complete(DataSet& attributes) {
    for (const Tag tag : kType2)
        if (!attributes.has(tag)) attributes.set_empty(tag);
}

std::optional<StepRefusal> set_attributes(DataSet& kept, const DataSet& changes) {
    for (const Tag tag : kFixed)
        if (changes.has(tag) && !same(changes, kept, tag))
            return refusal(status::kInvalidAttributeValue, tag, "cannot be changed");
    for (const Tag tag : changes.tags())
        if (tag != tags::kSpecificCharacterSet && tag.element != 0)
            dicom::copy_attribute(changes, tag, kept);
    if (auto lack = lack_of(kept, kPerformedStatus)) return lack;
    const std::optional<PerformedState> state = state_of(kept);
    if (!state)
        return refusal(status::kInvalidAttributeValue, kPerformedStatus,
                       "is none of IN PROGRESS, COMPLETED, DISCONTINUED");
    // What earlier versions took stays.
    if (auto bad = bad_times(changes)) return bad;
    if (auto bad = bad_series(kept)) return bad;
    if (*state != PerformedState::kInProgress) return lack_at_the_end(kept, *state);
    return {};
}

}  // namespace lucerna::retrieve
