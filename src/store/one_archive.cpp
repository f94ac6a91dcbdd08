#include "store/one_archive.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

/// One of some of the patients' keys that the index knows is there and opens; `otherwise` where it
/// knows none.
bool has_keys_of(Connection& index, Records& records, vault::KeyProvider& provider,
                 bool otherwise) {
    std::vector<std::string> names;
    Statement find = index.prepare("SELECT name FROM data_keys ORDER BY name LIMIT 4");
    while (find.step()) names.push_back(find.text(0));
    if (names.empty()) return otherwise;
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return opens_key(records, provider, name); });
}

std::optional<std::int64_t> mark_noted(Connection& index) {
    Statement find = index.prepare("SELECT value FROM counters WHERE name = ?");
    if (!find.bind(std::string(kNoted)).step()) return {};
    return find.integer(0);
}

void note(Connection& index, std::int64_t mark) {
    index
        .prepare(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = "
            "excluded.value")
        .bind(std::string(kNoted))
        .bind(mark)
        .run();
}

}  // namespace

void require_one_archive(const Writing& write, Records& records, vault::KeyProvider& provider) {
    // Before anybody has to wait for it: an object store may take its time, or be the wrong one.
    std::optional<std::int64_t> mark = mark_in(records, provider);
    write([&](Connection& index) {
        const std::optional<std::int64_t> noted = mark_noted(index);
        // Once in the life of an archive; or another server made it a moment ago.
        if (!mark) mark = mark_in(records, provider);
        // A bucket that came back from a backup may lack it, and the first server of a newer
        // program may be the one that is wrong: patients' keys say whose it is.
        if ((!mark || !noted) && !has_keys_of(index, records, provider, !noted))
            throw Error(ErrorCode::kConflict,
                        std::string("the object store has neither the mark of the archive that the "
                                    "index is of (the record of its key) nor its patients' keys") +
                            kWhatToDo);
        const bool is_new = !mark;
        if (!mark) mark = mark_of(index_key(records, provider, {}));
        if (noted && !is_new && *noted != *mark)
            throw Error(
                ErrorCode::kConflict,
                std::string("the object store is of another archive than the index") + kWhatToDo);
        if (noted != mark) note(index, *mark);
    });
}

}  // namespace lucerna::store
