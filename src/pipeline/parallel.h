#pragma once

#include <cstddef>
#include <functional>

namespace lucerna::pipeline {

/// Does `part(0)` .. `part(parts - 1)` on `threads` threads (0: one a core), each taking the next
/// that is free, or on fewer where the system gives no more. Returns when all are done. The first
/// exception of a part is thrown here; parts not begun by then are left. Where a part waits for
/// what is outside (base/outside_wait.h), it waits as the caller's task.
void run_parts(std::size_t threads, std::size_t parts,
               const std::function<void(std::size_t)>& part);

}  // namespace lucerna::pipeline
