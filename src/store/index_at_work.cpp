#include "store/index_at_work.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <system_error>

#include "base/log.h"

namespace lucerna::store {
namespace {

namespace fs = std::filesystem;

/// Between its making and its last byte.
constexpr std::int64_t kSlackSeconds = 5;

/// Which file it is, though another one had its name, and when it was last touched, in nanoseconds
/// as its birth; where the file system knows no birth, that is zero. Nothing where there is none.
struct Identity {
    std::uint64_t inode = 0;
    std::int64_t born = 0;
    std::int64_t touched = 0;
    [[nodiscard]] std::int64_t touched_second() const { return touched / 1'000'000'000; }
    std::uint64_t bytes = 0;
    bool is_there = false;
};

Identity identity_of(const fs::path& path) {
    struct statx about {};
    if (::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME | STATX_CTIME | STATX_SIZE,
                &about) != 0)
        return {};
    const auto nanoseconds = [](const statx_timestamp& time) {
        return time.tv_sec * 1'000'000'000 + time.tv_nsec;
    };
    return {about.stx_ino, nanoseconds(about.stx_btime), nanoseconds(about.stx_ctime),
            about.stx_size, true};
}

/// Inode, birth, and the second in which it was written; inode and birth of the index.
struct Noted {
    std::uint64_t inode = 0;
    std::int64_t born = 0;
    std::int64_t second = 0;
    std::uint64_t index_inode = 0;
    std::int64_t index_born = 0;
};

}  // namespace

IndexAtWork::IndexAtWork(const fs::path& index)
    : index_(index), path_(index.parent_path() / "index.open") {}

bool IndexAtWork::may_be_a_copy() const {
    const Identity now = identity_of(path_), index = identity_of(index_);
    if (index.bytes == 0) return false;
    // Written over in place under the log that a killed server left: a server goes on in the log.
    const Identity log = identity_of(index_.string() + "-wal");
    if (log.bytes > 0 && index.touched > log.touched) return true;
    Noted noted;
    std::ifstream input(path_);
    if (!(input >> noted.inode >> noted.born >> noted.second >> noted.index_inode >>
          noted.index_born))
        return true;
    // One that was put back alone, or beside this file, which a copier took for the same.
    if (noted.index_inode != index.inode || noted.index_born != index.born) return true;
    // Written over by a copy it is the same file, touched since; or before, where a clock was
    // wrong.
    return noted.inode != now.inode || noted.born != now.born ||
           std::abs(now.touched_second() - noted.second) > kSlackSeconds;
}

void IndexAtWork::begin() const {
    std::error_code none;
    fs::remove(path_, none);
    std::ofstream output(path_);
    const Identity now = identity_of(path_);
    const Identity index = identity_of(index_);
    // Not flushed to the device: where a power cut takes it, the index is looked through.
    output << now.inode << ' ' << now.born << ' ' << now.touched_second() << ' ' << index.inode
           << ' ' << index.born << '\n'
           << std::flush;
    if (output && now.is_there) return;
    log_event(LogLevel::kWarning, "store.index-open-not-noted", {{"file", path_.string()}});
}

}  // namespace lucerna::store
