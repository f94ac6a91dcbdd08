#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <iterator>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "dicom/data_set.h"
#include "dicom/file_header.h"
#include "store/archive.h"
#include "store/back_ends.h"
#include "store/erasure.h"
#include "store/instance_rows.h"
#include "store/keeping.h"
#include "store/matching.h"
#include "store/named_patient.h"
#include "store/pace.h"
#include "store/partial_erasure.h"
#include "store/parts.h"
#include "store/rows.h"
#include "store/same_patient.h"
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

/// As it says itself; nothing is opened. Throws Error.
vault::SealedHeader header_of(Parts& parts, const std::string& object) {
    std::array<std::uint8_t, vault::kSealedHeaderBytes> bytes;
    const std::size_t got = parts.objects->open(object)->read(0, bytes);
    return vault::decode_header(ByteView(bytes).first(got));
}

/// Taken in just now, or left, without knowing yet whose it is. What was published never says so:
/// its header was altered.
bool is_left_by_nobody(Parts& parts, const std::string& object) {
    return is_nobodys(header_of(parts, object)) && parts.objects->unpublished().contains(object);
}

/// What another process takes in just now, or left; or erased since the objects were listed.
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
        for (const Indexed& row : rows)
            if (std::string what = examine(parts, row.object, row);
                !what.empty() && unknown_in(parts, {row.object}).empty())
                damages.push_back({row.object, row.sop_instance_uid, std::move(what)});
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

bool holds(Parts& parts, const std::string& object, ByteView bytes) {
    try {
        SealedReader reader(*parts.objects, parts.keys, object);
        reader.show_size();
        Bytes other(static_cast<std::size_t>(reader.size()));
        reader.read(0, other);
        return std::equal(other.begin(), other.end(), bytes.begin(), bytes.end());
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kUnavailable) throw;
        return false;
    }
}

/// Enters one object that the index does not know. A second one of the same instance came again
/// before it was known, or is from a copied folder: it goes where it holds the same bytes, and is
/// named otherwise. Its data key is the patient's all the same, and ends with her.
void enter_object(Parts& parts, const std::string& name) {
    SealedReader reader(*parts.objects, parts.keys, name);
    reader.show_size();
    Bytes bytes(static_cast<std::size_t>(reader.size()));
    reader.read(0, bytes);
    const auto header = dicom::DataSet::outline_in(bytes);
    const Facts facts = facts_of(header, parts.view_of);
    Placing placing = reader.placing();
    placing.head_bytes = header.pixel_data_offset();
    const auto first = parts.index.read(
        [&](Connection& index) { return place_of(index, facts.sop_instance_uid); });
    if (first && first->object == name)
        throw Error(ErrorCode::kCorrupt, "object " + name +
                                             ": the index knows it by its instance, and not by its "
                                             "name: it is damaged");
    const bool is_surplus = first && holds(parts, first->object, bytes);
    parts.index.write([&](Connection& index) {
        enter_found_key(index, placing.data_key, facts.key_owner());
        if (is_surplus)
            index.prepare("INSERT INTO doomed (name, what) VALUES (?, 'object')").bind(name).run();
        if (first) return;
        const Entered entered = insert_instance(index, facts, placing, OtherPatient::kTaken);
        if (placing.role != Role::kReceived) return;
        if (facts.is_exam_image())
            enter_image(index, facts, placing.received_at);
        else if (entered.renames)
            read_exam_again(index, facts.study_instance_uid);
    });
    if (first && !is_surplus)
        throw Error(
            ErrorCode::kConflict,
            "object " + name + ": its instance is indexed already, with other bytes or damaged");
}

/// As it would be entered. Where the pixels are among the rest they are passed over.
Facts facts_of_kept(const Parts& parts, Archive& archive, const InstanceRow& row) {
    const auto object = archive.open(row);
    const auto read = [&](std::uint64_t at, std::span<std::uint8_t> into) {
        object->read(at, into);
    };
    const auto size = static_cast<std::uint64_t>(row.head_bytes > 0 ? row.head_bytes : row.size);
    const auto header = dicom::FileHeader::of(read, size, dicom::ValueScan::Items::kPassed);
    return facts_of(header.data_set(), parts.view_of);
}

