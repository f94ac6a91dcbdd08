#pragma once

#include "http/router.h"
#include "store/archive.h"

namespace lucerna::retrieve {

// clang-format off
/// Adds deletion below /dicom-web, which PS3.18 does not have, for those who may (Access::kDelete):
///
///     DELETE studies/{study}[/series/{series}[/instances/{instance}]]
///
/// 204 once what was named is off the disk and out of the index, as Archive::erase_study and
/// erase_part do it; 404 where there is no such thing, 409 while the study is being read. With
/// If-Match 412 unless one of its tags is of what is named as it is: that of any representation, of
/// its metadata too, as GET gave it. `archive` is borrowed.
// clang-format on
void add_deletion(http::Router& router, store::Archive& archive);

}  // namespace lucerna::retrieve
