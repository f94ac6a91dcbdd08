#pragma once

#include <span>
#include <string_view>

#include "store/query.h"

namespace lucerna::store {

/// How an indexed attribute is matched. A kPatientCount is known of patients alone; kItems are
/// matched by what is in them.
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
    kPatientCount,
    kItems
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
    /// Where a lower level has one of its own, the last level that is given this.
    Level last_level = Level::kInstance;

    /// A search at this level gives it.
    [[nodiscard]] bool is_given_at(Level at) const {
        return level <= at && at <= last_level &&
               (matching != Matching::kPatientCount || at == Level::kPatient);
    }
};

/// In tag order.
[[nodiscard]] std::span<const Column> columns();
/// An attribute within the items of Request Attributes Sequence; r is their table.
struct ItemColumn {
    dicom::Tag tag;
    std::string_view vr;
    std::string_view sql;
};
inline constexpr ItemColumn kRequestItem[] = {
    {{0x0040, 0x0009}, "SH", "r.scheduled_procedure_step_id"},
    {{0x0040, 0x1001}, "SH", "r.requested_procedure_id"}};

/// That which a search at this level gives, if there is one. Null where the attribute is not
/// indexed.
[[nodiscard]] const Column* column_of(dicom::Tag tag, Level level);

}  // namespace lucerna::store
