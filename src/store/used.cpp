#include "store/used.h"

#include <system_error>

#include "base/error.h"
#include "store/back_ends.h"
#include "store/object_bucket.h"
#include "store/postgres.h"

namespace lucerna::store {
namespace {

namespace fs = std::filesystem;

bool holds_a_file(const fs::path& folder) {
    std::error_code error;
    for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error))
        if (entry->path().filename() == "lost+found")
            entry.disable_recursion_pending();
        else if (!entry->is_directory())
            return true;
    // What cannot be looked into may hold anything.
    return error && error != std::errc::no_such_file_or_directory;
}

bool is_used(const fs::path& folder) {
    std::error_code ignored;
    return fs::exists(folder / "index.sqlite", ignored) || holds_a_file(folder / "keys") ||
           holds_a_file(folder / "objects");
}

bool is_used(const S3Options& options) {
    const auto bucket = std::make_shared<S3>(options);
    bool found = false;
    const auto note = [&](const std::string&) { found = true; };
    RecordBucket(bucket).for_each(note);
    if (!found) ObjectBucket(bucket).for_each(note);
    return found;
}

bool is_used_on_postgres(const StoreOptions& options) {
    PostgresConnection index(options.postgres,
                             std::make_shared<PostgresWaits>(options.is_stopping));
    return index.number("SELECT to_regclass('data_keys') IS NOT NULL") != 0 &&
           index.number("SELECT EXISTS (SELECT 1 FROM data_keys)") != 0;
}

}  // namespace

bool is_used(const StoreOptions& options) {
    // With PostgreSQL or a bucket the folder notes them before anything is kept there.
    const bool is_alone = !options.bucket && options.postgres.empty();
    return is_used(options.folder) || (is_alone && has_back_ends(options.folder)) ||
           (options.bucket && is_used(*options.bucket)) ||
           (!options.postgres.empty() && is_used_on_postgres(options));
}

}  // namespace lucerna::store
