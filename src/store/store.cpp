#include "store/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "store/erasure.h"
#include "store/object_folder.h"
#include "store/parts.h"
#include "store/sealed_io.h"

namespace lucerna::store {
namespace {

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

void recover(Parts& parts) {
    const std::size_t removed = parts.objects->recover([&](const std::string& name) {
        // An index that was lost cannot say which of them were acknowledged: whole ones stay.
        if (parts.index.is_new()) return is_whole(parts, name);
        return parts.index.read([&](Connection& index) {
            Statement find = index.prepare("SELECT 1 FROM instances WHERE object = ?");
            return find.bind(name).step();
        });
    });
    work_off_doomed(parts);
    const std::size_t exams = parts.exams.recover();
    const std::size_t jobs = parts.queue.recover();
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
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
    ::close(file_);
    throw Error(ErrorCode::kUnavailable,
                "the data folder " + folder.string() + " is in use by another process");
}

FolderLock::~FolderLock() {
    ::close(file_);
}

Parts::Parts(const std::filesystem::path& folder, ViewOf view,
             std::unique_ptr<Objects> object_store, std::unique_ptr<Records> key_records,
             vault::KeyProvider& provider, const Clock& time)
    : clock(time),
      view_of(std::move(view)),
      lock(std::make_unique<FolderLock>(folder)),
      objects(object_store ? std::move(object_store)
                           : std::make_unique<ObjectFolder>(folder / "objects")),
      records(key_records ? std::move(key_records)
                          : std::make_unique<RecordFolder>(folder / "keys")),
      trail(folder / "audit.log"),
      index(folder / "index.sqlite", index_key(*records, provider, folder / "index.sqlite"),
            [this] { objects->settle(); }),
      keys(index, *records, provider),
      archive(*this),
      exams(*this),
      queue(*this),
      orders(*this),
      performed(*this) {}

Store::Store(const StoreOptions& options, vault::KeyProvider& keys, const Clock& clock)
    : Store(options, nullptr, nullptr, keys, clock) {}

Store::Store(const StoreOptions& options, std::unique_ptr<Objects> objects,
             std::unique_ptr<Records> records, vault::KeyProvider& keys, const Clock& clock)
    : parts_(std::make_unique<Parts>(options.folder, options.view_of, std::move(objects),
                                     std::move(records), keys, clock)) {
    recover(*parts_);
}

Store::~Store() = default;

Archive& Store::archive() {
    return parts_->archive;
}
ExamBook& Store::exams() {
    return parts_->exams;
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
