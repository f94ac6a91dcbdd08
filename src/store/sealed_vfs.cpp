#include "store/sealed_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <utility>

#include "base/error.h"
#include "store/page_cipher.h"

namespace lucerna::store {
namespace {

// https://sqlite.org/fileformat2.html#the_write_ahead_log
constexpr sqlite3_int64 kLogHeaderBytes = 32;
constexpr sqlite3_int64 kFrameHeaderBytes = 24;
constexpr sqlite3_int64 kFrameBytes = kFrameHeaderBytes + static_cast<sqlite3_int64>(kPageBytes);

thread_local std::string damaged_page;

/// What SQLite allocates for a file of ours: this, then the operating system's own.
struct SealedFile {
    sqlite3_file base;
    PageCipher* cipher;
    PagePlace::In kind;
    std::uint8_t page[kPageBytes];

    [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

SealedFile* ours(sqlite3_file* file) {
    return reinterpret_cast<SealedFile*>(file);
}
const sqlite3_io_methods* methods(sqlite3_file* file) {
    return ours(file)->real()->pMethods;
}

/// One page at `offset` into `plain`, which may be the place it was read to.
int read_page(SealedFile& file, sqlite3_int64 offset, PagePlace place, std::uint8_t* plain) {
    const int code = file.real()->pMethods->xRead(file.real(), file.page, kPageBytes, offset);
    if (code != SQLITE_OK) return code;
    if (file.cipher->open(place, file.page, {plain, kPageBytes})) return SQLITE_OK;
    damaged_page = place.in == PagePlace::In::kFile
                       ? "page " + std::to_string(place.at) + " is not what was stored"
                       : "the log is not what was stored at byte " + std::to_string(place.at);
    return SQLITE_IOERR_DATA;
}

/// SQLite reads whole pages, and of the first also its header alone.
int read_file_part(SealedFile& file, std::uint8_t* into, int amount, sqlite3_int64 offset) {
    constexpr auto kPage = static_cast<sqlite3_int64>(kPageBytes);
    const sqlite3_int64 begin = offset / kPage * kPage;
    const PagePlace place{PagePlace::In::kFile, static_cast<std::uint64_t>(begin / kPage) + 1};
    if (offset == begin && amount == kPage) {
        const int code = read_page(file, begin, place, into);
        if (code == SQLITE_IOERR_SHORT_READ) std::memset(into, 0, kPageBytes);
        return code;
    }
    if (offset + amount > begin + kPage) return SQLITE_IOERR_READ;
    std::uint8_t plain[kPageBytes];
    const int code = read_page(file, begin, place, plain);
    if (code == SQLITE_OK)
        std::memcpy(into, plain + (offset - begin), static_cast<std::size_t>(amount));
    else
        std::memset(into, 0, static_cast<std::size_t>(amount));
    return code;
}

int read_log_part(SealedFile& file, std::uint8_t* into, int amount, sqlite3_int64 offset) {
    const sqlite3_int64 in_frame =
        offset < kLogHeaderBytes ? 0 : (offset - kLogHeaderBytes) % kFrameBytes;
    if (offset < kLogHeaderBytes || in_frame + amount <= kFrameHeaderBytes)
        return file.real()->pMethods->xRead(file.real(), into, amount, offset);
    if (amount == kFrameBytes && in_frame == 0) {
        int code = file.real()->pMethods->xRead(file.real(), into, kFrameHeaderBytes, offset);
        if (code != SQLITE_OK) return code;
        const sqlite3_int64 at = offset + kFrameHeaderBytes;
        code = read_page(file, at, {PagePlace::In::kLog, static_cast<std::uint64_t>(at)},
                         into + kFrameHeaderBytes);
        // Recovery: a frame that was never finished ends the log, as SQLite's checksum tells it.
        return code == SQLITE_IOERR_DATA ? SQLITE_OK : code;
    }
    if (in_frame < kFrameHeaderBytes || in_frame + amount > kFrameBytes) return SQLITE_IOERR_READ;
    const sqlite3_int64 at = offset - in_frame + kFrameHeaderBytes;
    std::uint8_t plain[kPageBytes];
    const int code =
        read_page(file, at, {PagePlace::In::kLog, static_cast<std::uint64_t>(at)}, plain);
    if (code == SQLITE_OK)
        std::memcpy(into, plain + (offset - at), static_cast<std::size_t>(amount));
    return code;
}

/// No exception may pass through SQLite.
template <typename Work>
int guarded(int otherwise, Work&& work) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        return SQLITE_NOMEM;
    } catch (const std::exception&) {
        return otherwise;
    }
}

int on_read(sqlite3_file* file, void* into, int amount, sqlite3_int64 offset) {
    auto* bytes = static_cast<std::uint8_t*>(into);
    return guarded(SQLITE_IOERR_READ, [&] {
        return ours(file)->kind == PagePlace::In::kFile
                   ? read_file_part(*ours(file), bytes, amount, offset)
                   : read_log_part(*ours(file), bytes, amount, offset);
    });
}

int write_part(SealedFile& file, const void* bytes, int amount, sqlite3_int64 offset) {
    constexpr auto kPage = static_cast<sqlite3_int64>(kPageBytes);
    PagePlace place{file.kind, static_cast<std::uint64_t>(offset)};
    if (file.kind == PagePlace::In::kLog) {
        const bool header = offset < kLogHeaderBytes ||
                            (offset - kLogHeaderBytes) % kFrameBytes + amount <= kFrameHeaderBytes;
        if (header) return file.real()->pMethods->xWrite(file.real(), bytes, amount, offset);
        if (amount != kPage || (offset - kLogHeaderBytes) % kFrameBytes != kFrameHeaderBytes)
            return SQLITE_IOERR_WRITE;
    } else {
        if (amount != kPage || offset % kPage != 0) return SQLITE_IOERR_WRITE;
        place.at = static_cast<std::uint64_t>(offset / kPage) + 1;
    }
    if (!file.cipher->seal(place, {static_cast<const std::uint8_t*>(bytes), kPageBytes}, file.page))
        return SQLITE_IOERR_WRITE;
    return file.real()->pMethods->xWrite(file.real(), file.page, amount, offset);
}

int on_write(sqlite3_file* file, const void* bytes, int amount, sqlite3_int64 offset) {
    return guarded(SQLITE_IOERR_WRITE,
                   [&] { return write_part(*ours(file), bytes, amount, offset); });
}

int on_close(sqlite3_file* file) {
    delete std::exchange(ours(file)->cipher, nullptr);
    return methods(file)->xClose(ours(file)->real());
}

/// Batches of atomic writes go around the log.
int characteristics(sqlite3_file* file) {
    return methods(file)->xDeviceCharacteristics(ours(file)->real()) & ~SQLITE_IOCAP_BATCH_ATOMIC;
}

// Version 2: without memory maps, which would show SQLite the sealed bytes.
const sqlite3_io_methods kMethods = {
    2,
    on_close,
    on_read,
    on_write,
    [](sqlite3_file* f, sqlite3_int64 size) {
        return methods(f)->xTruncate(ours(f)->real(), size);
    },
    [](sqlite3_file* f, int flags) { return methods(f)->xSync(ours(f)->real(), flags); },
    [](sqlite3_file* f, sqlite3_int64* size) {
        return methods(f)->xFileSize(ours(f)->real(), size);
    },
    [](sqlite3_file* f, int level) { return methods(f)->xLock(ours(f)->real(), level); },
    [](sqlite3_file* f, int level) { return methods(f)->xUnlock(ours(f)->real(), level); },
    [](sqlite3_file* f, int* out) { return methods(f)->xCheckReservedLock(ours(f)->real(), out); },
    [](sqlite3_file* f, int what, void* argument) {
        return methods(f)->xFileControl(ours(f)->real(), what, argument);
    },
    [](sqlite3_file* f) { return methods(f)->xSectorSize(ours(f)->real()); },
    characteristics,
    [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
        return methods(f)->xShmMap(ours(f)->real(), page, size, extend, out);
    },
    [](sqlite3_file* f, int offset, int count, int flags) {
        return methods(f)->xShmLock(ours(f)->real(), offset, count, flags);
    },
    [](sqlite3_file* f) { methods(f)->xShmBarrier(ours(f)->real()); },
    [](sqlite3_file* f, int remove) { return methods(f)->xShmUnmap(ours(f)->real(), remove); },
    nullptr,
    nullptr,
};

}  // namespace

struct SealedVfs::State {
    State(const vault::SecretKey& secret, sqlite3_vfs* system)
        : key(secret), real(system), vfs(*system) {
        static std::atomic<unsigned> counter = 0;
        name = "lucerna-sealed-" + std::to_string(counter++);
    }

