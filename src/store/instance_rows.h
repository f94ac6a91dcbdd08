#pragma once

#include <span>
#include <string>

#include "store/connection.h"
#include "store/facts.h"

namespace lucerna::store {

/// What becomes of an object whose study is kept under another patient.
enum class OtherPatient {
    /// Two women's images must not be read as one exam.
    kRefused,
    /// Of what was acknowledged once nothing is left out.
    kTaken,
};

struct Entered {
    /// Its study was not there.
    bool is_first = false;
    /// It says of who its patient is what others of its study do not: nothing else of what it says
    /// counts for the study, or of what others say.
    bool disagrees = false;
    /// The study is of somebody else by it, or is known to be of somebody (names_another), or it
    /// disagrees.
    bool renames = false;
};

/// Enters instance, series and study; the SOP Instance UID must not be there yet. Attributes of
/// a series are those of the object that was received first and has them, by the
/// SOP Instance UID where several came in the same millisecond; those of study and patient, too,
/// but for what study_accounts.h says of objects that disagree: the same whatever the order in
/// which they are entered. Throws Error(kUnsupported) as require_same_patient does.
Entered insert_instance(Connection& index, const Facts& facts, const Placing& placing,
                        OtherPatient other = OtherPatient::kRefused);

struct Described {
    /// The three UIDs alone of what cannot be read now: the index goes on to say of study and
    /// series what it may have said.
    Facts facts;
    Placing placing;
    bool is_readable = true;
};
/// What became of a study that was to be described anew.
enum class DescribedAnew {
    /// Nothing: the index holds an object that is not among those it was to be described by.
    kNot,
    kAsTheSamePersons,
    /// As somebody else's, or it is in doubt whose it is, or no more (Entered::renames).
    kAsAnothers,
};
/// The attributes of a study and its series as if only `objects` had ever come, but for those that
/// the index does not hold any more: where others were erased, nothing of them stays, unless what
/// cannot be read may have said it too. What was made of a study says nothing of its patient beside
/// what was received.
[[nodiscard]] DescribedAnew describe_anew(Connection& index, const std::string& study_instance_uid,
                                          std::span<const Described> objects);

}  // namespace lucerna::store
