#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/connection.h"

namespace lucerna::store {

struct Parts;

/// How many names one query asks for.
constexpr std::size_t kNamesInAQuery = 500;

/// Those of `names`, kNamesInAQuery at most, of which the index has no instance, in their order.
/// One query, whatever the index is on.
[[nodiscard]] std::vector<std::string> unknown_among(Connection& index,
                                                     const std::vector<std::string>& names);

/// Visits each object of which the index has no instance, by name. One that is entered or erased
/// meanwhile may be visited or not.
void for_each_unknown(Parts& parts, const std::function<void(const std::string& name)>& visit);

}  // namespace lucerna::store