    static sqlite3_vfs* real_of(sqlite3_vfs* vfs) {
        return static_cast<State*>(vfs->pAppData)->real;
    }

    static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
        auto& state = *static_cast<State*>(vfs->pAppData);
        if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
            return state.real->xOpen(state.real, path, file, flags, out);
        auto* sealed = new (static_cast<void*>(file)) SealedFile;
        sealed->base.pMethods = nullptr;
        sealed->real()->pMethods = nullptr;
        sealed->cipher = new (std::nothrow) PageCipher(state.key);
        if (sealed->cipher == nullptr) return SQLITE_NOMEM;
        const int code = state.real->xOpen(state.real, path, sealed->real(), flags, out);
        if (code != SQLITE_OK) {
            if (sealed->real()->pMethods != nullptr)
                sealed->real()->pMethods->xClose(sealed->real());
            delete std::exchange(sealed->cipher, nullptr);
            return code;
        }
        sealed->kind = (flags & SQLITE_OPEN_WAL) != 0 ? PagePlace::In::kLog : PagePlace::In::kFile;
        sealed->base.pMethods = &kMethods;
        return SQLITE_OK;
    }

    vault::SecretKey key;
    sqlite3_vfs* real;
    sqlite3_vfs vfs;
    std::string name;
};

SealedVfs::SealedVfs(const vault::SecretKey& key) {
    sqlite3_vfs* system = sqlite3_vfs_find(nullptr);
    if (system == nullptr) throw Error(ErrorCode::kInternal, "SQLite has no VFS");
    state_ = std::make_unique<State>(key, system);
    sqlite3_vfs& vfs = state_->vfs;
    vfs.iVersion = 2;
    vfs.szOsFile = static_cast<int>(sizeof(SealedFile)) + system->szOsFile;
    vfs.zName = state_->name.c_str();
    vfs.pAppData = state_.get();
    vfs.pNext = nullptr;
    vfs.xOpen = State::open;
    vfs.xDelete = [](sqlite3_vfs* v, const char* path, int sync) {
        return State::real_of(v)->xDelete(State::real_of(v), path, sync);
    };
    vfs.xAccess = [](sqlite3_vfs* v, const char* path, int flags, int* out) {
        return State::real_of(v)->xAccess(State::real_of(v), path, flags, out);
    };
    vfs.xFullPathname = [](sqlite3_vfs* v, const char* path, int size, char* out) {
        return State::real_of(v)->xFullPathname(State::real_of(v), path, size, out);
    };
    vfs.xRandomness = [](sqlite3_vfs* v, int size, char* out) {
        return State::real_of(v)->xRandomness(State::real_of(v), size, out);
    };
    vfs.xSleep = [](sqlite3_vfs* v, int microseconds) {
        return State::real_of(v)->xSleep(State::real_of(v), microseconds);
    };
    vfs.xCurrentTime = [](sqlite3_vfs* v, double* out) {
        return State::real_of(v)->xCurrentTime(State::real_of(v), out);
    };
    vfs.xGetLastError = [](sqlite3_vfs* v, int size, char* out) {
        return State::real_of(v)->xGetLastError(State::real_of(v), size, out);
    };
    vfs.xCurrentTimeInt64 = [](sqlite3_vfs* v, sqlite3_int64* out) {
        return State::real_of(v)->xCurrentTimeInt64(State::real_of(v), out);
    };
    if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
        throw Error(ErrorCode::kInternal, "SQLite does not take a VFS");
}

SealedVfs::~SealedVfs() {
    sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& SealedVfs::name() const {
    return state_->name;
}

std::string take_damaged_page() {
    return std::exchange(damaged_page, {});
}

}  // namespace lucerna::store
