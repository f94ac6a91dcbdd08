#include "pipeline/held_lease.h"

#include <gtest/gtest.h>

#include <algorithm>
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
    constexpr auto kLease = 400ms;
    const auto job = lease();
    ASSERT_TRUE(job);
    const HeldLease held(*job, store_.queue(), kLease);
    const auto leased_until = [&] {
        return store_.queue().list("deliver:pacs").at(0).leased_until;
    };
    // A machine that is halted makes some of the times between extensions longer, but none shorter.
    auto shortest = std::chrono::milliseconds::max();
    Instant last = leased_until();
    for (int extended = 0; extended < 8;) {
        std::this_thread::sleep_for(5ms);
        const Instant until = leased_until();
        ASSERT_LT(clock_.now(), last + 60s) << "it is not extended at all";
        if (until == last) continue;
        // The first one was leased for another time.
        if (++extended > 1) shortest = std::min(shortest, until - last);
        last = until;
    }
    EXPECT_LT(shortest, kLease / 2) << "that leaves room for a try that fails";
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
