#include "base/core_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <string>

namespace lucerna {
namespace {

TEST(CoreFiles, HaveNothingOfThisProcess) {
    leave_no_core_files();
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_CORE, &limit), 0);
    EXPECT_EQ(limit.rlim_cur, 0U);
    std::string filter;
    std::ifstream("/proc/self/coredump_filter") >> filter;
    EXPECT_EQ(filter.find_first_not_of('0'), std::string::npos) << filter;
}

}  // namespace
}  // namespace lucerna
