#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/memory_budget.h"
#include "base/random.h"
#include "dicom/charset.h"
#include "dicom/decoding_memory.h"
#include "hl7/acknowledgement.h"
#include "receive/hl7_orders.h"

namespace lucerna::receive {
namespace {

using hl7::Fault;
using hl7::FaultCode;
using hl7::Verdict;

/// MSH-18 (table 0211) as DICOM's defined terms (PS3.3 C.12.1.1.2): as the first set, and beside
/// another one.
struct CharacterSetRow {
    std::string_view hl7;
    std::string_view alone;
    std::string_view beside;
};
constexpr CharacterSetRow kCharacterSets[] = {
    {"", "", ""},
    {"ASCII", "ISO_IR 6", "ISO 2022 IR 6"},
    {"8859/1", "ISO_IR 100", "ISO 2022 IR 100"},
    {"8859/2", "ISO_IR 101", "ISO 2022 IR 101"},
    {"8859/3", "ISO_IR 109", "ISO 2022 IR 109"},
    {"8859/4", "ISO_IR 110", "ISO 2022 IR 110"},
    {"8859/5", "ISO_IR 144", "ISO 2022 IR 144"},
    {"8859/6", "ISO_IR 127", "ISO 2022 IR 127"},
    {"8859/7", "ISO_IR 126", "ISO 2022 IR 126"},
    {"8859/8", "ISO_IR 138", "ISO 2022 IR 138"},
    {"8859/9", "ISO_IR 148", "ISO 2022 IR 148"},
    {"8859/15", "ISO_IR 203", "ISO 2022 IR 203"},
    {"ISO IR14", "ISO_IR 13", "ISO 2022 IR 13"},
    {"ISO IR87", "\\ISO 2022 IR 87", "ISO 2022 IR 87"},
    {"ISO IR159", "\\ISO 2022 IR 159", "ISO 2022 IR 159"},
    {"GB 18030-2000", "GB18030", ""},
    {"UNICODE UTF-8", "ISO_IR 192", ""},
    {"UTF-8", "ISO_IR 192", ""},
};

const CharacterSetRow* row_of(std::string_view name) {
    for (const CharacterSetRow& row : kCharacterSets)
        if (row.hl7 == name) return &row;
    return nullptr;
}

Verdict verdict_of(FaultCode code) {
    switch (code) {
        case FaultCode::kUnsupportedMessageType:
        case FaultCode::kUnsupportedEvent:
        case FaultCode::kUnsupportedProcessingId:
        case FaultCode::kUnsupportedVersion:
        case FaultCode::kInternal:
            return Verdict::kReject;
        default:
            return Verdict::kError;
    }
}

hl7::Place header_place(int field, int component) {
    hl7::Place place;
    place.segment = "MSH";
    place.field = field;
    place.component = component;
    return place;
}

constexpr std::pair<std::string_view, std::string_view> kMessages[] = {
    {"ORM", "O01"}, {"OMI", "O23"}, {"OMG", "O19"}};

/// Null for a type that is not taken.
const std::pair<std::string_view, std::string_view>* message_of(std::string_view type) {
    const auto* const known = std::find_if(std::begin(kMessages), std::end(kMessages),
                                           [&](const auto& one) { return one.first == type; });
    return known == std::end(kMessages) ? nullptr : known;
}

/// Nobody waits for an answer to an answer: two such ends would go on for ever.
bool is_answer(const hl7::Message& message) {
    const std::string type = message.header().text(9);
    return type == "ACK" || (message_of(type) == nullptr && message.find("MSA") != nullptr);
}

/// What this desk takes at all (HL7 v2.5.1 2.9.2.2).
std::optional<Fault> reason_to_reject(const hl7::Segment& header) {
    const std::string type = header.text(9), event = header.text(9, {2, 1, 1});
    const auto* const known = message_of(type);
    if (known == nullptr)
        return hl7::fault_at(header_place(9, 1), FaultCode::kUnsupportedMessageType,
                             "only ORM, OMI and OMG are taken");
    if (!event.empty() && event != known->second)
        return hl7::fault_at(header_place(9, 2), FaultCode::kUnsupportedEvent,
                             "only ORM^O01, OMI^O23 and OMG^O19 are taken");
    const std::string processing = header.text(11);
    if (!processing.empty() && processing != "P")
        return hl7::fault_at(header_place(11, 1), FaultCode::kUnsupportedProcessingId,
                             "only what is for production (P) is taken");
    const std::string version = header.text(12);
    if (!version.empty() && !version.starts_with("2."))
        return hl7::fault_at(header_place(12, 1), FaultCode::kUnsupportedVersion,
                             "only versions 2.x are taken");
    return {};
}

/// Which message an answer is about stands in MSA-2, which repeats MSH-10 (HL7 v2.5.1 2.14.9.10).
std::optional<Fault> reason_not_to_answer_for(const hl7::Segment& header) {
    if (!header.text(10).empty()) return {};
    return hl7::fault_at(header_place(10, 0), FaultCode::kRequiredFieldMissing,
                         "MSH-10, the message control ID, is missing");
}

/// Of MSH, all of whose fields an answer may repeat.
constexpr std::size_t kMostHeaderBytes = 8 * 1024;
/// Smaller ones come to little, as many as there may be connections.
constexpr std::size_t kFreely = 64 * 1024;
/// Of a message's bytes, what they take as text, of three bytes for one where it is Japanese, as
/// segments, and as what was in their fields.
constexpr std::size_t kTimesItsBytes = 16;

/// Until the message has been answered.
MemoryBudget::Share room_for(const std::string& bytes) {
    if (bytes.size() <= kFreely) return {};
    MemoryBudget& memory = dicom::parsing_memory();
    return memory.take(std::min(kTimesItsBytes * bytes.size(), memory.limit()),
                       "an HL7 message of so many bytes");
}

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// What it says, UTF-8, is what is read where MSH-18 says nothing.
std::string_view without_mark(std::string_view message) {
    if (message.starts_with(kByteOrderMark)) message.remove_prefix(kByteOrderMark.size());
    return message;
}

/// What can be told of a message in an unknown character set.
std::string ascii_of(std::string_view message) {
    std::string text(message);
    for (char& c : text)
        if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    return text;
}

std::string_view header_of(std::string_view message) {
    return message.substr(0, message.find_first_of("\r\n"));
}

/// Of a message that cannot be read as a whole, so that its answer names it.
std::optional<hl7::Message> header_alone(std::string_view text) {
    auto parsed =
        hl7::Message::parse(header_of(text), {.max_segments = 1, .max_repetitions = text.size()});
    if (auto* message = std::get_if<hl7::Message>(&parsed)) return std::move(*message);
    return {};
}

Fault fault_from(const exam::OrderRefusal& refusal, const Hl7Orders& orders) {
    hl7::Place place;
    place.segment = "ORC";
    place.occurrence = orders.orc.at(refusal.request);
    FaultCode code = FaultCode::kDataType;
    if (refusal.code == ErrorCode::kNotFound) {
        place.field = 2;
        code = FaultCode::kUnknownKey;
    } else if (refusal.code == ErrorCode::kConflict) {
        place.field = refusal.is_number_taken ? 2 : 1;
        code = refusal.is_number_taken ? FaultCode::kDuplicateKey : FaultCode::kRecordLocked;
    }
    return hl7::fault_at(place, code, refusal.why);
}

/// What is said of a message: nothing where its orders are taken.
std::optional<Fault> taken(OrderSink& sink, const hl7::Message& message,
                           const OrderDefaults& defaults, const std::string& peer, Instant now) {
    if (auto reason = reason_to_reject(message.header())) return reason;
    if (auto reason = reason_not_to_answer_for(message.header())) return reason;
    std::string today = to_rfc3339(now).substr(0, std::string_view("2026-03-01").size());
    std::erase(today, '-');
    auto read = orders_in(message, defaults, std::move(today));
    if (auto* fault = std::get_if<Fault>(&read)) return std::move(*fault);
    const auto& orders = std::get<Hl7Orders>(read);
    try {
        const exam::OrderOutcomes outcomes = sink.take(orders.requests);
        if (const auto* refusal = std::get_if<exam::OrderRefusal>(&outcomes))
            return fault_from(*refusal, orders);
        for (const exam::OrderOutcome& outcome : std::get<0>(outcomes))
            log_event(LogLevel::kInfo, "orders.taken",
                      {{"protocol", "hl7"},
                       {"sender", peer},
                       {"order", outcome.name},
                       {"fate", exam::name_of(outcome.fate)}});
        return {};
    } catch (const Error& error) {
        log_event(LogLevel::kError, "orders.failed",
                  {{"protocol", "hl7"}, {"sender", peer}, {"why", error.what()}});
        return hl7::fault_at(header_place(0, 0), FaultCode::kInternal,
                             "the orders could not be kept");
    }
}

/// In UTF-8. Where a message is to be that already, a field that is not is taken for ISO 8859-1 by
/// itself: what is broken in a comment is no reason to take names for something else. Other sets
/// are read as a whole, as some have delimiters within their letters.
std::string text_of(const std::string& message, const std::string& sets) {
    constexpr std::string_view kDelimiters = "|^~&\r\n";
    if ((!sets.empty() && sets != "ISO_IR 192") || dicom::is_utf8(message))
        return dicom::to_utf8(message, sets, kDelimiters);
    std::string text;
    const std::array ends{message.size() > 3 ? message[3] : '|', '\r'};
    for (std::size_t at = 0; at < message.size();) {
        const std::size_t end =
            std::min(message.find_first_of(ends.data(), at, ends.size()), message.size() - 1) + 1;
        text += dicom::to_utf8(std::string_view(message).substr(at, end - at), sets, kDelimiters);
        at = end;
    }
    return text;
}

}  // namespace

std::variant<std::string, Fault> message_text(const std::string& bytes) {
    const std::string_view message = without_mark(bytes);
    std::string sets;
    const std::vector<std::string> names = hl7::character_sets_of(message);
    if (names.size() > hl7::MessageLimits{}.max_repetitions)
        return hl7::fault_at(header_place(18, 0), FaultCode::kDataType,
                             "more character sets than a field may have repetitions");
    for (std::size_t i = 0; i < names.size(); ++i) {
        const CharacterSetRow* const row = row_of(names[i]);
        if (row == nullptr)
            return hl7::fault_at(header_place(18, 0), FaultCode::kTableValue,
                                 "a character set that is not known");
        if (names.size() == 1)
            sets = row->alone;
        else
            sets += (i == 0 ? "" : "\\") + std::string(row->beside);
    }
    return text_of(hl7::with_bytes_of_escapes(message), sets);
}

std::optional<std::string> Hl7Desk::answer(const std::string& bytes, const std::string& peer) {
    MemoryBudget::Share room;
    try {
        room = room_for(bytes);
    } catch (const Error& error) {
        log_event(LogLevel::kWarning, "orders.no-memory",
                  {{"protocol", "hl7"}, {"sender", peer}, {"why", error.what()}});
        const auto header =
            header_alone(ascii_of(header_of(without_mark(bytes)).substr(0, kMostHeaderBytes)));
        return hl7::acknowledgement(
            header ? &header->header() : nullptr, Verdict::kReject,
            hl7::fault_at(header_place(0, 0), FaultCode::kInternal, "no memory for it now"),
            clock_.now(), random_hex(8));
    }
    std::optional<Fault> fault;
    std::optional<hl7::Message> message;
    auto text = message_text(bytes);
    // The header of one in an unknown character set still says whom to answer.
    const std::string readable = std::holds_alternative<std::string>(text)
                                     ? std::get<std::string>(std::move(text))
                                     : ascii_of(without_mark(bytes));
    auto parsed = hl7::Message::parse(readable);
    if (auto* parsed_message = std::get_if<hl7::Message>(&parsed)) {
        message = std::move(*parsed_message);
    } else {
        fault = std::get<Fault>(std::move(parsed));
        message = header_alone(readable);
    }
    if (header_of(readable).size() > kMostHeaderBytes) {
        fault = hl7::fault_at(header_place(0, 0), FaultCode::kDataType, "MSH is too long");
        message.reset();
    }
    if (message && is_answer(*message)) {
        log_event(LogLevel::kWarning, "orders.answer-passed-over",
                  {{"protocol", "hl7"}, {"sender", peer}});
        return std::nullopt;
    }
    if (auto* unknown = std::get_if<Fault>(&text); unknown != nullptr && message)
        fault = std::move(*unknown);
    if (!fault) fault = taken(sink_, *message, defaults_, peer, clock_.now());
    const Verdict verdict = fault ? verdict_of(fault->code) : Verdict::kAccept;
    if (fault)
        log_event(LogLevel::kWarning, "orders.refused",
                  {{"protocol", "hl7"},
                   {"sender", peer},
                   {"answer", hl7::code_of(verdict)},
                   {"segment", fault->place.segment},
                   {"field", fault->place.field},
                   {"why", fault->why}});
    return hl7::acknowledgement(message ? &message->header() : nullptr, verdict, fault,
                                clock_.now(), random_hex(8));
}

}  // namespace lucerna::receive
