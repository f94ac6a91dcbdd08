#include "store/sqlite_index.h"

#include <fcntl.h>
#include <unistd.h>

#include <cctype>
#include <chrono>
#include <fstream>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "store/kept_reading.h"
#include "store/name_words.h"
#include "store/page_cipher.h"
#include "store/schema.h"
#include "store/sealed_log.h"

namespace lucerna::store {
namespace {

// "LUCR": what `file` and this program know the index by.
constexpr std::int64_t kApplicationId = 0x4C554352;

void prepare_schema(SqliteConnection& connection, const std::filesystem::path& path) {
    const std::int64_t application = connection.number("PRAGMA application_id");
    const std::int64_t version = connection.number("PRAGMA user_version");
    const bool empty = connection.number("SELECT count(*) FROM sqlite_schema") == 0;
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
    connection.execute(script.c_str());
    if (!empty && version < kFirstWithNameWords) enter_all_name_words(connection);
    if (!empty && version < kFirstWithUnicodeFolding) fold_all_names(connection);
    if (!empty && version < kFirstWithPlaces) place_all_findings(connection);
    script = "PRAGMA application_id = " + std::to_string(kApplicationId) +
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

/// Writes what is open at `path` anew beside it, sealed by `vfs`.
std::filesystem::path written_beside(SqliteConnection& index, const std::filesystem::path& path,
                                     const std::string& vfs) {
    std::filesystem::path sealed = path;
    sealed += ".sealing";
    // Where it stays, that cannot be written.
    std::error_code ignored;
    std::filesystem::remove(sealed, ignored);
    if (index.number("PRAGMA application_id") != kApplicationId)
        throw Error(ErrorCode::kCorrupt, path.string() + " is not an index of Lucerna");
    index.reserve_bytes(static_cast<int>(kReservedBytes));
    index.execute("PRAGMA temp_store = MEMORY");
    index.prepare("VACUUM INTO ?")
        .bind("file:" + percent_encoded(std::filesystem::absolute(sealed).string()) + "?vfs=" + vfs)
        .run();
    index.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    return sealed;
}

void put_in_its_place(const std::filesystem::path& sealed, const std::filesystem::path& path) {
    sync_file(sealed);
    std::filesystem::rename(sealed, path);
    sync_folder(path.parent_path());
    IndexAtWork(path).begin();
    log_event(LogLevel::kInfo, "store.index-sealed");
}

/// One that an earlier program left unsealed.
void seal(const std::filesystem::path& path, const std::string& vfs) {
    std::filesystem::path sealed;
    {
        // Opening it takes in its log; closing it removes the log.
        SqliteConnection unsealed(path, SqliteConnection::Mode::kReadWrite);
        sealed = written_beside(unsealed, path, vfs);
    }
    put_in_its_place(sealed, path);
}

bool begins_sealed_by(const std::filesystem::path& path, const vault::SecretKey& key) {
    std::ifstream input(path, std::ios::binary);
    Bytes page(kPageBytes);
    Bytes plain(kPageBytes);
    return input.read(reinterpret_cast<char*>(page.data()), kPageBytes) &&
           PageCipher(key).open({PagePlace::In::kFile, 1}, page, plain);
}

void require_whole_log(const std::filesystem::path& path, const vault::SecretKey& key) {
    if (const std::string what = damage_of_log(path.string() + "-wal", key); !what.empty())
        throw Error(
            ErrorCode::kCorrupt,
            path.string() + "-wal: " + what +
                ". What it holds is lost once it is moved away; reindex then finds objects");
}

/// A power cut may leave the first page half written while it is taken over from the log. SQLite
/// reads its header before it looks for it in the log, where it is whole.
void mend_first_page(const std::filesystem::path& path, const vault::SecretKey& key) {
    std::error_code none;
    if (std::filesystem::file_size(path, none) == 0 || none || begins_sealed_by(path, key)) return;
    const std::optional<Bytes> page = newest_first_page(path.string() + "-wal", key);
    if (!page) return;
    Bytes sealed(kPageBytes);
    if (!PageCipher(key).seal({PagePlace::In::kFile, 1}, *page, sealed)) return;
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    if (!file.write(reinterpret_cast<const char*>(sealed.data()), kPageBytes).flush())
        throw Error(ErrorCode::kIo, "cannot write page 1 of " + path.string());
    sync_file(path);
    log_event(LogLevel::kWarning, "store.index-page-mended");
}

}  // namespace

namespace {

/// What SQLite finds where a page is missing, or is of another moment than others.
std::vector<std::string> contradictions(Connection& index, const std::string& name) {
    std::vector<std::string> found;
    Statement check = index.prepare("PRAGMA integrity_check");
    while (check.step())
        if (const std::string said = check.text(0); said != "ok")
            found.push_back(name + ": " + said);
    Statement orphans = index.prepare("PRAGMA foreign_key_check");
    while (orphans.step())
        found.push_back(name + ": row " + std::to_string(orphans.integer(1)) + " of " +
                        orphans.text(0) + " belongs to one of " + orphans.text(2) +
                        " that is not there");
    return found;
}

std::string not_whole(const std::filesystem::path& path, const std::vector<std::string>& found) {
    return path.string() +
           " is damaged, or a copy that was made while a server was at work: " + found.front() +
           (found.size() > 1 ? ", and " + std::to_string(found.size() - 1) + " more" : "") +
           ". Move it away, with " + path.filename().string() +
           "-wal and -shm, and give `lucerna "
           "reindex`, which makes it anew from the objects";
}

/// Of a new one, too, it is noted which file it is.
void create(const std::filesystem::path& path) {
    constexpr mode_t kAsSqlite = 0644;
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kAsSqlite);
    if (file >= 0) ::close(file);
}

/// SQLite reads it in no order, which takes long of what is not in memory.
void read_ahead(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    (void)::posix_fadvise(file, 0, 0, POSIX_FADV_WILLNEED);
    ::close(file);
}

/// A copy made while a server was at work may have the file and its log, or pages of the file, of
/// different moments: what is found by it then are others' objects. It is looked through before its
/// log is taken in.
void require_one_moment(const std::filesystem::path& path, const std::string& vfs) {
    log_event(LogLevel::kInfo, "store.index-looked-through", {{"file", path.string()}});
    std::vector<std::string> found;
    const auto begun = std::chrono::steady_clock::now();
    // What a crash left of a transaction before there was a log takes back whoever may write.
    const bool is_cut_off = std::filesystem::exists(path.string() + "-journal");
    const auto mode =
        is_cut_off ? SqliteConnection::Mode::kReadWrite : SqliteConnection::Mode::kReadOnly;
    read_ahead(path);
    try {
        SqliteConnection index(path, mode, vfs);
        found = contradictions(index, path.filename().string());
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kCorrupt) throw;
        found.emplace_back(error.what());
    }
    if (!found.empty()) throw Error(ErrorCode::kCorrupt, not_whole(path, found));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    log_event(LogLevel::kInfo, "store.index-is-whole", {{"seconds", took.count()}});
}

}  // namespace

