#include "base/random.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lucerna {
namespace {

// The first outputs of SplitMix64 for seed 1234567, as its authors' reference program prints them.
TEST(Random, FollowsTheReferenceSequence) {
    Random random(1234567);
    EXPECT_EQ(random.next(), 6457827717110365317U);
    EXPECT_EQ(random.next(), 3203168211198807973U);
    EXPECT_EQ(random.next(), 9817491932198370423U);
}

TEST(Random, NormalHasMeanZeroAndVarianceOne) {
    Random random(5);
    double sum = 0;
    double squares = 0;
    constexpr int kDraws = 100'000;
    for (int i = 0; i < kDraws; ++i) {
        const double value = random.normal();
        sum += value;
        squares += value * value;
    }
    // Five standard errors.
    EXPECT_NEAR(sum / kDraws, 0, 5 / std::sqrt(kDraws));
    EXPECT_NEAR(squares / kDraws, 1, 5 * std::sqrt(2.0 / kDraws));
}

TEST(Random, BelowStaysBelowAndReachesAll) {
    Random random(9);
    int seen[3] = {0, 0, 0};
    for (int i = 0; i < 300; ++i) ++seen[random.below(3)];
    for (const int count : seen) EXPECT_GT(count, 50);
}

TEST(Random, ForksAreIndependentOfEachOther) {
    const Random parent(1);
    EXPECT_NE(parent.fork(0).next(), parent.fork(1).next());
    EXPECT_EQ(parent.fork(3).next(), parent.fork(3).next());
}

}  // namespace
}  // namespace lucerna
