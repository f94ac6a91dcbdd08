#pragma once

#include "compose/content_item.h"
#include "exam/reading.h"

namespace lucerna::compose {

/// How much of the method is told: its name everywhere, the whole once a report.
enum class MethodDetail { kNameAndVersion, kWhole };

/// PS3.16 TID 4019 Algorithm Identification, below `parent`.
void add_algorithm(ContentItem& parent, Relation relation, const exam::ExamReading& reading,
                   MethodDetail detail);

}  // namespace lucerna::compose