bool is_unsealed(const std::filesystem::path& path) {
    constexpr std::string_view kMagic{"SQLite format 3\0", 16};
    std::ifstream input(path, std::ios::binary);
    std::string begin(kMagic.size(), '\0');
    return input.read(begin.data(), static_cast<std::streamsize>(begin.size())) && begin == kMagic;
}

void seal_anew(const std::filesystem::path& path, const vault::SecretKey& from,
               const vault::SecretKey& to) {
    std::error_code none;
    if (std::filesystem::file_size(path, none) == 0 || none || is_unsealed(path) ||
        begins_sealed_by(path, to))
        return;
    require_whole_log(path, from);
    mend_first_page(path, from);
    const SealedVfs old(from);
    const SealedVfs renewed(to);
    // It takes in the log, and leaves none that would tell.
    if (IndexAtWork(path).may_be_a_copy()) require_one_moment(path, old.name());
    std::filesystem::path sealed;
    {
        SqliteConnection index(path, SqliteConnection::Mode::kReadWrite, old.name());
        sealed = written_beside(index, path, renewed.name());
    }
    put_in_its_place(sealed, path);
}

SqliteIndex::SqliteIndex(std::filesystem::path path, const vault::SecretKey& key)
    : path_(std::move(path)), key_(key), vfs_(key), at_work_(path_) {}

std::unique_ptr<Connection> SqliteIndex::open_writer(const Patience&) {
    if (is_unsealed(path_)) {
        if (at_work_.may_be_a_copy()) require_one_moment(path_, {});
        seal(path_, vfs_.name());
    } else {
        require_whole_log(path_, key_);
        mend_first_page(path_, key_);
    }
    std::error_code none;
    if (std::filesystem::file_size(path_, none) > 0 && !none && !begins_sealed_by(path_, key_))
        throw Error(ErrorCode::kCorrupt,
                    path_.string() +
                        ": page 1 is not what was stored, or this is a copy from before the keys "
                        "were rotated");
    if (at_work_.may_be_a_copy()) require_one_moment(path_, vfs_.name());
    create(path_);
    at_work_.begin();
    auto writer =
        std::make_unique<SqliteConnection>(path_, SqliteConnection::Mode::kReadWrite, vfs_.name());
    if (writer->number("PRAGMA page_count") == 0)
        writer->reserve_bytes(static_cast<int>(kReservedBytes));
    // temp_store: what a transaction may have to take back never goes to a file, unsealed.
    writer->execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000;"
        "PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 67108864;");
    prepare_schema(*writer, path_);
    return writer;
}

std::unique_ptr<Connection> SqliteIndex::open_reader(const Patience&) {
    auto reader =
        std::make_unique<SqliteConnection>(path_, SqliteConnection::Mode::kReadOnly, vfs_.name());
    reader->execute("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4000;");
    return reader;
}

void SqliteIndex::empty_log(Connection& writer) {
    // A reader in the middle of something leaves part of the log standing; the next one takes it.
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

void SqliteIndex::close(Connection& writer) {
    // Empties the log into the file, so that what was deleted does not linger there.
    writer.execute("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)");
}

std::vector<std::string> SqliteIndex::damages(Connection& reader) {
    // The log is not emptied first: on a full disk it cannot be.
    std::vector<std::string> damages = damages_of_pages(path_, key_);
    if (std::string what = damage_of_log(path_.string() + "-wal", key_); !what.empty())
        damages.push_back(std::move(what));
    if (!damages.empty()) return damages;
    return contradictions(reader, path_.filename().string());
}

void SqliteIndex::require_whole(Connection& reader) {
    if (const auto found = damages(reader); !found.empty())
        throw Error(ErrorCode::kCorrupt, not_whole(path_, found));
}

}  // namespace lucerna::store
