#pragma once

#include "deliver/delivery.h"

namespace lucerna::deliver {

/// Sends by STOW-RS (PS3.18 10.5), one object a request, to `destination.url` + "/studies".
/// What becomes of it is what its answer says (deliver/stow_answer.h). Throws Error(kUnavailable)
/// where the service cannot be reached, or `destination.token_file` not be read.
[[nodiscard]] OpenSender stow_sender();

/// Each destination's own way.
[[nodiscard]] OpenSender sender_of_each();

}  // namespace lucerna::deliver
