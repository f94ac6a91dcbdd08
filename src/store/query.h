#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/data_set.h"

namespace lucerna::store {

enum class Level { kPatient, kStudy, kSeries, kInstance };

/// One key to match (PS3.4 C.2.2.2), its value as it came: "DOE*", "20240101-20241231",
/// "1.2.3,1.2.4" or "1.2.3\1.2.4" for a list of UIDs. An empty value or "*" matches everything.
struct Key {
    dicom::Tag tag;
    std::string value;
    /// The sequence that the attribute is in. One item must meet all keys of its sequence
    /// (PS3.4 C.2.2.2.6).
    std::optional<dicom::Tag> sequence = {};
};

/// A search as QIDO-RS (PS3.18 8.3.4) and C-FIND put it. Keys of the level asked for and of those
/// above it count; series keys on the study level match studies that have such a series
/// (ModalitiesInStudy likewise).
struct Query {
    Level level = Level::kStudy;
    std::vector<Key> keys;
    std::size_t limit = 100;
    std::size_t offset = 0;
    /// Ranges of a date and of the time that belongs to it are one range of moments, where both are
    /// open at the same ends (PS3.4 C.2.2.2.5.4); else a time range holds on each day.
    bool combined_date_time = false;
    /// Names match too where each word of the key begins a word of the name or sounds like one
    /// (name_words.h), in any order: beside what they match literally (PS3.18 8.3.4.2). A key with
    /// a wildcard elsewhere than at the end of a word is matched literally alone.
    bool fuzzy_names = false;
};

/// An attribute of a match: UTF-8, values separated by a backslash. Of a sequence: what `items_of`
/// takes apart.
struct Attribute {
    dicom::Tag tag;
    std::string_view vr;
    std::string value;
};
/// The items of a sequence, each its indexed attributes, in tag order.
[[nodiscard]] std::vector<std::vector<Attribute>> items_of(const Attribute& sequence);

/// One patient, study, series or instance: every indexed attribute of its level and of those above,
/// in tag order, with NumberOfStudyRelatedSeries and its kin and ModalitiesInStudy. A patient is
/// told by Patient ID and its issuer (those without an ID by name and birth date), and
/// described by the study that came last.
struct Match {
    /// Of a patient: that study.
    std::string study_instance_uid;
    /// Empty above its level.
    std::string series_instance_uid;
    std::string sop_instance_uid;
    std::vector<Attribute> attributes;

    /// Empty where the index has no value for it.
    [[nodiscard]] std::string_view value(dicom::Tag tag) const;
};

/// Whether a search can match by this attribute at this level; a search ignores the others, and
/// whoever asked should be told (PS3.18 8.3.4, PS3.4 C.2.2.1.2).
[[nodiscard]] bool is_indexed(dicom::Tag tag, Level level);

/// The same of an attribute within the items of a sequence.
[[nodiscard]] bool is_indexed_in(dicom::Tag sequence, dicom::Tag tag, Level level);

/// Whether Query::fuzzy_names can do anything for this value of a name.
[[nodiscard]] bool is_fuzzy_name(std::string_view value);

/// The attributes as the members of a DICOM JSON object (PS3.18 F.2): `"00080020":{"vr":"DA",...}`
/// joined by commas, without the braces, so that a Retrieve URL can be put beside them.
[[nodiscard]] std::string json_members(const Match& match);

}  // namespace lucerna::store
