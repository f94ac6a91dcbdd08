#include "collection/manifest.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace lucerna::collection {
namespace {

constexpr std::array<std::pair<std::string_view, Pathology>, 4> kPathologies{{
    {"BENIGN", Pathology::kBenign},
    {"BENIGN_WITHOUT_CALLBACK", Pathology::kBenign},
    {"MALIGNANT", Pathology::kMalignant},
    {"?", Pathology::kUnknown},
}};

/// Columns that mean something to us; all others are subgroups.
constexpr std::array<std::string_view, 16> kKnownColumns{"file",
                                                         "patient",
                                                         "laterality",
                                                         "view",
                                                         "image_malignant",
                                                         "x",
                                                         "y",
                                                         "w",
                                                         "h",
                                                         "lesion_pathology",
                                                         "split",
                                                         "exam",
                                                         "spacing_mm",
                                                         "row_spacing_mm",
                                                         "column_spacing_mm",
                                                         "n_lesions"};

[[noreturn]] void refuse(int line, const std::string& what) {
    throw Error(ErrorCode::kInvalidInput,
                "data-set manifest, line " + std::to_string(line) + ": " + what);
}

/// Fields of one line (RFC 4180: quotes around a field, doubled inside).
std::vector<std::string> fields_of(std::string_view text, int line) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c != '"') {
                fields.back() += c;
            } else if (i + 1 < text.size() && text[i + 1] == '"') {
                fields.back() += '"';
                ++i;
            } else {
                quoted = false;
            }
        } else if (c == '"' && fields.back().empty()) {
            quoted = true;
        } else if (c == ',') {
            fields.emplace_back();
        } else {
            fields.back() += c;
        }
    }
    if (quoted) refuse(line, "a quote is not closed");
    return fields;
}

/// One row with its columns by name.
class Row {
  public:
    Row(const std::vector<std::string>& columns, std::vector<std::string> fields, int line)
        : columns_(&columns), fields_(std::move(fields)), line_(line) {
        if (fields_.size() != columns.size())
            refuse(line, "has " + std::to_string(fields_.size()) + " fields, the header has " +
                             std::to_string(columns.size()));
    }

    [[nodiscard]] int line() const { return line_; }
    [[nodiscard]] const std::vector<std::string>& columns() const { return *columns_; }

    /// Empty where there is no such column.
    [[nodiscard]] std::string text(std::string_view column) const {
        const auto at = std::find(columns_->begin(), columns_->end(), column);
        if (at == columns_->end()) return {};
        return fields_[static_cast<std::size_t>(at - columns_->begin())];
    }

    [[nodiscard]] std::optional<double> number(std::string_view column) const {
        const std::string field = text(column);
        if (field.empty()) return {};
        double value = 0;
        const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
        if (error != std::errc{} || end != field.data() + field.size() || !std::isfinite(value))
            refuse(line_, std::string(column) + " is not a number: '" + field + "'");
        return value;
    }

  private:
    const std::vector<std::string>* columns_;
    std::vector<std::string> fields_;
    int line_;
};

exam::ViewName view_of(const Row& row) {
    const std::string laterality = row.text("laterality");
    std::string side;
    if (laterality == "LEFT" || laterality == "L") side = "L-";
    if (laterality == "RIGHT" || laterality == "R") side = "R-";
    if (side.empty())
        refuse(row.line(), "laterality is '" + laterality + "', not LEFT, RIGHT, L or R");
    const auto name = exam::view_name_from(side + row.text("view"));
    if (!name) refuse(row.line(), "view is '" + row.text("view") + "', not a view position");
    return *name;
}

std::optional<Lesion> lesion_of(const Row& row) {
    const auto x = row.number("x");
    const auto y = row.number("y");
    const auto w = row.number("w");
    const auto h = row.number("h");
    if (!x && !y && !w && !h) return {};
    if (!x || !y || !w || !h) refuse(row.line(), "the box lacks one of x, y, w, h");
    if (!(*w > 0) || !(*h > 0)) refuse(row.line(), "the box has no size");
    Lesion lesion;
    lesion.box = {*x, *y, *w, *h};
    const std::string label = row.text("lesion_pathology");
    const auto known = std::find_if(kPathologies.begin(), kPathologies.end(),
                                    [&](const auto& entry) { return entry.first == label; });
    if (known == kPathologies.end())
        refuse(row.line(), "lesion_pathology is '" + label +
                               "', not one of MALIGNANT, BENIGN, BENIGN_WITHOUT_CALLBACK, ?");
    lesion.pathology = known->second;
    return lesion;
}

