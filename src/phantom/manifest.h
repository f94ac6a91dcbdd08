#pragma once

#include <string>
#include <string_view>

#include "phantom/phantom.h"

namespace lucerna::phantom {

/// The first line of a training manifest (docs/formats/training-manifest.md) of phantoms.
[[nodiscard]] std::string_view manifest_header();

/// The exam's rows: one a mass in each view that shows it, one with an empty box for a view
/// without. Spiculated masses are called malignant and lobulated ones benign, as shape suggests;
/// nobody looked into them. Calcifications are no masses: they have no row, and the column
/// `calcifications` says that the view shows some. The views are files "R-CC.dcm" and so on in
/// `folder`, which is empty or ends in a slash.
[[nodiscard]] std::string manifest_rows(const Exam& exam, const std::string& folder);

}  // namespace lucerna::phantom
