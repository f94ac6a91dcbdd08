#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/connection.h"
#include "vault/sealed_object.h"

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

/// Of any number of names, those that for_each_unknown would visit.
[[nodiscard]] std::vector<std::string> unknown_in(Parts& parts,
                                                  const std::vector<std::string>& names);

/// As an object says it itself; nothing is opened. Throws Error.
[[nodiscard]] vault::SealedHeader sealed_header_of(Parts& parts, const std::string& object);
/// Taken in just now, or left, without knowing yet whose it is. What was published never says so:
/// its header was altered.
[[nodiscard]] bool is_left_by_nobody(Parts& parts, const std::string& object);
/// What another process takes in just now, or left; or erased since the objects were listed.
[[nodiscard]] bool is_not_kept(Parts& parts, const std::string& object);

/// Nothing lies under that name. Throws Error: kIo, kUnavailable.
[[nodiscard]] bool is_gone(Parts& parts, const std::string& object);

/// Objects by the data key that seals them.
using ByKey = std::map<std::string, std::vector<std::string>>;
/// Those of `keys` by which objects are sealed that the index does not know, as an older copy of it
/// does not; all of them where it cannot be read by which one is. All
/// objects are looked through for that when it is asked first, and not again before this process
/// has entered what there is: others come among them only by way of the index. Throws Error:
/// kUnavailable, kIo.
[[nodiscard]] std::set<std::string> keys_of_unknown(Parts& parts,
                                                    const std::set<std::string>& keys);

}  // namespace lucerna::store
