#include "base/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lucerna {
namespace {

using testing::ElementsAre;

TEST(Split, HasOnePartMoreThanThereAreSeparators) {
    EXPECT_THAT(split("a,b", ","), ElementsAre("a", "b"));
    EXPECT_THAT(split(",a,,", ","), ElementsAre("", "a", "", ""));
    EXPECT_THAT(split("a", ","), ElementsAre("a"));
    EXPECT_THAT(split("", ","), ElementsAre(""));
}

TEST(Split, TakesAnyOfTheSeparators) {
    EXPECT_THAT(split("a\\b,c", "\\,"), ElementsAre("a", "b", "c"));
}

}  // namespace
}  // namespace lucerna
