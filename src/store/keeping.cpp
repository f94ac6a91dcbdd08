#include "store/keeping.h"

#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "dicom/data_set.h"
#include "store/instance_rows.h"
#include "store/parts.h"
#include "store/presence.h"
#include "store/rows.h"
#include "store/same_patient.h"

namespace lucerna::store {
namespace {

bool is_free(Connection& index, const std::string& sop_instance_uid, const std::string& data_key) {
    if (place_of(index, sop_instance_uid)) return false;
    Statement find = index.prepare("SELECT 1 FROM data_keys WHERE name = ?");
    return find.bind(data_key).step();
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

}  // namespace

std::optional<Place> place_of(Connection& index, const std::string& sop_instance_uid) {
    Statement find = index.prepare(
        "SELECT object, data_key, role, head_bytes, bytes FROM instances WHERE "
        "sop_instance_uid = ?");
    if (!find.bind(sop_instance_uid).step()) return {};
    return Place{find.text(0), find.text(1), static_cast<Role>(find.small(2)),
                 static_cast<std::uint64_t>(find.integer(3)),
                 static_cast<std::uint64_t>(find.integer(4))};
}

Place require_place(Parts& parts, const std::string& sop_instance_uid) {
    const auto place =
        parts.index.read([&](Connection& index) { return place_of(index, sop_instance_uid); });
    if (!place)
        throw Error(ErrorCode::kNotFound, "no instance " + sop_instance_uid + " in the archive");
    return *place;
}

SealedReader opened(Parts& parts, const std::string& sop_instance_uid, const std::string& object,
                    std::uint64_t bytes) {
    try {
        return {*parts.objects, parts.keys, object, bytes};
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
        if (require_place(parts, sop_instance_uid).object != object) throw;
        throw Error(ErrorCode::kCorrupt, error.what());
    }
}

NewObject new_object(Parts& parts, DataKey key, Role role) {
    NewObject object{std::move(key), {}, parts.index.process()};
    object.placing.object = parts.objects->new_name();
    object.placing.data_key = object.key.name;
    object.placing.role = role;
    object.placing.received_at = parts.clock.now();
    return object;
}

NewObject new_object(Parts& parts, const std::string& owner, Role role, const Required& require) {
    return new_object(parts, parts.keys.of_owner(owner, require), role);
}

bool enter(Parts& parts, const Facts& facts, const NewObject& object, const Required& require) {
    const Placing& placing = object.placing;
    bool kept = false, is_anothers = false;
    Entered entered;
    const Instant now = parts.clock.now();
    std::optional<std::int64_t> witnessed;
    try {
        parts.index.write([&](Connection& index) {
            require_alive(index, object.process);
            kept = is_free(index, facts.sop_instance_uid, placing.data_key);
            if (!kept) return;
            if (require) require(index);
            witnessed = parts.witness.count(index, now);
            entered = insert_instance(index, facts, placing);
            is_anothers = entered.is_first && is_ordered_for_others(index, facts);
            // Whether an exam is quiet counts from when the whole of its last image was there.
            if (placing.role != Role::kReceived) return;
            if (facts.is_exam_image()) {
                enter_image(index, facts, parts.clock.now());
                return;
            }
            // Who the images are of may be known by it, or be in doubt.
            if (entered.renames) read_exam_again(index, facts.study_instance_uid);
            enter_companion(index, facts, parts.clock.now());
        });
    } catch (const Error& error) {
        drop_uncommitted(parts, placing.object, error.code());
        throw;
    }
    if (kept) publish(parts, placing.object);
    if (kept && witnessed) parts.witness.note(*witnessed, now);
    if (kept && is_anothers)
        log_event(
            LogLevel::kWarning, "study.not-as-ordered",
            {{"study", facts.study_instance_uid},
             {"why", "what came of it names another Patient ID, or issuer of it, than its order"}});
    if (kept && entered.disagrees)
        log_event(LogLevel::kWarning, "study.says-two-patients",
                  {{"study", facts.study_instance_uid},
                   {"why",
                    "objects of it differ in family name or birth date; nothing tells that they "
                    "are of two people"}});
    return kept;
}

void log_padding(const dicom::DataSet& header, const Facts& facts) {
    if (header.padding_bytes() == 0) return;
    log_event(LogLevel::kWarning, "store.zeros-behind-data-set",
              {{"instance", facts.sop_instance_uid}, {"bytes", header.padding_bytes()}});
}

void drop(Parts& parts, const NewObject& object) {
    drop_uncommitted(parts, object.placing.object, ErrorCode::kConflict);
    parts.keys.forget(object.key.name);
}

}  // namespace lucerna::store
