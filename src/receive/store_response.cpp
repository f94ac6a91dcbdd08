#include "receive/store_response.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "dicom/native_model.h"
#include "http/answer_memory.h"
#include "http/media_type.h"
#include "http/multipart_writer.h"

namespace lucerna::receive {
namespace {

constexpr std::string_view kXml = "application/dicom+xml";
constexpr std::string_view kXmlInParts = "multipart/related; type=\"application/dicom+xml\"";

std::string attribute(const char* tag, const char* vr, const std::string& value) {
    return "\"" + std::string(tag) + "\":{\"vr\":\"" + vr + "\"" +
           (value.empty() ? "" : ",\"Value\":[" + value + "]") + "}";
}

std::string text_attribute(const char* tag, const char* vr, const std::string& text) {
    return attribute(tag, vr, text.empty() ? "" : json_quoted(text));
}

std::string sop(const Outcome& outcome) {
    return text_attribute("00081150", "UI", outcome.sop_class_uid) + "," +
           text_attribute("00081155", "UI", outcome.sop_instance_uid);
}

std::string reason(const Outcome& outcome) {
    const std::string code = attribute("00081197", "US", std::to_string(outcome.status));
    if (outcome.why.empty()) return code;
    // The standard has a code for the reason but no words (PS3.18 Annex I): they are a private
    // element (PS3.5 7.8.1).
    return text_attribute("00090010", "LO", "LUCERNA") + "," + code + "," +
           text_attribute("00091001", "UT", outcome.why);
}

enum class Kind { kFailed, kStored, kOther };

Kind kind_of(const Outcome& outcome) {
    if (outcome.stored()) return Kind::kStored;
    return outcome.sop_instance_uid.empty() ? Kind::kOther : Kind::kFailed;
}

struct Sequence {
    Kind kind;
    const char* tag;
    const char* keyword;
};
constexpr std::array kSequences = {
    Sequence{Kind::kFailed, "00081198", "FailedSOPSequence"},
    Sequence{Kind::kStored, "00081199", "ReferencedSOPSequence"},
    Sequence{Kind::kOther, "0008119A", "OtherFailuresSequence"},
};

/// The one of `outcomes`, where that is one.
std::string study_of(const OutcomeList& outcomes) {
    std::string study;
    for (OutcomeList::Reader reader(outcomes); reader.next();) {
        const Outcome& outcome = reader.outcome();
        if (!outcome.stored() || outcome.study_uid == study) continue;
        if (!study.empty()) return {};
        study = outcome.study_uid;
    }
    return study;
}

/// Writes the document from its beginning to its end: the outcomes are gone through once for each
/// of its sequences.
class Pen {
  public:
    Pen(std::shared_ptr<const OutcomeList> outcomes, std::string base_url, bool is_xml)
        : outcomes_(std::move(outcomes)),
          base_url_(std::move(base_url)),
          is_xml_(is_xml),
          reader_(*outcomes_) {}

    /// More of it: so many bytes and the rest of an item, or all that is left.
    std::string next(std::size_t bytes) {
        std::string text;
        if (!std::exchange(has_begun_, true)) begin(text);
        while (text.size() < bytes && sequence_ < kSequences.size()) {
            if (reader_.next())
                add(text, reader_.outcome());
            else
                end_sequence(text);
        }
        return text;
    }
    [[nodiscard]] bool is_at_end() const { return sequence_ == kSequences.size(); }

  private:
    void begin(std::string& text) const {
        const std::string study = study_of(*outcomes_);
        const std::string url =
            text_attribute("00081190", "UR", study.empty() ? study : study_url(study));
        text += is_xml_ ? dicom::native_xml_begin() + as_xml(url) : "{" + url;
    }

    void add(std::string& text, const Outcome& outcome) {
        const Sequence& sequence = kSequences.at(sequence_);
        if (kind_of(outcome) != sequence.kind) return;
        const std::string tag = sequence.tag;
        const bool is_first = items_++ == 0;
        if (is_xml_) {
            if (is_first)
                text += "<DicomAttribute tag=\"" + tag + "\" vr=\"SQ\" keyword=\"" +
                        sequence.keyword + "\">";
            text += "<Item number=\"" + std::to_string(items_) + "\">" + as_xml(item(outcome)) +
                    "</Item>";
        } else {
            text += is_first ? ",\"" + tag + "\":{\"vr\":\"SQ\",\"Value\":[{" : ",{";
            text += item(outcome) + "}";
        }
    }

