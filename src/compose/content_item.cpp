#include "compose/content_item.h"

#include <array>
#include <cmath>
#include <string>

namespace lucerna::compose {
namespace {

using dicom::DataSet;
using dicom::Tag;

constexpr Tag kObservationUid{0x0040, 0xA171};

std::string_view term_of(Relation relation) {
    switch (relation) {
        case Relation::kContains:
            return "CONTAINS";
        case Relation::kHasObservationContext:
            return "HAS OBS CONTEXT";
        case Relation::kHasAcquisitionContext:
            return "HAS ACQ CONTEXT";
        case Relation::kHasConceptModifier:
            return "HAS CONCEPT MOD";
        case Relation::kHasProperties:
            return "HAS PROPERTIES";
        case Relation::kInferredFrom:
            return "INFERRED FROM";
        case Relation::kSelectedFrom:
            return "SELECTED FROM";
    }
    return "CONTAINS";
}

void make_container(DataSet& item, const Code& name, std::string_view template_id) {
    item.set_text(dicom::kValueType, "CONTAINER");
    set_code(item, dicom::kConceptNameCodeSequence, name);
    item.set_text(dicom::kContinuityOfContent, "SEPARATE");
    if (template_id.empty()) return;
    DataSet& used = item.add_item(dicom::kContentTemplateSequence);
    used.set_text(dicom::kMappingResource, "DCMR");
    used.set_text(dicom::kTemplateIdentifier, template_id);
}

}  // namespace

void set_code(DataSet& data_set, Tag sequence, const Code& code) {
    data_set.remove(sequence);
    DataSet& item = data_set.add_item(sequence);
    item.set_text(dicom::kCodeValue, code.value);
    item.set_text(dicom::kCodingSchemeDesignator, code.scheme);
    item.set_text(dicom::kCodeMeaning, code.meaning);
}

ContentItem ContentItem::root(DataSet& object, const Code& title, std::string_view template_id) {
    make_container(object, title, template_id);
    return {object, {1}};
}

ContentItem ContentItem::add(Relation relation) {
    std::vector<long long> position = position_;
    position.push_back(static_cast<long long>(item_->items(dicom::kContentSequence).size()) + 1);
    DataSet& item = item_->add_item(dicom::kContentSequence);
    item.set_text(dicom::kRelationshipType, term_of(relation));
    return {item, std::move(position)};
}

ContentItem ContentItem::add(Relation relation, std::string_view value_type, const Code* name) {
    ContentItem added = add(relation);
    added.item_->set_text(dicom::kValueType, value_type);
    if (name != nullptr) set_code(*added.item_, dicom::kConceptNameCodeSequence, *name);
    return added;
}

ContentItem ContentItem::add_container(Relation relation, const Code& name,
                                       std::string_view template_id) {
    ContentItem added = add(relation);
    make_container(*added.item_, name, template_id);
    return added;
}

ContentItem ContentItem::add_code(Relation relation, const Code& name, const Code& value) {
    ContentItem added = add(relation, "CODE", &name);
    set_code(*added.item_, dicom::kConceptCodeSequence, value);
    return added;
}

ContentItem ContentItem::add_text(Relation relation, const Code& name, std::string_view value) {
    ContentItem added = add(relation, "TEXT", &name);
    added.item_->set_text(dicom::kTextValue, value);
    return added;
}

ContentItem ContentItem::add_number(Relation relation, const Code& name, double value,
                                    const Code& unit) {
    ContentItem added = add(relation, "NUM", &name);
    DataSet& measured = added.item_->add_item(dicom::kMeasuredValueSequence);
    measured.set_number(dicom::kNumericValue, std::round(value * 1e4) / 1e4);
    set_code(measured, dicom::kMeasurementUnitsCodeSequence, unit);
    return added;
}

ContentItem ContentItem::add_uid(Relation relation, const Code& name, std::string_view uid) {
    ContentItem added = add(relation, "UIDREF", &name);
    added.item_->set_text(dicom::kUid, uid);
    return added;
}

ContentItem ContentItem::add_date(Relation relation, const Code& name, std::string_view date) {
    ContentItem added = add(relation, "DATE", &name);
    added.item_->set_text(dicom::kDate, date);
    return added;
}

ContentItem ContentItem::add_time(Relation relation, const Code& name, std::string_view time) {
    ContentItem added = add(relation, "TIME", &name);
    added.item_->set_text(dicom::kTime, time);
    return added;
}

ContentItem ContentItem::add_image(Relation relation, std::string_view sop_class_uid,
                                   std::string_view sop_instance_uid, const Code* name) {
    ContentItem added = add(relation, "IMAGE", name);
    DataSet& reference = added.item_->add_item(dicom::kReferencedSopSequence);
    reference.set_text(dicom::kReferencedSopClassUid, sop_class_uid);
    reference.set_text(dicom::kReferencedSopInstanceUid, sop_instance_uid);
    return added;
}

ContentItem ContentItem::add_coordinates(Relation relation, const Code& name,
                                         std::string_view graphic_type,
                                         std::span<const double> coordinates) {
    ContentItem added = add(relation, "SCOORD", &name);
    added.item_->set_numbers(dicom::kGraphicData, coordinates);
    added.item_->set_text(dicom::kGraphicType, graphic_type);
    return added;
}

ContentItem ContentItem::add_point(Relation relation, const Code& name, exam::Point point) {
    const std::array<double, 2> coordinates = {point.x, point.y};
    return add_coordinates(relation, name, "POINT", coordinates);
}

ContentItem ContentItem::add_outline(Relation relation, const Code& name,
                                     std::span<const exam::Point> corners) {
    std::vector<double> coordinates;
    const auto add_corner = [&coordinates](exam::Point corner) {
        coordinates.push_back(corner.x);
        coordinates.push_back(corner.y);
    };
    for (const exam::Point& corner : corners) add_corner(corner);
    if (!corners.empty()) add_corner(corners.front());
    return add_coordinates(relation, name, "POLYLINE", coordinates);
}

void ContentItem::add_reference(Relation relation, const ContentItem& target) {
    add(relation).item_->set_integers(dicom::kReferencedContentItemIdentifier, target.position_);
}

void ContentItem::set_observation_uid(std::string_view uid) {
    item_->set_text(kObservationUid, uid);
}

}  // namespace lucerna::compose
