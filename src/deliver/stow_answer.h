#pragma once

#include <string>

#include "dicom/scu.h"

namespace lucerna::deliver {

/// What an answer to STOW-RS (PS3.18 10.5.3), as DICOM JSON or as XML of the Native DICOM Model,
/// says of the object `uid`, which alone was sent.
///
/// What it says of the object decides, not its HTTP status alone: 200 and 202 with it in the
/// Referenced SOP Sequence are success (with a Warning Reason, a warning); a Failure Reason
/// (0008,1197) is judged as the C-STORE status that it is. Without a word about it: 200 is success
/// unless it tells of failures or of other objects, or is none of such an answer, a page of a
/// proxy for one; 4xx but 401, 403, 407, 408, 409 and 429 are for good, all else may pass.
[[nodiscard]] dicom::SendOutcome stow_outcome(long http_status, const std::string& body,
                                              const std::string& uid);

}  // namespace lucerna::deliver
