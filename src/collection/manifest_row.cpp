#include "collection/manifest_row.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <utility>

#include "base/error.h"

namespace lucerna::collection {
namespace {

constexpr std::array<std::string_view, 10> kNeeded{
    "file", "patient", "laterality", "view", "image_malignant",
    "x",    "y",       "w",          "h",    "lesion_pathology"};
constexpr std::array<std::string_view, 5> kOptional{"split", "exam", "spacing_mm", "row_spacing_mm",
                                                    "column_spacing_mm"};
constexpr std::array<std::pair<std::string_view, exam::Laterality>, 4> kLateralities{{
    {"LEFT", exam::Laterality::kLeft},
    {"L", exam::Laterality::kLeft},
    {"RIGHT", exam::Laterality::kRight},
    {"R", exam::Laterality::kRight},
}};
constexpr std::array<std::pair<std::string_view, Pathology>, 4> kPathologies{{
    {"BENIGN", Pathology::kBenign},
    {"BENIGN_WITHOUT_CALLBACK", Pathology::kBenign},
    {"MALIGNANT", Pathology::kMalignant},
    {"?", Pathology::kUnknown},
}};
/// Annotations are rounded.
constexpr double kBoxTolerance = 2;
constexpr double kSmallestSpacingMm = 0.005;
constexpr double kLargestSpacingMm = 2;

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

bool means_something(const std::string& column) {
    return std::find(kNeeded.begin(), kNeeded.end(), column) != kNeeded.end() ||
           std::find(kOptional.begin(), kOptional.end(), column) != kOptional.end();
}

/// One row with its columns by name.
class Row {
  public:
    Row(const ManifestColumns& columns, const CsvRow& row) : columns_(columns), row_(row) {
        if (row.fields.size() != columns.count())
            refuse("has " + std::to_string(row.fields.size()) + " fields, the header has " +
                   std::to_string(columns.count()));
    }

    [[noreturn]] void refuse(const std::string& what) const {
        throw Error(ErrorCode::kInvalidInput,
                    columns_.name() + ", line " + std::to_string(row_.line) + ": " + what);
    }

    /// Empty where there is no such column.
    [[nodiscard]] std::string text(std::string_view column) const {
        const auto place = columns_.place(column);
        return place ? row_.fields[*place] : std::string();
    }

    [[nodiscard]] std::string needed(std::string_view column) const {
        std::string field = text(column);
        if (field.empty()) refuse(std::string(column) + " is empty");
        return field;
    }

    [[nodiscard]] std::optional<double> number(std::string_view column) const {
        const std::string field = text(column);
        if (field.empty()) return {};
        return parsed(column, field);
    }

    [[nodiscard]] double parsed(std::string_view column, std::string_view field) const {
        double value = 0;
        const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
        if (error != std::errc{} || end != field.data() + field.size() || !std::isfinite(value))
            refuse(std::string(column) + " is not a number: '" + std::string(field) + "'");
        return value;
    }

    [[nodiscard]] const CsvRow& csv() const { return row_; }

