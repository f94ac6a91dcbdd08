#include "store/find.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/split.h"
#include "store/columns.h"
#include "store/matching.h"
#include "store/name_words.h"

namespace lucerna::store {
namespace {

using Value = std::variant<std::string, std::int64_t>;

/// Conditions and, in the same order, what is bound to their question marks.
struct Where {
    std::string text;
    std::vector<Value> values;

    void add(const std::string& condition, std::vector<Value> bound) {
        text += text.empty() ? " WHERE " : " AND ";
        text += condition;
        for (Value& value : bound) values.push_back(std::move(value));
    }
};

struct Condition {
    std::string text;
    std::vector<Value> values;
    /// Of a list of UIDs, how many there are.
    std::size_t listed = 0;
};

[[noreturn]] void refuse(const Column& column, const char* what) {
    char tag[16];
    std::snprintf(tag, sizeof tag, "(%04x,%04x)", unsigned{column.tag.group},
                  unsigned{column.tag.element});
    throw Error(ErrorCode::kInvalidInput,
                "the value to match " + std::string(tag) + " by is not " + what);
}

/// Exact or by pattern (PS3.4 C.2.2.2.1 and C.2.2.2.4).
Condition like(const std::string& sql, std::string_view value) {
    if (has_wildcard(value)) return {sql + " GLOB ?", {glob(value)}};
    return {sql + " = ?", {indexed_text(value)}};
}

/// Any of several, for attributes whose values can hold no separator.
Condition any_of(const std::string& sql, std::string_view value) {
    Condition all;
    for (const std::string_view one : split(value, "\\,")) {
        Condition next = like(sql, trimmed(one));
        all.text += (all.text.empty() ? "" : " OR ") + next.text;
        all.values.push_back(std::move(next.values.front()));
    }
    all.text = "(" + all.text + ")";
    return all;
}

/// PS3.4 C.2.2.2.2. Several are bound as one value, in JSON: a text with a parameter for each would
/// be compiled and kept by each connection for each length that a list may have.
Condition uid_list(const Column& column, std::string_view value) {
    Condition list{std::string(column.sql), {}};
    std::string only;
    std::string all = "[";
    all.reserve(value.size() + value.size() / 8);
    for (const std::string_view uid : split(value, "\\,")) {
        const std::string_view one = trimmed(uid);
        if (one.empty() || one.find_first_not_of("0123456789.") != std::string_view::npos)
            refuse(column, "a list of UIDs");
        if (list.listed++ == 0) only = one;
        ((all += list.listed == 1 ? "\"" : ",\"") += one) += '"';
    }
    list.text += list.listed == 1 ? " = ?" : " IN (SELECT value FROM json_each(?))";
    list.values.emplace_back(list.listed == 1 ? std::move(only) : std::move(all) + "]");
    return list;
}

/// A value or a range with a hyphen, either end open (PS3.4 C.2.2.2.5).
template <typename Start, typename End>
Condition range(const std::string& sql, std::string_view value, Start&& start, End&& end) {
    const std::size_t hyphen = value.find('-');
    if (hyphen == std::string_view::npos) return {sql + " = ?", {start(value)}};
    const std::string_view from = trimmed(value.substr(0, hyphen));
    const std::string_view to = trimmed(value.substr(hyphen + 1));
    if (from.empty() && to.empty()) return {sql + " <> ''", {}};
    if (to.empty()) return {sql + " >= ?", {start(from)}};
    // What has no value lies in no range.
    if (from.empty()) return {"(" + sql + " <> '' AND " + sql + " <= ?)", {end(to)}};
    return {sql + " BETWEEN ? AND ?", {start(from), end(to)}};
}

Condition by_date(const Column& column, std::string_view value) {
    const auto key = [&](std::string_view part) {
        std::string date = date_key(part);
        if (date.empty()) refuse(column, "a date or a range of dates");
        return date;
    };
    return range(std::string(column.sql), value, key, key);
}

/// A range of moments, which has a space in it (with_combined_moments).
Condition by_moment(const Column& date, const Column& time, std::string_view value) {
    const auto key = [&](std::string_view part, Fill fill) {
        const std::size_t space = part.find(' ');
        const std::string day = date_key(part.substr(0, space));
        const std::string hour = asked_time_key(part.substr(space + 1), fill);
        if (day.empty()) refuse(date, "a range of dates");
        if (hour.empty()) refuse(time, "a range of times");
        return day + hour;
    };
    return range(
        "(" + std::string(date.sql) + " || " + std::string(time.sql) + "_key)", value,
        [&](std::string_view part) { return key(part, Fill::kStart); },
        [&](std::string_view part) { return key(part, Fill::kEnd); });
}

Condition by_time(const Column& column, std::string_view value) {
    const auto key = [&](std::string_view part, Fill fill) {
        std::string time = asked_time_key(part, fill);
        if (time.empty()) refuse(column, "a time or a range of times");
        return time;
    };
    return range(
        std::string(column.sql) + "_key", value,
        [&](std::string_view part) { return key(part, Fill::kStart); },
        [&](std::string_view part) { return key(part, Fill::kEnd); });
}

/// Case does not count, nor do empty components at the end; a key of one component group matches
/// any of the three groups.
Condition by_name(const Column& column, std::string_view value) {
    const NameKeys keys = name_keys(indexed_text(value));
    if (column.sql != "s.patient_name")
        return like(std::string(column.sql) + "_key", keys.alphabetic);
    const std::pair<const char*, const std::string*> groups[] = {
        {"s.alphabetic_name_key", &keys.alphabetic},
        {"s.ideographic_name_key", &keys.ideographic},
        {"s.phonetic_name_key", &keys.phonetic}};
    const bool one_group = value.find('=') == std::string_view::npos;
    Condition all;
    for (const auto& [sql, key] : groups) {
        if (!one_group && key->empty()) continue;
        Condition next = like(sql, one_group ? keys.alphabetic : *key);
        all.text += (all.text.empty() ? "" : one_group ? " OR " : " AND ") + next.text;
        all.values.push_back(std::move(next.values.front()));
    }
    all.text = all.text.empty() ? "1 = 1" : "(" + all.text + ")";
    return all;
}

/// As Query::fuzzy_names has it. Each word is one search in the index of words.
Condition by_fuzzy_name(const Column& column, std::string_view value) {
    Condition all = by_name(column, value);
    if (!is_fuzzy_name(value)) return all;
    const std::string attribute = column.sql == "s.patient_name" ? kPatientWords : kReferringWords;
    std::string words;
    for (const NameWord& one : name_words(value)) {
        // After the letters and digits that words are made of comes '{'.
        words += std::string(words.empty() ? "" : " AND ") +
                 "s.id IN (SELECT study FROM name_words WHERE attribute = ? AND sound = ? UNION "
                 "SELECT study FROM name_words WHERE attribute = ? AND word >= ? AND word < ?)";
        for (const std::string& bound : {attribute, one.sound, attribute, one.word, one.word + "{"})
            all.values.emplace_back(bound);
    }
    if (!words.empty()) all.text = "(" + all.text + " OR (" + words + "))";
    return all;
}

Condition by_number(const Column& column, std::string_view value) {
    if (value.starts_with('+')) value.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size())
        refuse(column, "a whole number");
    return {std::string(column.sql) + " = ?", {number}};
}

Condition condition_for(const Column& column, std::string_view value) {
    switch (column.matching) {
        case Matching::kUid:
            return uid_list(column, value);
        case Matching::kDate:
            return by_date(column, value);
        case Matching::kTime:
            return by_time(column, value);
        case Matching::kName:
            return by_name(column, value);
        case Matching::kNumber:
        case Matching::kCount:
        case Matching::kPatientCount:
            return by_number(column, value);
        case Matching::kCode:
            return any_of(std::string(column.sql), value);
        case Matching::kModalities: {
            Condition modality = any_of("m.modality", value);
            modality.text =
                "EXISTS (SELECT 1 FROM series m WHERE m.study = s.id AND " + modality.text + ")";
            return modality;
        }
        case Matching::kText:
        case Matching::kItems:
            break;
    }
    return like(std::string(column.sql), value);
}

bool fits(const Column& column, Level level) {
    return column.is_given_at(level) || (level == Level::kStudy && column.level == Level::kSeries);
}

bool is_universal(std::string_view value) {
    return value.find_first_not_of('*') == std::string_view::npos;
}

/// A date and the time that belongs to it.
constexpr std::pair<dicom::Tag, dicom::Tag> kMoments[] = {{{0x0008, 0x0020}, {0x0008, 0x0030}},
                                                          {{0x0008, 0x0021}, {0x0008, 0x0031}},
                                                          {{0x0040, 0x0244}, {0x0040, 0x0245}}};

const Key* key_of(const std::vector<Key>& keys, dicom::Tag tag) {
    const auto found =
        std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.tag == tag; });
    return found == keys.end() ? nullptr : &*found;
}

