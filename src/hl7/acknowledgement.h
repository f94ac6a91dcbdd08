#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "hl7/message.h"

namespace lucerna::hl7 {

/// MSA-1, HL7 table 0008: taken; wrong in its content; not taken for another reason.
enum class Verdict { kAccept, kError, kReject };
[[nodiscard]] std::string_view code_of(Verdict verdict);

/// A general acknowledgement (HL7 v2.5.1 2.9) with the sender's own delimiters: MSH, MSA and, where
/// there is a fault, ERR, which names its segment, field and component, both as versions before 2.5
/// have it (ERR-1) and as later ones (ERR-2 to ERR-8). `header` is the MSH that it answers; null
/// where there was none. `control_id` names the acknowledgement itself.
[[nodiscard]] std::string acknowledgement(const Segment* header, Verdict verdict,
                                          const std::optional<Fault>& fault, Instant now,
                                          std::string_view control_id);

}  // namespace lucerna::hl7