    void end_sequence(std::string& text) {
        if (std::exchange(items_, 0) > 0) text += is_xml_ ? "</DicomAttribute>" : "]}";
        ++sequence_;
        reader_ = OutcomeList::Reader(*outcomes_);
        if (is_at_end()) text += is_xml_ ? dicom::native_xml_end() : "}";
    }

    [[nodiscard]] std::string item(const Outcome& outcome) const {
        switch (kind_of(outcome)) {
            case Kind::kStored:
                return sop(outcome) + "," + text_attribute("00081190", "UR", instance_url(outcome));
            case Kind::kFailed:
                return sop(outcome) + "," + reason(outcome);
            case Kind::kOther:
                break;
        }
        return reason(outcome);
    }

    static std::string as_xml(const std::string& attributes) {
        return dicom::native_xml_attributes(nlohmann::json::parse("{" + attributes + "}"));
    }

    [[nodiscard]] std::string study_url(const std::string& study) const {
        return base_url_ + "/studies/" + study;
    }
    [[nodiscard]] std::string instance_url(const Outcome& outcome) const {
        return study_url(outcome.study_uid) + "/series/" + outcome.series_uid + "/instances/" +
               outcome.sop_instance_uid;
    }

    std::shared_ptr<const OutcomeList> outcomes_;
    std::string base_url_;
    bool is_xml_;
    bool has_begun_ = false;
    /// Which of them, and how many items it has so far.
    std::size_t sequence_ = 0;
    std::size_t items_ = 0;
    OutcomeList::Reader reader_;
};

/// What `pen` writes, which is at its beginning, to be read once from its beginning to its end.
http::Pieces pieces_by(Pen pen) {
    constexpr std::size_t kAtOnce = std::size_t{64} << 10;
    std::uint64_t size = 0;
    for (Pen counts = pen; !counts.is_at_end();) size += counts.next(kAtOnce).size();
    return {size, [pen = std::move(pen), left = std::string()](std::uint64_t /*offset*/,
                                                               std::uint64_t length) mutable {
                if (left.size() < length) left += pen.next(length - left.size());
                const std::size_t count = std::min<std::size_t>(left.size(), length);
                const Bytes piece(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(count));
                left.erase(0, count);
                return piece;
            }};
}

http::Stream stream_of(http::Pieces pieces) {
    return {[read = std::move(pieces.read), size = pieces.size, at = std::uint64_t{0}]() mutable {
                Bytes piece = read(
                    at, std::min<std::uint64_t>(http::answer_memory().piece_bytes(), size - at));
                if (piece.empty()) throw Error(ErrorCode::kInternal, "an answer is too short");
                at += piece.size();
                return http::Chunk{.bytes = std::move(piece), .last = at == size};
            },
            pieces.size};
}

}  // namespace

void StoreResponse::add(Outcome outcome) {
    constexpr std::size_t kMostWords = std::size_t{64} << 10;
    word_bytes_ += outcome.why.size();
    if (word_bytes_ > kMostWords) outcome.why.clear();
    outcomes_->add(outcome);
}

std::optional<std::string> StoreResponse::form_for(std::string_view accept) {
    static constexpr std::array<std::string_view, 4> kOffered = {
        "application/dicom+json", "application/json", kXml, kXmlInParts};
    return http::choose(http::parse_accept(accept), kOffered);
}

http::Response StoreResponse::http(int status, std::string_view form) && {
    const bool is_xml = form == kXml || form == kXmlInParts;
    Pen pen(std::move(outcomes_), std::move(base_url_), is_xml);
    Pen tries = pen;
    const std::string text = tries.next(http::AnswerMemory::kFreely);
    const bool is_short = tries.is_at_end();
    http::Response response;
    if (form == kXmlInParts) {
        http::Part part{{std::string(kXml), {}}};
        if (is_short)
            part.body.assign(text.begin(), text.end());
        else
            part.pieces = pieces_by(std::move(pen));
        response = http::multipart_response(kXml, std::move(part));
    } else {
        response.headers.set("Content-Type", form);
        response.body = is_short ? http::Body(text) : stream_of(pieces_by(std::move(pen)));
    }
    response.status = status;
    return response;
}

}  // namespace lucerna::receive
