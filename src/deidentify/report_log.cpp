#include "deidentify/report_log.h"

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
    append_durably(file(0), as_byte_view(line));
}

}  // namespace lucerna::deidentify
