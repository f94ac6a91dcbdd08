#include "collection/manifest.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "collection/manifest_row.h"

namespace lucerna::collection {
namespace {

std::string place_of(const ImageRecord& record) {
    return record.manifest + ", line " + std::to_string(record.line);
}

/// Where another record stands, as seen from `from`.
std::string place_of(const ImageRecord& other, const ImageRecord& from) {
    return other.manifest == from.manifest ? "line " + std::to_string(other.line) : place_of(other);
}

ImageRecord at_line(const ImageRecord& record, int line) {
    ImageRecord place;
    place.manifest = record.manifest;
    place.line = line;
    return place;
}

/// What two rows of one image say differently; empty where they agree.
std::string contradiction(const ImageRecord& a, const ImageRecord& b) {
    std::string columns;
    const auto compare = [&](bool same, const char* column) {
        if (!same) columns += (columns.empty() ? "" : ", ") + std::string(column);
    };
    compare(a.patient == b.patient, "patient");
    compare(a.view.laterality == b.view.laterality, "laterality");
    compare(a.view.position == b.view.position, "view");
    compare(a.malignant == b.malignant, "image_malignant");
    compare(upper(a.split) == upper(b.split), "split");
    compare(a.patient != b.patient || a.exam == b.exam, "exam");
    compare(a.row_spacing_mm == b.row_spacing_mm && a.column_spacing_mm == b.column_spacing_mm,
            "spacing_mm");
    return columns;
}

bool mentions(const std::string& values, const std::string& value) {
    return (" | " + values + " | ").find(" | " + value + " | ") != std::string::npos;
}

/// Adds what a further row says of the image.
void add_row(ImageRecord& image, const ImageRecord& row) {
    const std::string columns = contradiction(image, row);
    if (!columns.empty())
        refuse_row(row, "contradicts " + place_of(image, row) + " of the same image in " + columns);
    if (image.lesions.empty() != row.lesions.empty())
        refuse_row(row, "contradicts " + place_of(image, row) +
                            " of the same image: one has a lesion, the other an empty box");
    for (const auto& [column, value] : row.subgroups) {
        std::string& values = image.subgroups[column];
        if (!mentions(values, value)) values += " | " + value;
    }
    for (const Lesion& lesion : row.lesions) {
        const auto same = std::find_if(image.lesions.begin(), image.lesions.end(),
                                       [&](const Lesion& each) { return each.box == lesion.box; });
        if (same == image.lesions.end())
            image.lesions.push_back(lesion);
        else if (same->pathology != lesion.pathology)
            refuse_row(row, "gives a lesion_pathology to a box that has another one already");
    }
}

/// Throws when a patient is in two splits.
class Splits {
  public:
    void add(const ImageRecord& record) {
        const auto [seen, first] = of_.try_emplace(record.patient, record);
        const ImageRecord& other = seen->second;
        if (!first && upper(other.split) != upper(record.split))
            refuse_row(record, "patient '" + record.patient + "' is in split '" + record.split +
                                   "' here and in '" + other.split + "' in " +
                                   place_of(other, record));
    }

  private:
    std::unordered_map<std::string, ImageRecord> of_;
};

}  // namespace

void refuse_row(const ImageRecord& record, const std::string& what) {
    throw Error(ErrorCode::kInvalidInput, place_of(record) + ": " + what);
}

std::vector<ImageRecord> parse_manifest(std::string_view csv, const std::string& name) {
    const std::vector<CsvRow> rows = parse_csv(csv, name);
    if (rows.empty()) throw Error(ErrorCode::kInvalidInput, name + ", line 1: it is empty");
    const ManifestColumns columns(rows.front(), name);
    std::vector<ImageRecord> records;
    std::unordered_map<std::string, std::size_t> by_file;
    Splits splits;
    for (std::size_t i = 1; i < rows.size(); ++i) {
        ImageRecord row = record_of(columns, rows[i]);
        splits.add(row);
        const auto [at, fresh] = by_file.try_emplace(row.file, records.size());
        if (fresh)
            records.push_back(std::move(row));
        else
            add_row(records[at->second], row);
    }
    if (records.empty())
        throw Error(ErrorCode::kInvalidInput, name + ", line 1: no row follows the header");
    return records;
}

std::vector<ImageRecord> read_manifest(const std::filesystem::path& path) {
    const Bytes bytes = read_file(path);
    std::vector<ImageRecord> records = parse_manifest(as_text(bytes), path.filename().string());
    for (const ImageRecord& record : records) {
        std::error_code failure;
        if (!std::filesystem::is_regular_file(path.parent_path() / record.file, failure))
            refuse_row(record, "there is no file '" + record.file + "'");
    }
    return records;
}

std::vector<ImageRecord> joined(std::vector<std::vector<ImageRecord>> parts) {
    std::vector<ImageRecord> all;
    std::unordered_map<std::string, std::size_t> by_file;
    Splits splits;
    for (std::vector<ImageRecord>& part : parts)
        for (ImageRecord& record : part) {
            const auto [at, fresh] = by_file.try_emplace(record.file, all.size());
            if (!fresh)
                refuse_row(record, "the file '" + record.file + "' is in " +
                                       place_of(all[at->second]) +
                                       " too; give one of them a folder of its own");
            splits.add(record);
            all.push_back(std::move(record));
        }
    return all;
}

void check_boxes(const ImageRecord& record, int width, int height, double tolerance) {
    for (const Lesion& lesion : record.lesions)
        if (lesion.box.left < -tolerance || lesion.box.top < -tolerance ||
            lesion.box.right() > width + tolerance || lesion.box.bottom() > height + tolerance)
            refuse_row(at_line(record, lesion.line), "the box leaves the image of " +
                                                         std::to_string(width) + " x " +
                                                         std::to_string(height) + " pixels");
}

}  // namespace lucerna::collection
