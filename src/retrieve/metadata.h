#pragma once

#include <memory>

#include "base/parts.h"
#include "http/message.h"
#include "retrieve/left_out.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// GET .../metadata of a study, series or instance: application/dicom+json, or parts of XML. Of
/// several instances those are left out that cannot be read, and a Warning says so; the status is
/// 200 all the same, since viewers take 206 for a failure. As `objects` where that is seen late.
[[nodiscard]] http::Response metadata(const http::Request& request, store::Archive& archive,
                                      const RunParts&, const std::shared_ptr<Suspects>& suspects);

}  // namespace lucerna::retrieve
