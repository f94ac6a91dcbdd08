#pragma once

#include "deliver/delivery.h"

namespace lucerna::deliver {

/// Sends by STOW-RS (PS3.18 10.5), one object a request, to `destination.url` + "/studies".
///
/// What the service says of the object decides, not its HTTP status alone: 200 and 202 with it in
/// the Referenced SOP Sequence are success (with a Warning Reason, a warning); a Failure Reason
/// (0008,1197) is judged as the C-STORE status that it is. Without a word about it: 200 is success
/// unless its body is none of such an answer, a page of a proxy for one; 4xx but 401, 403, 407,
/// 408, 409 and 429 are for good, all else may pass. Throws Error(kUnavailable) where the
/// service cannot be reached, or `destination.token_file` not be read.
[[nodiscard]] OpenSender stow_sender();

/// The rule above: what an answer says of the object `uid`.
[[nodiscard]] dicom::SendOutcome stow_outcome(long http_status, const std::string& body,
                                              const std::string& uid);

/// Each destination's own way.
[[nodiscard]] OpenSender sender_of_each();

}  // namespace lucerna::deliver
