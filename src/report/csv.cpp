#include "report/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace lucerna::report {
namespace {

[[noreturn]] void refuse(const std::string& what, int line, const std::string& why) {
    throw Error(ErrorCode::kInvalidInput, what + ", line " + std::to_string(line) + ": " + why);
}

std::vector<std::string> fields_of(std::string_view text, const std::string& what, int line) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
            fields.back() += text[++i];
        } else if (c == '"' && (quoted || fields.back().empty())) {
            quoted = !quoted;
        } else if (c == ',' && !quoted) {
            fields.emplace_back();
        } else {
            fields.back() += c;
        }
    }
    if (quoted) refuse(what, line, "a quote is not closed");
    return fields;
}

}  // namespace

std::string CsvRow::text(std::string_view column) const {
    const auto at = fields.find(column);
    return at == fields.end() ? std::string() : at->second;
}

std::string CsvRow::needed(std::string_view column) const {
    std::string value = text(column);
    if (value.empty()) refuse(what, line, std::string(column) + " is empty");
    return value;
}

std::optional<double> CsvRow::number(std::string_view column) const {
    const std::string field = text(column);
    if (field.empty()) return {};
    double value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc{} || end != field.data() + field.size() || !std::isfinite(value))
        refuse(what, line, std::string(column) + " is not a number: '" + field + "'");
    return value;
}

std::vector<CsvRow> parse_csv(std::string_view text, const std::string& what,
                              const std::vector<std::string>& columns) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    std::vector<CsvRow> rows;
    std::vector<std::string> header;
    for (int line = 1; !text.empty(); ++line) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view one = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!one.empty() && one.back() == '\r') one.remove_suffix(1);
        if (one.empty()) continue;
        std::vector<std::string> fields = fields_of(one, what, line);
        if (header.empty()) {
            header = std::move(fields);
            for (const std::string& column : columns)
                if (std::find(header.begin(), header.end(), column) == header.end())
                    refuse(what, line, "the column " + column + " is missing");
            continue;
        }
        if (fields.size() != header.size())
            refuse(what, line,
                   "has " + std::to_string(fields.size()) + " fields, the header has " +
                       std::to_string(header.size()));
        CsvRow row{what, line, {}};
        for (std::size_t i = 0; i < header.size(); ++i) row.fields[header[i]] = fields[i];
        rows.push_back(std::move(row));
    }
    if (header.empty()) refuse(what, 1, "the file is empty");
    return rows;
}

}  // namespace lucerna::report
