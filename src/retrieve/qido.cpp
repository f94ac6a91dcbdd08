#include "retrieve/qido.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <span>

#include "base/error.h"
#include "dicom/json.h"
#include "dicom/tags.h"
#include "retrieve/address.h"
#include "retrieve/data_set_form.h"
#include "retrieve/kept_object.h"
#include "retrieve/key_matching.h"
#include "retrieve/left_out.h"
#include "retrieve/negotiate.h"
#include "retrieve/object_keys.h"
#include "retrieve/object_search.h"
#include "retrieve/search_room.h"

namespace lucerna::retrieve {
namespace {

using store::Level;

constexpr std::array<std::string_view, 9> kReserved = {
    "limit",  "offset",  "fuzzymatching", "emptyvaluematching", "multiplevaluematching",
    "accept", "charset", "orderby",       "includefield"};

/// A search as it was asked for.
struct Search {
    store::Query query;
    /// Attributes to add that the index does not hold; of instances only.
    std::set<dicom::Tag> from_objects;
    /// All of them.
    bool has_all = false;
    /// Keys that the index does not hold; of instances of one study only, which are asked.
    ObjectKeys object_keys;
    std::vector<std::string> warnings;
};

std::string list(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

void add_included(Search& search, const std::string& value, std::vector<std::string>& unknown) {
    for (std::size_t begin = 0; begin <= value.size();) {
        const std::size_t end = std::min(value.find(',', begin), value.size());
        const std::string name = value.substr(begin, end - begin);
        begin = end + 1;
        if (name.empty()) continue;
        if (name == "all") {
            // Of studies and series there is no more than the index has, which comes anyway.
            search.has_all = search.query.level == Level::kInstance;
            continue;
        }
        const std::vector<dicom::Tag> path = attribute_path(name);
        const bool comes_anyway =
            path.size() == 1 && (path[0] == dicom::tags::kSpecificCharacterSet ||
                                 store::is_indexed(path[0], search.query.level));
        if (comes_anyway) continue;
        if (search.query.level == Level::kInstance)
            search.from_objects.insert(path[0]);
        else
            unknown.push_back(name);
    }
}

bool is_name(dicom::Tag tag) {
    return tag == dicom::tags::kPatientName || tag == dicom::tags::kReferringPhysicianName;
}

/// The objects of one study can be asked: how many they are is bounded.
bool is_of_one_study(const http::Request& request) {
    const std::string study = request.query.get_or("StudyInstanceUID", "");
    return request.parameters.contains("study") ||
           (!study.empty() && study.find_first_of(",\\*?") == std::string::npos);
}

/// Keys as they stand in the query. Those that nothing can match by go to `not_matched`.
void add_keys(Search& search, const http::Request& request, std::vector<std::string>& not_matched) {
    const Level level = search.query.level;
    const bool asks_objects = level == Level::kInstance && is_of_one_study(request);
    std::vector<std::pair<std::vector<dicom::Tag>, std::string>> indexed_in;
    bool has_zone = false;
    for (const auto& [name, value] : request.query.all()) {
        if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) continue;
        const std::vector<dicom::Tag> path = attribute_path(name);
        if (path == std::vector{dicom::tags::kTimezoneOffsetFromUtc}) {
            // It says of what zone the times of the request are (PS3.4 C.2.2.2.5).
            (void)search.object_keys.add(path, value);
            has_zone = !value.empty();
        } else if (path.size() == 1 && store::is_indexed(path[0], level)) {
            search.query.keys.push_back({path[0], value});
        } else if (path.size() == 2 && store::is_indexed_in(path[0], path[1], level)) {
            search.query.keys.push_back({path[1], value, path[0]});
            indexed_in.emplace_back(path, value);
        } else if (!asks_objects || !search.object_keys.add(path, value)) {
            not_matched.push_back(name);
        }
    }
    // One item has to meet all keys of its sequence, which the index has not got all of.
    for (const auto& [path, value] : indexed_in)
        if (search.object_keys.has_sequence(path[0])) (void)search.object_keys.add(path, value);
    if (has_zone && !zone_counts(search.object_keys.identifier(), search.query.keys))
        search.warnings.emplace_back(
            "TimezoneOffsetFromUTC is not matched by, and does not count for dates and times");
}

Search search_from(const http::Request& request, Level level, const QidoOptions& options) {
    Search search;
    search.query.level = level;
    // There is no negotiation here: what a client means by both ranges is one of moments.
    search.query.combined_date_time = true;
    std::vector<std::string> not_matched;
    std::vector<std::string> not_included;
    for (const auto& [name, value] : request.query.all())
        if (name == "includefield") add_included(search, value, not_included);
    add_keys(search, request, not_matched);
    for (const auto& [name, tag] : {std::pair("study", dicom::tags::kStudyInstanceUid),
                                    std::pair("series", dicom::tags::kSeriesInstanceUid)})
        if (request.parameters.contains(name))
            search.query.keys.push_back({tag, uid_of(request, name)});
    constexpr std::size_t kMost = 1U << 30;
    search.query.limit = std::min(request.query.number_or("limit", options.default_limit, 0, kMost),
                                  options.max_limit);
    search.query.offset = request.query.number_or("offset", 0, 0, kMost);
    const std::string fuzzy = request.query.get_or("fuzzymatching", "false");
    if (fuzzy != "true" && fuzzy != "false")
        throw Error(ErrorCode::kInvalidInput, "fuzzymatching must be true or false");
    search.query.fuzzy_names = fuzzy == "true";
    for (const store::Key& key : search.query.keys)
        if (search.query.fuzzy_names && is_name(key.tag) && !key.value.empty() &&
            !store::is_fuzzy_name(key.value))
            search.warnings.emplace_back(
                "The fuzzymatching parameter is not supported for a pattern with wildcards within "
                "words. Only literal matching has been performed.");
    if (!not_matched.empty())
        search.warnings.push_back("Not matched by, because the index does not hold them: " +
                                  list(not_matched));
    if (!not_included.empty())
        search.warnings.push_back("Not included at this level: " + list(not_included));
    return search;
}

std::string member(dicom::Tag tag, std::string_view vr, std::string_view value) {
    std::array<char, 16> digits{};
    std::snprintf(digits.data(), digits.size(), "%04X%04X", unsigned{tag.group},
                  unsigned{tag.element});
    return "\"" + std::string(digits.data()) + "\":{\"vr\":\"" + std::string(vr) +
           "\",\"Value\":[" + json_quoted(value) + "]}";
}

std::string retrieve_url(const store::Match& match, const std::string& base) {
    std::string url = base + "/studies/" + match.study_instance_uid;
    if (!match.series_instance_uid.empty()) url += "/series/" + match.series_instance_uid;
    if (!match.sop_instance_uid.empty()) url += "/instances/" + match.sop_instance_uid;
    return url;
}

/// Adds to a JSON object, of which the end is missing, what is asked for of the object itself and
/// `match` has not. It is written where it stays: it may be of many megabytes.
void add_from_object(std::string& json, store::Archive& archive, const store::Match& match,
                     const Search& search, const std::string& url, SearchRoom& room) {
    const auto row = archive.instance(match.sop_instance_uid);
    if (!row) throw Error(ErrorCode::kNotFound, "it was erased meanwhile");
    // Where nobody knows where its head ends, all of it is one.
    room.take(static_cast<std::size_t>(row->head_bytes > 0 ? row->head_bytes : row->size));
    Head head = head_of(archive, *row);
    dicom::DataSet& object = head.file.data_set();
    std::set<dicom::Tag> had{dicom::tags::kSpecificCharacterSet, dicom::tags::kInstanceAvailability,
                             dicom::tags::kRetrieveUrl, dicom::tags::kPixelData};
    for (const store::Attribute& attribute : match.attributes)
        // An older index does not know it of what it had.
        if (attribute.tag != dicom::tags::kTimezoneOffsetFromUtc || !attribute.value.empty())
            had.insert(attribute.tag);
    for (const dicom::Tag tag : object.tags())
        if (had.contains(tag) || !(search.has_all || search.from_objects.contains(tag)))
            object.remove(tag);
    const dicom::JsonOptions options =
        json_options_for(object, {.bulk_data_uri = url + "/bulkdata"});
    const MemoryBudget::Share of_json = room_for_json(options);
    if (object.tags().empty()) return;
    const std::size_t begin = json.size();
    dicom::append_dicom_json(json, object, options);
    json[begin] = ',';
    json.pop_back();
}

std::string json_of(const store::Match& match, const Search& search, const std::string& base,
                    store::Archive& archive, LeftOut& unread, SearchRoom& room) {
    const std::string url = retrieve_url(match, base);
    // What the whole answer is in, whatever the object came in (PS3.18 10.6.3.3).
    std::string json = "{" + member(dicom::tags::kSpecificCharacterSet, "CS", "ISO_IR 192");
    json += "," + store::json_members(match);
    json += "," + member(dicom::tags::kInstanceAvailability, "CS", "ONLINE");
    json += "," + member(dicom::tags::kRetrieveUrl, "UR", url);
    if (search.has_all || !search.from_objects.empty()) {
        const std::size_t without = json.size();
        const auto added = unread.unless_broken(match.sop_instance_uid, [&] {
            add_from_object(json, archive, match, search, url, room);
            return true;
        });
        if (!added) json.resize(without);
    }
    json += '}';
    return json;
}

/// Items for `matches`, as many as there is room for in an answer, one at least.
std::vector<std::string> items_of(std::span<const store::Match> matches, const Search& search,
                                  const std::string& base, store::Archive& archive,
                                  std::size_t most_bytes, LeftOut& unread, SearchRoom& room) {
    std::vector<std::string> items;
    std::size_t bytes = 0;
    for (const store::Match& match : matches) {
        std::string item = json_of(match, search, base, archive, unread, room);
        room.take(item.size());
        bytes += item.size();
        if (!items.empty() && bytes > most_bytes) break;
        items.push_back(std::move(item));
    }
    return items;
}

/// The Warnings for what is not done (PS3.18 8.3.4.5, 8.3.4.6), in the standard's words.
void warn_of_parameters(http::Response& response, const http::Request& request,
                        const std::string& base) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kNotDone{
        {{"emptyvaluematching", "Empty Value Matching has not been performed."},
         {"multiplevaluematching", "Multiple Value Matching has not been performed."}}};
    const auto warn = [&](std::string_view name, std::string_view outcome) {
        response.headers.add("Warning", "299 " + base + ": The " + std::string(name) +
                                            " parameter is not supported. " + std::string(outcome));
    };
    for (const auto& [name, outcome] : kNotDone)
        if (request.query.get_or(name, "false") != "false") warn(name, outcome);
    if (request.query.has("orderby")) warn("orderby", "The order is that of the archive.");
}

/// As many as `search` wants; many have their room before they are there.
std::vector<store::Match> found_by(Search& search, store::Archive& archive, SearchRoom& room) {
    constexpr std::size_t kFew = 100;
    if (search.object_keys.empty()) {
        store::Query few = search.query;
        few.limit = std::min(few.limit, kFew + 1);
        std::vector<store::Match> found = archive.find(few);
        if (found.size() <= kFew || few.limit == search.query.limit) return found;
    }
    if (search.query.limit > kFew + 1) room.take_all();
    if (search.object_keys.empty()) return archive.find(search.query);
    ObjectMatches found = find_by_objects(archive, search.query, search.object_keys.identifier());
    if (found.unread > 0)
        search.warnings.push_back("Not matched by all keys, because they cannot be read: " +
                                  std::to_string(found.unread) + " instances");
    return std::move(found.matches);
}

/// How many more there are than the first `count` of what was found, one more having been asked
/// for.
std::size_t remaining_after(store::Archive& archive, const Search& search, std::size_t count,
                            const std::vector<store::Match>& found) {
    if (found.size() <= count) return 0;
    store::Query query = search.query;
    const std::size_t given = query.offset + count;
    query.offset = 0;
    query.limit = given + kMostCounted + 1;
    const std::size_t all =
        search.object_keys.empty()
            ? archive.count(query, query.limit)
            : find_by_objects(archive, query, search.object_keys.identifier()).matches.size();
    // Some may have been erased since.
    return std::max(all, given + 1) - given;
}

http::Response answer(const http::Request& request, Level level, store::Archive& archive,
                      const QidoOptions& options) {
    const auto form = choose_form(accepted_by(request), Count::kMany);
    if (!form) return not_acceptable(request, kDataSetForms);
    Search search = search_from(request, level, options);
    const std::size_t limit = search.query.limit;
    search.query.limit = limit + 1;
    SearchRoom room(options.max_answer_bytes);
    const std::vector<store::Match> found = found_by(search, archive, room);
    const std::span matches(found.data(), std::min(found.size(), limit));
    const std::string base = base_of(request);
    LeftOut unread(request.id);
    std::vector<std::string> items =
        items_of(matches, search, base, archive, options.max_answer_bytes, unread, room);
    if (unread.count() > 0)
        search.warnings.push_back("Without what includefield adds, because they cannot be read: " +
                                  unread.named());
    const std::size_t remaining = remaining_after(archive, search, items.size(), found);
    http::Response response = in_form(*form, std::move(items));
    warn_of_remaining(response, base, remaining);
    warn_of_parameters(response, request, base);
    for (const std::string& warning : search.warnings)
        response.headers.add("Warning", "299 lucerna " + json_quoted(warning));
    return response;
}

}  // namespace

void add_qido(http::Router& router, store::Archive& archive, const QidoOptions& options) {
    const auto add = [&](const char* pattern, Level level) {
        router.add("GET", std::string(kRoot) + pattern,
                   [&archive, options, level](http::Request& request) {
                       return answer(request, level, archive, options);
                   });
    };
    add("/studies", Level::kStudy);
    add("/series", Level::kSeries);
    add("/instances", Level::kInstance);
    add("/studies/{study}/series", Level::kSeries);
    add("/studies/{study}/instances", Level::kInstance);
    add("/studies/{study}/series/{series}/instances", Level::kInstance);
}

}  // namespace lucerna::retrieve
