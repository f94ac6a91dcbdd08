#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lucerna::hl7 {

/// What parts a message, as its MSH-1 and MSH-2 say (HL7 v2.5.1 2.5.4).
struct Delimiters {
    char field = '|';
    char component = '^';
    char repetition = '~';
    /// '\0' where the message has none.
    char escape = '\\';
    char subcomponent = '&';
};

/// A place in a message, counted from 1 as HL7 counts; 0 where it is not meant that finely.
struct Place {
    std::string segment;
    /// Which of the segments of that name.
    int occurrence = 1;
    int field = 0;
    int component = 0;
};

/// HL7 table 0357.
enum class FaultCode {
    kSegmentSequence = 100,
    kRequiredFieldMissing = 101,
    kDataType = 102,
    kTableValue = 103,
    kUnsupportedMessageType = 200,
    kUnsupportedEvent = 201,
    kUnsupportedProcessingId = 202,
    kUnsupportedVersion = 203,
    kUnknownKey = 204,
    kDuplicateKey = 205,
    kRecordLocked = 206,
    kInternal = 207,
};
/// "Required field missing".
[[nodiscard]] std::string_view words_of(FaultCode code);

/// What is wrong with a message, and where.
struct Fault {
    Place place;
    FaultCode code = FaultCode::kDataType;
    /// Free of patient identifiers.
    std::string why;
};

[[nodiscard]] Fault fault_at(const Place& place, FaultCode code, std::string_view why);

/// Where in a field.
struct At {
    int component = 1;
    int subcomponent = 1;
    int repetition = 1;
};

/// One segment. What is absent reads as empty.
class Segment {
  public:
    Segment(std::string line, Delimiters delimiters, int occurrence);

    [[nodiscard]] std::string_view name() const;
    [[nodiscard]] int occurrence() const { return occurrence_; }
    [[nodiscard]] const Delimiters& delimiters() const { return delimiters_; }
    /// As sent. MSH-1 is the field separator itself.
    [[nodiscard]] std::string_view raw(int field) const;
    /// 0 where the field is empty.
    [[nodiscard]] int repetitions(int field) const;
    /// Without escapes and blanks at its ends; line breaks are line feeds. The null value, two
    /// quotation marks, is empty, too.
    [[nodiscard]] std::string text(int field, At at = {}) const;

  private:
    std::string line_;
    Delimiters delimiters_;
    int occurrence_;
};

struct MessageLimits {
    std::size_t max_segments = 1000;
    /// Of one field. Whoever reads them all walks the field once for each.
    std::size_t max_repetitions = 64;
};

/// A message taken apart into its segments, MSH first.
class Message {
  public:
    /// `text` is UTF-8; segments end in CR, LF or both. A fault where it does not begin with an MSH
    /// that says how it is delimited, where a segment has no name, or where there is more than
    /// `limits` allows.
    [[nodiscard]] static std::variant<Message, Fault> parse(std::string_view text,
                                                            const MessageLimits& limits = {});

    [[nodiscard]] const std::vector<Segment>& segments() const { return segments_; }
    [[nodiscard]] const Segment& header() const { return segments_.front(); }
    /// The first of that name, or null.
    [[nodiscard]] const Segment* find(std::string_view name) const;

  private:
    std::vector<Segment> segments_;
};

/// MSH-18 of a message that has not been converted to UTF-8 yet, as sent; empty where there is
/// none. Of more than MessageLimits allows only one more than that.
[[nodiscard]] std::vector<std::string> character_sets_of(std::string_view message);

/// With bytes beyond ASCII in place of escape sequences for them: they are of the message's own
/// character set (HL7 v2.5.1 2.7.7), so before it is converted.
[[nodiscard]] std::string with_bytes_of_escapes(std::string_view message);

/// Without escape sequences (HL7 v2.5.1 2.7): delimiters, line breaks and hexadecimal data; what
/// asks for highlighting is dropped. One that is not known stays as it is, escape characters and
/// all.
[[nodiscard]] std::string unescaped(std::string_view text, const Delimiters& delimiters);
/// The other way.
[[nodiscard]] std::string escaped(std::string_view text, const Delimiters& delimiters);

}  // namespace lucerna::hl7
