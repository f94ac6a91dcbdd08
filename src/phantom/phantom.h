#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dicom/data_set.h"
#include "exam/geometry.h"
#include "exam/view.h"

namespace lucerna::phantom {

enum class FindingKind { kSpiculatedMass, kLobulatedMass, kCalcifications };

/// "spiculated-mass", "lobulated-mass", "calcifications".
[[nodiscard]] std::string_view name_of(FindingKind kind);

struct PhantomOptions {
    /// The same seed and options give the same bytes.
    std::uint64_t seed = 1;
    /// How many lesions the exam has; each is seen in both views of its breast. 0 to 6.
    int findings = 1;
    /// Of each view: 256 to 8192. The detector (size times spacing) has to be 14 to 40 cm wide and
    /// 18 to 50 cm high, so that a breast fits.
    int columns = 1800;
    int rows = 2400;
    double spacing_mm = 0.1;
};

/// Where a lesion that was drawn lies in one view.
struct Truth {
    exam::ViewName view;
    std::string sop_instance_uid;
    FindingKind kind = FindingKind::kLobulatedMass;
    /// From 1; the same number in the other view of the breast is the same lesion.
    int lesion = 1;
    /// In stored pixels: where it adds at least a quarter of its greatest contrast.
    exam::Box box;
    double diameter_mm = 0;
    /// Behind the nipple, along the line to the chest wall; the same in both views.
    double depth_mm = 0;
};

struct Exam {
    /// R-CC, L-CC, R-MLO, L-MLO.
    std::vector<dicom::DataSet> views;
    std::vector<Truth> truth;
    PhantomOptions options;
};

/// A four-view mammography exam of a woman who never was: Digital Mammography X-Ray Image Storage -
/// For Presentation, 12 bits stored, "synthetic" in its name, comments and descriptions. For
/// demonstrations and tests: nothing may be claimed from it.
/// Throws Error(kInvalidInput) for options outside the ranges above.
[[nodiscard]] Exam make_exam(const PhantomOptions& options);

/// The truth as a JSON document (docs/formats/phantom-truth.md).
[[nodiscard]] std::string truth_json(const Exam& exam);

}  // namespace lucerna::phantom
