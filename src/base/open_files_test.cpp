#include "base/open_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace lucerna {
namespace {

class OpenFiles : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
        ASSERT_GT(before_.rlim_max, 256u);
        set(128);
    }
    void TearDown() override { ::setrlimit(RLIMIT_NOFILE, &before_); }
    void set(rlim_t soft) const {
        const rlimit limit{soft, before_.rlim_max};
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    static rlim_t soft() {
        rlimit limit{};
        EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
        return limit.rlim_cur;
    }
    rlimit before_{};
};

TEST_F(OpenFiles, AreRaisedToWhatIsWanted) {
    EXPECT_EQ(raise_open_files(200), 200u);
    EXPECT_EQ(soft(), 200u);
}

TEST_F(OpenFiles, AreNotLowered) {
    EXPECT_EQ(raise_open_files(64), 128u);
    EXPECT_EQ(soft(), 128u);
}

TEST_F(OpenFiles, StayWithinTheHardLimit) {
    if (before_.rlim_max == RLIM_INFINITY) GTEST_SKIP() << "there is none";
    EXPECT_EQ(raise_open_files(before_.rlim_max + 1), before_.rlim_max);
}

}  // namespace
}  // namespace lucerna
