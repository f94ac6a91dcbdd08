#include "store/one_archive.h"

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/hash.h"

namespace lucerna::store {
namespace {

constexpr const char* kNoted = "archive";
constexpr const char* kWhatToDo =
    "; all servers of an index have the same bucket, prefix and key provider";

/// 60 bits of its SHA-256: a counter holds them.
std::int64_t mark_of(const vault::SecretKey& key) {
    constexpr std::size_t kDigits = 15;
    return std::stoll(sha256(key.bytes()).substr(0, kDigits), nullptr, 16);
}

/// Nothing where there is none.
std::optional<std::int64_t> mark_in(Records& records, vault::KeyProvider& provider) {
    if (!has_index_key(records)) return {};
    try {
        return mark_of(index_key(records, provider, {}));
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kUnavailable) throw;
        throw Error(error.code(), std::string("the mark of the archive does not open") + kWhatToDo,
                    error);
    }
}

std::optional<std::int64_t> mark_noted(Connection& index) {
    Statement find = index.prepare("SELECT value FROM counters WHERE name = ?");
    if (!find.bind(std::string(kNoted)).step()) return {};
    return find.integer(0);
}

void note(Connection& index, std::int64_t mark) {
    index.prepare("INSERT INTO counters VALUES (?, ?)").bind(std::string(kNoted)).bind(mark).run();
}

}  // namespace

void require_one_archive(const Writing& write, Records& records, vault::KeyProvider& provider) {
    // Before anybody has to wait for it: an object store may take its time, or be the wrong one.
    std::optional<std::int64_t> mark = mark_in(records, provider);
    write([&](Connection& index) {
        const std::optional<std::int64_t> noted = mark_noted(index);
        // Once in the life of an archive; or another server made it a moment ago.
        if (!mark) mark = mark_in(records, provider);
        if (!mark && noted)
            throw Error(ErrorCode::kConflict,
                        std::string("the object store has no mark of the archive that the index is "
                                    "of (the record of its key)") +
                            kWhatToDo);
        if (!mark) mark = mark_of(index_key(records, provider, {}));
        if (noted && *noted != *mark)
            throw Error(
                ErrorCode::kConflict,
                std::string("the object store is of another archive than the index") + kWhatToDo);
        if (!noted) note(index, *mark);
    });
}

}  // namespace lucerna::store
