// A disk that fails at will, and a clock that can be set: loaded before the C library (LD_PRELOAD),
// it stands between a program and the calls that write below one folder. What happens is read from
// a file before each call:
//
//     FAILING_DISK_FOLDER=/data FAILING_DISK_MODE=/mode LD_PRELOAD=libfailing_disk.so lucerna serve
//
// The file holds one word: "read-only", "full", "no-flush" (flushing fails), "slow" (each flush
// takes 0.3 s), or "clock SECONDS", which is added to the time of day. Anything else is a good
// disk.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

template <typename Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

struct Mode {
    char text[64] = {};
    [[nodiscard]] bool is(std::string_view word) const {
        return std::string_view(text).starts_with(word);
    }
};

Mode mode() {
    Mode found;
    const char* path = std::getenv("FAILING_DISK_MODE");
    if (path == nullptr) return found;
    static const auto real_open = next<int (*)(const char*, int, ...)>("open");
    const int saved = errno;
    const int file = real_open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        if (::read(file, found.text, sizeof found.text - 1) < 0) found.text[0] = '\0';
        ::close(file);
    }
    errno = saved;
    return found;
}

bool below(const char* path) {
    const char* folder = std::getenv("FAILING_DISK_FOLDER");
    return folder != nullptr && std::strncmp(path, folder, std::strlen(folder)) == 0;
}

bool below(int file) {
    char link[64];
    std::strcpy(link, "/proc/self/fd/");
    char* digits = link + std::strlen(link);
    int rest = file;
    char reversed[16];
    int count = 0;
    do {
        reversed[count++] = static_cast<char>('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    while (count > 0) *digits++ = reversed[--count];
    *digits = '\0';
    char path[PATH_MAX];
    const int saved = errno;
    const ssize_t length = ::readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length < 0) return false;
    path[length] = '\0';
    return below(path);
}

/// The error that a change of `place` ends with now; 0 if it is let through.
template <typename Place>
int change_fails(Place place) {
    if (!below(place)) return 0;
    const Mode now = mode();
    if (now.is("read-only")) return EROFS;
    return now.is("full") ? ENOSPC : 0;
}

template <typename Place, typename Real>
auto change(Place place, Real real) -> decltype(real()) {
    if (const int error = change_fails(place); error != 0) {
        errno = error;
        return -1;
    }
    return real();
}

int flush(int file, const char* name) {
    if (below(file)) {
        const Mode now = mode();
        if (now.is("no-flush")) {
            errno = EIO;
            return -1;
        }
        if (now.is("slow")) ::usleep(300000);
    }
    return next<int (*)(int)>(name)(file);
}

int open_as(const char* name, const char* path, int flags, mode_t permissions) {
    const bool writes = (flags & (O_CREAT | O_WRONLY | O_RDWR | O_TRUNC)) != 0;
    if (writes && below(path) && mode().is("read-only")) {
        errno = EROFS;
        return -1;
    }
    return next<int (*)(const char*, int, ...)>(name)(path, flags, permissions);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const auto permissions = va_arg(more, mode_t);
    va_end(more);
    return open_as("open", path, flags, permissions);
}
int open64(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const auto permissions = va_arg(more, mode_t);
    va_end(more);
    return open_as("open64", path, flags, permissions);
}
ssize_t write(int file, const void* bytes, size_t size) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
    return change(file, [&] { return real(file, bytes, size); });
}
ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
    return change(file, [&] { return real(file, bytes, size, offset); });
}
ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t offset) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
    return change(file, [&] { return real(file, bytes, size, offset); });
}
int ftruncate(int file, off_t size) noexcept {
    static const auto real = next<int (*)(int, off_t)>("ftruncate");
    return change(file, [&] { return real(file, size); });
}
int ftruncate64(int file, off64_t size) noexcept {
    static const auto real = next<int (*)(int, off64_t)>("ftruncate64");
    return change(file, [&] { return real(file, size); });
}
int rename(const char* from, const char* to) noexcept {
    static const auto real = next<int (*)(const char*, const char*)>("rename");
    // A full disk still renames and removes.
    if (mode().is("full")) return real(from, to);
    return change(to, [&] { return real(from, to); });
}
int unlink(const char* path) noexcept {
    static const auto real = next<int (*)(const char*)>("unlink");
    if (mode().is("full")) return real(path);
    return change(path, [&] { return real(path); });
}
int mkdir(const char* path, mode_t permissions) noexcept {
    static const auto real = next<int (*)(const char*, mode_t)>("mkdir");
    return change(path, [&] { return real(path, permissions); });
}
int fsync(int file) {
    return flush(file, "fsync");
}
int fdatasync(int file) {
    return flush(file, "fdatasync");
}
int clock_gettime(clockid_t clock, timespec* time) noexcept {
    static const auto real = next<int (*)(clockid_t, timespec*)>("clock_gettime");
    const int result = real(clock, time);
    if (result == 0 && clock == CLOCK_REALTIME) {
        const Mode now = mode();
        if (now.is("clock ")) time->tv_sec += std::atol(now.text + 6);
    }
    return result;
}

}  // extern "C"
