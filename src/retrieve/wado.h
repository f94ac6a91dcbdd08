#pragma once

#include <string>

#include "base/parts.h"
#include "http/router.h"
#include "store/archive.h"

namespace lucerna::retrieve {

struct WadoOptions {
    /// Of large objects the parts are read, and of large pictures encoded, as this does them.
    RunParts run = one_after_another;
};

// clang-format off
/// Adds the retrievals of WADO-RS (PS3.18 10.4) below /dicom-web, where S is studies/{study} and
/// I is studies/{study}/series/{series}/instances/{instance}:
///
///     GET S, S/series/{series}, I    the objects: multipart/related, or one as application/dicom;
///                                    as application/octet-stream their bulk data
///     GET .../metadata               of each, application/dicom+json
///     GET I/frames/{list}            1,2,5: uncompressed, or as stored
///     GET I[/frames/{n}]/rendered    image/jpeg, image/png; window, viewport, quality
///     GET .../thumbnail              image/jpeg, image/png of a study, series, instance or frame
///     GET I/bulkdata/{path...}       what a BulkDataURI of the metadata names
///     GET .../bulkdata, .../pixeldata   all that those name, or the pixels, of a study, series or
///                                    instance: multipart/related, application/octet-stream
///     GET /wado?requestType=WADO     WADO-URI (PS3.18 9): application/dicom, pictures
///
/// Objects are read, and sent, one at a time. Without transfer-syntax in Accept they come as
/// explicit VR little endian (PS3.18 8.7.3.5), or as stored where that cannot be made; 406 says
/// what there is. `archive` is borrowed.
// clang-format on
void add_wado(http::Router& router, store::Archive& archive, const WadoOptions& options = {});

}  // namespace lucerna::retrieve
