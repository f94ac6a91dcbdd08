#include "base/answer_due.h"

#include <gtest/gtest.h>

namespace lucerna {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

TEST(AnswerDue, EndsWhatTakesLonger) {
    EXPECT_GT(AnswerDue::end_of(20s), steady_clock::now() + 19s) << "nobody waits";
    {
        const AnswerDue due(2s);
        const auto when = AnswerDue::of_this_thread();
        ASSERT_TRUE(when);
        EXPECT_EQ(AnswerDue::end_of(20s), *when);
        EXPECT_LT(AnswerDue::end_of(1s), *when);
        const AnswerDue within(10s);
        EXPECT_EQ(AnswerDue::of_this_thread(), when);
    }
    EXPECT_FALSE(AnswerDue::of_this_thread());
}

}  // namespace
}  // namespace lucerna
