#include "store/one_archive.h"

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

}  // namespace

void require_one_archive(Connection& index, Records& records, vault::KeyProvider& provider) {
    Statement find = index.prepare("SELECT value FROM counters WHERE name = ?");
    const bool is_noted = find.bind(std::string(kNoted)).step();
    if (is_noted && !has_index_key(records))
        throw Error(ErrorCode::kConflict,
                    std::string("the object store has no mark of the archive that the index is of "
                                "(the record of its key)") +
                        kWhatToDo);
    std::int64_t mark = 0;
    try {
        mark = mark_of(index_key(records, provider, {}));
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kUnavailable) throw;
        throw Error(error.code(), std::string("the mark of the archive does not open") + kWhatToDo,
                    error);
    }
    if (is_noted && find.integer(0) != mark)
        throw Error(
            ErrorCode::kConflict,
            std::string("the object store is of another archive than the index") + kWhatToDo);
    if (!is_noted)
        index.prepare("INSERT INTO counters VALUES (?, ?)")
            .bind(std::string(kNoted))
            .bind(mark)
            .run();
}

}  // namespace lucerna::store
