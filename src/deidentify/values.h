#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"

namespace lucerna::deidentify {

/// A value that is valid for its VR and says nothing (PS3.15 E.1, code D). For UI: see Project.
[[nodiscard]] Bytes dummy_value(std::string_view vr);

/// DA, moved: "20240229" by -1 is "20240228". Accepts the older form "2024.02.29". Empty unless it
/// is a date of the years 1920 to 2099, and none that programs write for none.
[[nodiscard]] std::optional<std::string> shifted_date(std::string_view date, int days);
/// DT, its date moved, what stands behind the date kept. Of a year or a month, the year or month in
/// which its first day then lies. Empty unless it is a date and time.
[[nodiscard]] std::optional<std::string> shifted_date_time(std::string_view date_time, int days);
/// TM: digits, a colon of the older form, a fraction.
[[nodiscard]] bool is_time(std::string_view time);
/// "+0100" (Timezone Offset From UTC).
[[nodiscard]] bool is_offset_from_utc(std::string_view text);

}  // namespace lucerna::deidentify
