#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/connection.h"

namespace lucerna::store {

/// A word of a Person Name as fuzzy matching compares it (PS3.4 C.2.2.2.1, PS3.18 8.3.4.2).
struct NameWord {
    /// In Latin letters without diacritics, lower case, a to z and 0 to 9 alone: "muller".
    std::string word;
    /// How it sounds: what begins it and up to six classes of consonants (Russell's Soundex, with
    /// the first letter grouped, too, so that Catherine and Kathryn are one): "m46".
    std::string sound;
};

/// The words of all components of all component groups, in order. UTF-8.
[[nodiscard]] std::vector<NameWord> name_words(std::string_view person_name);

/// Names that are matched so, as the index tells them apart.
inline constexpr const char* kPatientWords = "patient";
inline constexpr const char* kReferringWords = "referring";

/// Enters the words of a new study.
void enter_name_words(Connection& index, std::int64_t study, std::string_view patient_name,
                      std::string_view referring_physician_name);
/// The same of every study that is there, for an index of an earlier version.
void enter_all_name_words(Connection& index);
/// Folds the names of every study that is there anew, likewise.
void fold_all_names(Connection& index);

}  // namespace lucerna::store
