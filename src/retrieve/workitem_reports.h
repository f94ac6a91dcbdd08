#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "retrieve/workitem.h"

namespace lucerna::retrieve {

// What subscribers are told of work items (PS3.4 CC.2.4): each report is a data set in DICOM JSON
// with the attributes of its event in Table CC.2.4-1 and Event Type ID (0000,1002).

/// UPS State Report, of the state that `set` is in.
[[nodiscard]] std::string state_report(const Json& set);
/// UPS Cancel Requested. `reasons`: what the request gave; Requesting AE (0074,1236) among it, or
/// else `requesting_ae`.
[[nodiscard]] std::string cancel_report(const Json& reasons, const std::string& requesting_ae);
/// SCP Status Change: "RESTARTED" or "GOING DOWN". Subscriptions and work items are kept.
[[nodiscard]] std::string status_report(const std::string& status);

/// Of a new work item: its state, and whom it is assigned to.
[[nodiscard]] std::vector<std::string> reports_of_new(const Json& set);
/// State or readiness, assignment and progress, as far as they are others than before.
[[nodiscard]] std::vector<std::string> reports_of_change(const Json& before, const Json& after);

/// The same reports. Throws Error(kInvalidInput) where there is one of more than 64 KiB: it is kept
/// for each subscriber, of whom there may be hundreds.
[[nodiscard]] std::vector<std::string> short_enough(std::vector<std::string> reports);

/// A report as it is sent (PS3.18 11.13): with the SOP class and instance that it is about, and a
/// Message ID.
[[nodiscard]] std::string event_text(const std::string& report, std::string_view sop_instance_uid,
                                     std::uint16_t message_id);

}  // namespace lucerna::retrieve
