#pragma once

#include "dicom/data_set.h"

namespace lucerna::retrieve {

/// How an entity stands to the keys of a query.
struct KeyMatch {
    bool matches = true;
    /// A key asks for a value of an attribute that the entity never has; it did not count.
    bool ignores_some = false;
};

/// Whether `entity` meets every key of `identifier` (PS3.4 C.2.2.2): single values, wildcards,
/// ranges of dates and times, lists, sequences (one item meets all keys in it), universal. A date
/// and its time that are both ranges are one range of moments (C.2.2.2.5.4), as worklists have it.
/// Names match whatever their case, in any component group. An attribute that `entity` may have is
/// there, empty at least. Throws Error(kInvalidInput) for a value that its key cannot have.
[[nodiscard]] KeyMatch match_keys(const dicom::DataSet& identifier, const dicom::DataSet& entity);

/// The key asks for no particular value: it is empty, all wildcard, or a sequence of such keys.
[[nodiscard]] bool is_universal(const dicom::DataSet& identifier, dicom::Tag tag);

/// What of `entity` is asked for (K.4.1.1.3.2): the attributes of `identifier`, within sequences
/// too where it names any there; empty where `entity` has none.
[[nodiscard]] dicom::DataSet asked_for(const dicom::DataSet& identifier,
                                       const dicom::DataSet& entity);

}  // namespace lucerna::retrieve
