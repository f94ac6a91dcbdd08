#include "base/open_files.h"

#include <sys/resource.h>

#include <algorithm>

namespace lucerna {

std::size_t raise_open_files(std::size_t wanted) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
    // Shells and systemd set 1,024 as the soft limit for programs that use select().
    const rlim_t had = limit.rlim_cur;
    limit.rlim_cur = std::max<rlim_t>(had, std::min<rlim_t>(wanted, limit.rlim_max));
    if (limit.rlim_cur != had && ::setrlimit(RLIMIT_NOFILE, &limit) != 0) return had;
    return limit.rlim_cur;
}

}  // namespace lucerna
