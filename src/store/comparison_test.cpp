#include "store/comparison.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <utility>

#include "store/object_folder.h"
#include "store/parts.h"
#include "store/store_test_support.h"
#include "support/other_encodings.h"

namespace lucerna::store {
namespace {

TEST(Comparison, WaitsNotForEverForOthersThatAreCompared) {
    const test::TemporaryFolder folder;
    const StoreOptions options{folder.path() / "data", {}, {}, {}};
    const ManualClock clock{from_rfc3339("2026-03-01T08:00:00.000Z")};
    vault::FileKeyProvider keys{folder.path() / "secret" / "keys"};
    auto lock = std::make_unique<FolderLock>(options.folder);
    Parts parts(options, std::move(lock),
                std::make_unique<ObjectFolder>(options.folder / "objects"),
                std::make_unique<RecordFolder>(options.folder / "keys"), keys, clock);
    const Bytes file = test::StoredInstance().file();
    const Bytes again = test::in_big_endian(file);
    EXPECT_EQ(parts.archive.keep(file), Kept::kNew);
    const auto keep = [&](const Bytes& one) {
        return std::async(std::launch::async,
                          [&] { return test::error_of([&] { (void)parts.archive.keep(one); }); })
            .get();
    };
    {
        const std::lock_guard another_is_compared(parts.comparing_wholes);
        EXPECT_EQ(keep(again), "unavailable");
        EXPECT_EQ(keep(file), "none") << "of the same encoding it needs no turn";
    }
    EXPECT_EQ(keep(again), "none");
}

}  // namespace
}  // namespace lucerna::store
