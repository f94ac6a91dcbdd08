#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "dicom/data_set.h"
#include "store/archive.h"
#include "store/back_ends.h"
#include "store/erasure.h"
#include "store/facts.h"
#include "store/pace.h"
#include "store/parts.h"
#include "store/sealed_io.h"
#include "store/unknown_objects.h"

namespace lucerna::store {
namespace {

struct Indexed {
    std::string object;
    std::string sop_instance_uid;
    std::string series_instance_uid;
    std::string study_instance_uid;
    std::uint64_t bytes = 0;
};

bool is_of(const Indexed& row, ByteView part10) {
    const Facts facts = facts_of(dicom::DataSet::outline_in(part10), {});
    return facts.sop_instance_uid == row.sop_instance_uid &&
           facts.series_instance_uid == row.series_instance_uid &&
           facts.study_instance_uid == row.study_instance_uid;
}

/// What is wrong with one object; empty if nothing is. `row` is what the index says of it, where
/// that is known.
std::string examine(Parts& parts, const std::string& object, const std::optional<Indexed>& row) {
    try {
        SealedReader reader(*parts.objects, parts.keys, object,
                            row ? std::optional(row->bytes) : std::nullopt);
        if (!row) reader.show_size();
        Bytes bytes(static_cast<std::size_t>(reader.size()));
        reader.read(0, bytes);
        if (!row) return {};
        if (!is_of(*row, bytes))
            return "object " + object +
                   ": it holds another instance, or one of another series or study, than the index "
                   "says";
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

/// Takes out of `names` what another process had in hand: what it stores it enters, and what it
/// erases it takes away, within moments. `still` gives those of some that are as they were.
void leave_passing_out(
    Parts& parts, std::vector<std::string>& names,
    const std::function<std::vector<std::string>(const std::vector<std::string>&)>& still) {
    constexpr auto kMoments = std::chrono::seconds(5);
    if (names.empty() || parts.index.alone()) return;
    const auto until = std::chrono::steady_clock::now() + kMoments;
    while (!names.empty() && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(250));
        names = still(names);
    }
}

/// Every object that the index names, and what it does not name.
void compare(Parts& parts, std::vector<Damage>& damages) {
    std::int64_t last = 0;
    // What is stored from now on is not run after.
    const std::int64_t newest = parts.index.read([](Connection& index) {
        return index.number("SELECT coalesce(max(id), 0) FROM instances");
    });
    for (;;) {
        // A page at a time: no snapshot is held while objects are read.
        std::vector<Indexed> rows;
        parts.index.read([&](Connection& index) {
            Statement page = index.prepare(
                "SELECT i.id, i.object, i.sop_instance_uid, e.series_instance_uid, "
                "s.study_instance_uid, i.bytes FROM instances i LEFT JOIN series e ON e.id = "
                "i.series LEFT JOIN studies s ON s.id = e.study WHERE i.id > ? AND i.id <= ? "
                "ORDER BY i.id LIMIT 256");
            page.bind(last).bind(newest);
            while (page.step()) {
                last = page.integer(0);
                rows.push_back({page.text(1), page.text(2), page.text(3), page.text(4),
                                static_cast<std::uint64_t>(page.integer(5))});
            }
        });
        if (rows.empty()) break;
        for (const Indexed& row : rows) {
            std::string what = examine(parts, row.object, row);
            if (what.empty() || !unknown_in(parts, {row.object}).empty()) continue;
            // Where an older index was put back, whoever erased it knows the study.
            damages.push_back({row.object, row.sop_instance_uid,
                               what + "; its study is " + row.study_instance_uid});
        }
    }
    std::vector<std::string> unknown;
    for_each_unknown(parts, [&](const std::string& name) {
        if (!is_not_kept(parts, name)) unknown.push_back(name);
    });
    leave_passing_out(parts, unknown, [&](const std::vector<std::string>& names) {
        std::vector<std::string> still = unknown_in(parts, names);
        std::erase_if(still, [&](const std::string& name) { return is_not_kept(parts, name); });
        return still;
    });
    for (const std::string& name : unknown)
        damages.push_back({name, {}, "object " + name + ": the index does not know it"});
}

}  // namespace

std::vector<Damage> Archive::verify() {
    const LongWork is_long;
    std::vector<Damage> damages;
    for (const std::string& what : parts_.index.damages())
        damages.push_back({"index.sqlite", {}, what});
    const bool index_is_whole = damages.empty();
    const auto is_stray = [&](const std::string& place) {
        damages.push_back({place, {}, "it is none of the archive's: nothing was stored there"});
    };
    parts_.objects->for_each_stray(is_stray);
    parts_.records->for_each_stray(is_stray);
    const auto known = index_is_whole ? KeyRing::Known::kToIndexToo : KeyRing::Known::kListed;
    for (const KeyRing::Damage& one : parts_.keys.damages(known))
        damages.push_back({"keys/" + one.name, {}, one.what});
    for (const std::string& what : parts_.trail.damages())
        damages.push_back({"audit.log", {}, what});
    if (std::string what = parts_.witness.damage(); !what.empty())
        damages.push_back({"index.witness", {}, std::move(what)});
    if (index_is_whole) {
        std::vector<std::string> unknown = parts_.keys.unknown();
        leave_passing_out(parts_, unknown, [&](const std::vector<std::string>& names) {
            const std::vector<std::string> now = parts_.keys.unknown();
            std::vector<std::string> both;
            std::copy_if(names.begin(), names.end(), std::back_inserter(both),
                         [&](const auto& name) {
                             return std::find(now.begin(), now.end(), name) != now.end();
                         });
            return both;
        });
        for (const std::string& name : unknown)
            damages.push_back({"keys/" + name,
                               {},
                               "a data key that the index does not know: one that was destroyed "
                               "and came back, or of objects that reindex would enter"});
        compare(parts_, damages);
        return damages;
    }
    parts_.objects->for_each([&](const std::string& name) {
        if (is_not_kept(parts_, name)) return;
        if (std::string what = examine(parts_, name, {}); !what.empty())
            damages.push_back({name, {}, std::move(what)});
    });
    return damages;
}

void Archive::require_index() {
    const auto has_known = [&] { return parts_.keys.was_known() || parts_.keys.is_known(); };
    // Another server may have entered the first one meanwhile: a record that was entered has its
    // row, and is looked for before it.
    if (has_known() || !parts_.keys.has_records() || has_known()) return;
    throw Error(ErrorCode::kConflict,
                "the index knows nothing of what is kept: it was lost, or is another archive's. "
                "`lucerna reindex` enters what there is; nothing was changed");
}

std::size_t Archive::unknown_objects() {
    const LongWork is_long;
    std::size_t count = 0;
    for_each_unknown(parts_, [&](const std::string& name) {
        if (!is_not_kept(parts_, name)) ++count;
    });
    return count;
}

namespace {

bool has_objects(Parts& parts) {
    bool has_any = false;
    parts.objects->for_each([&](const std::string&) { has_any = true; });
    return has_any;
}

/// A store that holds no patient's key may be a stray one beside the one that is kept: what it
/// ends, every key elsewhere is wrapped under. A server's word that this is the one, and an index
/// that had keys and has none any more, say otherwise; so does a folder that has only ever
/// exported: the keys lie in it, and are used. Throws Error(kConflict).
void require_the_keys(Parts& parts, OwnKeys own) {
    if (parts.keys.has_records()) return;
    // Not that the index was there before: whoever opened the wrong one once has made it.
    const bool is_the_servers = has_back_ends(parts.folder) && parts.keys.was_known();
    if ((is_the_servers || own == OwnKeys::kInItsFolder) && !parts.keys.is_known() &&
        !has_objects(parts))
        return;
    throw Error(ErrorCode::kConflict,
                "no patient's data key lies where " + parts.folder.string() +
                    " has its store: keys may be elsewhere that would be lost; where index or "
                    "objects are not in the folder, give the server's own --config");
}

void note_rewrapping(Parts& parts, const char* act, const std::string& by,
                     const KeyRing::Rewrapped& done) {
    parts.trail.add(vault::to_json({act,
                                    by,
                                    parts.clock.now(),
                                    {{"keys", static_cast<long long>(done.keys)},
                                     {"damaged", static_cast<long long>(done.damaged.size())}}}));
}

std::string named(const KeyRing::Damages& damaged) {
    std::string text;
    for (const KeyRing::Damage& one : damaged)
        text += "data key " + one.name + ": " + one.what + "; ";
    return text +
           "put the record back from a backup, or erase its patient, whose objects are unreadable";
}

}  // namespace

std::size_t Archive::rewrap_keys(const std::string& by) {
    const LongWork is_long;
    const auto alone = parts_.index.require_alone();
    // Half of the keys here and half there, neither would open the whole.
    const KeyRing::Damages damaged = parts_.keys.damages(KeyRing::Known::kToIndexToo);
    for (const KeyRing::Damage& one : damaged)
        if (one.code == ErrorCode::kUnavailable)
            throw Error(one.code, "nothing was moved: data key " + one.name + ": " + one.what);
    if (!damaged.empty()) throw Error(ErrorCode::kCorrupt, "nothing was moved: " + named(damaged));
    const KeyRing::Rewrapped done = parts_.keys.rewrap_all([this] {
        parts_.index.write([](Connection& index) {
            index.execute("INSERT INTO counters VALUES ('moving-keys', 1) ON CONFLICT DO NOTHING");
        });
    });
    note_rewrapping(parts_, "move-keys", by, done);
    if (!done.damaged.empty())
        throw Error(ErrorCode::kCorrupt,
                    std::to_string(done.keys) +
                        " data keys were moved, but not all: " + named(done.damaged));
    return done.keys;
}

void Archive::end_move() {
    parts_.index.write([](Connection& index) {
        index.execute("DELETE FROM counters WHERE name = 'moving-keys'");
    });
}

bool Archive::keys_are_moving() {
    return parts_.index.read([](Connection& index) {
        return index.number("SELECT count(*) FROM counters WHERE name = 'moving-keys'") > 0;
    });
}

std::size_t Archive::rotate_keys(const std::string& by, OwnKeys own) {
    const LongWork is_long;
    // Other processes would go on to wrap keys under the one that ends.
    const auto alone = parts_.index.require_alone();
    require_the_keys(parts_, own);
    const KeyRing::Rewrapped done = parts_.keys.rotate();
    note_rewrapping(parts_, "rotate-keys", by, done);
    if (!done.damaged.empty())
        throw Error(ErrorCode::kCorrupt,
                    std::to_string(done.keys) +
                        " data keys are under a new key-encryption key, but the older ones are "
                        "kept: " +
                        named(done.damaged));
    return done.keys;
}

}  // namespace lucerna::store
