#pragma once

#include <string>

#include "store/archive.h"

namespace lucerna::store {

/// Names what is kept of an instance, and no other content of its SOP Instance UID: what is erased
/// and comes again has another one. 32 hexadecimal digits, of which nothing can be read.
[[nodiscard]] std::string revision_of(const InstanceRow& row);

}  // namespace lucerna::store
