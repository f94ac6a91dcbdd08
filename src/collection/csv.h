#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lucerna::collection {

struct CsvRow {
    /// Where it begins; the first is 1.
    int line = 0;
    std::vector<std::string> fields;
};

/// Rows of a CSV text (RFC 4180): quotes around a field, doubled inside, line ends inside them
/// allowed; CR LF, LF or CR between rows. A byte order mark is passed over, rows without any text
/// too; blanks around a field that is not quoted go. Throws Error(kInvalidInput) naming `name` and
/// the line for a quote that is not closed or text behind a closed one, and for UTF-16.
[[nodiscard]] std::vector<CsvRow> parse_csv(std::string_view text, const std::string& name);

/// The field as it is written in CSV: in quotes where it has to be.
[[nodiscard]] std::string csv_field(std::string_view text);

/// `text` with ASCII letters in upper case.
[[nodiscard]] std::string upper(std::string_view text);

}  // namespace lucerna::collection
