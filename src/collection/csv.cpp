#include "collection/csv.h"

#include <algorithm>

#include "base/error.h"

namespace lucerna::collection {
namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

class CsvReader {
  public:
    CsvReader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

    std::vector<CsvRow> rows() {
        std::vector<CsvRow> rows;
        while (at_ < text_.size()) {
            CsvRow row;
            row.line = line_;
            do row.fields.push_back(field());
            while (take(','));
            end_row();
            const auto is_empty = [](const std::string& each) { return each.empty(); };
            if (!std::all_of(row.fields.begin(), row.fields.end(), is_empty))
                rows.push_back(std::move(row));
        }
        return rows;
    }

  private:
    [[nodiscard]] bool at_row_end() const {
        return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r';
    }
    bool take(char wanted) {
        if (at_ >= text_.size() || text_[at_] != wanted) return false;
        ++at_;
        return true;
    }
    void end_row() {
        take('\r');
        // CR LF, or LF alone; a CR alone ended the row already.
        take('\n');
        ++line_;
    }

    std::string field() {
        while (at_ < text_.size() && kBlanks.find(text_[at_]) != std::string_view::npos) ++at_;
        if (take('"')) return quoted_field();
        const std::size_t start = at_;
        while (!at_row_end() && text_[at_] != ',') ++at_;
        return std::string(trimmed(text_.substr(start, at_ - start)));
    }

    std::string quoted_field() {
        const int opened = line_;
        std::string field;
        for (;; ++at_) {
            if (at_ >= text_.size()) refuse(opened, "a quote is not closed");
            const char c = text_[at_];
            if (c == '\n') ++line_;
            if (c != '"') {
                field += c;
            } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
                field += '"';
                ++at_;
            } else {
                break;
            }
        }
        ++at_;
        while (at_ < text_.size() && kBlanks.find(text_[at_]) != std::string_view::npos) ++at_;
        if (!at_row_end() && text_[at_] != ',') refuse(line_, "text stands behind a closed quote");
        return field;
    }

    [[noreturn]] void refuse(int line, const std::string& what) const {
        throw Error(ErrorCode::kInvalidInput,
                    name_ + ", line " + std::to_string(line) + ": " + what);
    }

    std::string_view text_;
    const std::string& name_;
    std::size_t at_ = 0;
    int line_ = 1;
};

}  // namespace

std::vector<CsvRow> parse_csv(std::string_view text, const std::string& name) {
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
        throw Error(ErrorCode::kInvalidInput, name + ", line 1: is UTF-16; save it as UTF-8");
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    return CsvReader(text, name).rows();
}

std::string csv_field(std::string_view text) {
    if (text.find_first_of("\",\r\n") == std::string_view::npos && trimmed(text) == text)
        return std::string(text);
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

std::string upper(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return result;
}

}  // namespace lucerna::collection