/// The keys with each pair of ranges that are one range of moments made one key, on the date, its
/// values "20240101 1000-20240102 0900".
std::vector<Key> with_combined_moments(std::vector<Key> keys) {
    for (const auto& [date_tag, time_tag] : kMoments) {
        const Key* const date = key_of(keys, date_tag);
        const Key* const time = key_of(keys, time_tag);
        if (date == nullptr || time == nullptr) continue;
        const auto dates = split(date->value, "-");
        const auto times = split(time->value, "-");
        if (dates.size() != 2 || times.size() != 2) continue;
        std::string moments;
        bool same_form = true;
        for (int end = 0; end < 2; ++end) {
            const auto day = trimmed(dates[static_cast<std::size_t>(end)]);
            const auto hour = trimmed(times[static_cast<std::size_t>(end)]);
            same_form = same_form && day.empty() == hour.empty();
            if (!day.empty()) moments += std::string(day) + " " + std::string(hour);
            if (end == 0) moments += "-";
        }
        if (!same_form || moments.size() < 2) continue;
        std::erase_if(keys, [taken = time_tag](const Key& key) { return key.tag == taken; });
        for (Key& key : keys)
            if (key.tag == date_tag) key.value = moments;
    }
    return keys;
}

struct Conditions {
    Where where;
    /// The search is within one study: few rows, so they can be put in the order people want.
    bool one_study = false;
};

