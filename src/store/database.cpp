#include "store/database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cctype>
#include <fstream>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "store/page_cipher.h"
#include "store/schema.h"
#include "store/sealed_log.h"

namespace lucerna::store {
namespace {

// "LUCR": what `file` and this program know the index by.
constexpr std::int64_t kApplicationId = 0x4C554352;

void prepare_schema(Connection& connection, const std::filesystem::path& path) {
    const std::int64_t application = connection.pragma("PRAGMA application_id");
    const std::int64_t version = connection.pragma("PRAGMA user_version");
    const bool empty = connection.pragma("SELECT count(*) FROM sqlite_schema") == 0;
    if (!empty && application != kApplicationId)
        throw Error(ErrorCode::kCorrupt, path.string() + " is not an index of Lucerna");
    if (version > kSchemaVersion)
        throw Error(ErrorCode::kUnsupported,
                    path.string() + " has schema version " + std::to_string(version) +
                        ", this program knows versions up to " + std::to_string(kSchemaVersion));
    if (version == kSchemaVersion) return;
    std::string script = "BEGIN IMMEDIATE;";
    if (empty) script += kSchema;
    for (std::int64_t from = empty ? 1 : version; from < kSchemaVersion; ++from)
        script += kUpgrades[from - 1];
    script += "PRAGMA application_id = " + std::to_string(kApplicationId) +
              "; PRAGMA user_version = " + std::to_string(kSchemaVersion) + "; COMMIT;";
    connection.execute(script.c_str());
}

std::string percent_encoded(const std::string& path) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string text;
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = std::isalnum(byte) != 0 || c == '/' || c == '-' || c == '.' || c == '_';
        if (plain)
            text += c;
        else
            text.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
    return text;
}

void sync_file(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = file >= 0 && ::fsync(file) == 0;
    if (file >= 0) ::close(file);
    if (!synced) throw Error(ErrorCode::kIo, "cannot flush " + path.string());
}

/// Writes the index anew beside itself, sealed, and puts it in its place.
void seal(const std::filesystem::path& path, const std::string& vfs) {
    std::filesystem::path sealed = path;
    sealed += ".sealing";
    std::filesystem::remove(sealed);
    {
        // Opening it takes in its log; closing it removes the log.
        Connection unsealed(path, Connection::Mode::kReadWrite);
        if (unsealed.pragma("PRAGMA application_id") != kApplicationId)
            throw Error(ErrorCode::kCorrupt, path.string() + " is not an index of Lucerna");
        unsealed.reserve_bytes(static_cast<int>(kReservedBytes));
        unsealed.execute("PRAGMA temp_store = MEMORY");
        unsealed.prepare("VACUUM INTO ?")
            .bind("file:" + percent_encoded(std::filesystem::absolute(sealed).string()) +
                  "?vfs=" + vfs)
            .run();
        unsealed.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    sync_file(sealed);
    std::filesystem::rename(sealed, path);
    sync_folder(path.parent_path());
    log_event(LogLevel::kInfo, "store.index-sealed");
}

}  // namespace

bool is_unsealed(const std::filesystem::path& path) {
    constexpr std::string_view kMagic{"SQLite format 3\0", 16};
    std::ifstream input(path, std::ios::binary);
    std::string begin(kMagic.size(), '\0');
    return input.read(begin.data(), static_cast<std::streamsize>(begin.size())) && begin == kMagic;
}

Database::Database(std::filesystem::path path, const vault::SecretKey& key,
                   std::function<void()> before_commit)
    : path_(std::move(path)), key_(key), vfs_(key), before_commit_(std::move(before_commit)) {
    if (is_unsealed(path_))
        seal(path_, vfs_.name());
    else if (const std::string what = damage_of_log(path_.string() + "-wal", key); !what.empty())
        throw Error(
            ErrorCode::kCorrupt,
            path_.string() + "-wal: " + what +
                ". What it holds is lost once it is moved away; reindex then finds objects");
    writer_ = std::make_unique<Connection>(path_, Connection::Mode::kReadWrite, vfs_.name());
    new_ = writer_->pragma("PRAGMA page_count") == 0;
    if (new_) writer_->reserve_bytes(static_cast<int>(kReservedBytes));
    // temp_store: what a transaction may have to take back never goes to a file, unsealed.
    writer_->execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000;"
        "PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 67108864;");
    prepare_schema(*writer_, path_);
}

