#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/errno_code.h"
#include "base/error.h"

namespace lucerna {
namespace {

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path, int number) {
    throw Error(code_of_errno(number), what + " " + path.string() + ": " + std::strerror(number));
}

constexpr std::size_t kPieceBytes = 1 << 17;

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int number() const { return number_; }

  private:
    int number_;
};

enum class Sync { kNo, kYes };

void write_all(int descriptor, ByteView bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("cannot write", path, errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void replace(const std::filesystem::path& path, ByteView bytes, Sync sync) {
    static std::atomic<unsigned> counter = 0;
    const std::filesystem::path temporary =
        path.string() + "." + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".tmp";
    try {
        const Descriptor file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
        if (file.number() < 0) fail("cannot create", temporary, errno);
        write_all(file.number(), bytes, temporary);
        if (sync == Sync::kYes && ::fsync(file.number()) != 0) fail("cannot sync", path, errno);
        if (::rename(temporary.c_str(), path.c_str()) != 0) fail("cannot rename to", path, errno);
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    if (sync == Sync::kYes) sync_folder(path.parent_path());
}

/// Of "NAME.PROCESS-COUNT.tmp", as `replace` calls them.
struct Temporary {
    std::string_view name;
    pid_t process = 0;
};

std::optional<Temporary> temporary_in(std::string_view text) {
    constexpr std::string_view kEnd = ".tmp";
    if (!text.ends_with(kEnd)) return {};
    text.remove_suffix(kEnd.size());
    const std::size_t dot = text.rfind('.');
    if (dot == std::string_view::npos) return {};
    const char* const end = text.data() + text.size();
    Temporary one{text.substr(0, dot)};
    const auto process = std::from_chars(text.data() + dot + 1, end, one.process);
    if (process.ec != std::errc() || process.ptr == end || *process.ptr != '-') return {};
    unsigned count = 0;
    const auto counted = std::from_chars(process.ptr + 1, end, count);
    if (counted.ec != std::errc() || counted.ptr != end || one.process <= 0) return {};
    return one;
}

bool lives(pid_t process) {
    return process != ::getpid() && (::kill(process, 0) == 0 || errno != ESRCH);
}

}  // namespace

Bytes read_file(const std::filesystem::path& path, std::size_t limit) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.number() < 0) fail("cannot read", path, errno);
    const off_t size = ::lseek(file.number(), 0, SEEK_END);
    if (size < 0) fail("cannot read", path, errno);
    if (static_cast<std::size_t>(size) > limit)
        throw Error(ErrorCode::kInvalidInput,
                    path.string() + " is larger than " + std::to_string(limit) + " bytes");
    // Through a piece that stays in the cache: to make the whole of a large file's bytes first
    // would write them twice.
    Bytes piece(std::min(static_cast<std::size_t>(size), kPieceBytes));
    Bytes bytes;
    bytes.reserve(static_cast<std::size_t>(size));
    while (bytes.size() < static_cast<std::size_t>(size)) {
        const std::size_t wanted =
            std::min(piece.size(), static_cast<std::size_t>(size) - bytes.size());
        const ssize_t got =
            ::pread(file.number(), piece.data(), wanted, static_cast<off_t>(bytes.size()));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail("cannot read", path, errno);
        if (got == 0) break;
        bytes.insert(bytes.end(), piece.begin(), piece.begin() + got);
    }
    return bytes;
}

void write_file(const std::filesystem::path& path, ByteView bytes) {
    replace(path, bytes, Sync::kNo);
}

void write_file_durably(const std::filesystem::path& path, ByteView bytes) {
    replace(path, bytes, Sync::kYes);
}

void append_durably(const std::filesystem::path& path, ByteView bytes, std::size_t keep) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (file.number() < 0) fail("cannot append to", path, errno);
    const off_t size = ::lseek(file.number(), 0, SEEK_END);
    if (size < 0) fail("cannot append to", path, errno);
    const off_t end = static_cast<off_t>(std::min(static_cast<std::size_t>(size), keep));
    if (end < size && ::ftruncate(file.number(), end) != 0) fail("cannot cut", path, errno);
    try {
        write_all(file.number(), bytes, path);
        if (::fsync(file.number()) != 0) fail("cannot sync", path, errno);
    } catch (...) {
        // Where that fails, too, readers find a last line without its end.
        if (::ftruncate(file.number(), end) != 0) fail("cannot take back from", path, errno);
        throw;
    }
    if (size == 0) sync_folder(path.parent_path());
}

void remove_leftovers(const std::filesystem::path& folder,
                      const std::function<bool(std::string_view name)>& is_written) {
    try {
        std::vector<std::filesystem::path> left;
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            const std::string name = entry.path().filename().string();
            const auto one = temporary_in(name);
            if (one && is_written(one->name) && !lives(one->process) && !entry.is_symlink() &&
                entry.is_regular_file())
                left.push_back(entry.path());
        }
        for (const std::filesystem::path& path : left)
            if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail("cannot remove", path, errno);
    } catch (const std::filesystem::filesystem_error& error) {
        throw Error(code_of_errno(error.code().value()),
                    std::string("cannot look for leftovers: ") + error.what());
    }
}

void sync_folder(const std::filesystem::path& folder) {
    const std::filesystem::path named = folder.empty() ? std::filesystem::path(".") : folder;
    const Descriptor opened(::open(named.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.number() < 0) fail("cannot open folder", named, errno);
    if (::fsync(opened.number()) != 0) fail("cannot sync folder", named, errno);
}

}  // namespace lucerna
