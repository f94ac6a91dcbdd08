#include "pipeline/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "base/error.h"

namespace lucerna::pipeline {
namespace {

TEST(RunParts, DoesEachPartOnce) {
    std::vector<std::atomic<int>> done(100);
    run_parts(3, done.size(), [&](std::size_t i) { ++done[i]; });
    for (const auto& one : done) EXPECT_EQ(one, 1);
    run_parts(0, 0, [](std::size_t) { FAIL(); });
}

TEST(RunParts, HandsOnTheFirstFailureAndStops) {
    std::atomic<int> done{0};
    const auto part = [&](std::size_t i) {
        if (i == 5) throw Error(ErrorCode::kCancelled, "stopped");
        ++done;
    };
    EXPECT_THROW(run_parts(2, 100000, part), Error);
    EXPECT_LT(done, 99999);
}

}  // namespace
}  // namespace lucerna::pipeline
