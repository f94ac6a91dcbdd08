#include "store/archive.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "dicom/arriving_header.h"
#include "dicom/data_set.h"
#include "store/arrival.h"
#include "store/comparison.h"
#include "store/facts.h"
#include "store/find.h"
#include "store/keeping.h"
#include "store/parts.h"
#include "store/presence.h"
#include "store/rows.h"
#include "store/same_patient.h"
#include "store/sealed_io.h"
#include "store/study_accounts.h"

namespace lucerna::store {
namespace {

class Opened final : public OpenedObject {
  public:
    explicit Opened(SealedReader reader) : reader_(std::move(reader)) {}

    [[nodiscard]] std::uint64_t size() const override { return reader_.size(); }
    Bytes read(std::uint64_t offset, std::uint64_t length) override {
        if (offset >= size()) return {};
        Bytes bytes(static_cast<std::size_t>(std::min(length, size() - offset)));
        reader_.read(offset, bytes);
        return bytes;
    }
    void read(std::uint64_t offset, std::span<std::uint8_t> into) override {
        reader_.read(offset, into);
    }

  private:
    SealedReader reader_;
};

void read_whole(Parts& parts, const std::string& sop_instance_uid, const Place& place,
                Bytes& into) {
    SealedReader reader = opened(parts, sop_instance_uid, place.object, place.bytes);
    into.resize(static_cast<std::size_t>(reader.size()));
    reader.read(0, into);
}

constexpr const char* kRowColumns =
    "s.study_instance_uid, e.series_instance_uid, i.sop_instance_uid, i.sop_class_uid, "
    "i.transfer_syntax_uid, e.modality, i.bytes, i.head_bytes, i.role, i.received_at, "
    "i.number_of_frames, i.rows, i.columns, i.view, i.object FROM instances i JOIN series e ON "
    "e.id = "
    "i.series JOIN studies s ON s.id = e.study ";

InstanceRow row_from(const Statement& row) {
    InstanceRow instance;
    instance.study_instance_uid = row.text(0);
    instance.series_instance_uid = row.text(1);
    instance.sop_instance_uid = row.text(2);
    instance.sop_class_uid = row.text(3);
    instance.transfer_syntax_uid = row.text(4);
    instance.modality = row.text(5);
    instance.size = static_cast<std::uint64_t>(row.integer(6));
    instance.head_bytes = static_cast<std::uint64_t>(row.integer(7));
    instance.role = static_cast<Role>(row.small(8));
    instance.received_at = row.instant(9);
    instance.number_of_frames = row.small(10);
    instance.rows = row.small(11);
    instance.columns = row.small(12);
    instance.view = row.text(13);
    instance.object = row.text(14);
    return instance;
}

/// What a file says of itself.
struct FileFacts {
    Facts facts;
    std::uint64_t head_bytes = 0;
};

FileFacts facts_in(const Parts& parts, ByteView part10) {
    // It may take much, and has gone before others are waited for.
    const dicom::DataSet header = dicom::header_of_arriving(part10);
    Facts facts = facts_of_arriving(header, parts.view_of);
    log_padding(header, facts);
    return {std::move(facts), header.pixel_data_offset()};
}

/// Where the instance lies that came before. Where there is none, throws as require_same_patient,
/// before it is given a data key; what comes meanwhile, insert_instance refuses.
std::optional<Place> kept_first(Parts& parts, const Facts& facts, Role role) {
    return parts.index.read([&](Connection& index) {
        const auto place = place_of(index, facts.sop_instance_uid);
        if (!place) require_same_patient(index, facts, role);
        return place;
    });
}

void seal(Parts& parts, ByteView part10, std::uint64_t head_bytes, NewObject& object) {
    object.placing.bytes = part10.size();
    object.placing.head_bytes = head_bytes;
    SealedWriter writer(*parts.objects, object.placing, object.key);
    seal_rest(writer, part10);
}

}  // namespace

Archive::Archive(Parts& parts) : parts_(parts) {}

Kept Archive::keep(ByteView part10) {
    const FileFacts file = facts_in(parts_, part10);
    for (;;) {
        if (const auto first = kept_first(parts_, file.facts, Role::kReceived)) {
            const auto kept = judge_duplicate(parts_, *first, file.facts.sop_instance_uid,
                                              pieces_of(part10), Role::kReceived);
            if (kept) return *kept;
            continue;
        }
        NewObject object = new_object(parts_, file.facts.key_owner(), Role::kReceived);
        seal(parts_, part10, file.head_bytes, object);
        if (enter(parts_, file.facts, object)) return Kept::kNew;
        drop(parts_, object);
    }
}

Kept Archive::keep_result(ByteView part10, const Job& reading) {
    const FileFacts file = facts_in(parts_, part10);
    if (file.facts.study_instance_uid != reading.payload)
        throw Error(ErrorCode::kInternal, "a result of another study than is read");
    const Required is_read = [&](Connection& index) { require_lease(index, reading); };
    for (;;) {
        parts_.index.read(is_read);
        if (const auto first = kept_first(parts_, file.facts, Role::kResult)) {
            const auto kept = judge_duplicate(parts_, *first, file.facts.sop_instance_uid,
                                              pieces_of(part10), Role::kResult);
            if (kept) return *kept;
            continue;
        }
        NewObject object = new_object(parts_, file.facts.key_owner(), Role::kResult, is_read);
        seal(parts_, part10, file.head_bytes, object);
        if (enter(parts_, file.facts, object, is_read)) return Kept::kNew;
        drop(parts_, object);
        // What was read is not sealed under another key than the one that was destroyed with it.
        if (!kept_first(parts_, file.facts, Role::kResult))
            throw Error(ErrorCode::kConflict, "what was read was erased meanwhile");
    }
}

std::unique_ptr<Arrival> Archive::arriving() {
    return std::make_unique<Arrival>(parts_);
}

Bytes Archive::object(const std::string& sop_instance_uid) {
    Bytes bytes;
    object(sop_instance_uid, bytes);
    return bytes;
}

void Archive::object(const std::string& sop_instance_uid, Bytes& into) {
    read_whole(parts_, sop_instance_uid, require_place(parts_, sop_instance_uid), into);
}

Person Archive::person_of_study(const std::string& study_instance_uid) {
    return parts_.index.read([&](Connection& index) {
        return store::person_of_study(index, study_instance_uid).value_or(Person{});
    });
}

std::unique_ptr<OpenedObject> Archive::open(const InstanceRow& row) {
    return std::make_unique<Opened>(opened(parts_, row.sop_instance_uid, row.object, row.size));
}

std::optional<InstanceRow> Archive::instance(const std::string& sop_instance_uid) {
    return parts_.index.read([&](Connection& index) -> std::optional<InstanceRow> {
        Statement find =
            index.prepare(std::string("SELECT ") + kRowColumns + "WHERE i.sop_instance_uid = ?");
        if (!find.bind(sop_instance_uid).step()) return {};
        return row_from(find);
    });
}

Instant Archive::now() const {
    return parts_.clock.now();
}

void Archive::require_lasting(const std::string& name, Instant since) {
    const std::string key = parts_.index.read([&](Connection& index) {
        Statement find = index.prepare("SELECT data_key FROM instances WHERE object = ?");
        return find.bind(name).step() ? find.text(0) : std::string();
    });
    if (key.empty()) throw Error(ErrorCode::kNotFound, "no object " + name + " in the archive");
    parts_.keys.require_kept(key, since);
}

bool Archive::keeps_object(const std::string& name) {
    const auto has = [&](const char* row) {
        return parts_.index.read(
            [&](Connection& index) { return index.prepare(row).bind(name).step(); });
    };
    if (has("SELECT 1 FROM instances WHERE object = ?")) return true;
    if (has("SELECT 1 FROM doomed WHERE name = ?")) return false;
    if (!is_object_name(name)) return false;
    // An older index that was put back, or one made anew, does not know it yet.
    try {
        (void)parts_.objects->open(name);
        return true;
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kNotFound) return false;
        throw;
    }
}

