#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exam/geometry.h"
#include "exam/view.h"

namespace lucerna::collection {

/// What is known of a lesion. kUnknown is "?": the image is labelled, this lesion alone is not.
enum class Pathology { kBenign, kMalignant, kUnknown };

/// "BENIGN", "MALIGNANT", "?"; and back, empty for another text.
[[nodiscard]] std::string_view name_of(Pathology pathology);
[[nodiscard]] std::optional<Pathology> pathology_from(std::string_view name);

struct Lesion {
    /// In pixels of the picture that holds it (stored or prepared: the holder says which).
    exam::Box box;
    Pathology pathology = Pathology::kUnknown;
    /// Line of its row in the manifest, for messages; 0 where it came from none.
    int line = 0;
};

/// One image of a data set, gathered from its rows.
struct ImageRecord {
    /// Relative to the manifest; of an archive, the SOP Instance UID. Names the image.
    std::string file;
    std::string patient;
    exam::ViewName view;
    bool malignant = false;
    /// The row's `split`, or empty.
    std::string split;
    /// Groups views of one exam; the patient where nothing says which exam it is. Different
    /// patients never share one.
    std::string exam;
    /// Size of a stored pixel, where the manifest (or a DICOM header) states it.
    std::optional<double> row_spacing_mm;
    std::optional<double> column_spacing_mm;
    /// In stored pixels; empty for an image without lesion.
    std::vector<Lesion> lesions;
    /// Every other column: possible subgroups ("density" -> "3"). Where the rows of an image
    /// differ, their values one after another: "OVAL | ROUND".
    std::map<std::string, std::string> subgroups;
    /// Where its first row stands, for messages: name of the manifest and line (the header is 1).
    std::string manifest;
    int line = 0;
};

/// The same for the views of one breast in one exam, and for no other image: "p1/R".
[[nodiscard]] std::string breast_key(const ImageRecord& record);

}  // namespace lucerna::collection
