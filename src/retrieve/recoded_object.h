#pragma once

#include <optional>
#include <string>

#include "http/pieces.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// The object in another transfer syntax in which its values are the same, read where they lie
/// while it is sent. Nothing where they are not, or where what stands between them is much: then it
/// is made otherwise. Throws as dicom::RecodedFile and the archive.
[[nodiscard]] std::optional<http::Pieces> recoded_object(store::Archive& archive,
                                                         const store::InstanceRow& row,
                                                         const std::string& syntax);

}  // namespace lucerna::retrieve
