#include "store/presence.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "store/parts.h"
#include "store/sealed_io.h"

namespace lucerna::store {
namespace {

/// Of an object at a time.
constexpr std::uint64_t kReadBytes = std::uint64_t{1} << 20;

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

/// What it begins with, if that is the header of a sealed object.
std::optional<vault::SealedHeader> header_of(Parts& parts, const std::string& object) {
    try {
        std::array<std::uint8_t, vault::kSealedHeaderBytes> bytes;
        const std::size_t got = parts.objects->open(object)->read(0, bytes);
        return vault::decode_header(ByteView(bytes).first(got));
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kNotFound) return {};
        throw;
    }
}

/// False where its bytes show that it is half written, altered, or nobody's. Without its key they
/// show nothing more: keys can come back. Throws Error(kUnavailable): ask again later.
bool may_be_whole(Parts& parts, const std::string& object) {
    const auto stays = [&](const Error& error) {
        if (error.code() == ErrorCode::kUnavailable) throw error;
        log_event(LogLevel::kWarning, "store.object-not-examined",
                  {{"object", object}, {"why", error.what()}});
        return true;
    };
    try {
        const auto header = header_of(parts, object);
        if (!header || is_nobodys(*header)) return false;
        (void)parts.keys.by_name(vault::to_text(header->data_key));
    } catch (const Error& error) {
        return stays(error);
    }
    try {
        SealedReader reader(*parts.objects, parts.keys, object);
        Bytes piece;
        std::uint64_t at = 0;
        do {
            piece.resize(static_cast<std::size_t>(std::min(kReadBytes, reader.size() - at)));
            reader.read(at, piece);
            at += piece.size();
        } while (at < reader.size());
        return true;
    } catch (const Error& error) {
        return error.code() != ErrorCode::kCorrupt && stays(error);
    }
}

bool is_indexed(Parts& parts, const std::string& object) {
    return parts.index.read([&](Connection& index) {
        Statement find = index.prepare("SELECT 1 FROM instances WHERE object = ?");
        return find.bind(object).step();
    });
}

bool is_unrecovered(Connection& index) {
    return index.number("SELECT value FROM counters WHERE name = 'unrecovered'") != 0;
}

}  // namespace

std::size_t recover_objects(Parts& parts) {
    const std::uint64_t ended = parts.ended_processes;
    const bool unrecovered = parts.index.read(is_unrecovered);
    std::size_t kept = 0;
    const auto known = [&](const std::string& name) {
        if (is_indexed(parts, name)) return true;
        if (!unrecovered || !may_be_whole(parts, name)) return false;
        ++kept;
        return true;
    };
    const auto alive = [&](const std::string& writer) {
        return parts.index.read([&](Connection& index) {
            Statement find = index.prepare("SELECT 1 FROM processes WHERE name = ?");
            return find.bind(writer).step();
        });
    };
    const auto [removed, unpublished] = parts.objects->recover(known, alive);
    const auto known_key = [&](const std::string& name) {
        return unrecovered || parts.index.read([&](Connection& index) {
            Statement find = index.prepare("SELECT 1 FROM data_keys WHERE name = ?");
            return find.bind(name).step();
        });
    };
    parts.records->recover(known_key, alive);
    parts.recovered_processes = ended;
    // Processes that began meanwhile did the same: whoever is through first saw all of them.
    if (unrecovered && unpublished == 0)
        parts.index.write([](Connection& index) {
            index.prepare("DELETE FROM counters WHERE name = 'unrecovered'").run();
        });
    if (kept > 0)
        log_event(LogLevel::kWarning, "store.objects-not-indexed",
                  {{"objects", kept},
                   {"why", "the index was made anew: lucerna reindex enters what lies there"}});
    return removed;
}

void recover_left_objects(Parts& parts) {
    // A folder is this process's alone: what is under way in it is no dead one's.
    if (parts.objects->is_shared() && parts.recovered_processes != parts.ended_processes)
        recover_objects(parts);
}

void remove_late_arrivals(Parts& parts, const std::function<bool()>& goes_on) {
    if (parts.index.read(is_unrecovered)) return;
    const auto known = [&](const std::string& name) { return is_indexed(parts, name); };
    const std::size_t removed = parts.objects->remove_late(known, goes_on);
    if (removed > 0)
        log_event(LogLevel::kWarning, "store.came-after-erasure", {{"objects", removed}});
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
            // Before it is committed: whether it was is not always known.
            ++parts.ended_processes;
        }
    });
    // Who recovered between the two saw them as alive still.
    parts.ended_processes += ended;
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
