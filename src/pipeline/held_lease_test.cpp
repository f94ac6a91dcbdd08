#include "pipeline/held_lease.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "store/store.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"

namespace lucerna::pipeline {
namespace {

using namespace std::chrono_literals;

class HeldLeaseTest : public testing::Test {
  protected:
    HeldLeaseTest() { store_.queue().enqueue({"deliver:pacs", "1", "{}"}); }
    std::optional<store::Job> lease() {
        return store_.queue().lease("deliver:pacs", "test", 200ms);
    }

    test::TemporaryFolder folder_;
    SystemClock clock_;
    vault::FileKeyProvider keys_{folder_.path() / "kek.json"};
    store::Store store_{{folder_.path() / "data", {}}, keys_, clock_};
};

TEST_F(HeldLeaseTest, KeepsAJobThatTakesLongerThanItsLease) {
    const auto job = lease();
    ASSERT_TRUE(job);
    const HeldLease held(*job, store_.queue(), 200ms);
    for (int i = 0; i < 20; ++i) {
        std::this_thread::sleep_for(50ms);
        const auto other = lease();
        // On a machine that halts this process for as long the lease is lost; then that is said.
        if (other) {
            while (!held.is_lost()) std::this_thread::sleep_for(10ms);
            GTEST_SKIP() << "the machine is too busy";
        }
    }
    EXPECT_FALSE(held.is_lost());
    store_.queue().complete(*job);
}

TEST_F(HeldLeaseTest, SaysSoWhenItIsAnothers) {
    const auto job = lease();
    ASSERT_TRUE(job);
    std::optional<store::Job> other;
    while (!other) {
        std::this_thread::sleep_for(20ms);
        other = lease();
    }
    const HeldLease held(*job, store_.queue(), 200ms);
    while (!held.is_lost()) std::this_thread::sleep_for(10ms);
    EXPECT_TRUE(held.lost().stop_requested());
    EXPECT_NO_THROW(store_.queue().complete(*other)) << "which it leaves alone";
}

TEST_F(HeldLeaseTest, EndsWithItsWork) {
    const auto job = lease();
    ASSERT_TRUE(job);
    { const HeldLease held(*job, store_.queue(), 1h); }
    store_.queue().complete(*job);
}

}  // namespace
}  // namespace lucerna::pipeline
