#include "retrieve/key_matching.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/split.h"
#include "dicom/copy.h"
#include "retrieve/date_time.h"
#include "retrieve/order_tags.h"
#include "store/matching.h"

namespace lucerna::retrieve {
namespace {

using dicom::DataSet;
using dicom::Tag;
using store::Fill;
using store::is_like;
using store::trimmed;

[[noreturn]] void refuse(Tag tag, const char* what) {
    throw Error(ErrorCode::kInvalidInput,
                "the value to match " + dicom::describe(tag) + " by is not " + what);
}

bool is_about_the_request(Tag tag) {
    return tag == dicom::tags::kSpecificCharacterSet ||
           tag == dicom::tags::kTimezoneOffsetFromUtc || tag.element == 0;
}

bool name_matches(std::string_view key, std::string_view value) {
    const store::NameKeys wanted = store::name_keys(key);
    const store::NameKeys held = store::name_keys(value);
    if (key.find('=') == std::string_view::npos)
        return is_like(wanted.alphabetic, held.alphabetic) ||
               is_like(wanted.alphabetic, held.ideographic) ||
               is_like(wanted.alphabetic, held.phonetic);
    const std::pair<const std::string*, const std::string*> groups[] = {
        {&wanted.alphabetic, &held.alphabetic},
        {&wanted.ideographic, &held.ideographic},
        {&wanted.phonetic, &held.phonetic}};
    return std::all_of(std::begin(groups), std::end(groups), [](const auto& group) {
        return group.first->empty() || is_like(*group.first, *group.second);
    });
}

/// Between both ends, either open; one value where there is no hyphen (PS3.4 C.2.2.2.5). `key_of`
/// gives the form in which values are compared.
template <typename KeyOf>
bool lies_in(std::string_view range, const std::string& held, KeyOf&& key_of) {
    const std::size_t hyphen = range.find('-');
    if (hyphen == std::string_view::npos) return held == key_of(range, Fill::kStart);
    const std::string_view from = trimmed(range.substr(0, hyphen));
    const std::string_view to = trimmed(range.substr(hyphen + 1));
    // Both are looked at, so that neither is nonsense.
    const bool after = from.empty() || held >= key_of(from, Fill::kStart);
    const bool before = to.empty() || held <= key_of(to, Fill::kEnd);
    return !held.empty() && after && before;
}

bool date_matches(Tag tag, std::string_view key, std::string_view value) {
    return lies_in(key, store::date_key(value), [&](std::string_view part, Fill) {
        std::string date = store::date_key(part);
        if (date.empty()) refuse(tag, "a date or a range of dates");
        return date;
    });
}

bool time_matches(Tag tag, std::string_view key, std::string_view value) {
    return lies_in(key, store::time_key(value), [&](std::string_view part, Fill fill) {
        std::string time = store::asked_time_key(part, fill);
        if (time.empty()) refuse(tag, "a time or a range of times");
        return time;
    });
}

std::string zone_of(const DataSet& data_set) {
    return data_set.text_or(dicom::tags::kTimezoneOffsetFromUtc, "");
}

bool value_matches(Tag tag, std::string_view vr, std::string_view key, std::string_view value) {
    if (vr == "DA") return date_matches(tag, key, value);
    if (vr == "TM") return time_matches(tag, key, value);
    if (vr == "PN") return name_matches(key, value);
    return is_like(key, value);
}

/// How the keys of an identifier are met, on whatever level of sequences.
struct Rules {
    Absent absent;
    DateAndTime date_and_time;
    /// Of identifier and entity, for moments that say none.
    std::string key_zone;
    std::string value_zone;
};

/// Any of the key's values meets any of the entity's.
bool values_match(Tag tag, const DataSet& identifier, const DataSet& entity, const Rules& rules) {
    // Nobody asks for one of so many, and the query is about others, too.
    if (entity.value_count(tag) > dicom::kMostListedValues) return false;
    const std::string vr = entity.vr(tag);
    std::vector<std::string> held = entity.texts(tag);
    if (held.empty()) held.emplace_back();
    bool any = false;
    const auto meets = [&](const std::string& key, const std::string& value) {
        if (vr != "DT") return value_matches(tag, vr, trimmed(key), trimmed(value));
        const auto matches = date_time_matches(key, rules.key_zone, value, rules.value_zone);
        if (!matches) refuse(tag, "a date and time or a range of them");
        return *matches;
    };
    for (const std::string& key : identifier.texts(tag))
        for (const std::string& value : held) any = meets(key, value) || any;
    return any;
}

/// Dates, each with the time that belongs to it.
using Moment = std::pair<Tag, Tag>;
constexpr Moment kMoments[] = {
    {dicom::tags::kInstanceCreationDate, dicom::tags::kInstanceCreationTime},
    {dicom::tags::kStudyDate, dicom::tags::kStudyTime},
    {dicom::tags::kSeriesDate, dicom::tags::kSeriesTime},
    {dicom::tags::kAcquisitionDate, dicom::tags::kAcquisitionTime},
    {dicom::tags::kContentDate, dicom::tags::kContentTime},
    {order_tags::kStepStartDate, order_tags::kStepStartTime},
    {dicom::tags::kPerformedProcedureStepStartDate, dicom::tags::kPerformedProcedureStepStartTime},
    {order_tags::kPerformedEndDate, order_tags::kPerformedEndTime}};

bool is_range(const DataSet& identifier, Tag tag) {
    return identifier.text_or(tag, "").find('-') != std::string::npos;
}

/// Both are ranges, open at the same ends.
bool is_range_of_moments(const DataSet& identifier, const Moment& moment) {
    if (!is_range(identifier, moment.first) || !is_range(identifier, moment.second)) return false;
    const std::string date = identifier.text_or(moment.first, "");
    const std::string time = identifier.text_or(moment.second, "");
    return date.starts_with('-') == time.starts_with('-') &&
           date.ends_with('-') == time.ends_with('-');
}

/// The one that `tag` is the date or the time of; nullptr where they are not one range.
const Moment* range_of_moments(const DataSet& identifier, Tag tag, const Rules& rules) {
    if (rules.date_and_time == DateAndTime::kApart) return nullptr;
    const auto* found =
        std::find_if(std::begin(kMoments), std::end(kMoments),
                     [&](const Moment& one) { return one.first == tag || one.second == tag; });
    const bool is_one = found != std::end(kMoments) && is_range_of_moments(identifier, *found);
    return is_one ? found : nullptr;
}

bool moment_matches(const Moment& tags, const DataSet& identifier, const DataSet& entity) {
    const std::string dates = identifier.text_or(tags.first, "");
    const std::string times = identifier.text_or(tags.second, "");
    const auto day = split(dates, "-"), hour = split(times, "-");
    if (day.size() != 2) refuse(tags.first, "a range of dates");
    if (hour.size() != 2) refuse(tags.second, "a range of times");
    const auto moment = [&](std::size_t end, Fill fill) {
        const std::string date = store::date_key(day[end]);
        const std::string time = store::asked_time_key(hour[end], fill);
        if (date.empty()) refuse(tags.first, "a range of dates");
        if (time.empty()) refuse(tags.second, "a range of times");
        return date + time;
    };
    const std::string held_day = store::date_key(entity.text_or(tags.first, ""));
    const std::string held = held_day + store::time_key(entity.text_or(tags.second, ""));
    return !held_day.empty() && (trimmed(day[0]).empty() || held >= moment(0, Fill::kStart)) &&
           (trimmed(day[1]).empty() || held <= moment(1, Fill::kEnd));
}

KeyMatch match_level(const DataSet& identifier, const DataSet& entity, const Rules& rules);

KeyMatch match_sequence(const DataSet& identifier, const DataSet& entity, Tag tag,
                        const Rules& rules) {
    KeyMatch match{false, false};
    for (const DataSet& keys : identifier.items(tag)) {
        for (const DataSet& item : entity.items(tag)) {
            const KeyMatch one = match_level(keys, item, rules);
            match.matches |= one.matches;
            match.ignores_some |= one.ignores_some;
        }
        // PS3.4 C.2.2.2.6: a sequence key has one item.
        break;
    }
    return match;
}

KeyMatch match_level(const DataSet& identifier, const DataSet& entity, const Rules& rules) {
    KeyMatch match;
    for (const Tag tag : identifier.tags()) {
        if (is_about_the_request(tag) || is_universal(identifier, tag)) continue;
        if (!entity.has(tag)) {
            if (rules.absent == Absent::kUnknown)
                match.ignores_some = true;
            else
                match.matches = false;
            continue;
        }
        if (entity.vr(tag) == "SQ") {
            const KeyMatch inner = match_sequence(identifier, entity, tag, rules);
            match.matches &= inner.matches;
            match.ignores_some |= inner.ignores_some;
        } else if (const Moment* const moment = range_of_moments(identifier, tag, rules)) {
            // Asked for once, by its date.
            if (tag == moment->first) match.matches &= moment_matches(*moment, identifier, entity);
        } else {
            match.matches &= values_match(tag, identifier, entity, rules);
        }
    }
    return match;
}

/// Whether it asks for values of those VRs, within sequences too.
bool asks_for(const DataSet& identifier, std::initializer_list<std::string_view> vrs) {
    for (const Tag tag : identifier.tags()) {
        const std::string vr = identifier.vr(tag);
        if (std::find(vrs.begin(), vrs.end(), vr) != vrs.end() && !is_universal(identifier, tag))
            return true;
        if (vr != "SQ") continue;
        for (const DataSet& item : identifier.items(tag))
            if (asks_for(item, vrs)) return true;
    }
    return false;
}

}  // namespace

bool zone_counts(const DataSet& object_keys, std::span<const store::Key> indexed) {
    const bool stands = std::any_of(indexed.begin(), indexed.end(), [](const store::Key& key) {
        const std::string vr = dicom::vr_of(key.tag);
        return (vr == "DA" || vr == "TM") && key.value.find_first_not_of('*') != std::string::npos;
    });
    return !stands && asks_for(object_keys, {"DT"}) && !asks_for(object_keys, {"DA", "TM"});
}

bool is_universal(const DataSet& identifier, Tag tag) {
    if (identifier.vr(tag) == "SQ") {
        for (const DataSet& item : identifier.items(tag))
            for (const Tag inner : item.tags())
                if (!is_universal(item, inner)) return false;
        return true;
    }
    for (const std::string& value : identifier.texts(tag))
        if (trimmed(value).find_first_not_of('*') != std::string_view::npos) return false;
    return true;
}

std::string single_value(const DataSet& identifier, Tag tag) {
    const std::vector<std::string> values = identifier.texts(tag);
    if (values.size() != 1 || store::has_wildcard(values[0])) return {};
    return std::string(trimmed(values[0]));
}

KeyMatch match_keys(const DataSet& identifier, const DataSet& entity, Absent absent,
                    DateAndTime date_and_time) {
    return match_level(identifier, entity,
                       {absent, date_and_time, zone_of(identifier), zone_of(entity)});
}

void require_key(Tag tag, std::string_view vr, std::string_view key) {
    for (const std::string_view part : split(key, "\\")) {
        const std::string_view one = trimmed(part);
        if (one.find_first_not_of('*') == std::string_view::npos) continue;
        if (vr == "DA") (void)date_matches(tag, one, "");
        if (vr == "TM") (void)time_matches(tag, one, "");
        if (vr == "DT" && !date_time_matches(one, "", "", ""))
            refuse(tag, "a date and time or a range of them");
    }
}

DataSet asked_for(const DataSet& identifier, const DataSet& entity) {
    DataSet answer;
    for (const Tag tag : identifier.tags()) {
        if (is_about_the_request(tag)) continue;
        const auto& keys = identifier.items(tag);
        const bool is_partly = entity.vr(tag) == "SQ" && !keys.empty() && !keys[0].tags().empty();
        if (is_partly && entity.has_value(tag)) {
            for (const DataSet& item : entity.items(tag))
                answer.add_item(tag) = asked_for(keys[0], item);
        } else if (entity.has(tag)) {
            dicom::copy_attribute(entity, tag, answer);
        } else if (identifier.vr(tag) != "SQ") {
            answer.set_bytes(tag, identifier.vr(tag), {});
        } else if (dicom::vr_of(tag) == "SQ") {
            answer.set_empty(tag);
        }
    }
    return answer;
}

}  // namespace lucerna::retrieve