Condition condition_for(const Column& column, const Key& key, std::string_view value,
                        const Query& query) {
    if (column.matching == Matching::kName && query.fuzzy_names)
        return by_fuzzy_name(column, value);
    if (column.matching == Matching::kDate && trimmed(value).find(' ') != std::string_view::npos)
        for (const auto& [date, time] : kMoments)
            if (date == key.tag) return by_moment(column, *column_of(time, query.level), value);
    return condition_for(column, value);
}

/// One item meets all keys in a sequence. Empty where none of them asks for anything.
Condition in_one_item(const std::vector<Key>& keys) {
    Condition all;
    for (const Key& key : keys) {
        if (!key.sequence || is_universal(trimmed(key.value))) continue;
        for (const ItemColumn& column : kRequestItem) {
            if (column.tag != key.tag) continue;
            Condition next = like(std::string(column.sql), trimmed(key.value));
            all.text += " AND " + next.text;
            all.values.push_back(std::move(next.values.front()));
        }
    }
    if (!all.text.empty())
        all.text =
            "EXISTS (SELECT 1 FROM request_attributes r WHERE r.series = e.id" + all.text + ")";
    return all;
}

Conditions conditions_of(const Query& query) {
    constexpr std::size_t kMostCompared = 200;
    constexpr std::size_t kMostListed = 30'000;
    std::size_t compared = 0;
    std::size_t listed = 0;
    Conditions conditions;
    Condition series;
    // A list may be long: it is not copied.
    std::vector<Key> combined;
    if (query.combined_date_time) combined = with_combined_moments(query.keys);
    const std::vector<Key>& keys = query.combined_date_time ? combined : query.keys;
    for (const Key& key : keys) {
        const Column* column = column_of(key.tag, query.level);
        const std::string_view value = trimmed(key.value);
        if (column == nullptr || is_universal(value) || !fits(*column, query.level) ||
            column->matching == Matching::kItems || key.sequence)
            continue;
        Condition condition = condition_for(*column, key, value, query);
        const bool is_list = column->matching == Matching::kUid;
        compared += is_list ? 1 : condition.values.size();
        listed += condition.listed;
        // Each is nested in the next one's expression, but for those of a list.
        if (compared > kMostCompared || listed > kMostListed)
            throw Error(ErrorCode::kInvalidInput,
                        "a query may have " + std::to_string(kMostCompared) +
                            " values to match by, and " + std::to_string(kMostListed) + " UIDs");
        if (column->sql == "s.study_instance_uid" && condition.listed == 1)
            conditions.one_study = true;
        if (column->level > query.level) {
            series.text += " AND " + condition.text;
            for (Value& bound : condition.values) series.values.push_back(std::move(bound));
        } else {
            conditions.where.add(condition.text, std::move(condition.values));
        }
    }
    Condition item = in_one_item(keys);
    if (!item.text.empty() && query.level >= Level::kSeries) {
        conditions.where.add(item.text, std::move(item.values));
    } else if (!item.text.empty() && query.level == Level::kStudy) {
        series.text += " AND " + item.text;
        for (Value& bound : item.values) series.values.push_back(std::move(bound));
    }
    if (!series.text.empty())
        conditions.where.add(
            "EXISTS (SELECT 1 FROM series e WHERE e.study = s.id" + series.text + ")",
            std::move(series.values));
    return conditions;
}