/// All that the study has beside `part`, as it would be entered. What cannot be read any more has
/// nothing to say.
std::vector<Described> described_beside(Parts& parts, Archive& archive, const StudyPart& part) {
    std::vector<Described> all;
    for (const InstanceRow& row : archive.instances_of(part.study_instance_uid)) {
        if (row.series_instance_uid == part.series_instance_uid &&
            (part.sop_instance_uid.empty() || row.sop_instance_uid == part.sop_instance_uid))
            continue;
        Described one;
        one.placing.received_at = row.received_at;
        one.placing.role = row.role;
        try {
            one.facts = facts_of_kept(parts, archive, row);
        } catch (const Error& error) {
            if (error.code() == ErrorCode::kNotFound) continue;
            if (error.code() != ErrorCode::kCorrupt) throw;
            one.facts.sop_instance_uid = row.sop_instance_uid;
            one.facts.series_instance_uid = row.series_instance_uid;
        }
        all.push_back(std::move(one));
    }
    return all;
}

/// Studies whose patient has an ID, and no issuer of it.
std::vector<std::string> studies_without_issuer(Parts& parts) {
    return parts.index.read([&](Connection& index) {
        std::vector<std::string> studies;
        Statement find = index.prepare(
            "SELECT study_instance_uid FROM studies WHERE patient_id <> '' AND "
            "issuer_of_patient_id = ''");
        while (find.step()) studies.push_back(find.text(0));
        return studies;
    });
}

/// Issuers that an earlier version did not read where qualifiers alone name them
/// (dicom/patient_issuer.h). Of what cannot be read the index goes on to say what it says.
void learn_issuers(Parts& parts, Archive& archive) {
    for (const std::string& study : studies_without_issuer(parts)) {
        std::vector<Described> all;
        bool has_any = false;
        try {
            for (const InstanceRow& row : archive.instances_of(study)) {
                Described& one = all.emplace_back();
                one.facts = facts_of_kept(parts, archive, row);
                one.placing.received_at = row.received_at;
                one.placing.role = row.role;
                has_any = has_any ||
                          (row.role == Role::kReceived && !one.facts.issuer_of_patient_id.empty());
            }
        } catch (const Error& error) {
            if (error.code() == ErrorCode::kUnavailable) throw;
            continue;
        }
        if (!has_any) continue;
        parts.index.write([&](Connection& index) {
            if (describe_anew(index, study, all) == DescribedAnew::kAsAnothers)
                read_exam_again(index, study);
        });
    }
}

