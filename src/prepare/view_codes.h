#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dicom/data_set.h"
#include "dicom/tags.h"
#include "exam/view.h"

namespace lucerna::prepare {

/// How the breast was positioned: View Code Sequence (0054,0220) by PS3.16 CID 4014, in SNOMED CT
/// or its older SRT codes, else View Position (0018,5101). Empty where neither says something
/// known.
[[nodiscard]] std::optional<exam::ViewPosition> view_position_of(const dicom::DataSet& data_set);

/// Image Laterality (0020,0062), else Laterality (0020,0060). Empty unless R or L.
[[nodiscard]] std::optional<exam::Laterality> laterality_of(const dicom::DataSet& data_set);

struct SaidSide {
    /// Empty for what is said and is neither: both, or no term that is known.
    std::optional<exam::Laterality> side;
    dicom::Tag where;
    /// The text or code that says it.
    std::string value;
};
/// All that say which breast it is, which have to agree (PS3.3 C.8.11.2): Image Laterality,
/// Laterality, and the region and structure of the body with their modifiers (PS3.16 CID 244).
[[nodiscard]] std::vector<SaidSide> sides_said_of(const dicom::DataSet& data_set);

struct SaidPosition {
    /// Empty for a term or code that is not known.
    std::optional<exam::ViewPosition> position;
    dicom::Tag where;
    std::string value;
};
/// The same of the view: each item of View Code Sequence, and View Position.
[[nodiscard]] std::vector<SaidPosition> positions_said_of(const dicom::DataSet& data_set);

struct SaidRegion {
    std::string value;
    dicom::Tag where;
};
/// What Anatomic Region Sequence (0008,2218), Body Part Examined (0018,0015) or Organ Exposed
/// (0040,0318) says where that is no breast; empty where they say nothing. Of the last two only
/// what the standard has a term for: the breast has many names in them.
[[nodiscard]] std::optional<SaidRegion> other_region_of(const dicom::DataSet& data_set);

/// Side and position, when both are known.
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
