#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "store/store.h"
#include "support/stored_instance.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"

namespace lucerna::store {
namespace {

constexpr int kSkipped = 77;

/// Runs `work` in a process of its own that sees a disk of `megabytes` at `folder`.
int with_small_disk(const std::filesystem::path& folder, int megabytes,
                    const std::function<void()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
        const bool alone =
            ::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
        const std::string size = "size=" + std::to_string(megabytes) + "m";
        if (!alone || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", folder.c_str(), "tmpfs", 0, size.c_str()) != 0)
            std::_Exit(kSkipped);
        try {
            work();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "%s\n", error.what());
            std::_Exit(1);
        }
        std::_Exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void require(bool holds, const std::string& what) {
    if (!holds) throw std::runtime_error(what);
}

test::StoredInstance numbered(int number) {
    test::StoredInstance instance;
    instance.sop_instance = "1.2.3.4.1." + std::to_string(number);
    instance.pixels = 500000;
    return instance;
}

/// Keeps from `number` on until the disk is full; returns the first that was refused.
int keep_until_full(Store& store, int number) {
    for (;; ++number) {
        const std::string error =
            test::error_of([&] { store.archive().keep(numbered(number).file()); });
        if (error == "none") continue;
        require(error == "out-of-space", "a full disk is told as " + error);
        return number;
    }
}

void require_whole(Store& store, int count) {
    for (const Damage& damage : store.archive().verify()) throw std::runtime_error(damage.what);
    require(store.archive().totals().instances == static_cast<std::uint64_t>(count),
            "the index holds another number of instances than were acknowledged");
    for (int number = 1; number <= count; ++number)
        require(store.archive().object("1.2.3.4.1." + std::to_string(number)) ==
                    numbered(number).file(),
                "an object is not what was kept");
}

void fill_and_free(const std::filesystem::path& folder) {
    vault::FileKeyProvider keys(folder / "secret");
    const SystemClock clock;
    const std::filesystem::path ballast = folder / "ballast";
    write_file(ballast, Bytes(3 << 20));
    int refused = 0;
    {
        Store store({folder / "data", {}}, keys, clock);
        refused = keep_until_full(store, 1);
        require(refused > 3, "the disk was full too early for this test");
        for (const auto& file :
             std::filesystem::directory_iterator(folder / "data" / "objects" / "incoming"))
            require(file.file_size() == 0, "a half-written object was left");
        require_whole(store, refused - 1);

        // The index too finds the disk full, in the middle of a transaction.
        const std::string payload(200000, 'x');
        std::string error = "none";
        for (int i = 0; error == "none"; ++i)
            error = test::error_of([&] {
                store.queue().enqueue({"deliver", std::to_string(i), payload});
            });
        require(error == "out-of-space", "a full index is told as " + error);
        require_whole(store, refused - 1);

        std::filesystem::remove(ballast);
        store.archive().keep(numbered(refused).file());
        require_whole(store, refused);
    }
    Store store({folder / "data", {}}, keys, clock);
    require_whole(store, refused);
}

TEST(DiskFull, RefusesWholeObjectsAndGoesOnWhenSpaceReturns) {
    const test::TemporaryFolder folder;
    const int status = with_small_disk(folder.path(), 12, [&] { fill_and_free(folder.path()); });
    if (status == kSkipped) GTEST_SKIP() << "skipped: cannot mount a small disk here";
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace lucerna::store