std::unique_ptr<Database::Alone> require_alone(Parts& parts) {
    auto alone = parts.index.alone();
    if (alone) return alone;
    throw Error(ErrorCode::kConflict,
                "other processes are at work on this archive: end them first");
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

std::vector<Damage> Archive::reindex() {
    const LongWork is_long;
    // What another process has in hand is not in the index yet.
    const auto alone = require_alone(parts_);
    // What it says of objects decides which of two of an instance goes.
    parts_.index.require_whole();
    std::vector<Damage> damages;
    std::vector<std::pair<std::uint64_t, std::string>> unknown;
    const auto attempt = [&](const std::string& name, const auto& work) {
        try {
            work();
        } catch (const Error& error) {
            damages.push_back({name, {}, error.what()});
        }
    };
    for_each_unknown(parts_, [&](const std::string& name) {
        attempt(name, [&] {
            const vault::SealedHeader header = header_of(parts_, name);
            if (!is_nobodys(header))
                unknown.emplace_back(header.received_ms, name);
            else if (is_left_by_nobody(parts_, name))
                parts_.objects->remove(name);
            else
                throw Error(ErrorCode::kCorrupt,
                            "object " + name +
                                ": its header says that it was never kept, and it lies among what "
                                "was");
        });
    });
    // So that of two objects of one instance the first stays.
    std::sort(unknown.begin(), unknown.end());
    for (const auto& one : unknown) attempt(one.second, [&] { enter_object(parts_, one.second); });
    work_off_doomed(parts_);
    learn_issuers(parts_, *this);
    // Where there is a key and nothing that can be entered, nothing more is to be had.
    if (parts_.keys.has_records()) parts_.index.write(note_key);
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

/// With what names something in the study and is nobody else's. What it says of the patient beside
/// is hers though she has other studies.
ErasedStudy erase_study_for_good(Connection& index, const std::string& study_instance_uid) {
    const PatientKey patient = patient_of_study(index, study_instance_uid).value_or(PatientKey());
    NamedPatient named{patient.id};
    if (!patient.issuer.empty()) named.issuers = {patient.issuer};
    add_study(index, study_instance_uid, named);
    if (!patient.id.empty()) add_asked_for(index, patient, named);
    ErasedStudy erased = erase_study_rows(index, study_instance_uid);
    erased.beside.workitems += erase_workitems_naming(index, named, Hers::kByUid);
    return erased;
}

}  // namespace

std::size_t Archive::rewrap_keys(const std::string& by) {
    const LongWork is_long;
    const auto alone = require_alone(parts_);
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
    const auto alone = require_alone(parts_);
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

std::size_t Archive::erase_study(const std::string& study_instance_uid, const std::string& by,
                                 const AsSeen& as_seen) {
    const LongWork is_long;
    ErasedStudy erased;
    parts_.index.write([&](Connection& index) {
        require_not_being_read(index, study_instance_uid);
        require_as_seen(index, {study_instance_uid, {}}, as_seen);
        erased = erase_study_for_good(index, study_instance_uid);
        doom_unused_keys(index);
        if (erased.instances + erased.beside.orders + erased.beside.workitems > 0)
            note_erasure(index, {"erase-study", by, parts_.clock.now()},
                         erased.instances > 0 ? 1 : 0, erased.instances, erased.beside);
    });
    work_off_doomed(parts_);
    return erased.instances;
}

std::size_t Archive::erase_part(const StudyPart& part, const std::string& by,
                                const AsSeen& as_seen) {
    const LongWork is_long;
    const char* act = part.sop_instance_uid.empty() ? "erase-series" : "erase-instance";
    const auto describes = [&](Connection& index) { return describes_study(index, part); };
    // Before anybody has to wait for it.
    std::vector<Described> beside;
    if (parts_.index.read(describes)) beside = described_beside(parts_, *this, part);
    ErasedPart erased;
    parts_.index.write([&](Connection& index) {
        require_not_being_read(index, part.study_instance_uid);
        require_as_seen(index, part, as_seen);
        const bool is_described_by_it = describes(index);
        erased = erase_part_rows(index, part);
        if (is_described_by_it) {
            const DescribedAnew anew = describe_anew(index, part.study_instance_uid, beside);
            if (anew == DescribedAnew::kNot)
                throw Error(ErrorCode::kConflict,
                            "objects of that study come in just now; try again in a moment");
            // They say whom it was of by what is erased now, and may still be on their way out.
            if (anew == DescribedAnew::kAsAnothers)
                erased.instances += erase_results(index, part.study_instance_uid);
        }
        doom_unused_keys(index);
        if (erased.instances > 0)
            note_erasure(index, {act, by, parts_.clock.now()}, erased.studies, erased.instances,
                         erased.beside);
    });
    work_off_doomed(parts_);
    return erased.instances;
}

namespace {

/// What `erase` would take out beside instances.
template <typename Erase>
Beside tried(Parts& parts, Erase&& erase) {
    Beside beside;
    parts.index.write([&](Connection& index) {
        index.execute("SAVEPOINT trial");
        beside = erase(index);
        index.execute("ROLLBACK TO trial; RELEASE trial");
    });
    return beside;
}

}  // namespace

Beside Archive::beside_study(const std::string& study_instance_uid) {
    const LongWork is_long;
    return tried(parts_, [&](Connection& index) {
        return erase_study_for_good(index, study_instance_uid).beside;
    });
}

Beside Archive::erase_workitem(const std::string& sop_instance_uid, const std::string& by) {
    const LongWork is_long;
    Beside beside;
    parts_.index.write([&](Connection& index) {
        beside.workitems = store::erase_workitem(index, sop_instance_uid);
        if (beside.workitems > 0)
            note_erasure(index, {"erase-workitem", by, parts_.clock.now()}, 0, 0, beside);
    });
    work_off_doomed(parts_);
    return beside;
}

Beside Archive::erasure_of_workitem(const std::string& sop_instance_uid) {
    const LongWork is_long;
    return tried(parts_, [&](Connection& index) {
        return Beside{0, store::erase_workitem(index, sop_instance_uid)};
    });
}

}  // namespace lucerna::store
