#pragma once

#include "base/parts.h"
#include "http/message.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// GET /wado?requestType=WADO&studyUID=&seriesUID=&objectUID=&contentType=... (PS3.18 9.4):
/// application/dicom with transferSyntax, image/jpeg and image/png with frameNumber, rows, columns,
/// windowCenter, windowWidth, imageQuality. Without contentType a picture where there is one.
/// frameNumber that is no frame of the image is 400 (9.5.2).
[[nodiscard]] http::Response wado_uri(http::Request& request, store::Archive& archive,
                                      const RunParts& run);

}  // namespace lucerna::retrieve
