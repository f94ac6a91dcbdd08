#pragma once

#include <optional>
#include <string_view>

#include "base/encoding.h"
#include "dicom/reader.h"

namespace lucerna::dicom {

/// How a data set is encoded as a whole (PS3.5 Annex A).
struct Coding {
    Encoding elements;
    bool deflated = false;
};

/// Of a known transfer syntax what its table says. Of another what the first bytes of `data_set`
/// read as: explicit or implicit VR little endian, explicit VR big endian, or the first one
/// deflated. Nothing where they read as none, up to a valid SOP Class and SOP Instance UID.
[[nodiscard]] std::optional<Coding> coding_of(std::string_view transfer_syntax_uid,
                                              ByteView data_set);

}  // namespace lucerna::dicom
