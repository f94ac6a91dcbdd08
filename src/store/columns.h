#pragma once

#include <span>
#include <string_view>

#include "store/query.h"

namespace lucerna::store {

/// How an indexed attribute is matched.
enum class Matching { kText, kCode, kUid, kDate, kTime, kName, kNumber, kModalities, kCount };

/// One indexed attribute: the index's one table of them. A new one is a line here and a column in
/// the schema.
struct Column {
    dicom::Tag tag;
    std::string_view vr;
    Level level;
    Matching matching;
    /// With its table: s (studies), e (series), i (instances).
    std::string_view sql;
};

/// In tag order.
[[nodiscard]] std::span<const Column> columns();
/// Null where the attribute is not indexed.
[[nodiscard]] const Column* column_of(dicom::Tag tag);

}  // namespace lucerna::store
