#include "base/core_files.h"

#include <sys/resource.h>

#include <fstream>

namespace lucerna {

void leave_no_core_files() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 0;
        ::setrlimit(RLIMIT_CORE, &limit);
    }
    // A program that gets them does so whatever that limit is: no mapping is to be in them.
    try {
        std::ofstream("/proc/self/coredump_filter") << "0";
    } catch (...) {
        // A system without it.
    }
}

}  // namespace lucerna
