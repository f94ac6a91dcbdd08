#include "store/archive.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "dicom/data_set.h"
#include "dicom/part10_head.h"
#include "store/facts.h"
#include "store/find.h"
#include "store/parts.h"
#include "store/presence.h"
#include "store/rows.h"
#include "store/sealed_io.h"

namespace lucerna::store {
namespace {

struct Place {
    std::string object;
    Role role = Role::kReceived;
    std::uint64_t head_bytes = 0;
};

std::optional<Place> place_of(Connection& index, const std::string& sop_instance_uid) {
    Statement find =
        index.prepare("SELECT object, role, head_bytes FROM instances WHERE sop_instance_uid = ?");
    if (!find.bind(sop_instance_uid).step()) return {};
    return Place{find.text(0), static_cast<Role>(find.small(1)),
                 static_cast<std::uint64_t>(find.integer(2))};
}

Place require_place(Parts& parts, const std::string& sop_instance_uid) {
    const auto place =
        parts.index.read([&](Connection& index) { return place_of(index, sop_instance_uid); });
    if (!place)
        throw Error(ErrorCode::kNotFound, "no instance " + sop_instance_uid + " in the archive");
    return *place;
}

/// An object that the index knows must be there and have its key: anything else is damage, unless
/// it was erased meanwhile, even if the instance came again.
SealedReader opened(Parts& parts, const std::string& sop_instance_uid, const std::string& object) {
    try {
        return {*parts.objects, parts.keys, object};
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
        if (require_place(parts, sop_instance_uid).object != object) throw;
        throw Error(ErrorCode::kCorrupt, error.what());
    }
}

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