const char* tables_of(Level level) {
    switch (level) {
        case Level::kPatient:
        case Level::kStudy:
            return "studies s";
        case Level::kSeries:
            return "series e JOIN studies s ON s.id = e.study";
        case Level::kInstance:
            break;
    }
    return "instances i JOIN series e ON e.id = i.series JOIN studies s ON s.id = e.study";
}

/// One row for each patient.
#define OF_ONE_PATIENT                                                                \
    " GROUP BY s.patient_id, s.issuer_of_patient_id, CASE s.patient_id WHEN '' THEN " \
    "s.patient_name END, CASE s.patient_id WHEN '' THEN s.patient_birth_date END"

/// Each order is one that an index gives, or sorts one study; it is total, so that pages fit.
const char* order_of(Level level, bool one_study) {
    if (level == Level::kPatient)
        return OF_ONE_PATIENT " ORDER BY s.patient_id, s.issuer_of_patient_id, max(s.id)";
    if (level == Level::kStudy)
        return " ORDER BY s.study_date DESC, s.study_time_key DESC, s.id DESC";
    if (level == Level::kSeries)
        return one_study ? " ORDER BY e.series_number NULLS FIRST, e.id" : " ORDER BY e.id";
    return one_study ? " ORDER BY e.series_number NULLS FIRST, e.id, i.instance_number NULLS "
                       "FIRST, i.id"
                     : " ORDER BY i.id";
}

Match match_from(const Statement& row, std::span<const Column* const> selected) {
    Match match;
    match.attributes.reserve(selected.size());
    int at = 0;
    for (const Column* column : selected) {
        std::string value = row.text(at++);
        if (column->sql == "s.study_instance_uid") match.study_instance_uid = value;
        if (column->sql == "e.series_instance_uid") match.series_instance_uid = value;
        if (column->sql == "i.sop_instance_uid") match.sop_instance_uid = value;
        match.attributes.push_back({column->tag, column->vr, std::move(value)});
    }
    return match;
}

/// What names a row of each level.
const char* row_of(Level level) {
    switch (level) {
        case Level::kPatient:
        case Level::kStudy:
            return "s.id";
        case Level::kSeries:
            return "e.id";
        case Level::kInstance:
            break;
    }
    return "i.id";
}

std::vector<const Column*> columns_given_at(Level level) {
    std::vector<const Column*> given;
    for (const Column& column : columns())
        if (column.is_given_at(level)) given.push_back(&column);
    return given;
}

std::string select(std::span<const Column* const> given) {
    std::string sql = "SELECT ";
    for (const Column* column : given)
        sql += (column == given.front() ? "" : ", ") + std::string(column->sql);
    return sql;
}

void bind_all(Statement& statement, const Conditions& conditions) {
    for (const Value& value : conditions.where.values)
        std::visit([&](const auto& bound) { statement.bind(bound); }, value);
}

std::int64_t as_bound(std::size_t count) {
    return static_cast<std::int64_t>(std::min<std::size_t>(count, 1U << 30));
}

