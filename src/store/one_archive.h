#pragma once

#include <functional>

#include "store/connection.h"
#include "store/key_ring.h"

namespace lucerna::store {

/// Runs a transaction of the index while nobody else writes (Database::write).
using Writing = std::function<void(const std::function<void(Connection& index)>& work)>;

/// That the index is of the archive whose objects, records and key provider these are: several
/// servers share an index on PostgreSQL, and one of them with another bucket, prefix or key would
/// keep what no other can read, and erase what stays where it is. The archive's mark is the key of
/// the index (index_key), which one on PostgreSQL has no other use for; the index knows it by its
/// hash. Where it is not noted yet, or is gone as after a backup came back, patients' keys say whose
/// the object store is, and it is noted, or made, anew. Throws Error: kConflict where it is
/// another's, or neither it nor such a key is there, and as index_key.
void require_one_archive(const Writing& write, Records& records, vault::KeyProvider& provider);

}  // namespace lucerna::store
