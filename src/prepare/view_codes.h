#pragma once

#include <optional>
#include <string>

#include "dicom/data_set.h"
#include "exam/view.h"

namespace lucerna::prepare {

/// How the breast was positioned: View Code Sequence (0054,0220) by PS3.16 CID 4014, in SNOMED CT
/// or its older SRT codes, else View Position (0018,5101). Empty where neither says something
/// known.
[[nodiscard]] std::optional<exam::ViewPosition> view_position_of(const dicom::DataSet& data_set);

/// Image Laterality (0020,0062), else Laterality (0020,0060). Empty unless R or L.
[[nodiscard]] std::optional<exam::Laterality> laterality_of(const dicom::DataSet& data_set);

/// Both of the above, when both are known.
[[nodiscard]] std::optional<exam::ViewName> view_name_of(const dicom::DataSet& data_set);

/// What makes an image another than a plain screening view (PS3.16 CID 4015).
enum class ViewModifier { kImplantDisplaced, kMagnification, kSpotCompression, kOther };

struct ModifiedView {
    ViewModifier modifier = ViewModifier::kOther;
    /// "spot compression", or the code where it is not known.
    std::string meaning;
};

/// The first modifier in View Modifier Code Sequence (0054,0222), nested in the view code or not,
/// that changes what is seen. Nipple in profile does not.
[[nodiscard]] std::optional<ModifiedView> view_modifier_of(const dicom::DataSet& data_set);

}  // namespace lucerna::prepare
