#pragma once

#include <string>

#include "dicom/data_set.h"
#include "dicom/scp_exchange.h"
#include "store/order_book.h"

namespace lucerna::retrieve {

/// Modality Worklist Information Model - FIND (PS3.4 K.6.1).
constexpr std::string_view kWorklistFind = "1.2.840.10008.5.1.4.31";

/// A worklist item with every attribute that this program gives, empty ones among them (PS3.4 Table
/// K.6-1). A step that is of no station in particular is of `any_station`.
[[nodiscard]] dicom::DataSet worklist_item(const store::WorklistEntry& entry,
                                           const std::string& any_station);

/// Serves C-FIND of worklists (PS3.4 K.4.1): one pending answer a scheduled step, FF01 where a key
/// is not one of the worklist's, then success, or FE00 when cancelled. Steps that have begun, ended
/// or been cancelled are given where Scheduled Procedure Step Status (0040,0020) asks for them
/// alone. A step of no station in particular is of the one that is asked for, else of the caller.
/// C000: a value that its key cannot have. Logs "worklist.answered".
void answer_worklist(dicom::ScpExchange& exchange, store::OrderBook& orders);

}  // namespace lucerna::retrieve
