#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dicom/data_set.h"
#include "store/query.h"

namespace lucerna::retrieve {

/// How an entity stands to the keys of a query.
struct KeyMatch {
    bool matches = true;
    /// A key asks for a value of an attribute that the entity never has; it did not count.
    bool ignores_some = false;
};

/// What an attribute is that an entity has not.
enum class Absent {
    /// One that no such entity ever has; a key of it does not count.
    kUnknown,
    /// One without a value.
    kEmpty,
};

/// What a range of a date and one of the time that belongs to it are.
enum class DateAndTime {
    /// One range of moments, where both are open at the same ends (PS3.4 C.2.2.2.5.4).
    kCombined,
    /// The time holds on each day.
    kApart,
};

/// Whether `entity` meets every key of `identifier` (PS3.4 C.2.2.2): single values, wildcards,
/// ranges of dates, times and moments of VR DT, lists, sequences (one item meets all keys in it),
/// universal. The Timezone Offset From UTC of either counts for moments of VR DT that say none,
/// those within sequences too. Names match whatever their case, in any component group. Throws
/// Error(kInvalidInput) for a value that its key cannot have.
[[nodiscard]] KeyMatch match_keys(const dicom::DataSet& identifier, const dicom::DataSet& entity,
                                  Absent absent = Absent::kUnknown,
                                  DateAndTime date_and_time = DateAndTime::kCombined);

/// Whether a Timezone Offset From UTC in the request counts for all that it matches by: there are
/// moments of VR DT among what objects are asked for, and no dates and times, which are matched as
/// they stand there and in the index.
[[nodiscard]] bool zone_counts(const dicom::DataSet& object_keys,
                               std::span<const store::Key> indexed);

/// Throws Error(kInvalidInput) for what is no key of an attribute of VR DA, TM or DT: neither a
/// value of it, nor a range, nor a list of those, nor universal.
void require_key(dicom::Tag tag, std::string_view vr, std::string_view key);

/// The key asks for no particular value: it is empty, all wildcard, or a sequence of such keys.
[[nodiscard]] bool is_universal(const dicom::DataSet& identifier, dicom::Tag tag);

/// A key's one exact value; empty where it is none.
[[nodiscard]] std::string single_value(const dicom::DataSet& identifier, dicom::Tag tag);

/// What of `entity` is asked for (K.4.1.1.3.2): the attributes of `identifier`, within sequences
/// too where it names any there; empty where `entity` has none.
[[nodiscard]] dicom::DataSet asked_for(const dicom::DataSet& identifier,
                                       const dicom::DataSet& entity);

}  // namespace lucerna::retrieve
