#include "retrieve/dimse_find.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "dicom/dimse_status.h"

namespace lucerna::retrieve {
namespace {

using store::Level;
namespace tags = dicom::tags;
namespace status = dicom::status;

constexpr std::uint16_t kPixelGroup = 0x7FE0;

/// A C-FIND identifier, taken apart.
struct Find {
    store::Query query;
    /// To be given, whether matched by or not.
    std::set<dicom::Tag> indexed;
    /// To be given from the object; of instances only.
    std::set<dicom::Tag> from_object;
    /// A key is neither matched by nor given.
    bool ignores_some = false;
};

bool is_about_the_request(dicom::Tag tag) {
    return tag == tags::kSpecificCharacterSet || tag == tags::kQueryRetrieveLevel ||
           tag == tags::kTimezoneOffsetFromUtc || tag == tags::kRetrieveAeTitle ||
           tag == tags::kInstanceAvailability || tag.element == 0;
}

/// A sequence whose items hold no values matches everything, too (PS3.4 C.2.2.2.6).
bool asks_for_a_value(const dicom::DataSet& identifier, dicom::Tag tag) {
    if (identifier.vr(tag) != "SQ") return identifier.has_value(tag);
    for (const dicom::DataSet& item : identifier.items(tag))
        for (const dicom::Tag inner : item.tags())
            if (asks_for_a_value(item, inner)) return true;
    return false;
}

/// The keys in the one item that a sequence matching key has (PS3.4 C.2.2.2.6).
void add_sequence(Find& find, const dicom::DataSet& identifier, dicom::Tag sequence) {
    for (const dicom::DataSet& item : identifier.items(sequence))
        for (const dicom::Tag tag : item.tags()) {
            if (store::is_indexed_in(sequence, tag, find.query.level))
                find.query.keys.push_back({tag, key_value(item, tag), sequence});
            else
                find.ignores_some |= asks_for_a_value(item, tag);
        }
}

Find find_from(const dicom::DataSet& identifier, Level level) {
    Find find;
    find.query.level = level;
    find.query.limit = std::size_t{1} << 30;
    for (const dicom::Tag tag : identifier.tags()) {
        if (is_about_the_request(tag)) continue;
        if (store::is_indexed(tag, level)) {
            if (identifier.vr(tag) == "SQ")
                add_sequence(find, identifier, tag);
            else
                find.query.keys.push_back({tag, key_value(identifier, tag)});
            // The object has more of a sequence than the index.
            if (level == Level::kInstance && identifier.vr(tag) == "SQ")
                find.from_object.insert(tag);
            else
                find.indexed.insert(tag);
            continue;
        }
        const bool is_given = level == Level::kInstance && tag.group != kPixelGroup;
        if (is_given) find.from_object.insert(tag);
        find.ignores_some |= !is_given || asks_for_a_value(identifier, tag);
    }
    return find;
}

/// A value of the index, in the VR that it has there.
void put(dicom::DataSet& answer, const store::Attribute& attribute) {
    if (attribute.vr == "SQ") {
        answer.set_empty(attribute.tag);
        for (const std::vector<store::Attribute>& item : store::items_of(attribute)) {
            dicom::DataSet& given = answer.add_item(attribute.tag);
            for (const store::Attribute& one : item) put(given, one);
        }
        return;
    }
    if (attribute.vr == "US") {
        long long number = 0;
        const char* const end = attribute.value.data() + attribute.value.size();
        if (std::from_chars(attribute.value.data(), end, number).ptr == end && number >= 0 &&
            number <= 0xFFFF && !attribute.value.empty())
            return answer.set_integer(attribute.tag, number);
        return answer.set_bytes(attribute.tag, attribute.vr, {});
    }
    answer.set_bytes(attribute.tag, attribute.vr,
                     Bytes(attribute.value.begin(), attribute.value.end()));
}

/// Of the object what is wanted of it, absent attributes without a value.
dicom::DataSet taken_from_object(store::Archive& archive, const std::string& sop_instance_uid,
                                 const dicom::DataSet& identifier,
                                 const std::set<dicom::Tag>& wanted) {
    dicom::DataSet object =
        dicom::DataSet::parse(archive.head(sop_instance_uid), {}, dicom::PixelData::kSkip);
    for (const dicom::Tag tag : object.tags())
        if (!wanted.contains(tag)) object.remove(tag);
    for (const dicom::Tag tag : wanted)
        if (!object.has(tag) && identifier.vr(tag) != "SQ")
            object.set_bytes(tag, identifier.vr(tag), {});
    return object;
}

class Answers {
  public:
    Answers(dicom::ScpExchange& exchange, store::Archive& archive, const Find& find,
            const std::string& own_aet)
        : exchange_(exchange), archive_(archive), find_(find), own_aet_(own_aet) {}