Database::~Database() {
    readers_.with([](auto& readers) { readers.clear(); });
    try {
        // Empties the log into the file, so that what was deleted does not linger there.
        writer_->execute("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (const Error&) {
        // The next open does it.
    }
}

void Database::write(const Work& work) {
    Pending mine{&work, {}, false};
    std::unique_lock lock(mutex_);
    gathered_.push_back(&mine);
    while (!mine.done) {
        if (committing_) {
            changed_.wait(lock);
            continue;
        }
        committing_ = true;
        const std::vector<Pending*> batch = std::exchange(gathered_, {});
        lock.unlock();
        commit(batch);
        lock.lock();
        committing_ = false;
        for (Pending* pending : batch) pending->done = true;
        changed_.notify_all();
    }
    if (mine.error) std::rethrow_exception(mine.error);
}

void Database::commit(const std::vector<Pending*>& batch) {
    try {
        if (before_commit_) before_commit_();
        writer_->execute("BEGIN IMMEDIATE");
        for (Pending* pending : batch) run_one(*pending);
        writer_->execute("COMMIT");
        ++commits_;
    } catch (...) {
        // Whoever has no reason of its own shares this one.
        for (Pending* pending : batch)
            if (!pending->error) pending->error = std::current_exception();
        try {
            if (writer_->in_transaction()) writer_->execute("ROLLBACK");
        } catch (const Error&) {
            // SQLite has rolled back by itself.
        }
    }
}

void Database::run_one(Pending& pending) {
    writer_->execute("SAVEPOINT one");
    try {
        (*pending.work)(*writer_);
    } catch (...) {
        pending.error = std::current_exception();
        // A full disk makes SQLite undo the whole transaction: then nobody's part stands.
        if (!writer_->in_transaction()) throw;
        writer_->execute("ROLLBACK TO one");
    }
    writer_->execute("RELEASE one");
}

void Database::checkpoint() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !committing_; });
    // A reader in the middle of something leaves part of the log standing; the next one takes it.
    writer_->execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

std::vector<std::string> Database::damages() {
    // The log is not emptied first: on a full disk it cannot be.
    std::vector<std::string> damages = damages_of_pages(path_, key_);
    if (std::string what = damage_of_log(path_.string() + "-wal", key_); !what.empty())
        damages.push_back(std::move(what));
    if (!damages.empty()) return damages;
    read([&](Connection& index) {
        Statement check = index.prepare("PRAGMA integrity_check");
        while (check.step())
            if (const std::string said = check.text(0); said != "ok")
                damages.push_back(path_.filename().string() + ": " + said);
    });
    return damages;
}

std::uint64_t Database::commits() const {
    return commits_;
}

Database::Lease::Lease(Database& owner) : database(owner) {
    connection = owner.readers_.with([](auto& readers) -> std::unique_ptr<Connection> {
        if (readers.empty()) return nullptr;
        auto taken = std::move(readers.back());
        readers.pop_back();
        return taken;
    });
    if (!connection) {
        connection = std::make_unique<Connection>(owner.path_, Connection::Mode::kReadOnly,
                                                  owner.vfs_.name());
        connection->execute("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4000;");
    }
    connection->execute("BEGIN");
}

Database::Lease::~Lease() {
    try {
        if (connection->in_transaction()) connection->execute("COMMIT");
        database.readers_.with([&](auto& readers) { readers.push_back(std::move(connection)); });
    } catch (const std::exception&) {
        // The connection goes; the next reader opens another.
    }
}

}  // namespace lucerna::store
