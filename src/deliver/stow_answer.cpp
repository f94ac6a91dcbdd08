#include "deliver/stow_answer.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "dicom/dimse_status.h"
#include "dicom/native_model.h"

namespace lucerna::deliver {
namespace {

using dicom::StatusKind;
using nlohmann::json;

constexpr const char* kReferencedSopSequence = "00081199";
constexpr const char* kFailedSopSequence = "00081198";
constexpr const char* kOtherFailuresSequence = "0008119A";
constexpr const char* kReferencedSopInstanceUid = "00081155";
constexpr const char* kWarningReason = "00081196";
constexpr const char* kFailureReason = "00081197";

/// Of an attribute of a DICOM JSON object (PS3.18 F.2); nothing where it is absent.
const json* first_value(const json& object, const char* tag) {
    const auto found = object.find(tag);
    if (found == object.end() || !found->is_object()) return nullptr;
    const auto values = found->find("Value");
    if (values == found->end() || !values->is_array() || values->empty()) return nullptr;
    return &values->front();
}

/// The item of a sequence that tells of this object.
const json* item_about(const json& answer, const char* sequence, const std::string& uid) {
    const auto found = answer.find(sequence);
    if (found == answer.end() || !found->is_object() || !found->contains("Value")) return nullptr;
    for (const json& item : (*found)["Value"]) {
        if (!item.is_object()) continue;
        const json* const named = first_value(item, kReferencedSopInstanceUid);
        if (named != nullptr && named->is_string() && *named == json(uid)) return &item;
    }
    return nullptr;
}

std::optional<std::uint16_t> status_in(const json& item, const char* tag) {
    const json* const value = first_value(item, tag);
    if (value == nullptr || !value->is_number()) return {};
    const auto number = value->get<double>();
    if (!(number >= 0 && number <= 0xFFFF)) return {};
    return static_cast<std::uint16_t>(number);
}

/// Attributes and nothing else (PS3.18 F.2): an object of errors of a service is none.
bool is_dicom_json(const json& answer) {
    if (!answer.is_object()) return false;
    return std::all_of(answer.items().begin(), answer.items().end(), [](const auto& member) {
        return member.key().size() == 8 &&
               member.key().find_first_not_of("0123456789ABCDEFabcdef") == std::string::npos;
    });
}

/// As JSON or, which a service may answer with whatever was asked for, as XML; nothing of what is
/// neither.
std::optional<json> model_of(const std::string& body) {
    if (body.find("<NativeDicomModel") != std::string::npos) try {
            return dicom::from_native_xml(body);
        } catch (const Error&) {
            return {};
        }
    json answer = json::parse(body, nullptr, false);
    if (!is_dicom_json(answer)) return {};
    return answer;
}

/// Null where the sequence is not there, or says nothing.
const json* items_of(const json& answer, const char* sequence) {
    const auto found = answer.find(sequence);
    if (found == answer.end()) return nullptr;
    if (!found->is_object()) return &*found;
    const auto values = found->find("Value");
    return values == found->end() || values->empty() ? nullptr : &*values;
}

/// Among the failed, whatever the reason says: it is not stored.
dicom::SendOutcome refused(const json& item) {
    const std::uint16_t reason =
        status_in(item, kFailureReason).value_or(dicom::status::kProcessingFailure);
    StatusKind kind = dicom::kind_of(reason);
    if (kind == StatusKind::kSuccess || kind == StatusKind::kWarning)
        kind = StatusKind::kPermanentFailure;
    return {kind, reason, "the service answers with " + dicom::describe_status(reason)};
}

dicom::SendOutcome taken(const json& item) {
    const auto warning = status_in(item, kWarningReason);
    if (!warning) return {StatusKind::kSuccess, dicom::status::kSuccess, ""};
    return {StatusKind::kWarning, *warning, "stored, with " + dicom::describe_status(*warning)};
}

dicom::SendOutcome not_now(const std::string& why) {
    return {StatusKind::kTransientFailure, dicom::status::kProcessingFailure, why};
}

/// Of an answer that does not name the one object which it is about.
dicom::SendOutcome outcome_without_name(const json& answer) {
    for (const char* const sequence : {kFailedSopSequence, kOtherFailuresSequence}) {
        const json* const items = items_of(answer, sequence);
        if (items == nullptr) continue;
        const bool names_none = items->is_array() && items->front().is_object() &&
                                !items->front().contains(kReferencedSopInstanceUid);
        return names_none ? refused(items->front())
                          : not_now("the service answers 200 with a failure of something else");
    }
    if (items_of(answer, kReferencedSopSequence) != nullptr)
        return not_now("the service answers 200 and names other objects than the one it was sent");
    return {StatusKind::kSuccess, dicom::status::kSuccess, ""};
}

bool is_for_good(long http_status) {
    switch (http_status) {
        // Tokens and configurations are mended; a conflict may be a lock.
        case 401:
        case 403:
        case 407:
        case 408:
        case 409:
        case 429:
            return false;
        default:
            return http_status >= 400 && http_status < 500;
    }
}

}  // namespace

dicom::SendOutcome stow_outcome(long http_status, const std::string& body, const std::string& uid) {
    const std::optional<json> answer = model_of(body);
    if (answer) {
        if (const json* failed = item_about(*answer, kFailedSopSequence, uid))
            return refused(*failed);
        const json* const stored = item_about(*answer, kReferencedSopSequence, uid);
        if (stored != nullptr && http_status < 300) return taken(*stored);
        if (http_status == 200) return outcome_without_name(*answer);
    }
    if (http_status == 200 && body.empty())
        return {StatusKind::kSuccess, dicom::status::kSuccess, ""};
    if (http_status == 200)
        return not_now(
            "the service answers 200 with what is no answer to STOW-RS: a page, perhaps");
    return {
        is_for_good(http_status) ? StatusKind::kPermanentFailure : StatusKind::kTransientFailure,
        dicom::status::kProcessingFailure,
        "the service answers with HTTP status " + std::to_string(http_status)};
}

}  // namespace lucerna::deliver
