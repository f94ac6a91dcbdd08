#pragma once

#include "base/parts.h"
#include "http/message.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// GET .../bulkdata/{path...}: what a BulkDataURI of the metadata names, application/octet-stream
/// or a part of it; of compressed pixels the frames, as all_frames gives them.
[[nodiscard]] http::Response bulk_data(const http::Request& request, store::Archive& archive,
                                       const RunParts& run);

}  // namespace lucerna::retrieve
