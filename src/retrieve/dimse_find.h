#pragma once

#include <string>

#include "dicom/scp_exchange.h"
#include "retrieve/identifier.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// Bytes of the extended negotiation of C-FIND (PS3.4 C.5.1.1) that are understood: relational
/// queries, combined date-time matching and fuzzy matching of names; times are matched as they are.
constexpr std::size_t kRelationalByte = 0;
constexpr std::size_t kCombinedDateTimeByte = 1;
constexpr std::size_t kFuzzyNamesByte = 2;

/// Serves C-FIND (PS3.4 C.4.1): one pending answer a match, FF01 where a key is not indexed, then
/// success, or FE00 when cancelled. Keys that the index does not hold are given at IMAGE level,
/// from the object, and match everything. A900: the identifier lacks its level or a unique key
/// above it; C000: a value that its key cannot have. Logs "query.answered".
void answer_find(dicom::ScpExchange& exchange, store::Archive& archive, Root root,
                 const std::string& own_aet);

}  // namespace lucerna::retrieve
