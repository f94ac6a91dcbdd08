#include "deidentify/words.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace lucerna::deidentify {
namespace {

// Lower case, sorted. Neither names nor numbers; "hand" and "knie", which are names too, are not
// here, nor is what a reader may find out about a person ("cancer", "implant").
constexpr auto kWords = std::to_array<std::string_view>({
    "2d",         "3d",           "abdomen",     "ap",           "axial",       "axilla",
    "bilateral",  "both",         "breast",      "breasts",      "cad",         "cc",
    "chest",      "combo",        "compression", "coronal",      "ct",          "cv",
    "diagnostic", "digital",      "dx",          "ffdm",         "findings",    "for",
    "full",       "imaging",      "l",           "lat",          "lateral",     "lcc",
    "left",       "links",        "lm",          "lmlo",         "lmo",         "magnification",
    "mammo",      "mammografia",  "mammogram",   "mammographie", "mammography", "mediolateral",
    "mg",         "ml",           "mlo",         "mr",           "mri",         "oblique",
    "pa",         "presentation", "processed",   "processing",   "projection",  "r",
    "raw",        "rcc",          "rechts",      "report",       "right",       "rmlo",
    "sagittal",   "screening",    "series",      "side",         "spot",        "sr",
    "standard",   "study",        "synthetic",   "thorax",       "tomo",        "tomosynthesis",
    "ultrasound", "us",           "view",        "views",        "xccl",        "xr",
});
static_assert(std::is_sorted(kWords.begin(), kWords.end()));

bool is_safe(std::string_view word) {
    std::string lower(word);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return std::binary_search(kWords.begin(), kWords.end(), lower);
}

bool is_word_character(char c) {
    // Beyond ASCII too: half of "Müller" is no word.
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 128;
}

}  // namespace

std::string safe_words(std::string_view text) {
    std::string kept;
    for (std::size_t at = 0; at < text.size();) {
        if (!is_word_character(text[at])) {
            ++at;
            continue;
        }
        std::size_t end = at;
        while (end < text.size() && is_word_character(text[end])) ++end;
        const std::string_view word = text.substr(at, end - at);
        if (is_safe(word)) kept.append(kept.empty() ? "" : " ").append(word);
        at = end;
    }
    return kept;
}

}  // namespace lucerna::deidentify
