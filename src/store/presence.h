#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "store/connection.h"

namespace lucerna::store {

struct Parts;

/// Several processes may work on one index (docs/decisions/several-processes.md). Ends those that
/// are gone: their leases are free, their exams in reading wait. At start, and from time to time.
/// Returns how many they were.
std::size_t end_dead_processes(Parts& parts);

/// Publishes or removes the objects, and the data keys, that an ended process had in hand: one that
/// has no row any more commits nothing after that (require_alive). What the index does not know was
/// never acknowledged and goes. But an index that was made anew can't say that of what was there
/// before it: until this was once carried through on it, by whichever process, what may be whole
/// stays, for `reindex`. Returns how many were removed. Throws Error: kUnavailable (the key
/// service), kIo, kOutOfSpace.
std::size_t recover_objects(Parts& parts);

/// The same, where it failed after processes were ended (end_dead_processes).
void recover_left_objects(Parts& parts);

/// Removes again what was erased and arrived after that (Objects::remove_late), for as long as it
/// `goes_on`. Not while an index that was made anew is not recovered: what it does not know may
/// have been put back.
void remove_late_arrivals(Parts& parts, const std::function<bool()>& goes_on);

/// Throws Error(kUnavailable) where `process` was taken for dead: what it wrote under that name may
/// be gone. Within the transaction that relies on it.
void require_alive(Connection& index, const std::string& process);

}  // namespace lucerna::store
