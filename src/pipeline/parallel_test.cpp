#include "pipeline/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/outside_wait.h"
#include "support/no_threads.h"

namespace lucerna::pipeline {
namespace {

TEST(RunParts, DoesEachPartOnce) {
    std::vector<std::atomic<int>> done(100);
    run_parts(3, done.size(), [&](std::size_t i) { ++done[i]; });
    for (const auto& one : done) EXPECT_EQ(one, 1);
    run_parts(0, 0, [](std::size_t) { FAIL(); });
}

TEST(RunParts, AreDoneByTheCallerWhereTheSystemGivesNoThread) {
    const test::NoThreads none;
    EXPECT_THROW(std::thread([] {}).join(), std::system_error);
    std::vector<int> done(100);
    run_parts(3, done.size(), [&](std::size_t i) { ++done[i]; });
    for (const int one : done) EXPECT_EQ(one, 1);
}

TEST(RunParts, HandsOnTheFirstFailureAndStops) {
    std::atomic<int> done{0};
    const auto part = [&](std::size_t i) {
        if (i == 5) throw Error(ErrorCode::kCancelled, "stopped");
        // The other is to be on its way still when the failure is told of.
        if (i > 5) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ++done;
    };
    EXPECT_THROW(run_parts(2, 100000, part), Error);
    EXPECT_LT(done, 99999);
}

/// Of so many places.
class Places final : public OutsideWait::Host {
  public:
    explicit Places(int most) : most_(most) { OutsideWait::set_host(this); }
    ~Places() override { OutsideWait::set_host(nullptr); }
    Places(const Places&) = delete;
    Places& operator=(const Places&) = delete;

    bool begin_outside() noexcept override {
        if (taken == most_) return false;
        ++taken;
        return true;
    }
    void end_outside() noexcept override { --taken; }
    [[nodiscard]] bool refuses() const noexcept override { return true; }

    std::atomic<int> taken{0};

  private:
    const int most_;
};

TEST(RunParts, WaitOutsideInOnePlace) {
    Places places(1);
    const auto caller = std::this_thread::get_id();
    std::barrier all(3);
    run_parts(3, 3, [&](std::size_t) {
        all.arrive_and_wait();
        if (std::this_thread::get_id() == caller) {
            EXPECT_EQ(places.taken, 0) << "nobody waits";
            all.arrive_and_wait();
            all.arrive_and_wait();
            // The caller has nothing left to do but to wait for them.
            EXPECT_EQ(places.taken, 1);
            all.arrive_and_wait();
            return;
        }
        all.arrive_and_wait();
        const OutsideWait waits("a store", OutsideWait::Crowded::kIsRefused);
        EXPECT_EQ(places.taken, 1);
        all.arrive_and_wait();
        all.arrive_and_wait();
    });
    EXPECT_EQ(places.taken, 0);
    // The caller's own again.
    const OutsideWait waits("a store", OutsideWait::Crowded::kIsRefused);
    EXPECT_EQ(places.taken, 1);
    // In a wait of the caller's the parts need no other.
    run_parts(2, 2, [](std::size_t) {
        const OutsideWait within("a store", OutsideWait::Crowded::kIsRefused);
    });
}

TEST(RunParts, AreRefusedWhereTooManyWaitOutside) {
    const Places none(0);
    std::barrier both(2);
    const auto caller = std::this_thread::get_id();
    EXPECT_THROW(run_parts(2, 2,
                           [&](std::size_t) {
                               both.arrive_and_wait();
                               if (std::this_thread::get_id() == caller) return;
                               const OutsideWait waits("a store", OutsideWait::Crowded::kIsRefused);
                           }),
                 Error);
}

}  // namespace
}  // namespace lucerna::pipeline
