#include "store/unknown_objects.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/error.h"
#include "base/outside_wait.h"
#include "store/parts.h"
#include "store/sealed_io.h"

namespace lucerna::store {
namespace {

/// One text for any number of names, so that it is compiled once.
const std::string& query_of_known() {
    static const std::string text = [] {
        std::string sql = "SELECT object FROM instances WHERE object IN (?";
        for (std::size_t i = 1; i < kNamesInAQuery; ++i) sql += ", ?";
        return sql + ")";
    }();
    return text;
}

}  // namespace

std::vector<std::string> unknown_among(Connection& index, const std::vector<std::string>& names) {
    Statement find = index.prepare(query_of_known());
    // No object has an empty name.
    for (std::size_t i = 0; i < kNamesInAQuery; ++i)
        find.bind(i < names.size() ? names[i] : std::string());
    std::set<std::string> known;
    while (find.step()) known.insert(find.text(0));
    std::vector<std::string> unknown;
    std::copy_if(names.begin(), names.end(), std::back_inserter(unknown),
                 [&](const std::string& name) { return !known.contains(name); });
    return unknown;
}

void for_each_unknown(Parts& parts, const std::function<void(const std::string& name)>& visit) {
    std::vector<std::string> names;
    const auto look_up = [&] {
        const auto unknown =
            parts.index.read([&](Connection& index) { return unknown_among(index, names); });
        names.clear();
        for (const std::string& name : unknown) visit(name);
    };
    parts.objects->for_each([&](const std::string& name) {
        names.push_back(name);
        if (names.size() == kNamesInAQuery) look_up();
    });
    if (!names.empty()) look_up();
}

std::vector<std::string> unknown_in(Parts& parts, const std::vector<std::string>& names) {
    std::vector<std::string> unknown;
    for (std::size_t at = 0; at < names.size(); at += kNamesInAQuery) {
        const auto begin = names.begin() + static_cast<std::ptrdiff_t>(at);
        const std::size_t count = std::min(kNamesInAQuery, names.size() - at);
        const std::vector<std::string> some(begin, begin + static_cast<std::ptrdiff_t>(count));
        for (std::string& name :
             parts.index.read([&](Connection& index) { return unknown_among(index, some); }))
            unknown.push_back(std::move(name));
    }
    return unknown;
}

vault::SealedHeader sealed_header_of(Parts& parts, const std::string& object) {
    std::array<std::uint8_t, vault::kSealedHeaderBytes> bytes;
    const std::size_t got = parts.objects->open(object)->read(0, bytes);
    return vault::decode_header(ByteView(bytes).first(got));
}

bool is_left_by_nobody(Parts& parts, const std::string& object) {
    return is_nobodys(sealed_header_of(parts, object)) &&
           parts.objects->unpublished().contains(object);
}

bool is_not_kept(Parts& parts, const std::string& object) {
    try {
        if (is_left_by_nobody(parts, object)) return true;
        // It may have been dropped between the two looks.
        (void)parts.objects->open(object);
        return false;
    } catch (const Error& error) {
        return error.code() == ErrorCode::kNotFound;
    }
}

bool is_gone(Parts& parts, const std::string& object) {
    try {
        (void)parts.objects->open(object);
        return false;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
        return true;
    }
}

namespace {

/// Not yet entered, or never, or erased and still there. The start has published all that an index
/// before this one may have known, or says that it could not (presence.h).
std::set<std::string> in_hand(Parts& parts) {
    std::set<std::string> names;
    const bool is_recovered = parts.index.read([&](Connection& index) {
        Statement find = index.prepare("SELECT name FROM doomed WHERE what = 'object'");
        while (find.step()) names.insert(find.text(0));
        return index.number("SELECT count(*) FROM counters WHERE name = 'unrecovered'") == 0;
    });
    if (is_recovered) names.merge(parts.objects->unpublished());
    return names;
}

/// In place of the name of a data key: by any.
constexpr const char* kAnyKey = "";

ByKey unknown_by_key(Parts& parts) try {
    std::vector<std::string> unknown;
    for_each_unknown(parts, [&](const std::string& name) { unknown.push_back(name); });
    if (unknown.empty()) return {};
    // After they were listed: what is no more among these has its row, or is gone.
    const std::set<std::string> passing = in_hand(parts);
    ByKey found;
    for (const std::string& name : unknown) {
        try {
            if (!passing.contains(name) && !is_not_kept(parts, name))
                found[vault::to_text(sealed_header_of(parts, name).data_key)].push_back(name);
        } catch (const Error& error) {
            // Which it is nobody knows while this process may not read it, or its device fails.
            if (error.code() == ErrorCode::kIo) {
                found[kAnyKey].push_back(name);
                continue;
            }
            // Of one that is damaged there it is not known, and it can be entered no more.
            if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kNotFound) throw;
        }
    }
    return found;
} catch (const Error& error) {
    // The bucket or the folder itself: nothing is gone by that.
    if (error.code() != ErrorCode::kNotFound) throw;
    throw Error(ErrorCode::kUnavailable, "the objects cannot be listed", error);
}

/// At those of which it could not be read by which key they are sealed.
void look_again(Parts& parts, ByKey& known) {
    const auto by_any = known.find(kAnyKey);
    if (by_any == known.end()) return;
    ByKey found = known;
    found.erase(kAnyKey);
    for (const std::string& name : by_any->second) {
        try {
            found[vault::to_text(sealed_header_of(parts, name).data_key)].push_back(name);
        } catch (const Error& error) {
            if (error.code() == ErrorCode::kIo)
                found[kAnyKey].push_back(name);
            else if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kNotFound)
                throw;
        }
    }
    known = std::move(found);
}

bool are_any_kept(Parts& parts, const std::vector<std::string>& names) {
    const auto unknown = unknown_in(parts, names);
    return std::any_of(unknown.begin(), unknown.end(), [&](const std::string& name) {
        try {
            return !is_not_kept(parts, name);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::kIo) throw;
            return true;
        }
    });
}

}  // namespace

std::set<std::string> keys_of_unknown(Parts& parts, const std::set<std::string>& keys) {
    const OutsideWait waits("the object store", OutsideWait::Crowded::kWaits);
    ByKey asked;
    std::vector<std::string> by_any;
    // Who asks meanwhile waits for the same list.
    parts.unknown.with([&](auto& known) {
        if (!known) known = unknown_by_key(parts);
        look_again(parts, *known);
        for (const std::string& key : keys)
            if (const auto found = known->find(key); found != known->end()) asked.insert(*found);
        if (const auto found = known->find(kAnyKey); found != known->end()) by_any = found->second;
    });
    if (are_any_kept(parts, by_any)) return keys;
    std::set<std::string> in_use;
    for (const auto& [key, names] : asked)
        if (are_any_kept(parts, names)) in_use.insert(key);
    return in_use;
}

}  // namespace lucerna::store
