#pragma once

#include <optional>
#include <string_view>

namespace lucerna::retrieve {

/// Whether a value of VR DT meets a key of it (PS3.4 C.2.2.2.1 and C.2.2.2.5.3): a moment, as
/// precise as it is given ("202401" is met by any of that month), or a range of them, either end
/// open. An offset from UTC within a value counts where both have one; `key_zone` and `value_zone`
/// (Timezone Offset From UTC (0008,0201), or empty) stand for one that is not given. A hyphen
/// before four digits that can be an offset is its sign (PS3.5 6.2). No value is met by no key;
/// nothing where the key is no date and time or range of them.
[[nodiscard]] std::optional<bool> date_time_matches(std::string_view key, std::string_view key_zone,
                                                    std::string_view value,
                                                    std::string_view value_zone);

/// One moment of VR DT, as precise as it is given.
[[nodiscard]] bool is_date_time(std::string_view value);

}  // namespace lucerna::retrieve
