#include "store/index_at_work.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>
#include <system_error>

#include "base/clock.h"
#include "base/log.h"

namespace lucerna::store {
namespace {

namespace fs = std::filesystem;

/// Between the clock that is noted and the file system's.
constexpr std::int64_t kSlackSeconds = 5;

/// Which file it is, though another one had its name, and when it was last touched; where the file
/// system knows no birth, that is zero. Nothing where there is none.
struct Identity {
    std::uint64_t inode = 0;
    std::int64_t born = 0;
    std::int64_t touched = 0;
    bool is_there = false;
};

Identity identity_of(const fs::path& path) {
    struct statx about {};
    if (::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME | STATX_CTIME, &about) != 0)
        return {};
    return {about.stx_ino, about.stx_btime.tv_sec * 1'000'000'000 + about.stx_btime.tv_nsec,
            about.stx_ctime.tv_sec, true};
}

/// Inode, birth, and the second in which it was written.
struct Noted {
    std::uint64_t inode = 0;
    std::int64_t born = 0;
    std::int64_t second = 0;
};

}  // namespace

IndexAtWork::IndexAtWork(const fs::path& index)
    : path_(index.parent_path() / "index.open"), log_(index.string() + "-wal") {}

bool IndexAtWork::may_be_a_copy() const {
    const Identity now = identity_of(path_);
    if (!now.is_there) {
        // A server that has come to its end leaves no log; one of an earlier version left no file.
        std::error_code none;
        return fs::file_size(log_, none) > 0 && !none;
    }
    Noted noted;
    std::ifstream input(path_);
    if (!(input >> noted.inode >> noted.born >> noted.second)) return true;
    // Written over by a copy it is the same file, touched since.
    return noted.inode != now.inode || noted.born != now.born ||
           now.touched > noted.second + kSlackSeconds;
}

void IndexAtWork::begin() const {
    std::error_code none;
    fs::remove(path_, none);
    std::ofstream output(path_);
    const Identity now = identity_of(path_);
    const std::int64_t second = SystemClock().now().time_since_epoch() / std::chrono::seconds(1);
    // Not flushed to the device: where a power cut takes it, the log that is left tells as much.
    output << now.inode << ' ' << now.born << ' ' << second << '\n' << std::flush;
    if (output && now.is_there) return;
    log_event(LogLevel::kWarning, "store.index-open-not-noted", {{"file", path_.string()}});
}

void IndexAtWork::end() const {
    std::error_code none;
    fs::remove(path_, none);
}

}  // namespace lucerna::store