/// The end of every search: what is selected is before it.
Statement search(Connection& index, const std::string& selection, const Query& query) {
    const Conditions conditions = conditions_of(query);
    Statement statement =
        index.prepare(selection + " FROM " + tables_of(query.level) + conditions.where.text +
                      order_of(query.level, conditions.one_study) + " LIMIT ? OFFSET ?");
    bind_all(statement, conditions);
    statement.bind(as_bound(query.limit)).bind(as_bound(query.offset));
    return statement;
}

}  // namespace

std::vector<Match> find_matches(Connection& index, const Query& query) {
    if (query.level == Level::kPatient)
        return matches_of(index, query.level, find_rows(index, query));
    const std::vector<const Column*> given = columns_given_at(query.level);
    Statement statement = search(index, select(given), query);
    std::vector<Match> matches;
    while (statement.step()) matches.push_back(match_from(statement, given));
    return matches;
}

std::size_t count_matches(Connection& index, const Query& query, std::size_t most) {
    const Conditions conditions = conditions_of(query);
    Statement statement = index.prepare(std::string("SELECT count(*) FROM (SELECT 1 FROM ") +
                                        tables_of(query.level) + conditions.where.text +
                                        (query.level == Level::kPatient ? OF_ONE_PATIENT : "") +
                                        " LIMIT ?) matching");
    bind_all(statement, conditions);
    statement.bind(as_bound(most));
    return statement.step() ? static_cast<std::size_t>(statement.integer(0)) : 0;
}

std::vector<std::int64_t> find_rows(Connection& index, const Query& query) {
    const std::string row = row_of(query.level);
    // The newest study of a patient stands for the patient.
    Statement statement =
        search(index, query.level == Level::kPatient ? "SELECT max(s.id)" : "SELECT " + row, query);
    std::vector<std::int64_t> rows;
    while (statement.step()) rows.push_back(statement.integer(0));
    return rows;
}

std::vector<Match> matches_of(Connection& index, Level level, std::span<const std::int64_t> rows) {
    // As many as one statement is asked for; the text then stays the same.
    constexpr std::size_t kAtOnce = 500;
    const std::vector<const Column*> given = columns_given_at(level);
    const int row_at = static_cast<int>(given.size());
    std::vector<Match> matches;
    matches.reserve(rows.size());
    for (std::size_t begin = 0; begin < rows.size(); begin += kAtOnce) {
        const auto some = rows.subspan(begin, std::min(kAtOnce, rows.size() - begin));
        // A patient's study is not among what is given of patients.
        std::string sql = select(given) + ", " + row_of(level) + ", s.study_instance_uid FROM " +
                          tables_of(level) + " WHERE " + row_of(level) + " IN (";
        for (std::size_t i = 0; i < some.size(); ++i) sql += i == 0 ? "?" : ",?";
        Statement statement = index.prepare(sql + ")");
        for (const std::int64_t row : some) statement.bind(row);
        std::map<std::int64_t, Match> found;
        while (statement.step()) {
            Match match = match_from(statement, given);
            match.study_instance_uid = statement.text(row_at + 1);
            found.emplace(statement.integer(row_at), std::move(match));
        }
        for (const std::int64_t row : some)
            if (const auto match = found.find(row); match != found.end())
                matches.push_back(std::move(match->second));
    }
    return matches;
}

bool is_indexed(dicom::Tag tag, Level level) {
    const Column* column = column_of(tag, level);
    return column != nullptr && fits(*column, level);
}

bool is_fuzzy_name(std::string_view value) {
    if (name_words(value).empty()) return false;
    for (std::size_t at = value.find_first_of("*?"); at != std::string_view::npos;
         at = value.find_first_of("*?", at + 1)) {
        const bool ends_word =
            at + 1 == value.size() || std::string_view(" ^=").find(value[at + 1]) < 3;
        const bool follows = at > 0 && std::string_view(" ^=").find(value[at - 1]) > 2;
        if (value[at] == '?' || !ends_word || !follows) return false;
    }
    return true;
}

bool is_indexed_in(dicom::Tag sequence, dicom::Tag tag, Level level) {
    const Column* column = column_of(sequence, level);
    return column != nullptr && column->matching == Matching::kItems && fits(*column, level) &&
           std::any_of(std::begin(kRequestItem), std::end(kRequestItem),
                       [&](const ItemColumn& item) { return item.tag == tag; });
}

}  // namespace lucerna::store
