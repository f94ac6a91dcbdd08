#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "dicom/data_set.h"
#include "retrieve/object_head.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// Nothing where it cannot be read, which is logged as "query.object-unread". Throws
/// Error(kUnavailable) where what it is in does not answer, and as MemoryBudget::take.
[[nodiscard]] std::optional<Head> head_to_search(store::Archive& archive,
                                                 const std::string& sop_instance_uid);

struct ObjectMatches {
    std::vector<store::Match> matches;
    /// Instances that could not be read and are among the matches all the same: what is damaged is
    /// not hidden.
    std::size_t unread = 0;
};

/// Archive::find for instances that also meet keys that the index does not hold: the head of each
/// that the index finds is read. For searches within a study, which bounds how many that are.
/// Throws as match_keys does.
[[nodiscard]] ObjectMatches find_by_objects(store::Archive& archive, store::Query query,
                                            const dicom::DataSet& keys);

}  // namespace lucerna::retrieve
