#include "store/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "store/back_ends.h"
#include "store/erasure.h"
#include "store/object_bucket.h"
#include "store/object_folder.h"
#include "store/one_archive.h"
#include "store/pace.h"
#include "store/parts.h"
#include "store/postgres_index.h"
#include "store/presence.h"
#include "store/sqlite_index.h"

namespace lucerna::store {
namespace {

/// One object that its device does not let go keeps no server from starting: it is tried again.
void erase_at_start(const std::function<void()>& erase) {
    try {
        erase();
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kIo) throw;
        log_event(LogLevel::kError, "store.erasure-left", {{"why", error.what()}});
    }
}

void recover(Parts& parts) {
    // One that was written over the one before, in place, is the same file to SqliteIndex.
    if (parts.index.read([&](Connection& index) { return parts.witness.is_ahead_of(index); }))
        parts.index.require_whole();
    parts.index.write([&](Connection& index) { parts.witness.compare(index); });
    end_dead_processes(parts);
    const std::size_t removed = recover_objects(parts);
    erase_at_start([&] { (void)work_off_doomed(parts); });
    erase_at_start([&] { erase_again(parts); });
    std::size_t exams = 0;
    std::size_t jobs = 0;
    if (const auto alone = parts.index.alone()) {
        exams = parts.exams.recover();
        jobs = parts.queue.recover();
    }
    if (removed + exams + jobs > 0)
        log_event(LogLevel::kInfo, "store.recovered",
                  {{"unfinished_objects_removed", removed},
                   {"exams_to_read_again", exams},
                   {"leases_freed", jobs}});
}

void make_folder(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw Error(ErrorCode::kIo,
                    "cannot create the folder " + folder.string() + ": " + error.message());
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder) {
    make_folder(folder);
    const std::filesystem::path path = folder / "lock";
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0)
        throw Error(ErrorCode::kIo, "cannot open " + path.string() + ": " + std::strerror(errno));
    // The folder as well: a file may be taken for what a crash left, and removed. Not every file
    // system lets a folder be held.
    folder_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const auto is_held = [](int what) {
        return ::flock(what, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    };
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0 && !(folder_ >= 0 && is_held(folder_))) return;
    close();
    throw Error(ErrorCode::kUnavailable,
                "the data folder " + folder.string() + " is in use by another process");
}

FolderLock::~FolderLock() {
    close();
}

void FolderLock::close() const {
    ::close(file_);
    if (folder_ >= 0) ::close(folder_);
}

namespace {

/// Objects and records where the options say.
struct Places {
    std::unique_ptr<Objects> objects;
    std::unique_ptr<Records> records;
};

Places opened_by(const StoreOptions& options) {
    if (!options.bucket)
        return {std::make_unique<ObjectFolder>(options.folder / "objects"),
                std::make_unique<RecordFolder>(options.folder / "keys")};
    const auto bucket = std::make_shared<S3>(*options.bucket);
    return {std::make_unique<ObjectBucket>(bucket), std::make_unique<RecordBucket>(bucket)};
}

/// The key of the index in this file, which is written anew under the next key where a rotation
/// left one. What cannot be written anew, as it is damaged or there is no room, goes on as it is:
/// the next opening tries again.
vault::SecretKey sealing_key(Records& records, vault::KeyProvider& provider,
                             const std::filesystem::path& file) {
    vault::SecretKey key = index_key(records, provider, file);
    const auto next = next_index_key(records, provider);
    if (!next) return key;
    try {
        seal_anew(file, key, *next);
    } catch (const Error& error) {
        log_event(LogLevel::kWarning, "store.index-not-sealed-anew",
                  {{"why", error.what()},
                   {"so", "copies from before the last rotation of keys open still"}});
        return key;
    }
    take_next_index_key(records, provider, *next);
    return *next;
}

std::unique_ptr<IndexSource> index_of(const StoreOptions& options, Objects& objects,
                                      Records& records, vault::KeyProvider& provider) {
    const std::filesystem::path file = options.folder / "index.sqlite";
    if (options.postgres.empty())
        return std::make_unique<SqliteIndex>(file, sealing_key(records, provider, file));
    return std::make_unique<PostgresIndex>(
        options.postgres,
        objects.is_shared() ? PostgresIndex::Others::kWelcome : PostgresIndex::Others::kRefused,
        [&objects, &records](const std::string& process) {
            objects.write_as(process);
            records.write_as(process);
        },
        PostgresIndex::Waits{options.longest_statement, options.is_stopping});
}

}  // namespace

Parts::Parts(const StoreOptions& options, std::unique_ptr<FolderLock> held,
             std::unique_ptr<Objects> object_store, std::unique_ptr<Records> key_records,
             vault::KeyProvider& provider, const Clock& time)
    : clock(time),
      folder(options.folder),
      view_of(options.view_of),
      lock(std::move(held)),
      objects(std::move(object_store)),
      records(std::move(key_records)),
      trail(options.folder / "audit.log"),
      index(index_of(options, *objects, *records, provider), [this] { objects->settle(); }),
      witness(options.folder),
      keys(index, *records, provider, clock),
      archive(*this),
      exams(*this),
      workitems(*this),
      subscriptions(*this),
      queue(*this),
      orders(*this),
      performed(*this) {}

namespace {

/// One on SQLite is opened by the key itself, and by one server.
void open(Parts& parts, const StoreOptions& options, vault::KeyProvider& keys) {
    const LongWork recovers;
    if (!options.postgres.empty())
        require_one_archive([&](const auto& work) { parts.index.write(work); }, *parts.records,
                            keys);
    recover(parts);
}

}  // namespace

Store::Store(const StoreOptions& options, vault::KeyProvider& keys, const Clock& clock) {
    auto lock = std::make_unique<FolderLock>(options.folder);
    require_back_ends(options);
    Places kept = opened_by(options);
    parts_ = std::make_unique<Parts>(options, std::move(lock), std::move(kept.objects),
                                     std::move(kept.records), keys, clock);
    open(*parts_, options, keys);
}

Store::Store(const StoreOptions& options, std::unique_ptr<Objects> objects,
             std::unique_ptr<Records> records, vault::KeyProvider& keys, const Clock& clock)
    : parts_(std::make_unique<Parts>(options, std::make_unique<FolderLock>(options.folder),
                                     std::move(objects), std::move(records), keys, clock)) {
    open(*parts_, options, keys);
}

Store::~Store() = default;

Archive& Store::archive() {
    return parts_->archive;
}
ExamBook& Store::exams() {
    return parts_->exams;
}
WorkitemBook& Store::workitems() {
    return parts_->workitems;
}
SubscriptionBook& Store::subscriptions() {
    return parts_->subscriptions;
}
WorkQueue& Store::queue() {
    return parts_->queue;
}
OrderBook& Store::orders() {
    return parts_->orders;
}
PerformedBook& Store::performed() {
    return parts_->performed;
}

}  // namespace lucerna::store
