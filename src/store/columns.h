#pragma once

#include <span>
#include <string_view>

#include "store/query.h"

namespace lucerna::store {

/// How an indexed attribute is matched. A kPatientCount is known of patients alone.
enum class Matching {
    kText,
    kCode,
    kUid,
    kDate,
    kTime,
    kName,
    kNumber,
    kModalities,
    kCount,
    kPatientCount
};

/// One indexed attribute: the index's one table of them. A new one is a line here and a column in
/// the schema.
struct Column {
    dicom::Tag tag;
    std::string_view vr;
    Level level;
    Matching matching;
    /// With its table: s (studies), e (series), i (instances).
    std::string_view sql;

    /// A search at this level gives it.
    [[nodiscard]] bool is_given_at(Level at) const {
        return level <= at && (matching != Matching::kPatientCount || at == Level::kPatient);
    }
};

/// In tag order.
[[nodiscard]] std::span<const Column> columns();
/// Null where the attribute is not indexed.
[[nodiscard]] const Column* column_of(dicom::Tag tag);

}  // namespace lucerna::store
