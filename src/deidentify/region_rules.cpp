#include "deidentify/region_rules.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;

// PS3.3 C.8.5.5.
constexpr Tag kSequenceOfUltrasoundRegions{0x0018, 0x6011};
constexpr Tag kRegionLocationMinX0{0x0018, 0x6018};
constexpr Tag kRegionLocationMinY0{0x0018, 0x601A};
constexpr Tag kRegionLocationMaxX1{0x0018, 0x601C};
constexpr Tag kRegionLocationMaxY1{0x0018, 0x601E};

bool is_ultrasound(const DataSet& object) {
    const std::string modality = object.text_or(dicom::tags::kModality, "");
    return modality == "US" || modality == "IVUS";
}
bool has_regions(const DataSet& object) {
    return is_ultrasound(object) && object.has_value(kSequenceOfUltrasoundRegions);
}
bool lacks_regions(const DataSet& object) {
    return is_ultrasound(object) && !object.has_value(kSequenceOfUltrasoundRegions);
}

/// The frame around the box that holds all regions: where the machine writes name, date and site.
std::vector<Box> around_regions(const DataSet& object, int columns, int rows) {
    int left = columns, top = rows, right = 0, bottom = 0;
    for (const DataSet& region : object.items(kSequenceOfUltrasoundRegions)) {
        const auto at = [&](Tag tag, int most) {
            return static_cast<int>(
                std::clamp<long long>(region.integer(tag).value_or(0), 0, most));
        };
        left = std::min(left, at(kRegionLocationMinX0, columns));
        top = std::min(top, at(kRegionLocationMinY0, rows));
        right = std::max(right, at(kRegionLocationMaxX1, columns - 1) + 1);
        bottom = std::max(bottom, at(kRegionLocationMaxY1, rows - 1) + 1);
    }
    if (left >= right || top >= bottom) return {{0, 0, columns, rows}};
    return {{0, 0, columns, top},
            {0, bottom, columns, rows - bottom},
            {0, top, left, bottom - top},
            {right, top, columns - right, bottom - top}};
}

/// A tenth, as the name bar of ultrasound machines that don't say where their picture is.
std::vector<Box> top_bar(const DataSet&, int columns, int rows) {
    return {{0, 0, columns, (rows + 9) / 10}};
}

struct RegionRule {
    std::string_view name;
    bool (*applies)(const DataSet&);
    std::vector<Box> (*regions)(const DataSet&, int columns, int rows);
};
// A rule for another kind of picture is a row here. Mammograms, radiographs and screen captures
// have none: their labels have no place of their own and are the detector's.
constexpr RegionRule kRules[] = {
    {"outside-ultrasound-regions", has_regions, around_regions},
    {"ultrasound-top-bar", lacks_regions, top_bar},
};

}  // namespace

std::vector<Blanked> ruled_regions(const DataSet& object, int columns, int rows) {
    std::vector<Blanked> found;
    for (const RegionRule& rule : kRules) {
        if (!rule.applies(object)) continue;
        for (const Box& box : rule.regions(object, columns, rows))
            if (box.width > 0 && box.height > 0) found.push_back({box, std::string(rule.name)});
    }
    return found;
}

bool holds_no_picture(std::string_view sop_class_uid) {
    constexpr std::string_view kClasses[] = {
        "1.2.840.10008.5.1.4.1.1.66.4",   // Segmentation
        "1.2.840.10008.5.1.4.1.1.66.7",   // Label Map Segmentation
        "1.2.840.10008.5.1.4.1.1.30",     // Parametric Map
        "1.2.840.10008.5.1.4.1.1.481.2",  // RT Dose
    };
    return std::find(std::begin(kClasses), std::end(kClasses), sop_class_uid) != std::end(kClasses);
}

}  // namespace lucerna::deidentify