ImageRecord record_of(const Row& row) {
    ImageRecord record;
    record.line = row.line();
    record.file = row.text("file");
    if (record.file.empty()) refuse(row.line(), "file is empty");
    if (record.file.front() == '/' || record.file.find("..") != std::string::npos)
        refuse(row.line(), "file must lie below the manifest: '" + record.file + "'");
    record.patient = row.text("patient");
    if (record.patient.empty()) refuse(row.line(), "patient is empty");
    record.view = view_of(row);
    const std::string malignant = row.text("image_malignant");
    if (malignant != "0" && malignant != "1")
        refuse(row.line(), "image_malignant is '" + malignant + "', not 0 or 1");
    record.malignant = malignant == "1";
    record.split = row.text("split");
    record.exam = row.text("exam").empty() ? record.patient : row.text("exam");
    record.row_spacing_mm = row.number("row_spacing_mm");
    record.column_spacing_mm = row.number("column_spacing_mm");
    if (const auto both = row.number("spacing_mm")) {
        if (!record.row_spacing_mm) record.row_spacing_mm = both;
        if (!record.column_spacing_mm) record.column_spacing_mm = both;
    }
    if (record.row_spacing_mm.value_or(1) <= 0 || record.column_spacing_mm.value_or(1) <= 0)
        refuse(row.line(), "pixel spacing must be above 0");
    for (const std::string& column : row.columns())
        if (std::find(kKnownColumns.begin(), kKnownColumns.end(), column) == kKnownColumns.end())
            record.subgroups[column] = row.text(column);
    return record;
}

std::vector<std::string> header_of(std::string_view line) {
    std::vector<std::string> columns = fields_of(line, 1);
    for (const char* needed : {"file", "patient", "laterality", "view", "image_malignant", "x", "y",
                               "w", "h", "lesion_pathology"})
        if (std::find(columns.begin(), columns.end(), needed) == columns.end())
            refuse(1, std::string("the column ") + needed + " is missing");
    return columns;
}

void check_labels(const ImageRecord& record) {
    for (const Lesion& lesion : record.lesions)
        if (lesion.pathology == Pathology::kMalignant && !record.malignant)
            refuse(record.line, "image_malignant is 0, yet a lesion of the image is MALIGNANT");
}

}  // namespace

std::vector<ImageRecord> parse_manifest(std::string_view csv) {
    std::vector<ImageRecord> records;
    std::unordered_map<std::string, std::size_t> by_file;
    std::unordered_map<std::string, std::pair<std::string, int>> split_of_patient;
    std::vector<std::string> columns;
    int line = 0;
    while (!csv.empty()) {
        const std::size_t end = csv.find('\n');
        std::string_view text = csv.substr(0, end);
        csv.remove_prefix(end == std::string_view::npos ? csv.size() : end + 1);
        ++line;
        if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
        if (text.empty()) continue;
        if (columns.empty()) {
            columns = header_of(text);
            continue;
        }
        const Row row(columns, fields_of(text, line), line);
        ImageRecord record = record_of(row);
        const auto [seen, first] = split_of_patient.try_emplace(record.patient, record.split, line);
        if (!first && seen->second.first != record.split)
            refuse(line, "patient is in split '" + record.split + "' here and in '" +
                             seen->second.first + "' in line " +
                             std::to_string(seen->second.second));
        const auto [at, fresh] = by_file.try_emplace(record.file, records.size());
        if (fresh) records.push_back(record);
        ImageRecord& image = records[at->second];
        if (image.patient != record.patient || image.view != record.view ||
            image.malignant != record.malignant)
            refuse(line, "contradicts line " + std::to_string(image.line) +
                             " of the same image in patient, view or image_malignant");
        if (auto lesion = lesion_of(row)) image.lesions.push_back(*lesion);
    }
    if (columns.empty()) refuse(1, "the manifest is empty");
    for (const ImageRecord& record : records) check_labels(record);
    return records;
}

std::vector<ImageRecord> read_manifest(const std::filesystem::path& path) {
    const Bytes bytes = read_file(path);
    std::vector<ImageRecord> records = parse_manifest(as_text(bytes));
    for (const ImageRecord& record : records)
        if (!std::filesystem::exists(path.parent_path() / record.file))
            refuse(record.line, "the file does not exist: '" + record.file + "'");
    return records;
}

void check_boxes(const ImageRecord& record, int width, int height, double tolerance) {
    for (const Lesion& lesion : record.lesions)
        if (lesion.box.left < -tolerance || lesion.box.top < -tolerance ||
            lesion.box.right() > width + tolerance || lesion.box.bottom() > height + tolerance)
            refuse(record.line, "a box leaves the image of " + std::to_string(width) + " x " +
                                    std::to_string(height) + " pixels");
}

}  // namespace lucerna::collection
