#pragma once

#include <string>
#include <string_view>

#include "base/encoding.h"
#include "dicom/data_set.h"

namespace lucerna::dicom {

/// A data set as a DIMSE message carries it (PS3.7 6.3): no preamble, no file meta.
struct MessageDataSet {
    /// Its text is UTF-8, as everywhere.
    DataSet data_set;
    /// Specific Character Set (0008,0005) as the sender gave it, values with backslashes between.
    std::string character_set;
};

/// Throws Error(kInvalidInput) as DataSet::parse does.
[[nodiscard]] MessageDataSet read_message(Bytes&& message, std::string_view transfer_syntax_uid,
                                          const Limits& limits = {});

/// In `transfer_syntax_uid`, which must be an uncompressed little endian one (Error(kUnsupported)).
/// Text goes out in `character_set`, with its code extensions, where that can express all of it,
/// else in UTF-8; Specific Character Set says which (PS3.4 C.4.1.1.3.2). Plain ASCII carries none.
[[nodiscard]] Bytes write_message(const DataSet& data_set, std::string_view transfer_syntax_uid,
                                  const std::string& character_set = {});

}  // namespace lucerna::dicom
