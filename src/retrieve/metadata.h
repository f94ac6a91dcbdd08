#pragma once

#include "base/parts.h"
#include "http/message.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// GET .../metadata of a study, series or instance: application/dicom+json, or parts of XML. Of
/// several instances those are left out that cannot be read, and a Warning says so; the status is
/// 200 all the same, since viewers take 206 for a failure.
[[nodiscard]] http::Response metadata(const http::Request& request, store::Archive& archive,
                                      const RunParts&);

}  // namespace lucerna::retrieve
