#include "hl7/message.h"

#include <algorithm>
#include <map>
#include <optional>

namespace lucerna::hl7 {
namespace {

bool is_name(std::string_view text) {
    return text.size() == 3 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
           });
}

/// Part `number`, from 1, between separators.
std::string_view part(std::string_view text, char separator, int number) {
    for (int i = 1; i < number; ++i) {
        const std::size_t end = text.find(separator);
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    return text.substr(0, text.find(separator));
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\n";
    const std::size_t begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

/// MSH-1 and MSH-2; empty where they delimit nothing.
std::optional<Delimiters> delimiters_of(std::string_view header) {
    if (!header.starts_with("MSH") || header.size() < 5) return {};
    Delimiters delimiters;
    delimiters.field = header[3];
    const std::string_view encoding = part(header.substr(4), delimiters.field, 1);
    if (encoding.empty()) return {};
    delimiters.component = encoding[0];
    delimiters.repetition = encoding.size() > 1 ? encoding[1] : '\0';
    delimiters.escape = encoding.size() > 2 ? encoding[2] : '\0';
    delimiters.subcomponent = encoding.size() > 3 ? encoding[3] : '\0';
    const std::string all = std::string(1, delimiters.field) + std::string(encoding);
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto byte = static_cast<unsigned char>(all[i]);
        const bool is_letter = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                               (byte >= '0' && byte <= '9');
        if (byte <= ' ' || byte > '~' || is_letter || all.find(all[i], i + 1) != std::string::npos)
            return {};
    }
    return delimiters;
}

std::string_view first_line(std::string_view message) {
    return message.substr(0, message.find_first_of("\r\n"));
}

/// The first field of more than `most` repetitions; each byte is looked at once.
std::optional<int> overlong_field(std::string_view line, const Delimiters& delimiters,
                                  std::size_t most) {
    if (delimiters.repetition == '\0') return {};
    // MSH-1 is the separator itself, MSH-2 the delimiters.
    const bool is_header = line.starts_with("MSH");
    int field = is_header ? 1 : 0;
    std::size_t repetitions = 1;
    for (const char c : line) {
        if (c == delimiters.field) {
            ++field;
            repetitions = 1;
        } else if (c == delimiters.repetition && ++repetitions > most && !(is_header && field == 2))
            return field;
    }
    return {};
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/// The bytes of "X0D0A"; nothing of another sequence.
std::optional<std::string> bytes_of(std::string_view sequence) {
    if (!sequence.starts_with('X') || sequence.size() % 2 == 0 || sequence.size() == 1) return {};
    std::string bytes;
    for (std::size_t at = 1; at < sequence.size(); at += 2) {
        const int high = digit_of(sequence[at]), low = digit_of(sequence[at + 1]);
        if (high < 0 || low < 0) return {};
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

/// What an escape sequence, without its two escape characters, stands for; nothing of one that
/// nobody here knows.
std::optional<std::string> meaning_of(std::string_view sequence, const Delimiters& delimiters) {
    if (sequence == "F") return std::string{delimiters.field};
    if (sequence == "S") return std::string{delimiters.component};
    if (sequence == "R") return std::string{delimiters.repetition};
    if (sequence == "E") return std::string{delimiters.escape};
    if (sequence == "T") return std::string{delimiters.subcomponent};
    if (sequence == ".br" || sequence.starts_with(".sp")) return "\n";
    // Highlighting begins and ends.
    if (sequence == "H" || sequence == "N") return "";
    const auto bytes = bytes_of(sequence);
    if (!bytes) return {};
    std::string meaning;
    for (const char byte : *bytes) {
        if (byte == '\r' || byte == '\n')
            meaning += '\n';
        else if (byte >= ' ' && byte < 0x7F)
            meaning += byte;
        else
            return {};
    }
    return meaning;
}

}  // namespace

std::string_view words_of(FaultCode code) {
    switch (code) {
        case FaultCode::kSegmentSequence:
            return "Segment sequence error";
        case FaultCode::kRequiredFieldMissing:
            return "Required field missing";
        case FaultCode::kDataType:
            return "Data type error";
        case FaultCode::kTableValue:
            return "Table value not found";
        case FaultCode::kUnsupportedMessageType:
            return "Unsupported message type";
        case FaultCode::kUnsupportedEvent:
            return "Unsupported event code";
        case FaultCode::kUnsupportedProcessingId:
            return "Unsupported processing id";
        case FaultCode::kUnsupportedVersion:
            return "Unsupported version id";
        case FaultCode::kUnknownKey:
            return "Unknown key identifier";
        case FaultCode::kDuplicateKey:
            return "Duplicate key identifier";
        case FaultCode::kRecordLocked:
            return "Application record locked";
        case FaultCode::kInternal:
            break;
    }
    return "Application internal error";
}

Fault fault_at(const Place& place, FaultCode code, std::string_view why) {
    Fault fault;
    fault.place = place;
    fault.code = code;
    fault.why = why;
    return fault;
}

Segment::Segment(std::string line, Delimiters delimiters, int occurrence)
    : line_(std::move(line)), delimiters_(delimiters), occurrence_(occurrence) {}

std::string_view Segment::name() const {
    return std::string_view(line_).substr(0, 3);
}

std::string_view Segment::raw(int field) const {
    const std::string_view line = line_;
    if (name() != "MSH") return part(line, delimiters_.field, field + 1);
    return field == 1 ? line.substr(3, 1) : part(line, delimiters_.field, field);
}

int Segment::repetitions(int field) const {
    const std::string_view text = raw(field);
    if (text.empty()) return 0;
    if (delimiters_.repetition == '\0' || (name() == "MSH" && field <= 2)) return 1;
    return 1 + static_cast<int>(std::count(text.begin(), text.end(), delimiters_.repetition));
}

std::string Segment::text(int field, At at) const {
    std::string_view text = raw(field);
    if (name() == "MSH" && field <= 2) return std::string(text);
    const auto narrow = [&](char separator, int number) {
        if (separator != '\0')
            text = part(text, separator, number);
        else if (number > 1)
            text = {};
    };
    narrow(delimiters_.repetition, at.repetition);
    narrow(delimiters_.component, at.component);
    narrow(delimiters_.subcomponent, at.subcomponent);
    if (text == "\"\"") return {};
    return std::string(trimmed(unescaped(text, delimiters_)));
}

std::variant<Message, Fault> Message::parse(std::string_view text, const MessageLimits& limits) {
    const std::optional<Delimiters> delimiters = delimiters_of(first_line(text));
    Place place;
    place.segment = "MSH";
    if (!delimiters)
        return fault_at(place, FaultCode::kSegmentSequence,
                        "the message does not begin with MSH and its delimiters");
    Message message;
    std::map<std::string, int, std::less<>> occurrences;
    while (!text.empty()) {
        const std::string_view line = first_line(text);
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (trimmed(line).empty()) continue;
        const std::string_view name = line.substr(0, 3);
        if (!is_name(name) || (line.size() > 3 && line[3] != delimiters->field))
            return fault_at(place, FaultCode::kSegmentSequence,
                            "segment " + std::to_string(message.segments_.size() + 1) +
                                " of the message has no name");
        if (message.segments_.size() == limits.max_segments)
            return fault_at(
                place, FaultCode::kInternal,
                "the message has more than " + std::to_string(limits.max_segments) + " segments");
        const int occurrence = ++occurrences[std::string(name)];
        if (const auto field = overlong_field(line, *delimiters, limits.max_repetitions))
            return fault_at(
                {std::string(name), occurrence, *field, 0}, FaultCode::kDataType,
                "a field of more than " + std::to_string(limits.max_repetitions) + " repetitions");
        message.segments_.emplace_back(std::string(line), *delimiters, occurrence);
    }
    return message;
}

const Segment* Message::find(std::string_view name) const {
    for (const Segment& segment : segments_)
        if (segment.name() == name) return &segment;
    return nullptr;
}

std::vector<std::string> character_sets_of(std::string_view message) {
    const std::string_view line = first_line(message);
    const std::optional<Delimiters> delimiters = delimiters_of(line);
    if (!delimiters) return {};
    const Segment header(std::string(line), *delimiters, 1);
    std::vector<std::string> sets;
    const int most = static_cast<int>(MessageLimits{}.max_repetitions) + 1;
    const int count = std::min(header.repetitions(18), most);
    for (int i = 1; i <= count; ++i) sets.push_back(header.text(18, {1, 1, i}));
    return sets;
}

std::string with_bytes_of_escapes(std::string_view message) {
    // MSH, the field separator, and three delimiters before it (HL7 v2.5.1 2.5.4).
    constexpr std::size_t kEscape = 6;
    std::string plain;
    if (message.size() <= kEscape) return std::string(message);
    const char escape = message[kEscape];
    while (!message.empty()) {
        const std::size_t begin = message.find(escape);
        const std::size_t end =
            begin == std::string_view::npos ? begin : message.find(escape, begin + 1);
        if (end == std::string_view::npos) break;
        const auto bytes = bytes_of(message.substr(begin + 1, end - begin - 1));
        const bool is_of_text = bytes && std::all_of(bytes->begin(), bytes->end(), [](char byte) {
                                    return static_cast<unsigned char>(byte) >= 0x80;
                                });
        plain += message.substr(0, begin);
        plain += is_of_text ? *bytes : std::string(message.substr(begin, end - begin));
        message.remove_prefix(is_of_text ? end + 1 : end);
    }
    plain += message;
    return plain;
}

std::string unescaped(std::string_view text, const Delimiters& delimiters) {
    std::string plain;
    plain.reserve(text.size());
    while (!text.empty()) {
        const std::size_t begin =
            delimiters.escape == '\0' ? std::string_view::npos : text.find(delimiters.escape);
        const std::size_t end =
            begin == std::string_view::npos ? begin : text.find(delimiters.escape, begin + 1);
        // One that does not end is no escape: it is left as it is.
        if (end == std::string_view::npos) {
            plain += text;
            break;
        }
        plain += text.substr(0, begin);
        if (const auto meaning = meaning_of(text.substr(begin + 1, end - begin - 1), delimiters)) {
            plain += *meaning;
            text.remove_prefix(end + 1);
        } else {
            // Without it a text would be another. What ends it may begin the next.
            plain += text.substr(begin, end - begin);
            text.remove_prefix(end);
        }
    }
    return plain;
}

std::string escaped(std::string_view text, const Delimiters& delimiters) {
    const std::pair<char, char> kEscapes[] = {{delimiters.field, 'F'},
                                              {delimiters.component, 'S'},
                                              {delimiters.repetition, 'R'},
                                              {delimiters.escape, 'E'},
                                              {delimiters.subcomponent, 'T'}};
    std::string out;
    for (const char c : text) {
        const auto* found = std::find_if(std::begin(kEscapes), std::end(kEscapes),
                                         [&](const auto& one) { return one.first == c; });
        if (static_cast<unsigned char>(c) < ' ')
            out += ' ';
        else if (found == std::end(kEscapes))
            out += c;
        else if (delimiters.escape == '\0')
            out += ' ';
        else
            out.append({delimiters.escape, found->second, delimiters.escape});
    }
    return out;
}

}  // namespace lucerna::hl7
