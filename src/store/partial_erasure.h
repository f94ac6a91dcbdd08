#pragma once

#include <cstddef>

#include "store/archive.h"
#include "store/connection.h"

namespace lucerna::store {

struct ErasedPart {
    /// Results that were made from it among them.
    std::size_t instances = 0;
    /// 1 where nothing of the study is left.
    std::size_t studies = 0;
    /// With the last of its objects.
    Beside beside = {};
};

/// Throws Error(kConflict) where `as_seen` is there and the part, which may be a whole study with
/// no series named, does not consist of those instances, as they were stored.
void require_as_seen(Connection& index, const StudyPart& part, const AsSeen& as_seen);

/// Whether study or series may have attributes from what erase_part_rows takes out.
[[nodiscard]] bool describes_study(Connection& index, const StudyPart& part);

/// Takes out the rows of a part of a study, as Archive::erase_part says, and dooms its objects.
ErasedPart erase_part_rows(Connection& index, const StudyPart& part);

/// The same of an instance for another object of it, which the caller enters into the same study:
/// that stays though it has no other, and so does its order.
void make_way(Connection& index, const StudyPart& part);

/// Takes out all that was made of a study, dooms its objects, and has its exam read again. What
/// people decided stays: the images are the same. Returns how many there were.
std::size_t erase_results(Connection& index, const std::string& study);

}  // namespace lucerna::store
