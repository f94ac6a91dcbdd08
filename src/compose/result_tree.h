#pragma once

#include <string>
#include <vector>

#include "dicom/data_set.h"
#include "exam/geometry.h"

namespace lucerna::compose {

/// A report's content tree as text, an item a line, for comparison and for people:
/// "  HAS PROPERTIES NUM Probability of cancer = 83 %".
[[nodiscard]] std::string tree_of(const dicom::DataSet& report);

/// Content items anywhere below `item` whose concept name has this code value.
[[nodiscard]] std::vector<const dicom::DataSet*> items_named(const dicom::DataSet& item,
                                                             const std::string& code_value);
/// Below `item` itself.
[[nodiscard]] const dicom::DataSet* child_named(const dicom::DataSet& item,
                                                const std::string& code_value);
/// Of a CODE item; empty for another.
[[nodiscard]] std::string code_of(const dicom::DataSet& item);
[[nodiscard]] double number_of(const dicom::DataSet& item);
/// Graphic Data of an SCOORD item.
[[nodiscard]] std::vector<exam::Point> points_of(const dicom::DataSet& item);
/// What a Referenced Content Item Identifier below `item` names; null if it names nothing.
[[nodiscard]] const dicom::DataSet* referenced(const dicom::DataSet& report,
                                               const dicom::DataSet& item);
/// Of an IMAGE item.
[[nodiscard]] std::string image_of(const dicom::DataSet& item);

}  // namespace lucerna::compose