  private:
    SealedReader reader_;
};

Bytes read_whole(Parts& parts, const std::string& sop_instance_uid, const std::string& object) {
    SealedReader reader = opened(parts, sop_instance_uid, object);
    Bytes bytes(static_cast<std::size_t>(reader.size()));
    reader.read(0, bytes);
    return bytes;
}

ByteView data_set_of(ByteView part10, const dicom::Part10Parts& split) {
    return part10.subspan(split.data_set_offset);
}

/// The same data set, whoever wrote the file meta, and in whichever uncompressed encoding.
bool same_content(ByteView a, ByteView b) {
    if (std::equal(a.begin(), a.end(), b.begin(), b.end())) return true;
    const dicom::Part10Parts parts_a = dicom::split_part10(a);
    const dicom::Part10Parts parts_b = dicom::split_part10(b);
    const ByteView set_a = data_set_of(a, parts_a);
    const ByteView set_b = data_set_of(b, parts_b);
    if (parts_a.head.transfer_syntax_uid == parts_b.head.transfer_syntax_uid)
        return std::equal(set_a.begin(), set_a.end(), set_b.begin(), set_b.end());
    for (const std::string& uid :
         {parts_a.head.transfer_syntax_uid, parts_b.head.transfer_syntax_uid}) {
        const dicom::TransferSyntax* syntax = dicom::find_transfer_syntax(uid);
        if (syntax == nullptr || syntax->encapsulated()) return false;
    }
    return dicom::DataSet::parse(a).to_part10(dicom::transfer_syntax::kExplicitVrLittleEndian) ==
           dicom::DataSet::parse(b).to_part10(dicom::transfer_syntax::kExplicitVrLittleEndian);
}

/// Results have derived UIDs: the same one means made from the same images by the same model, and
/// a later making differs in its time stamps alone.
Kept judge_duplicate(Parts& parts, const Place& first, const std::string& uid, ByteView part10,
                     Role role) {
    const bool both_results = role == Role::kResult && first.role == Role::kResult;
    if (both_results || same_content(read_whole(parts, uid, first.object), part10))
        return Kept::kAlreadyKept;
    throw Error(ErrorCode::kConflict,
                "SOP Instance UID (0008,0018) " + uid + " is kept already, with other content");
}

/// What could not be committed goes. After a failed flush it is not known what the device holds of
/// the index: then the next start decides (Objects::recover).
void drop_uncommitted(Parts& parts, const std::string& object, ErrorCode reason) {
    if (reason == ErrorCode::kIo) return;
    try {
        parts.objects->remove(object);
    } catch (const Error& error) {
        log_event(LogLevel::kWarning, "store.leftover-object",
                  {{"object", object}, {"why", error.what()}});
    }
}

void publish(Parts& parts, const std::string& object) {
    try {
        parts.objects->publish(object);
    } catch (const Error& error) {
        // It is kept and can be read; the next start publishes it.
        log_event(LogLevel::kWarning, "store.unpublished-object",
                  {{"object", object}, {"why", error.what()}});
    }
}

bool is_free(Connection& index, const std::string& sop_instance_uid, const std::string& data_key) {
    if (place_of(index, sop_instance_uid)) return false;
    Statement find = index.prepare("SELECT 1 FROM data_keys WHERE name = ?");
    return find.bind(data_key).step();
}

/// False when somebody else was first, or the patient was erased meanwhile.
bool keep_new(Parts& parts, const Facts& facts, ByteView part10, std::size_t head_bytes,
              Role role) {
    const std::string process = parts.index.process();
    const DataKey key = parts.keys.of_owner(facts.key_owner());
    Placing placing;
    placing.object = vault::to_text(vault::random_id());
    placing.data_key = key.name;
    placing.bytes = part10.size();
    placing.head_bytes = head_bytes;
    placing.role = role;
    placing.received_at = parts.clock.now();
    write_sealed(*parts.objects, placing, key, part10);
    bool kept = false;
    try {
        parts.index.write([&](Connection& index) {
            require_alive(index, process);
            kept = is_free(index, facts.sop_instance_uid, key.name);
            if (!kept) return;
            insert_instance(index, facts, placing);
            if (role == Role::kReceived && facts.is_image())
                enter_image(index, facts, placing.received_at);
        });
    } catch (const Error& error) {
        drop_uncommitted(parts, placing.object, error.code());
        throw;
    }
    if (kept) {
        publish(parts, placing.object);
        return true;
    }
    drop_uncommitted(parts, placing.object, ErrorCode::kConflict);
    parts.keys.forget(key.name);
    return false;
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

}  // namespace

Archive::Archive(Parts& parts) : parts_(parts) {}

Kept Archive::keep(ByteView part10, Role role) {
    const dicom::DataSet header =
        dicom::DataSet::parse(part10, dicom::Limits{}, dicom::PixelData::kSkip);
    const Facts facts = facts_of(header, parts_.view_of);
    for (;;) {
        const auto first = parts_.index.read(
            [&](Connection& index) { return place_of(index, facts.sop_instance_uid); });
        if (first) return judge_duplicate(parts_, *first, facts.sop_instance_uid, part10, role);
        if (keep_new(parts_, facts, part10, header.pixel_data_offset(), role)) return Kept::kNew;
    }
}

Bytes Archive::object(const std::string& sop_instance_uid) {
    return read_whole(parts_, sop_instance_uid, require_place(parts_, sop_instance_uid).object);
}

std::unique_ptr<OpenedObject> Archive::open(const InstanceRow& row) {
    return std::make_unique<Opened>(opened(parts_, row.sop_instance_uid, row.object));
}

Bytes Archive::head(const std::string& sop_instance_uid) {
    const Place place = require_place(parts_, sop_instance_uid);
    if (place.head_bytes == 0) return read_whole(parts_, sop_instance_uid, place.object);
    SealedReader reader = opened(parts_, sop_instance_uid, place.object);
    Bytes bytes(static_cast<std::size_t>(std::min(place.head_bytes, reader.size())));
    reader.read(0, bytes);
    return bytes;
}

std::optional<InstanceRow> Archive::instance(const std::string& sop_instance_uid) {
    return parts_.index.read([&](Connection& index) -> std::optional<InstanceRow> {
        Statement find =
            index.prepare(std::string("SELECT ") + kRowColumns + "WHERE i.sop_instance_uid = ?");
        if (!find.bind(sop_instance_uid).step()) return {};
        return row_from(find);
    });
}

std::vector<InstanceRow> Archive::instances_of(const std::string& study_instance_uid) {
    return parts_.index.read([&](Connection& index) {
        std::vector<InstanceRow> rows;
        Statement find = index.prepare(
            std::string("SELECT ") + kRowColumns +
            "WHERE s.study_instance_uid = ? ORDER BY e.series_number NULLS FIRST, e.id, "
            "i.instance_number NULLS FIRST, i.id");
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

void Archive::find_each(const Query& query, const std::function<bool(const Match&)>& take) {
    constexpr std::size_t kPage = 500;
    const std::vector<std::int64_t> rows =
        parts_.index.read([&](Connection& index) { return find_rows(index, query); });
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
