#pragma once

#include "learn/learn.h"

namespace lucerna {

/// Reads pictures of the cache by the package, as serving does, and by libtorch, and says how far
/// the scores differ. Throws Error(kInternal) when they differ by more than a thousandth.
void check_export(const learn::ExportOptions& options);

}  // namespace lucerna
