#pragma once

namespace lucerna::retrieve::workitem_tags {

/// As the DICOM JSON model names them.
inline constexpr const char* kState = "00741000";
inline constexpr const char* kProgress = "00741002";
inline constexpr const char* kDiscontinuationReason = "0074100E";

}  // namespace lucerna::retrieve::workitem_tags
