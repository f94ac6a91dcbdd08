#include "store/presence.h"

#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "store/parts.h"
#include "store/sealed_io.h"

namespace lucerna::store {
namespace {

std::vector<std::string> processes(Connection& index) {
    std::vector<std::string> names;
    Statement find = index.prepare("SELECT name FROM processes ORDER BY name");
    while (find.step()) names.push_back(find.text(0));
    return names;
}

/// The exam that a dead process was reading waits again; its job is free.
std::int64_t free_what_was_held_by(Connection& index, const std::string& process) {
    index
        .prepare(
            "UPDATE exams SET state = ? WHERE state = ? AND study_instance_uid IN (SELECT subject "
            "FROM jobs WHERE process = ? AND state = ? AND kind = ?)")
        .bind(static_cast<int>(ExamState::kWaiting))
        .bind(static_cast<int>(ExamState::kReading))
        .bind(process)
        .bind(static_cast<int>(JobState::kLeased))
        .bind(kReadJob)
        .run();
    std::int64_t freed = index.changes();
    if (freed > 0)
        index.prepare("UPDATE counters SET value = value + 1 WHERE name = 'exams'").run();
    index.prepare("UPDATE jobs SET state = ?, holder = '' WHERE state = ? AND process = ?")
        .bind(static_cast<int>(JobState::kWaiting))
        .bind(static_cast<int>(JobState::kLeased))
        .bind(process)
        .run();
    freed += index.changes();
    index.prepare("DELETE FROM processes WHERE name = ?").bind(process).run();
    return freed;
}

/// Every byte of it is there and opens. Throws Error(kUnavailable), kIo: then it is not known.
bool is_whole(Parts& parts, const std::string& object) {
    try {
        SealedReader reader(*parts.objects, parts.keys, object);
        Bytes bytes(static_cast<std::size_t>(reader.size()));
        reader.read(0, bytes);
        return true;
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kIo) throw;
        return false;
    }
}

}  // namespace

std::size_t recover_objects(Parts& parts, Unknown unknown) {
    const auto known = [&](const std::string& name) {
        if (unknown == Unknown::kKeepWhole) return is_whole(parts, name);
        return parts.index.read([&](Connection& index) {
            Statement find = index.prepare("SELECT 1 FROM instances WHERE object = ?");
            return find.bind(name).step();
        });
    };
    const auto alive = [&](const std::string& writer) {
        return parts.index.read([&](Connection& index) {
            Statement find = index.prepare("SELECT 1 FROM processes WHERE name = ?");
            return find.bind(writer).step();
        });
    };
    return parts.objects->recover(known, alive);
}

std::size_t end_dead_processes(Parts& parts) {
    std::size_t ended = 0;
    std::int64_t freed = 0;
    parts.index.write([&](Connection& index) {
        ended = 0;
        freed = 0;
        for (const std::string& process : processes(index)) {
            if (parts.index.source().is_alive(index, process)) continue;
            freed += free_what_was_held_by(index, process);
            ++ended;
        }
    });
    if (ended > 0)
        log_event(LogLevel::kInfo, "store.taken-over",
                  {{"ended_processes", ended}, {"leases_and_exams_freed", freed}});
    return ended;
}

void require_alive(Connection& index, const std::string& process) {
    if (process.empty()) return;
    Statement find = index.prepare("SELECT 1 FROM processes WHERE name = ?");
    if (!find.bind(process).step())
        throw Error(ErrorCode::kUnavailable,
                    "another process took this one for dead meanwhile: try again");
}

}  // namespace lucerna::store
