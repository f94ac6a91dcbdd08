#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "store/connection.h"
#include "store/query.h"

namespace lucerna::store {

/// Archive::find on a snapshot of the index.
[[nodiscard]] std::vector<Match> find_matches(Connection& index, const Query& query);

/// Archive::count on a snapshot of the index.
[[nodiscard]] std::size_t count_matches(Connection& index, const Query& query, std::size_t most);

/// The rows that match, in order: what `matches_of` takes. Throws as Archive::find does.
[[nodiscard]] std::vector<std::int64_t> find_rows(Connection& index, const Query& query);
/// Those of them that are still there, in the order given.
[[nodiscard]] std::vector<Match> matches_of(Connection& index, Level level,
                                            std::span<const std::int64_t> rows);

}  // namespace lucerna::store
