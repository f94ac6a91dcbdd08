#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/random.h"
#include "fault/killed_child.h"
#include "store/store.h"
#include "support/stored_instance.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"

namespace lucerna::store {
namespace {

/// Starts the program, kills it `delay` after its first promise, and returns all that it promised.
std::string promises_until_killed(const std::filesystem::path& folder, unsigned round,
                                  std::chrono::microseconds delay) {
    return test::said_until_killed({LUCERNA_STORE_UNTIL_KILLED, (folder / "data").string(),
                                    (folder / "secret" / "keys").string(), std::to_string(round)},
                                   delay);
}

class KillTest : public testing::Test {
  protected:
    /// Each promise holds. Returns how many objects were promised.
    std::size_t check(Store& store, const std::string& promised) {
        std::istringstream lines(promised);
        std::size_t objects = 0;
        std::string what;
        while (lines >> what) {
            if (what == "job") {
                std::string key;
                lines >> key;
                jobs.push_back(key);
                continue;
            }
            test::StoredInstance instance;
            lines >> instance.patient_id >> instance.study >> instance.sop_instance >>
                instance.seed >> instance.pixels;
            instance.series = instance.study + ".1";
            EXPECT_TRUE(store.archive().instance(instance.sop_instance)) << "not indexed";
            EXPECT_EQ(store.archive().object(instance.sop_instance), instance.file())
                << instance.sop_instance;
            const Query query{Level::kInstance, {{{0x0008, 0x0018}, instance.sop_instance}}};
            EXPECT_EQ(store.archive().find(query).size(), 1U);
            EXPECT_TRUE(store.exams().exam(instance.study));
            ++objects;
        }
        return objects;
    }

    test::TemporaryFolder folder;
    std::vector<std::string> jobs;
};

TEST_F(KillTest, EveryAcknowledgedObjectIsThereAndNoneIsHalfThere) {
    Random random(20260301);
    std::size_t promised = 0;
    for (unsigned round = 1; round <= test::fault_rounds(30); ++round) {
        const std::chrono::microseconds delay(1000 + random.below(80000));
        const std::string lines = promises_until_killed(folder.path(), round, delay);
        vault::FileKeyProvider keys(folder.path() / "secret" / "keys");
        const SystemClock clock;
        Store store({folder.path() / "data", {}}, keys, clock);
        promised += check(store, lines);
        EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "data" / "objects" / "incoming"));
        if (HasFailure()) FAIL() << "in round " << round;
    }
    vault::FileKeyProvider keys(folder.path() / "secret" / "keys");
    const SystemClock clock;
    Store store({folder.path() / "data", {}}, keys, clock);
    for (const Damage& damage : store.archive().verify()) ADD_FAILURE() << damage.what;
    EXPECT_GE(store.archive().totals().instances, promised);
    std::size_t images = 0;
    for (const ExamEntry& exam : store.exams().worklist({}, 100000))
        images += static_cast<std::size_t>(exam.images);
    EXPECT_EQ(images, store.archive().totals().instances) << "each image is in its exam";
    std::vector<std::string> queued;
    for (const Job& job : store.queue().list("deliver", 1000000)) queued.push_back(job.key);
    for (const std::string& key : jobs)
        EXPECT_NE(std::find(queued.begin(), queued.end(), key), queued.end()) << key;
    RecordProperty("objects_promised", static_cast<int>(promised));
}

}  // namespace
}  // namespace lucerna::store
