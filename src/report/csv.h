#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lucerna::report {

/// One row of a CSV with a header line (RFC 4180), its columns by name.
struct CsvRow {
    std::string what;  ///< what is read, for messages: "predictions"
    int line = 0;
    std::map<std::string, std::string, std::less<>> fields;

    /// Empty where there is no such column.
    [[nodiscard]] std::string text(std::string_view column) const;
    /// Throws Error(kInvalidInput) naming line and column when empty.
    [[nodiscard]] std::string needed(std::string_view column) const;
    /// Empty for an empty field or a missing column; throws as above for another text than a finite
    /// number.
    [[nodiscard]] std::optional<double> number(std::string_view column) const;
};

/// Throws Error(kInvalidInput) naming `what` and the line: no header, one of `columns` missing, a
/// row of another width, a quote that is not closed.
[[nodiscard]] std::vector<CsvRow> parse_csv(std::string_view text, const std::string& what,
                                            const std::vector<std::string>& columns);

}  // namespace lucerna::report
