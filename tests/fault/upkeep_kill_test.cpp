#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <sstream>

#include "base/file.h"
#include "base/random.h"
#include "fault/killed_child.h"
#include "store/store.h"
#include "support/stored_instance.h"
#include "support/temporary_folder.h"
#include "vault/audit_trail.h"
#include "vault/file_key_provider.h"

namespace lucerna::store {
namespace {

namespace fs = std::filesystem;

test::StoredInstance of_patient(unsigned patient) {
    test::StoredInstance instance;
    instance.patient_id = "P" + std::to_string(patient);
    instance.study = "1.2.3." + std::to_string(patient);
    instance.series = instance.study + ".1";
    instance.sop_instance = instance.series + ".1";
    instance.pixels = 3000;
    return instance;
}

class UpkeepKillTest : public testing::Test {
  protected:
    struct Opened {
        explicit Opened(const fs::path& folder)
            : keys(folder / "secret" / "keys"), store({folder / "data", {}}, keys, clock) {}
        const SystemClock clock;
        vault::FileKeyProvider keys;
        Store store;
    };

    void keep(unsigned first, unsigned count) const {
        Opened opened(folder.path());
        for (unsigned patient = first; patient < first + count; ++patient)
            opened.store.archive().keep(of_patient(patient).file());
    }
    std::string run_until_killed(const std::string& work, unsigned first) {
        const std::chrono::microseconds delay(random.below(60000));
        return test::said_until_killed(
            {LUCERNA_UPKEEP_UNTIL_KILLED, (folder.path() / "data").string(),
             (folder.path() / "secret" / "keys").string(), work, std::to_string(first)},
            delay);
    }
    static void expect_whole(Store& store) {
        for (const Damage& damage : store.archive().verify()) ADD_FAILURE() << damage.what;
    }

    test::TemporaryFolder folder;
    Random random{20260301};
};

TEST_F(UpkeepKillTest, ARotationThatIsKilledLosesNothingAndIsFinishedByTheNext) {
    constexpr unsigned kPatients = 12;
    keep(0, kPatients);
    std::map<fs::path, Bytes> objects;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path() / "data" / "objects"))
        if (entry.is_regular_file()) objects[entry.path()] = read_file(entry.path());
    for (unsigned round = 0; round < test::fault_rounds(8); ++round) {
        run_until_killed("rotate", 0);
        Opened opened(folder.path());
        expect_whole(opened.store);
        // Every second time the broken one lies there when the next begins.
        if (round % 2 == 0) continue;
        opened.store.archive().rotate_keys();
        EXPECT_EQ(opened.keys.keys().size(), 1U) << "the older ones are ended";
        expect_whole(opened.store);
        if (HasFailure()) FAIL() << "in round " << round;
    }
    for (const auto& [path, bytes] : objects)
        EXPECT_EQ(read_file(path), bytes) << "no object is rewritten";
}

TEST_F(UpkeepKillTest, AnErasureThatIsKilledIsWholeAtTheNextStart) {
    constexpr unsigned kEach = 20;
    unsigned gone = 0;
    for (unsigned round = 0; round < test::fault_rounds(8); ++round) {
        const unsigned first = round * kEach;
        keep(first, kEach);
        std::istringstream lines(run_until_killed("erase", first));
        std::string word;
        unsigned promised = 0;
        while (lines >> word)
            if (word == "erased") ++promised;
        Opened opened(folder.path());
        expect_whole(opened.store);
        unsigned left = 0;
        for (unsigned patient = first; patient < first + kEach; ++patient) {
            if (opened.store.archive().instance(of_patient(patient).sop_instance)) {
                ++left;
                EXPECT_GE(patient - first, promised) << "it was said to be erased";
            }
        }
        gone += kEach - left;
        std::size_t keys = 0;
        for ([[maybe_unused]] const auto& entry :
             fs::directory_iterator(folder.path() / "data" / "keys"))
            ++keys;
        // Those of the patients that are left, and the index's.
        EXPECT_EQ(keys, opened.store.archive().totals().studies + 1);
        const vault::AuditTrail trail(folder.path() / "data" / "audit.log");
        EXPECT_TRUE(trail.damages().empty());
        EXPECT_EQ(trail.acts().size(), gone) << "each is noted, and noted once";
        if (HasFailure()) FAIL() << "in round " << round;
    }
}

// The names of published objects are flushed in `incoming` alone: after a power cut they are there.
TEST_F(UpkeepKillTest, AFirstStartOnANewIndexThatIsKilledLosesNothing) {
    constexpr unsigned kPatients = 6;
    const fs::path data = folder.path() / "data";
    keep(0, kPatients);
    for (unsigned round = 0; round < test::fault_rounds(9); ++round) {
        for (const auto& place : fs::directory_iterator(data / "objects"))
            for (const auto& file : fs::directory_iterator(place))
                fs::rename(file, data / "objects" / "incoming" / file.path().filename());
        for (const char* name : {"index.sqlite", "index.sqlite-wal", "index.sqlite-shm"})
            fs::remove(data / name);
        // The first key is the index's own; at the last round's the start came through.
        run_until_killed("start", 1 + round % (kPatients + 2));
        run_until_killed("start", 1 + static_cast<unsigned>(random.below(kPatients)));
        Opened opened(folder.path());
        EXPECT_TRUE(fs::is_empty(data / "objects" / "incoming"));
        EXPECT_TRUE(opened.store.archive().reindex().empty());
        for (unsigned patient = 0; patient < kPatients; ++patient)
            EXPECT_EQ(opened.store.archive().object(of_patient(patient).sop_instance),
                      of_patient(patient).file());
        expect_whole(opened.store);
        if (HasFailure()) FAIL() << "in round " << round;
    }
}

}  // namespace
}  // namespace lucerna::store