  private:
    const ManifestColumns& columns_;
    const CsvRow& row_;
};

std::string file_of(const Row& row) {
    const std::filesystem::path file = row.needed("file");
    if (file.is_absolute())
        row.refuse("file must be relative to the manifest: '" + file.string() + "'");
    // So that "a.png" and "./a.png" are one image.
    return file.lexically_normal().generic_string();
}

exam::ViewName view_of(const Row& row) {
    const std::string laterality = row.text("laterality");
    const auto side =
        std::find_if(kLateralities.begin(), kLateralities.end(),
                     [&](const auto& each) { return each.first == upper(laterality); });
    if (side == kLateralities.end())
        row.refuse("laterality is '" + laterality + "', not LEFT, RIGHT, L or R");
    const auto name = exam::view_name_from(
        (side->second == exam::Laterality::kRight ? "R-" : "L-") + upper(row.text("view")));
    if (!name) row.refuse("view is '" + row.text("view") + "', not a view position as CC or MLO");
    return *name;
}

bool malignant_of(const Row& row) {
    const std::string text = row.text("image_malignant");
    double value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    // Tables that had a gap in the column write 1 as 1.0.
    if (error != std::errc{} || end != text.data() + text.size() || (value != 0 && value != 1))
        row.refuse("image_malignant is '" + text + "', not 0 or 1");
    return value == 1;
}

std::optional<Pathology> pathology_of(const Row& row) {
    const std::string text = row.text("lesion_pathology");
    std::string label = upper(text);
    std::replace_if(
        label.begin(), label.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
    const auto known = std::find_if(kPathologies.begin(), kPathologies.end(),
                                    [&](const auto& each) { return each.first == label; });
    if (known != kPathologies.end()) return known->second;
    if (label.empty() || label == "NORMAL") return {};
    row.refuse("lesion_pathology is '" + text +
               "', not one of MALIGNANT, BENIGN, BENIGN_WITHOUT_CALLBACK, ?");
}

/// The lesion of the row; none where the box is empty.
std::optional<Lesion> lesion_of(const Row& row, bool image_malignant) {
    const std::array<std::optional<double>, 4> box{row.number("x"), row.number("y"),
                                                   row.number("w"), row.number("h")};
    const std::optional<Pathology> pathology = pathology_of(row);
    if (pathology == Pathology::kMalignant && !image_malignant)
        row.refuse("image_malignant is 0, yet the lesion is MALIGNANT");
    const auto given =
        std::count_if(box.begin(), box.end(), [](const auto& each) { return each.has_value(); });
    if (given == 0) return {};
    if (given != 4) row.refuse("the box lacks one of x, y, w, h");
    if (!(*box[2] > 0) || !(*box[3] > 0)) row.refuse("the box has no size");
    if (*box[0] < -kBoxTolerance || *box[1] < -kBoxTolerance)
        row.refuse("the box begins outside the image");
    if (!pathology)
        row.refuse("there is a box, yet lesion_pathology is '" + row.text("lesion_pathology") +
                   "'; write ? where it is not known");
    return Lesion{{*box[0], *box[1], *box[2], *box[3]}, *pathology, row.csv().line};
}

void read_spacing(const Row& row, ImageRecord& record) {
    record.row_spacing_mm = row.number("row_spacing_mm");
    record.column_spacing_mm = row.number("column_spacing_mm");
    const std::string both = row.text("spacing_mm");
    if (!both.empty()) {
        const std::size_t cut = both.find('\\');
        const double down = row.parsed("spacing_mm", std::string_view(both).substr(0, cut));
        const double across =
            cut == std::string::npos
                ? down
                : row.parsed("spacing_mm", std::string_view(both).substr(cut + 1));
        if (record.row_spacing_mm.value_or(down) != down ||
            record.column_spacing_mm.value_or(across) != across)
            row.refuse("spacing_mm contradicts row_spacing_mm or column_spacing_mm");
        record.row_spacing_mm = down;
        record.column_spacing_mm = across;
    }
    if (record.row_spacing_mm.has_value() != record.column_spacing_mm.has_value())
        row.refuse("one of row_spacing_mm and column_spacing_mm is empty");
    for (const auto& spacing : {record.row_spacing_mm, record.column_spacing_mm})
        if (spacing && !(*spacing >= kSmallestSpacingMm && *spacing <= kLargestSpacingMm))
            row.refuse("spacing_mm is no size of a pixel in mm (0.005 to 2)");
}

}  // namespace

ManifestColumns::ManifestColumns(const CsvRow& header, std::string name) : name_(std::move(name)) {
    const auto refuse = [&](const std::string& what) {
        throw Error(ErrorCode::kInvalidInput,
                    name_ + ", line " + std::to_string(header.line) + ": " + what);
    };
    for (const std::string& column : header.fields) {
        const std::string folded = lower(column);
        const bool known = means_something(folded);
        const std::string& kept = known ? folded : column;
        if (!kept.empty() && std::find(names_.begin(), names_.end(), kept) != names_.end())
            refuse("the column " + kept + " stands there twice");
        names_.push_back(kept);
        subgroups_.push_back(known ? std::string() : column);
    }
    std::string missing;
    for (const std::string_view needed : kNeeded)
        if (!place(needed)) missing += (missing.empty() ? "" : ", ") + std::string(needed);
    if (!missing.empty())
        refuse("columns are missing: " + missing +
               (names_.size() == 1 ? "; fields have to be separated by commas" : ""));
}

std::optional<std::size_t> ManifestColumns::place(std::string_view column) const {
    const auto at = std::find(names_.begin(), names_.end(), column);
    if (at == names_.end()) return {};
    return static_cast<std::size_t>(at - names_.begin());
}

ImageRecord record_of(const ManifestColumns& columns, const CsvRow& csv_row) {
    const Row row(columns, csv_row);
    ImageRecord record;
    record.manifest = columns.name();
    record.line = csv_row.line;
    record.file = file_of(row);
    record.patient = row.needed("patient");
    record.view = view_of(row);
    record.malignant = malignant_of(row);
    record.split = row.text("split");
    const std::string exam = row.text("exam");
    // Exams are often numbered anew for each patient.
    record.exam = exam.empty() ? record.patient : record.patient + "/" + exam;
    read_spacing(row, record);
    for (std::size_t i = 0; i < columns.count(); ++i)
        if (!columns.subgroups()[i].empty())
            record.subgroups[columns.subgroups()[i]] = csv_row.fields[i];
    if (auto lesion = lesion_of(row, record.malignant)) record.lesions.push_back(*lesion);
    return record;
}

}  // namespace lucerna::collection
