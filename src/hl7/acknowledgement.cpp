#include "hl7/acknowledgement.h"

#include <algorithm>
#include <vector>

namespace lucerna::hl7 {
namespace {

std::string joined(std::string_view name, const std::vector<std::string>& fields, char separator) {
    std::string segment(name);
    for (const std::string& field : fields) segment += separator + field;
    return segment + "\r";
}

/// "PID^1^3": what is 0 is left out, with all behind it.
std::string location(const Place& place, char separator) {
    std::string text = place.segment + separator + std::to_string(place.occurrence);
    if (place.field == 0) return text;
    text += separator + std::to_string(place.field);
    // ERL-4: the first repetition is meant.
    if (place.component != 0)
        text += separator + ("1" + (separator + std::to_string(place.component)));
    return text;
}

/// As versions before 2.5 have it: segment, sequence, field, code.
std::string old_location(const Fault& fault, const Delimiters& d) {
    std::string text = fault.place.segment + d.component + std::to_string(fault.place.occurrence);
    text += d.component + std::to_string(fault.place.field) + d.component;
    text += std::to_string(static_cast<int>(fault.code));
    if (d.subcomponent == '\0') return text;
    return text + d.subcomponent + escaped(words_of(fault.code), d) + d.subcomponent + "HL70357";
}

std::string error_segment(const Fault& fault, const Delimiters& d) {
    std::string code = std::to_string(static_cast<int>(fault.code)) + d.component;
    code += escaped(words_of(fault.code), d) + d.component + "HL70357";
    return joined("ERR",
                  {old_location(fault, d), location(fault.place, d.component), code, "E", "", "",
                   "", escaped(fault.why, d)},
                  d.field);
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string timestamp(Instant now) {
    return to_dicom_date(now) + to_dicom_time(now).substr(0, 6) + "+0000";
}

}  // namespace

std::string_view code_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::kAccept:
            return "AA";
        case Verdict::kError:
            return "AE";
        case Verdict::kReject:
            break;
    }
    return "AR";
}

std::string acknowledgement(const Segment* header, Verdict verdict,
                            const std::optional<Fault>& fault, Instant now,
                            std::string_view control_id) {
    const Delimiters d = header != nullptr ? header->delimiters() : Delimiters{};
    const auto sent = [&](int field) {
        return header != nullptr ? std::string(header->raw(field)) : std::string();
    };
    std::string type = "ACK";
    const std::string event = header != nullptr ? header->text(9, {2, 1, 1}) : "";
    if (!event.empty()) type += d.component + escaped(event, d) + d.component + "ACK";
    const std::string encoding =
        header != nullptr ? sent(2)
                          : std::string{d.component, d.repetition, d.escape, d.subcomponent};
    // What is sent back of the message has become UTF-8.
    const std::string repeated = sent(5) + sent(6) + sent(3) + sent(4) + sent(10) + event;
    // One that is not known is not claimed for the answer.
    const bool is_unknown = fault && fault->place.segment == "MSH" && fault->place.field == 18;
    const std::string character_set = !is_ascii(repeated) ? "UNICODE UTF-8"
                                      : is_unknown        ? ""
                                                          : sent(18);
    std::string text =
        joined("MSH",
               {encoding, sent(5), sent(6), sent(3), sent(4), timestamp(now), "", type,
                std::string(control_id), sent(11).empty() ? "P" : sent(11),
                sent(12).empty() ? "2.5.1" : sent(12), "", "", "", "", "", character_set},
               d.field);
    text += joined("MSA",
                   {std::string(code_of(verdict)), sent(10),
                    fault ? escaped(words_of(fault->code), d) : std::string()},
                   d.field);
    if (fault) text += error_segment(*fault, d);
    return text;
}

}  // namespace lucerna::hl7
