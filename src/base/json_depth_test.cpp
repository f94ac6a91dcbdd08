#include "base/json_depth.h"

#include <gtest/gtest.h>

#include <utility>

namespace lucerna {
namespace {

TEST(JsonDepth, CountsOutsideOfTexts) {
    const std::pair<const char*, std::size_t> depths[] = {{"", 0},
                                                          {"1", 0},
                                                          {"[]", 1},
                                                          {R"({"a":[1,{}]})", 3},
                                                          {"[[],[]]", 2},
                                                          {R"("[[")", 0},
                                                          {R"(["\"[",[]])", 2},
                                                          {R"(["\\",[]])", 2},
                                                          {"]]]}[", 1}};
    for (const auto& [text, depth] : depths) EXPECT_EQ(json_depth(text), depth) << text;
}

}  // namespace
}  // namespace lucerna
