// An older copy of the index that was put back knows again who was erased since.
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "store/erasure.h"
#include "store/key_ring.h"
#include "store/parts.h"

namespace lucerna::store {
namespace {

/// The rows of data keys that the trail has as destroyed and of which there is no record. Further
/// ones (make_further) are passed over: an earlier start has left them with what stays.
std::vector<std::string> keys_that_are_gone(Parts& parts) {
    const std::set<std::string> destroyed = parts.trail.data_keys_destroyed();
    if (const auto damages = parts.trail.damages(); !damages.empty())
        log_event(LogLevel::kWarning, "audit.trail-damaged", {{"why", damages.front()}});
    std::vector<std::string> known;
    parts.index.read([&](Connection& index) {
        for (const std::string& name : destroyed) {
            Statement find = index.prepare("SELECT owner FROM data_keys WHERE name = ?");
            if (find.bind(name).step() && !is_of_further_key(find.text(0))) known.push_back(name);
        }
    });
    std::erase_if(known, [&](const std::string& name) { return parts.keys.is_there(name); });
    return known;
}

/// Studies with objects under this data key, and under none but those.
std::vector<std::string> studies_under(Connection& index, const std::string& name,
                                       const std::set<std::string>& gone) {
    std::vector<std::string> studies;
    {
        Statement find = index.prepare(
            "SELECT DISTINCT s.study_instance_uid FROM instances i JOIN series e ON e.id = "
            "i.series JOIN studies s ON s.id = e.study WHERE i.data_key = ?");
        find.bind(name);
        while (find.step()) studies.push_back(find.text(0));
    }
    std::erase_if(studies, [&](const std::string& study) {
        Statement find = index.prepare(
            "SELECT DISTINCT i.data_key FROM instances i JOIN series e ON e.id = i.series JOIN "
            "studies s ON s.id = e.study WHERE s.study_instance_uid = ?");
        find.bind(study);
        while (find.step())
            if (!gone.contains(find.text(0))) return true;
        return false;
    });
    return studies;
}

}  // namespace

void erase_again(Parts& parts) {
    const std::vector<std::string> keys = keys_that_are_gone(parts);
    if (keys.empty()) return;
    const std::set<std::string> gone(keys.begin(), keys.end());
    std::size_t studies = 0;
    std::size_t instances = 0;
    parts.index.write([&](Connection& index) {
        studies = instances = 0;
        Beside beside;
        for (const std::string& name : keys) {
            for (const std::string& study : studies_under(index, name, gone)) {
                const ErasedStudy erased = erase_study_rows(index, study);
                ++studies;
                instances += erased.instances;
                beside.orders += erased.beside.orders;
                beside.workitems += erased.beside.workitems;
            }
            index
                .prepare(
                    "INSERT INTO doomed (name, what) VALUES (?, 'maybe-key') ON CONFLICT DO "
                    "NOTHING")
                .bind(name)
                .run();
        }
        doom_unused_keys(index);
        // One that seals a part of what stays is nobody's to seal anything more by.
        for (const std::string& name : keys) make_further(index, name);
        note_erasure(index, {"erase-again", "recovery", parts.clock.now()}, studies, instances,
                     beside);
    });
    work_off_doomed(parts);
    log_event(LogLevel::kWarning, "store.erased-again",
              {{"studies", studies},
               {"instances", instances},
               {"why", "an older copy of the index knew what has been erased since"}});
}

}  // namespace lucerna::store
