#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "compose/code.h"
#include "dicom/data_set.h"
#include "exam/geometry.h"

namespace lucerna::compose {

/// Relationship Type (0040,A010) of a content item to the one above it (PS3.3 C.17.3.2.4).
enum class Relation {
    kContains,
    kHasObservationContext,
    kHasAcquisitionContext,
    kHasConceptModifier,
    kHasProperties,
    kInferredFrom,
    kSelectedFrom,
};

/// A content item of a structured report that is being written (PS3.3 C.17.3, C.18). A handle: it
/// borrows the data set, which must stay where it is. Every `add_...` appends an item below this
/// one and returns it.
class ContentItem {
  public:
    /// Makes `object` itself the root: a CONTAINER of template `template_id` (DCMR).
    static ContentItem root(dicom::DataSet& object, const Code& title,
                            std::string_view template_id);

    ContentItem add_container(Relation relation, const Code& name,
                              std::string_view template_id = {});
    ContentItem add_code(Relation relation, const Code& name, const Code& value);
    ContentItem add_text(Relation relation, const Code& name, std::string_view value);
    /// Rounded to four decimals.
    ContentItem add_number(Relation relation, const Code& name, double value, const Code& unit);
    ContentItem add_uid(Relation relation, const Code& name, std::string_view uid);
    /// YYYYMMDD and HHMMSS.FFFFFF.
    ContentItem add_date(Relation relation, const Code& name, std::string_view date);
    ContentItem add_time(Relation relation, const Code& name, std::string_view time);
    ContentItem add_image(Relation relation, std::string_view sop_class_uid,
                          std::string_view sop_instance_uid, const Code* name = nullptr);
    /// In stored pixels of the image below it: x (column), then y (row).
    ContentItem add_point(Relation relation, const Code& name, exam::Point point);
    /// A POLYLINE that ends where it begins.
    ContentItem add_outline(Relation relation, const Code& name,
                            std::span<const exam::Point> corners);
    /// A relationship by reference (Referenced Content Item Identifier) to `target`.
    void add_reference(Relation relation, const ContentItem& target);

    /// Observation UID (0040,A171).
    void set_observation_uid(std::string_view uid);

  private:
    ContentItem(dicom::DataSet& item, std::vector<long long> position)
        : item_(&item), position_(std::move(position)) {}
    ContentItem add(Relation relation);
    ContentItem add(Relation relation, std::string_view value_type, const Code* name);
    ContentItem add_coordinates(Relation relation, const Code& name, std::string_view graphic_type,
                                std::span<const double> coordinates);

    dicom::DataSet* item_;
    /// Ordinals from the root (1) down.
    std::vector<long long> position_;
};

/// Sets a sequence of one item to `code` (PS3.3 Table 8.8-1).
void set_code(dicom::DataSet& data_set, dicom::Tag sequence, const Code& code);

}  // namespace lucerna::compose
