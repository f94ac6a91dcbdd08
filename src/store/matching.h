#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lucerna::store {

/// Forms in which values are compared (PS3.4 C.2.2.2). Those ending in _key are what the index's
/// _key columns hold.

/// The same for letters that differ in their case, in their width (full or half, as Japanese texts
/// have them) or in whether their accents are characters of their own: Unicode's NFKC_Casefold
/// (UAX #31 5.1.3), so that "ß" is "ss". No wildcard and no delimiter of a name comes of it that
/// was not there. UTF-8; of what is none, ASCII letters alone.
[[nodiscard]] std::string fold_case(std::string_view text);

/// The three component groups of a Person Name (PS3.5 6.2.1.1), folded, without the empty
/// components at their ends.
struct NameKeys {
    std::string alphabetic;
    std::string ideographic;
    std::string phonetic;
};
[[nodiscard]] NameKeys name_keys(std::string_view person_name);

/// "2024.01.02" (the old form) and "20240102" as "20240102"; empty for what is no date.
[[nodiscard]] std::string date_key(std::string_view date);

/// "10", "1030", "10:30:15.5" as "100000.000000" and so on; empty for what is no time. `fill` is
/// the digit that stands for what is not given: '9' for the end of a range.
enum class Fill { kStart, kEnd };
[[nodiscard]] std::string time_key(std::string_view time, Fill fill = Fill::kStart);

/// The same of a time that is asked for: empty, too, for one that no day has. 24:00 is its end.
[[nodiscard]] std::string asked_time_key(std::string_view time, Fill fill = Fill::kStart);

[[nodiscard]] bool has_wildcard(std::string_view value);
/// A DICOM pattern (* and ?) as SQLite's GLOB takes it.
[[nodiscard]] std::string glob(std::string_view pattern);

/// The longest text of a searched column in bytes: two beside each other fit into an entry of
/// PostgreSQL's indexes (2,704), and PS3.5 6.2 allows none that is as long.
inline constexpr std::size_t kLongestIndexed = 1024;

/// A text as it stands in such a column, on every back end, and as it is searched for: of a longer
/// one the beginning, whole characters, and a SHA-256 of the whole, so that none is taken for
/// another that begins alike.
[[nodiscard]] std::string indexed_text(std::string_view text);

/// Without spaces at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// Whether a pattern with * and ? (PS3.4 C.2.2.2.4) is met; ? stands for one character of UTF-8.
[[nodiscard]] bool is_like(std::string_view pattern, std::string_view text);

}  // namespace lucerna::store
