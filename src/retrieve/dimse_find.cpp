#include "retrieve/dimse_find.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "dicom/copy.h"
#include "dicom/dimse_status.h"
#include "retrieve/key_matching.h"
#include "retrieve/object_search.h"

namespace lucerna::retrieve {
namespace {

using store::Level;
namespace tags = dicom::tags;
namespace status = dicom::status;

constexpr std::uint16_t kPixelGroup = 0x7FE0;

/// A C-FIND identifier, taken apart.
struct Find {
    /// Of its answers no more than its search needs.
    store::Query query;
    Level level = Level::kStudy;
    DateAndTime dates = DateAndTime::kApart;
    /// To be given, whether matched by or not.
    std::set<dicom::Tag> indexed;
    /// To be given from the object: the instance, or the first one of what is above it.
    std::set<dicom::Tag> from_object;
    bool sop_classes = false;
    /// Keys that the index does not hold: each object's own head is asked. Of instances only, which
    /// are of one series unless relational queries were negotiated.
    dicom::DataSet object_keys;
    bool asks_objects = false;
    /// A key is neither matched by nor given.
    bool ignores_some = false;
};

constexpr dicom::Tag kSopClassesInStudy{0x0008, 0x0062};

/// Attributes that all objects of a patient, study or series have alike, and the level from which
/// on: the first object gives them.
constexpr std::pair<dicom::Tag, Level> kOfFirstObject[] = {
    {{0x0008, 0x0080}, Level::kStudy},    // Institution Name
    {{0x0008, 0x1032}, Level::kStudy},    // Procedure Code Sequence
    {{0x0008, 0x1060}, Level::kStudy},    // Name of Physician(s) Reading Study
    {{0x0008, 0x1080}, Level::kStudy},    // Admitting Diagnoses Description
    {{0x0010, 0x1000}, Level::kPatient},  // Other Patient IDs
    {{0x0010, 0x1001}, Level::kPatient},  // Other Patient Names
    {{0x0010, 0x1002}, Level::kPatient},  // Other Patient IDs Sequence
    {{0x0010, 0x1010}, Level::kStudy},    // Patient's Age
    {{0x0010, 0x1020}, Level::kStudy},    // Patient's Size
    {{0x0010, 0x1030}, Level::kStudy},    // Patient's Weight
    {{0x0010, 0x2160}, Level::kPatient},  // Ethnic Group
    {{0x0010, 0x4000}, Level::kPatient},  // Patient Comments
    {{0x0008, 0x0070}, Level::kSeries},   // Manufacturer
    {{0x0008, 0x1010}, Level::kSeries},   // Station Name
    {{0x0008, 0x1050}, Level::kSeries},   // Performing Physician's Name
    {{0x0008, 0x1070}, Level::kSeries},   // Operators' Name
    {{0x0008, 0x1090}, Level::kSeries},   // Manufacturer's Model Name
    {{0x0018, 0x1030}, Level::kSeries}};  // Protocol Name

bool is_of_first_object(dicom::Tag tag, Level level) {
    return std::any_of(std::begin(kOfFirstObject), std::end(kOfFirstObject),
                       [&](const auto& one) { return one.first == tag && level >= one.second; });
}

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

/// Of an identifier the keys under `wanted`, and what says how to read them.
dicom::DataSet keys_of(const dicom::DataSet& identifier, const std::set<dicom::Tag>& wanted) {
    dicom::DataSet keys = identifier.clone();
    for (const dicom::Tag tag : identifier.tags())
        if (!wanted.contains(tag) && tag != tags::kSpecificCharacterSet &&
            tag != tags::kTimezoneOffsetFromUtc)
            keys.remove(tag);
    return keys;
}

/// The keys in the one item that a sequence matching key has (PS3.4 C.2.2.2.6). True where the
/// objects are to be asked.
bool add_sequence(Find& find, const dicom::DataSet& identifier, dicom::Tag sequence) {
    bool asks_objects = false;
    for (const dicom::DataSet& item : identifier.items(sequence))
        for (const dicom::Tag tag : item.tags()) {
            if (store::is_indexed_in(sequence, tag, find.query.level))
                find.query.keys.push_back({tag, key_value(item, tag), sequence});
            else if (find.query.level == Level::kInstance && asks_for_a_value(item, tag))
                asks_objects = true;
            else
                find.ignores_some |= asks_for_a_value(item, tag);
        }
    return asks_objects;
}

Find find_from(const dicom::DataSet& identifier, Level level) {
    Find find;
    find.query.level = find.level = level;
    find.query.limit = std::size_t{1} << 30;
    std::set<dicom::Tag> object_keys;
    for (const dicom::Tag tag : identifier.tags()) {
        if (is_about_the_request(tag)) continue;
        if (store::is_indexed(tag, level)) {
            if (identifier.vr(tag) == "SQ" && add_sequence(find, identifier, tag))
                object_keys.insert(tag);
            else if (identifier.vr(tag) != "SQ")
                find.query.keys.push_back({tag, key_value(identifier, tag)});
            // The object has more of a sequence than the index.
            if (level == Level::kInstance && identifier.vr(tag) == "SQ")
                find.from_object.insert(tag);
            else
                find.indexed.insert(tag);
            continue;
        }
        const bool asks = asks_for_a_value(identifier, tag);
        if (level == Level::kInstance && tag.group != kPixelGroup) {
            find.from_object.insert(tag);
            if (asks) object_keys.insert(tag);
            continue;
        }
        if (is_of_first_object(tag, level))
            find.from_object.insert(tag);
        else if (tag == kSopClassesInStudy && level >= Level::kStudy)
            find.sop_classes = true;
        else
            find.ignores_some = true;
        find.ignores_some |= asks;
    }
    find.asks_objects = !object_keys.empty();
    if (find.asks_objects) find.object_keys = keys_of(identifier, object_keys);
    if (identifier.has_value(tags::kTimezoneOffsetFromUtc))
        find.ignores_some |= !zone_counts(find.object_keys, find.query.keys);
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

/// Of values in big endian: up to so much they are given.
constexpr std::size_t kTurned = std::size_t{8} << 10;

/// Puts into `answer` what is wanted of the object, absent attributes without a value. So are those
/// that come to more than a mebibyte together, as a sequence of contours does, or in big endian to
/// more than kTurned each; says whether there are any. An answer is held whole, and who wants that
/// wants the object.
bool take(const dicom::DataSet& object, const dicom::DataSet& identifier,
          const std::set<dicom::Tag>& wanted, dicom::DataSet& answer) {
    std::size_t left = std::size_t{1} << 20;
    // A head has larger values of such an object as they lie, in another order of bytes than the
    // answer's.
    const bool is_turned =
        object.transfer_syntax_uid() == dicom::transfer_syntax::kExplicitVrBigEndian;
    const std::size_t most = is_turned ? kTurned : left;
    bool is_all = true;
    for (const dicom::Tag tag : wanted) {
        const std::size_t bytes = dicom::bytes_of_attribute(object, tag);
        if (object.has(tag) && bytes <= std::min(left, most)) {
            dicom::copy_attribute(object, tag, answer);
            left -= bytes;
            continue;
        }
        is_all = is_all && !object.has(tag);
        if (identifier.vr(tag) != "SQ")
            answer.set_bytes(tag, identifier.vr(tag), {});
        else if (object.has(tag))
            answer.set_empty(tag);
    }
    return is_all;
}

class Answers {
  public:
    Answers(dicom::ScpExchange& exchange, store::Archive& archive, const Find& find,
            const std::string& own_aet)
        : exchange_(exchange), archive_(archive), find_(find), own_aet_(own_aet) {}

    /// False when the peer wants no more.
    bool give(const store::Match& match) {
        // From here on there is the identifier alone, and the peer may take its time.
        if (!find_.asks_objects) exchange_.let_others_ask();
        if (exchange_.is_cancelled()) return false;
        dicom::DataSet answer;
        KeyMatch own;
        // The head has gone before the answer is sent: its memory is what others wait for, and the
        // peer may take its time.
        if (!find_.from_object.empty()) own = take_of_object(head_of_first(match), answer);
        if (!own.matches) return true;
        if (find_.sop_classes) add_sop_classes(answer, match.study_instance_uid);
        const Level level = find_.level;
        for (const store::Attribute& attribute : match.attributes)
            if (find_.indexed.contains(attribute.tag) || attribute.tag == unique_key_of(level))
                put(answer, attribute);
        set(answer, tags::kQueryRetrieveLevel, "CS", name_of(level));
        set(answer, tags::kRetrieveAeTitle, "AE", own_aet_);
        if (exchange_.data_set().has(tags::kInstanceAvailability))
            set(answer, tags::kInstanceAvailability, "CS", "ONLINE");
        exchange_.gather({.status = find_.ignores_some || own.ignores_some
                                        ? status::kPendingKeysIgnored
                                        : status::kPending,
                          .data_set = &answer});
        ++count_;
        return true;
    }
    [[nodiscard]] std::size_t count() const { return count_; }

  private:
    /// Where the object cannot be read its keys are ignored: one that is damaged, or erased a
    /// moment ago, is no reason to keep the others back.
    KeyMatch take_of_object(const std::optional<Head>& head, dicom::DataSet& answer) {
        if (!head) return {true, true};
        const dicom::DataSet& object = head->data_set();
        KeyMatch own = match_keys(find_.object_keys, object, Absent::kEmpty, find_.dates);
        if (!own.matches) return own;
        own.ignores_some |= !take(object, exchange_.data_set(), find_.from_object, answer);
        return own;
    }
    [[nodiscard]] std::optional<Head> head_of_first(const store::Match& match) const {
        const std::string instance = instance_of(match);
        return instance.empty() ? std::nullopt : head_to_search(archive_, instance);
    }
    /// The first of what is above instances; empty where there is none any more.
    [[nodiscard]] std::string instance_of(const store::Match& match) const {
        if (!match.sop_instance_uid.empty()) return match.sop_instance_uid;
        // An empty key would match every study of the archive.
        if (match.study_instance_uid.empty()) return {};
        store::Query first{Level::kInstance, {{tags::kStudyInstanceUid, match.study_instance_uid}}};
        if (!match.series_instance_uid.empty())
            first.keys.push_back({tags::kSeriesInstanceUid, match.series_instance_uid});
        first.limit = 1;
        const auto found = archive_.find(first);
        return found.empty() ? std::string() : found[0].sop_instance_uid;
    }
    void add_sop_classes(dicom::DataSet& answer, const std::string& study_instance_uid) const {
        std::set<std::string> classes;
        for (const store::InstanceRow& row : archive_.instances_of(study_instance_uid))
            classes.insert(row.sop_class_uid);
        std::string joined;
        for (const std::string& one : classes) joined += (joined.empty() ? "" : "\\") + one;
        set(answer, kSopClassesInStudy, "UI", joined);
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
        find.dates = exchange.is_extended(kCombinedDateTimeByte) ? DateAndTime::kCombined
                                                                 : DateAndTime::kApart;
        find.query.combined_date_time = find.dates == DateAndTime::kCombined;
        find.query.fuzzy_names = exchange.is_extended(kFuzzyNamesByte);
        Answers answers(exchange, archive, find, own_aet);
        bool is_cancelled = false;
        archive.find_each(std::move(find.query), [&](const store::Match& match) {
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
