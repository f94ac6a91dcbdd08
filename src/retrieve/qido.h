#pragma once

#include <cstddef>
#include <string>

#include "http/router.h"
#include "store/archive.h"

namespace lucerna::retrieve {

struct QidoOptions {
    /// Matches without `limit`.
    std::size_t default_limit = 1000;
    /// Matches at most, whatever `limit` says; a Warning header tells when there are more.
    std::size_t max_limit = 5000;
    /// Of an answer with work items, or with what includefield adds: then it has fewer of them, one
    /// at least, and a Warning header tells that there are more.
    std::size_t max_answer_bytes = std::size_t{8} << 20;
};

/// Adds the searches of QIDO-RS (PS3.18 10.6):
///
///     GET /dicom-web/studies
///     GET /dicom-web/series
///     GET /dicom-web/instances
///     GET /dicom-web/studies/{study}/series
///     GET /dicom-web/studies/{study}/instances
///     GET /dicom-web/studies/{study}/series/{series}/instances
///
/// Answers application/dicom+json, 200 with an array, an empty one where nothing matches
/// (docs/decisions/qido-empty-result.md). A key that is no attribute, or a value that it cannot
/// have, is 400 with the reason; one that the index does not match by is matched by in the objects
/// where instances of one study are searched, else ignored, and a Warning header says so (PS3.18
/// 8.3.4). includefield adds what the index does not hold to instances alone, "all" every attribute
/// but Pixel Data: it is read from their objects. `archive` is borrowed.
void add_qido(http::Router& router, store::Archive& archive, const QidoOptions& options = {});

}  // namespace lucerna::retrieve
