#include "compose/result_tree.h"

namespace lucerna::compose {
namespace {

using dicom::DataSet;

std::string meaning(const DataSet& item, dicom::Tag sequence) {
    const auto& codes = item.items(sequence);
    return codes.empty() ? "" : codes.front().text_or(dicom::kCodeMeaning, "");
}

std::string value_of(const DataSet& item) {
    const std::string type = item.text_or(dicom::kValueType, "");
    if (type == "CODE") return meaning(item, dicom::kConceptCodeSequence);
    if (type == "TEXT") return item.text_or(dicom::kTextValue, "");
    if (type == "UIDREF") return item.text_or(dicom::kUid, "");
    if (type == "NUM") {
        const DataSet& measured = item.items(dicom::kMeasuredValueSequence).front();
        return measured.text_or(dicom::kNumericValue, "") + " " +
               meaning(measured, dicom::kMeasurementUnitsCodeSequence);
    }
    if (type == "IMAGE") return image_of(item);
    if (type == "SCOORD")
        return item.text_or(dicom::kGraphicType, "") + " of " +
               std::to_string(item.numbers(dicom::kGraphicData).size() / 2);
    return "";
}

void add_lines(const DataSet& item, const std::string& indent, std::string& text) {
    text += indent;
    const std::string relation = item.text_or(dicom::kRelationshipType, "");
    if (!relation.empty()) text += relation + " ";
    const auto position = item.integers(dicom::kReferencedContentItemIdentifier);
    if (!position.empty()) {
        text += "->";
        for (const long long ordinal : position) text += " " + std::to_string(ordinal);
    } else {
        text += item.text_or(dicom::kValueType, "");
        const std::string name = meaning(item, dicom::kConceptNameCodeSequence);
        if (!name.empty()) text += " " + name;
        std::string value = value_of(item);
        for (std::size_t at = 0; (at = value.find("\r\n", at)) != std::string::npos;)
            value.replace(at, 2, " | ");
        if (!value.empty()) text += " = " + value;
    }
    text += "\n";
    for (const DataSet& child : item.items(dicom::kContentSequence))
        add_lines(child, indent + "  ", text);
}

void collect(const DataSet& item, const std::string& code_value,
             std::vector<const DataSet*>& found) {
    for (const DataSet& child : item.items(dicom::kContentSequence)) {
        const auto& names = child.items(dicom::kConceptNameCodeSequence);
        if (!names.empty() && names.front().text_or(dicom::kCodeValue, "") == code_value)
            found.push_back(&child);
        collect(child, code_value, found);
    }
}

}  // namespace

std::string tree_of(const DataSet& report) {
    std::string text;
    add_lines(report, "", text);
    return text;
}

std::vector<const DataSet*> items_named(const DataSet& item, const std::string& code_value) {
    std::vector<const DataSet*> found;
    collect(item, code_value, found);
    return found;
}

const DataSet* child_named(const DataSet& item, const std::string& code_value) {
    for (const DataSet& child : item.items(dicom::kContentSequence)) {
        const auto& names = child.items(dicom::kConceptNameCodeSequence);
        if (!names.empty() && names.front().text_or(dicom::kCodeValue, "") == code_value)
            return &child;
    }
    return nullptr;
}

std::string code_of(const DataSet& item) {
    const auto& codes = item.items(dicom::kConceptCodeSequence);
    return codes.empty() ? "" : codes.front().text_or(dicom::kCodeValue, "");
}

double number_of(const DataSet& item) {
    return item.items(dicom::kMeasuredValueSequence)
        .at(0)
        .number(dicom::kNumericValue)
        .value_or(-1);
}

std::vector<exam::Point> points_of(const DataSet& item) {
    const std::vector<double> numbers = item.numbers(dicom::kGraphicData);
    std::vector<exam::Point> points;
    for (std::size_t i = 0; i + 1 < numbers.size(); i += 2)
        points.push_back({numbers[i], numbers[i + 1]});
    return points;
}

const DataSet* referenced(const DataSet& report, const DataSet& item) {
    for (const DataSet& child : item.items(dicom::kContentSequence)) {
        const auto position = child.integers(dicom::kReferencedContentItemIdentifier);
        const DataSet* at = &report;
        for (std::size_t i = 1; i < position.size() && at != nullptr; ++i) {
            const auto& below = at->items(dicom::kContentSequence);
            const auto ordinal = static_cast<std::size_t>(position[i]);
            at = ordinal >= 1 && ordinal <= below.size() ? &below[ordinal - 1] : nullptr;
        }
        if (!position.empty()) return at;
    }
    return nullptr;
}

std::string image_of(const DataSet& item) {
    const auto& references = item.items(dicom::kReferencedSopSequence);
    return references.empty() ? ""
                              : references.front().text_or(dicom::kReferencedSopInstanceUid, "");
}

}  // namespace lucerna::compose
