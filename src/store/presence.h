#pragma once

#include <cstddef>
#include <string>

#include "store/connection.h"

namespace lucerna::store {

struct Parts;

/// Several processes may work on one index (docs/decisions/several-processes.md). Ends those that
/// are gone: their leases are free, their exams in reading wait. At start, and from time to time.
/// Returns how many they were.
std::size_t end_dead_processes(Parts& parts);

/// What becomes of an object that was never published and that the index does not know.
enum class Unknown {
    /// It was never acknowledged: it goes.
    kRemove,
    /// The index was lost, and can't say which were acknowledged: a whole one stays (`reindex`).
    kKeepWhole,
};

/// Publishes or removes the objects that an ended process had in hand: one that has no row any more
/// commits nothing after that (require_alive). Returns how many were removed.
std::size_t recover_objects(Parts& parts, Unknown unknown);

/// Throws Error(kUnavailable) where `process` was taken for dead: what it wrote under that name may
/// be gone. Within the transaction that relies on it.
void require_alive(Connection& index, const std::string& process);

}  // namespace lucerna::store
