#include "keys_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/error.h"

namespace lucerna {

KeysLock::KeysLock(const std::filesystem::path& data_folder, For what) {
    const std::filesystem::path path = data_folder / "keys.lock";
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0)
        throw Error(ErrorCode::kIo, "cannot open " + path.string() + ": " + std::strerror(errno));
    const int how = what == For::kChange ? LOCK_EX : LOCK_SH | LOCK_NB;
    int held = 0;
    do held = ::flock(file_, how);
    while (held != 0 && errno == EINTR);
    if (held == 0) return;
    const int why = errno;
    ::close(file_);
    if (why == EWOULDBLOCK)
        throw Error(ErrorCode::kUnavailable,
                    "another process changes the keys of " + data_folder.string());
    throw Error(ErrorCode::kIo, "cannot lock " + path.string() + ": " + std::strerror(why));
}

KeysLock::~KeysLock() {
    ::close(file_);
}

}  // namespace lucerna
