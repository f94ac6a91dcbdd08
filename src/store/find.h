#pragma once

#include <vector>

#include "store/query.h"
#include "store/sqlite.h"

namespace lucerna::store {

/// Archive::find on a snapshot of the index.
[[nodiscard]] std::vector<Match> find_matches(Connection& index, const Query& query);

}  // namespace lucerna::store