std::set<std::string> Archive::kept_among(std::span<const std::string> names) {
    constexpr std::size_t kAtOnce = 100;
    std::string find = "SELECT object FROM instances WHERE object IN (?";
    for (std::size_t i = 1; i < kAtOnce; ++i) find += ",?";
    find += ")";
    return parts_.index.read([&](Connection& index) {
        std::set<std::string> kept;
        for (; !names.empty(); names = names.subspan(std::min(names.size(), kAtOnce))) {
            Statement some = index.prepare(find);
            // One statement for any number: the last one is asked for again.
            for (std::size_t i = 0; i < kAtOnce; ++i)
                some.bind(names[std::min(i, names.size() - 1)]);
            while (some.step()) kept.insert(some.text(0));
        }
        return kept;
    });
}

std::uint64_t Archive::erasures() {
    return parts_.index.read([](Connection& index) {
        Statement find = index.prepare("SELECT value FROM counters WHERE name = 'erasures'");
        return find.step() ? static_cast<std::uint64_t>(find.integer(0)) : std::uint64_t{0};
    });
}

std::uint64_t Archive::own_erasures() const noexcept {
    return parts_.erasures;
}

bool Archive::is_shared() const {
    return !parts_.index.process().empty();
}

void Archive::recover_left_objects() {
    store::recover_left_objects(parts_);
}

