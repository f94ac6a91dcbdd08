#include "base/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace lucerna {
namespace {

TEST(Environment, LeavesOutWhatSendsOrShowsThingsElsewhere) {
    for (const char* name : {"SSLKEYLOGFILE", "PGHOSTADDR", "PGSERVICE"}) {
        ASSERT_EQ(::setenv(name, "/somewhere/else", 1), 0);
        EXPECT_EQ(leave_out_environment(), std::vector<std::string>{name});
        EXPECT_EQ(std::getenv(name), nullptr) << name;
    }
}

}  // namespace
}  // namespace lucerna
