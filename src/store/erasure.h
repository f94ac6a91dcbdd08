#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "store/archive.h"
#include "store/connection.h"
#include "vault/audit_trail.h"

namespace lucerna::store {

struct Parts;

/// Throws Error(kConflict) while a study is being read: what is read then becomes results of it.
void require_not_being_read(Connection& index, const std::string& study_instance_uid);
struct ErasedStudy {
    std::size_t instances = 0;
    Beside beside = {};
};
/// Takes a study's rows out, its exam, readings, decisions, jobs, work items, performed steps and
/// its order, if nothing of that is still to be done, with them, and dooms its objects. Orders and
/// performed steps of another patient than the study's, who only names it, stay.
ErasedStudy erase_study_rows(Connection& index, const std::string& study_instance_uid);
/// Dooms the data key of an owner, with whatever objects are still sealed by it.
void doom_key_of(Connection& index, const std::string& owner);
/// Dooms every data key whose last object is doomed, but for those `in_use` by others than the
/// index knows. Returns how many of these stay for that.
std::size_t doom_unused_keys(Connection& index, const std::set<std::string>& in_use = {});
/// Notes what this transaction erases, to be written to the audit trail once it is off the disk.
void note_erasure(Connection& index, vault::Act act, std::size_t studies, std::size_t instances,
                  const Beside& beside = {});
/// At start, when nothing is doomed: takes out the studies that an older copy of the index that was
/// put back still knows, though the audit trail has it that the data keys of all their objects were
/// destroyed, and these are gone: nobody can open those, but names and dates stand in rows. What
/// has a data key still is not touched, whatever the trail says.
void erase_again(Parts& parts);
/// Takes off the disk what is doomed, keys first, and writes the audit trail. Also at start, for
/// what a crash left of it. One thread of a process at a time; several processes may. Returns
/// whether there was any. Throws Error once all others are gone, where one cannot be taken off.
bool work_off_doomed(Parts& parts);

}  // namespace lucerna::store