    /// False when the peer wants no more.
    bool give(const store::Match& match) {
        if (exchange_.is_cancelled()) return false;
        dicom::DataSet answer;
        bool is_whole = true;
        if (!find_.from_object.empty()) is_whole = add_from_object(answer, match);
        const Level level = find_.query.level;
        for (const store::Attribute& attribute : match.attributes)
            if (find_.indexed.contains(attribute.tag) || attribute.tag == unique_key_of(level))
                put(answer, attribute);
        set(answer, tags::kQueryRetrieveLevel, "CS", name_of(level));
        set(answer, tags::kRetrieveAeTitle, "AE", own_aet_);
        if (exchange_.data_set().has(tags::kInstanceAvailability))
            set(answer, tags::kInstanceAvailability, "CS", "ONLINE");
        exchange_.gather({.status = find_.ignores_some || !is_whole ? status::kPendingKeysIgnored
                                                                    : status::kPending,
                          .data_set = &answer});
        ++count_;
        return true;
    }
    [[nodiscard]] std::size_t count() const { return count_; }

  private:
    /// False where the object cannot be read: one that is damaged, or erased a moment ago, is no
    /// reason to keep the others back.
    bool add_from_object(dicom::DataSet& answer, const store::Match& match) {
        try {
            answer = taken_from_object(archive_, match.sop_instance_uid, exchange_.data_set(),
                                       find_.from_object);
            return true;
        } catch (const Error& error) {
            log_event(LogLevel::kError, "query.object-unread",
                      {{"instance", match.sop_instance_uid}, {"why", error.what()}});
            return false;
        }
    }
    static void set(dicom::DataSet& answer, dicom::Tag tag, std::string_view vr,
                    std::string_view text) {
        answer.set_bytes(tag, vr, Bytes(text.begin(), text.end()));
    }

    dicom::ScpExchange& exchange_;
    store::Archive& archive_;
    const Find& find_;
    const std::string& own_aet_;
    std::size_t count_ = 0;
};

}  // namespace

void answer_find(dicom::ScpExchange& exchange, store::Archive& archive, Root root,
                 const std::string& own_aet) {
    const Naming naming =
        exchange.is_extended(kRelationalByte) ? Naming::kRelational : Naming::kHierarchical;
    const auto level = level_of(exchange.data_set(), root, naming);
    dicom::ServiceAnswer last;
    std::size_t matches = 0;
    const char* level_name = "";
    if (const auto* refusal = std::get_if<IdentifierRefusal>(&level)) {
        last.status = refusal->status;
        last.comment = refusal->why;
    } else {
        level_name = name_of(std::get<Level>(level));
        Find find = find_from(exchange.data_set(), std::get<Level>(level));
        find.query.combined_date_time = exchange.is_extended(kCombinedDateTimeByte);
        find.query.fuzzy_names = exchange.is_extended(kFuzzyNamesByte);
        Answers answers(exchange, archive, find, own_aet);
        bool is_cancelled = false;
        archive.find_each(find.query, [&](const store::Match& match) {
            is_cancelled = !answers.give(match);
            return !is_cancelled;
        });
        matches = answers.count();
        last.status = is_cancelled ? status::kCancelled : status::kSuccess;
    }
    exchange.answer(last);
    log_event(LogLevel::kInfo, "query.answered",
              {{"association", exchange.sender().association},
               {"caller", exchange.sender().calling_aet},
               {"level", level_name},
               {"matches", matches},
               {"status", dicom::describe_status(last.status)},
               {"why", last.comment}});
}

}  // namespace lucerna::retrieve
