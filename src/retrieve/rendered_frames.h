#pragma once

#include "base/parts.h"
#include "http/message.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// GET .../frames/{frames}/rendered (PS3.18 10.4.1.1.3): one frame as .../rendered has it; of
/// several multipart/related, a picture each, in the order of the list, with its own address. Those
/// are drawn one by one while they are sent: one that cannot be ends the answer behind the others,
/// without the last boundary. 404 where one of them is not there, 406 where Accept has no picture,
/// or none in parts for several (10.4.4, note 3).
[[nodiscard]] http::Response rendered_frames(http::Request& request, store::Archive& archive,
                                             const RunParts& run);

}  // namespace lucerna::retrieve
