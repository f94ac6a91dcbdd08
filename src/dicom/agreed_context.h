#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/encoding.h"

namespace lucerna::dicom {

/// What was agreed for one presentation context.
struct AgreedContext {
    std::string abstract_syntax;
    std::string transfer_syntax;
    /// The peer took the SCP role: it can be sent C-STOREs on it (PS3.7 D.3.3.4).
    bool peer_stores = false;
    /// The peer has the SCU role, as it has where it says nothing of roles.
    bool peer_asks = true;
    /// Service class application information that was agreed, byte by byte (PS3.7 D.3.3.5).
    Bytes extended = {};
};
using AgreedContexts = std::map<std::uint8_t, AgreedContext>;

}  // namespace lucerna::dicom
