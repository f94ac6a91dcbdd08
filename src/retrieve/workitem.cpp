#include "retrieve/workitem.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/error.h"
#include "retrieve/workitem_tags.h"

namespace lucerna::retrieve {
namespace {

using namespace workitem_tags;

constexpr const char* kWorklistLabel = "00741202";
constexpr const char* kModified = "00404010";
constexpr const char* kPerformed = "00741216";
/// Has to be there, and may be empty.
constexpr const char* kOutput = "00404033";

/// Columns of Table CC.2.5-3. Create: '1' with a value, '2' there, 'E' there without a value, 'X'
/// not there, '3' as may be. Update: 'X' not at all, '3' as may be.
struct Requirement {
    const char* tag;
    const char* vr;
    const char* name;
    char create;
    char update;
};
constexpr Requirement kRequirements[] = {
    {"00081195", "UI", "Transaction UID", 'X', 'X'},
    {"00741200", "CS", "Scheduled Procedure Step Priority", '1', '3'},
    {"00741204", "LO", "Procedure Step Label", '1', '3'},
    {kWorklistLabel, "LO", "Worklist Label", '2', '3'},
    {"00741210", "SQ", "Scheduled Processing Parameters Sequence", '2', '3'},
    {"00404025", "SQ", "Scheduled Station Name Code Sequence", '2', '3'},
    {"00404026", "SQ", "Scheduled Station Class Code Sequence", '2', '3'},
    {"00404027", "SQ", "Scheduled Station Geographic Location Code Sequence", '2', '3'},
    {"00404005", "DT", "Scheduled Procedure Step Start DateTime", '1', '3'},
    {"00404018", "SQ", "Scheduled Workitem Code Sequence", '2', '3'},
    {"00400400", "LT", "Comments on the Scheduled Procedure Step", '2', '3'},
    {"00404041", "CS", "Input Readiness State", '1', '3'},
    {"00404021", "SQ", "Input Information Sequence", '2', '3'},
    {"0020000D", "UI", "Study Instance UID", '2', '3'},
    {"00100010", "PN", "Patient's Name", '2', 'X'},
    {"00100020", "LO", "Patient ID", '2', 'X'},
    {"00100021", "LO", "Issuer of Patient ID", '2', 'X'},
    {"00100024", "SQ", "Issuer of Patient ID Qualifiers Sequence", '2', 'X'},
    {"00101002", "SQ", "Other Patient IDs Sequence", '2', '3'},
    {"00100030", "DA", "Patient's Birth Date", '2', 'X'},
    {"00100040", "CS", "Patient's Sex", '2', 'X'},
    {"00380010", "LO", "Admission ID", '2', 'X'},
    {"00380014", "SQ", "Issuer of Admission ID Sequence", '2', 'X'},
    {"00081080", "LO", "Admitting Diagnoses Description", '2', 'X'},
    {"00081084", "SQ", "Admitting Diagnoses Code Sequence", '2', 'X'},
    {"0040A370", "SQ", "Referenced Request Sequence", '2', 'X'},
    {"00741224", "SQ", "Replaced Procedure Step Sequence", '3', 'X'},
    {kState, "CS", "Procedure Step State", '1', 'X'},
    {kProgress, "SQ", "Procedure Step Progress Information Sequence", 'E', '3'},
    {kPerformed, "SQ", "Unified Procedure Step Performed Procedure Sequence", 'E', '3'},
};

/// What the item of the performed procedure must say in a completed work item.
constexpr std::pair<const char*, const char*> kOfCompleted[] = {
    {"00404028", "Performed Station Name Code Sequence (0040,4028)"},
    {"00404019", "Performed Workitem Code Sequence (0040,4019)"},
    {"00404050", "Performed Procedure Step Start DateTime (0040,4050)"},
    {"00404051", "Performed Procedure Step End DateTime (0040,4051)"}};

struct Enumerated {
    const char* tag;
    std::vector<std::string_view> values;
};

/// What an item is found and erased by is a text.
void check_identity(const Json& set) {
    for (const char* tag : {"00100020", "00100021", "0020000D"}) {
        const auto found = set.find(tag);
        if (found == set.end() || !found->contains("Value") || (*found)["Value"].empty()) continue;
        if (!(*found)["Value"].front().is_string())
            throw Error(ErrorCode::kInvalidInput, std::string("(") + tag + ") is not a text");
    }
}

bool has_value(const Json& set, const char* tag) {
    const auto found = set.find(tag);
    if (found == set.end()) return false;
    const auto values = found->find("Value");
    return values != found->end() && values->is_array() && !values->empty() &&
           !values->front().is_null();
}

/// Procedure Step State, priority, readiness, labels, when it starts and is expected to end.
constexpr std::array kOfOneValue = {"00741000", "00741200", "00404041", "00741202",
                                    "00741204", "00404005", "00404011"};

void check_values(const Json& set) {
    check_identity(set);
    for (const char* tag : kOfOneValue)
        if (set.contains(tag) && set[tag].contains("Value") && set[tag]["Value"].size() > 1)
            throw Error(ErrorCode::kInvalidInput, std::string("(") + tag + ") has several values");
    static const Enumerated kValues[] = {{"00741200", {"HIGH", "MEDIUM", "LOW"}},
                                         {"00404041", {"INCOMPLETE", "UNAVAILABLE", "READY"}}};
    for (const Enumerated& one : kValues) {
        const std::string value = first_text(set, one.tag);
        if (!value.empty() &&
            std::find(one.values.begin(), one.values.end(), value) == one.values.end())
            throw Error(ErrorCode::kInvalidInput, std::string("(") + one.tag +
                                                      ") cannot have the value \"" +
                                                      value.substr(0, 64) + "\"");
    }
}

[[noreturn]] void refuse(const Requirement& about, const char* why) {
    throw Error(ErrorCode::kInvalidInput, std::string(about.name) + " (" + about.tag + ") " + why);
}

/// Who reads it goes by the VR that the standard says.
void require_vr(const Json& set, const Requirement& of) {
    const auto found = set.find(of.tag);
    if (found != set.end() && found->value("vr", of.vr) != of.vr)
        refuse(of, (std::string("is of VR ") + of.vr).c_str());
}

std::string date_time(Instant now) {
    return to_dicom_date(now) + to_dicom_time(now);
}

}  // namespace

std::string first_text(const Json& set, const char* tag) {
    if (!has_value(set, tag)) return {};
    const Json& value = set[tag]["Value"].front();
    return value.is_string() ? value.get<std::string>() : std::string();
}

void put(Json& set, const char* tag, const char* vr, Json value) {
    set[tag] = {{"vr", vr}, {"Value", Json::array({std::move(value)})}};
}

bool complete_new(Json& set, Instant now) {
    bool is_modified = false;
    for (const Requirement& one : kRequirements) {
        require_vr(set, one);
        if (one.create == '1' && !has_value(set, one.tag)) refuse(one, "has no value");
        const bool is_empty = one.create == 'X' || one.create == 'E';
        if (is_empty && has_value(set, one.tag))
            refuse(one, "must have no value in a new work item");
        if ((one.create == '2' || one.create == 'E') && !set.contains(one.tag)) {
            set[one.tag] = {{"vr", one.vr}};
            is_modified = true;
        }
    }
    if (first_text(set, kState) != "SCHEDULED")
        throw Error(ErrorCode::kInvalidInput,
                    "Procedure Step State (0074,1000) of a new work item is SCHEDULED");
    check_values(set);
    // The provider fills it in where nobody has.
    if (!has_value(set, kWorklistLabel)) {
        put(set, kWorklistLabel, "LO", "LUCERNA");
        is_modified = true;
    }
    set.erase("00081195");
    put(set, kModified, "DT", date_time(now));
    return is_modified;
}

void apply_update(Json& set, const Json& update, Instant now) {
    for (const auto& [tag, element] : update.items()) {
        const auto* rule =
            std::find_if(std::begin(kRequirements), std::end(kRequirements),
                         [&key = tag](const Requirement& one) { return key == one.tag; });
        if (rule != std::end(kRequirements)) require_vr(update, *rule);
        const bool is_fixed = (rule != std::end(kRequirements) && rule->update == 'X') ||
                              tag == "00080016" || tag == "00080018";
        if (tag == "00081195") continue;
        if (is_fixed && (!set.contains(tag) || set[tag] != element))
            throw Error(ErrorCode::kInvalidInput, "(" + tag + ") cannot be changed by an update");
        const bool needs_value =
            rule != std::end(kRequirements) && (rule->create == '1' || tag == kWorklistLabel);
        if (needs_value && !has_value(update, tag.c_str())) refuse(*rule, "has no value");
        set[tag] = element;
    }
    check_values(set);
    put(set, kModified, "DT", date_time(now));
}

std::vector<std::string> missing_for_final(const Json& set, std::string_view state) {
    std::vector<std::string> missing;
    if (state != "COMPLETED") return missing;
    const Json item = has_value(set, kPerformed) ? set[kPerformed]["Value"].front() : Json();
    for (const auto& [tag, name] : kOfCompleted)
        if (!item.is_object() || !has_value(item, tag)) missing.emplace_back(name);
    if (!item.is_object() || !item.contains(kOutput))
        missing.emplace_back("Output Information Sequence (0040,4033)");
    return missing;
}

void note_cancellation(Json& set, const Json& reasons, Instant now) {
    Json item = has_value(set, kProgress) ? set[kProgress]["Value"].front() : Json::object();
    if (!item.is_object()) item = Json::object();
    if (!has_value(item, "00404052")) put(item, "00404052", "DT", date_time(now));
    for (const char* tag : {"00741238", kDiscontinuationReason})
        if (has_value(reasons, tag)) item[tag] = reasons[tag];
    if (!has_value(item, kDiscontinuationReason)) {
        Json code;
        put(code, "00080100", "SH", "110513");
        put(code, "00080102", "SH", "DCM");
        put(code, "00080104", "LO", "Discontinued for unspecified reason");
        put(item, kDiscontinuationReason, "SQ", std::move(code));
    }
    put(set, kProgress, "SQ", std::move(item));
    put(set, kModified, "DT", date_time(now));
}

StateOutcome may_update(const store::Workitem& item, const std::string& transaction_uid) {
    if (item.state == "SCHEDULED")
        return transaction_uid.empty() ? StateOutcome::kDone : StateOutcome::kNotClaimed;
    if (item.state != "IN PROGRESS") return StateOutcome::kInconsistent;
    if (transaction_uid.empty()) return StateOutcome::kUidMissing;
    return transaction_uid == item.transaction_uid ? StateOutcome::kDone
                                                   : StateOutcome::kUidIncorrect;
}

StateOutcome change_state(store::Workitem& item, const std::string& state,
                          const std::string& transaction_uid, Instant now) {
    // In the order of the table: the UID comes before the state in every row but this one.
    if (state == "SCHEDULED") return StateOutcome::kInconsistent;
    if (transaction_uid.empty()) return StateOutcome::kUidMissing;
    if (!item.transaction_uid.empty() && transaction_uid != item.transaction_uid)
        return StateOutcome::kUidIncorrect;
    const bool is_final = item.state == "COMPLETED" || item.state == "CANCELED";
    if (is_final)
        return item.state == state ? StateOutcome::kAlreadyThere : StateOutcome::kInconsistent;
    const bool starts = item.state == "SCHEDULED" && state == "IN PROGRESS";
    const bool ends = item.state == "IN PROGRESS" && state != "IN PROGRESS";
    if (!starts && !ends) return StateOutcome::kInconsistent;
    Json set = Json::parse(item.json);
    if (ends && !missing_for_final(set, state).empty()) return StateOutcome::kNotComplete;
    if (state == "CANCELED") note_cancellation(set, Json::object(), now);
    put(set, kState, "CS", state);
    put(set, kModified, "DT", date_time(now));
    item.transaction_uid = transaction_uid;
    item.state = state;
    item.json = set.dump();
    return StateOutcome::kDone;
}

}  // namespace lucerna::retrieve
