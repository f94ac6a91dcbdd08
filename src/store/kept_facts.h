#pragma once

#include <vector>

#include "store/archive.h"
#include "store/facts.h"
#include "store/instance_rows.h"

namespace lucerna::store {

/// Of an object that the index knows, as it would be entered. Where the pixels are among the rest
/// they are passed over. Throws as Archive::open.
[[nodiscard]] Facts facts_of_kept(const Parts& parts, Archive& archive, const InstanceRow& row);

/// All that the study has beside `part`, as it would be entered. What is damaged, or whose key or
/// bytes are away, perhaps for a moment, is not read: its neighbours can be erased beside it.
/// Throws Error: kUnavailable, kIo.
[[nodiscard]] std::vector<Described> described_beside(Parts& parts, Archive& archive,
                                                      const StudyPart& part);

}  // namespace lucerna::store
