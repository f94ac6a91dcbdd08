#include "deidentify/content.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

#include "dicom/item_access.h"
#include "exam/standing_sentences.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
namespace tags = dicom::tags;

/// Concepts of DCM (PS3.16 D).
struct Concept {
    std::string_view code;
    /// The option under which it may stay; kCleanStructuredContent: always.
    std::optional<Option> stays_with;
};
constexpr Concept kConcepts[] = {
    {"111001", Option::kCleanStructuredContent},        // Algorithm Name
    {"111003", Option::kCleanStructuredContent},        // Algorithm Version
    {"113723", Option::kRetainFullDates},               // Calibration DateTime, a device's
    {"121029", std::nullopt},                           // Subject Name
    {"121030", std::nullopt},                           // Subject ID
    {"121031", std::nullopt},                           // Subject Birth Date
    {"121032", Option::kRetainPatientCharacteristics},  // Subject Sex
    {"121033", Option::kRetainPatientCharacteristics},  // Subject Age
    {"121034", std::nullopt},                           // Subject Species
};

const Concept* concept_of(const DataSet& item) {
    const auto& names = item.items(tags::kConceptNameCodeSequence);
    if (names.empty() || names.front().text_or(tags::kCodingSchemeDesignator, "") != "DCM")
        return nullptr;
    const std::string code = names.front().text_or(tags::kCodeValue, "");
    const auto* const found = std::find_if(std::begin(kConcepts), std::end(kConcepts),
                                           [&](const Concept& one) { return one.code == code; });
    return found == std::end(kConcepts) ? nullptr : found;
}

bool stays(const Concept& subject, const Profile& profile) {
    return subject.stays_with && profile.has(*subject.stays_with);
}

}  // namespace

bool may_hold_text(const DataSet& item) {
    const Concept* const known = concept_of(item);
    return known != nullptr && known->stays_with == Option::kCleanStructuredContent;
}

std::string standing_lines(std::string_view text) {
    constexpr std::string_view kLineEnd = "\r\n";
    std::string kept;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find(kLineEnd, begin), text.size());
        const std::string_view line = text.substr(begin, end - begin);
        begin = end + kLineEnd.size();
        std::string_view sentence = line;
        if (sentence.starts_with(exam::kUseLabel)) sentence.remove_prefix(exam::kUseLabel.size());
        if (std::ranges::find(exam::kStandingSentences, sentence) == exam::kStandingSentences.end())
            continue;
        if (!kept.empty()) kept += kLineEnd;
        kept += line;
    }
    return kept;
}

bool is_content(Tag sequence) {
    constexpr Tag kSpecimenPreparationSequence{0x0040, 0x0610};
    return sequence == tags::kContentSequence || sequence == tags::kAcquisitionContextSequence ||
           sequence == kSpecimenPreparationSequence;
}

void clean_content(DataSet& data, Tag sequence, const Profile& profile, const std::string& path,
                   Steps& steps) {
    auto* const items = dicom::editable_items(data, sequence);
    if (items == nullptr) return;
    const std::size_t before = items->size();
    items->erase_if([&](const DataSet& item) {
        const Concept* const known = concept_of(item);
        return known != nullptr && !stays(*known, profile);
    });
    if (items->size() < before) steps.add(path + "[*]", Action::kRemove);
}

}  // namespace lucerna::deidentify
