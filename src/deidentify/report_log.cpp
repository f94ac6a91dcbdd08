#include "deidentify/report_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/error.h"
#include "base/file.h"

namespace lucerna::deidentify {
namespace {

namespace fs = std::filesystem;

constexpr int kOlder = 3;

[[noreturn]] void fail(const fs::path& path, int reason) {
    throw Error(reason == ENOSPC || reason == EDQUOT ? ErrorCode::kOutOfSpace : ErrorCode::kIo,
                "cannot write " + path.string() + ": " + std::strerror(reason));
}

/// A file that is open to be added to.
class Appended {
  public:
    explicit Appended(const fs::path& path)
        : path_(path),
          file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
        if (file_ < 0) fail(path_, errno);
    }
    ~Appended() { ::close(file_); }
    Appended(const Appended&) = delete;
    Appended& operator=(const Appended&) = delete;

    /// The whole of it or nothing.
    void add(std::string_view text) const {
        const off_t before = ::lseek(file_, 0, SEEK_END);
        std::size_t written = 0;
        while (written < text.size()) {
            const ssize_t count = ::write(file_, text.data() + written, text.size() - written);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) give_up(before, errno);
            written += static_cast<std::size_t>(count);
        }
        if (::fdatasync(file_) != 0) give_up(before, errno);
    }

  private:
    [[noreturn]] void give_up(off_t before, int reason) const {
        if (::ftruncate(file_, before) != 0) fail(path_, errno);
        fail(path_, reason);
    }

    const fs::path& path_;
    int file_;
};

}  // namespace

fs::path ReportLog::file(int older) const {
    return folder_ / (name_ + (older == 0 ? "" : "." + std::to_string(older)) + ".jsonl");
}

void ReportLog::make_room(std::size_t bytes) const {
    std::error_code none;
    const std::uint64_t size = fs::file_size(file(0), none);
    if (none || size == 0 || size + bytes <= most_bytes_) return;
    for (int older = kOlder; older > 0; --older) {
        std::error_code failure;
        fs::rename(file(older - 1), file(older), failure);
        if (failure && failure != std::errc::no_such_file_or_directory)
            fail(file(older), failure.value());
    }
}

void ReportLog::add(const ExportReport& report, const std::string& destination, Instant made_at) {
    const std::string line = to_json_line(report, destination, made_at);
    const std::lock_guard lock(mutex_);
    std::error_code failure;
    fs::create_directories(folder_, failure);
    if (failure) fail(folder_, failure.value());
    make_room(line.size());
    const fs::path path = file(0);
    const bool is_new = !fs::exists(path, failure);
    Appended(path).add(line);
    if (is_new) sync_folder(folder_);
}

}  // namespace lucerna::deidentify