void Archive::remove_late_arrivals(const std::function<bool()>& goes_on) {
    store::remove_late_arrivals(parts_, goes_on);
}

namespace {

constexpr const char* kInOrder =
    "ORDER BY e.series_number NULLS FIRST, e.id, i.instance_number NULLS FIRST, i.id ";

}  // namespace

std::vector<InstanceRow> Archive::images_of(const std::string& study_instance_uid,
                                            std::size_t most) {
    return parts_.index.read([&](Connection& index) {
        std::vector<InstanceRow> rows;
        Statement find = index.prepare(
            std::string("SELECT ") + kRowColumns +
            "WHERE s.study_instance_uid = ? AND i.role = ? AND i.rows > 0 " + kInOrder + "LIMIT ?");
        find.bind(study_instance_uid)
            .bind(static_cast<int>(Role::kReceived))
            .bind(static_cast<std::int64_t>(most));
        while (find.step()) rows.push_back(row_from(find));
        return rows;
    });
}

std::vector<InstanceRow> Archive::instances_of(const std::string& study_instance_uid) {
    return parts_.index.read([&](Connection& index) {
        std::vector<InstanceRow> rows;
        Statement find = index.prepare(std::string("SELECT ") + kRowColumns +
                                       "WHERE s.study_instance_uid = ? " + kInOrder);
        find.bind(study_instance_uid);
        while (find.step()) rows.push_back(row_from(find));
        return rows;
    });
}

std::vector<Match> Archive::find(const Query& query) {
    return parts_.index.read([&](Connection& index) { return find_matches(index, query); });
}

std::size_t Archive::count(const Query& query, std::size_t most) {
    return parts_.index.read([&](Connection& index) { return count_matches(index, query, most); });
}

void Archive::find_each(Query query, const std::function<bool(const Match&)>& take) {
    constexpr std::size_t kPage = 500;
    const std::vector<std::int64_t> rows =
        parts_.index.read([&](Connection& index) { return find_rows(index, query); });
    std::vector<Key>().swap(query.keys);
    for (std::size_t begin = 0; begin < rows.size(); begin += kPage) {
        const auto page = std::span(rows).subspan(begin, std::min(kPage, rows.size() - begin));
        const std::vector<Match> matches = parts_.index.read(
            [&](Connection& index) { return matches_of(index, query.level, page); });
        for (const Match& match : matches)
            if (!take(match)) return;
    }
}

Archive::Totals Archive::totals() {
    return parts_.index.read([](Connection& index) {
        Totals totals;
        Statement sum = index.prepare(
            "SELECT (SELECT count(*) FROM studies), count(*), coalesce(sum(bytes), 0) FROM "
            "instances");
        if (sum.step()) {
            totals.studies = static_cast<std::uint64_t>(sum.integer(0));
            totals.instances = static_cast<std::uint64_t>(sum.integer(1));
            totals.bytes = static_cast<std::uint64_t>(sum.integer(2));
        }
        return totals;
    });
}

}  // namespace lucerna::store
