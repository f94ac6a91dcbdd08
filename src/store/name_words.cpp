#include "store/name_words.h"

#include <unicode/translit.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <memory>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/guarded.h"
#include "store/matching.h"

namespace lucerna::store {
namespace {

std::unique_ptr<icu::Transliterator> make_latin() {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::Transliterator> made(icu::Transliterator::createInstance(
        "Any-Latin; NFD; [:Nonspacing Mark:] Remove; NFC; Latin-ASCII; Lower", UTRANS_FORWARD,
        status));
    if (U_FAILURE(status) || !made)
        throw Error(ErrorCode::kInternal,
                    std::string("ICU gives no transliterator: ") + u_errorName(status));
    return made;
}

/// In Latin letters, lower case. What ICU has no letters for stays as it is.
std::string latinised(std::string_view text) {
    const bool is_ascii =
        std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
    std::string latin;
    if (is_ascii) {
        for (const char c : text) latin += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        return latin;
    }
    // Making one takes milliseconds, and one is not for two threads at once.
    static Guarded<std::unique_ptr<icu::Transliterator>> shared(make_latin());
    auto unicode = icu::UnicodeString::fromUTF8(
        icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
    shared.with([&](const auto& transliterator) { transliterator->transliterate(unicode); });
    return unicode.toUTF8String(latin);
}

bool is_vowel(char c) {
    return std::string_view("aeiouy").find(c) != std::string_view::npos;
}

/// The classes of Soundex; '0' for vowels, which part two consonants, ' ' for h and w, which do
/// not.
char sound_class(char c) {
    constexpr std::string_view kClasses = "01230120022455012623010202";
    if (c == 'h' || c == 'w') return ' ';
    return c >= 'a' && c <= 'z' ? kClasses[static_cast<std::size_t>(c - 'a')] : '0';
}

char sound_of_start(std::string_view word) {
    const char first = word.front();
    const char second = word.size() > 1 ? word[1] : ' ';
    if ((first == 'i' || first == 'y' || first == 'j') && is_vowel(second)) return 'j';
    if (is_vowel(first)) return 'a';
    if (first == 'c' || first == 'q') return 'k';
    if (first == 'p' && second == 'h') return 'f';
    if (first == 'w') return 'v';
    if (first == 'x' || first == 'z') return 's';
    return first;
}

std::string sound_of(std::string_view word) {
    constexpr std::size_t kMost = 7;
    if (word.front() >= '0' && word.front() <= '9') return std::string(word);
    std::string sound(1, sound_of_start(word));
    char before = sound_class(word.front());
    for (const char c : word.substr(1)) {
        const char now = sound_class(c);
        if (now == ' ') continue;
        if (now != '0' && now != before && sound.size() < kMost) sound += now;
        before = now;
    }
    return sound;
}

void enter(Connection& index, std::int64_t study, const char* attribute, std::string_view name) {
    std::set<std::pair<std::string, std::string>> distinct;
    for (NameWord& one : name_words(name))
        distinct.emplace(std::move(one.word), std::move(one.sound));
    for (const auto& [word, sound] : distinct)
        index.prepare("INSERT INTO name_words (study, attribute, word, sound) VALUES (?,?,?,?)")
            .bind(study)
            .bind(std::string(attribute))
            .bind(word)
            .bind(sound)
            .run();
}

}  // namespace

std::vector<NameWord> name_words(std::string_view person_name) {
    std::vector<NameWord> words;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty()) words.push_back({word, sound_of(word)});
        word.clear();
    };
    for (const char c : latinised(person_name)) {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            word += c;
        else if (c != '\'' && c != '`')  // O'Brien is one word
            end_word();
    }
    end_word();
    return words;
}

void enter_name_words(Connection& index, std::int64_t study, std::string_view patient_name,
                      std::string_view referring_physician_name) {
    enter(index, study, kPatientWords, patient_name);
    enter(index, study, kReferringWords, referring_physician_name);
}

void enter_all_name_words(Connection& index) {
    std::vector<std::tuple<std::int64_t, std::string, std::string>> studies;
    {
        Statement all =
            index.prepare("SELECT id, patient_name, referring_physician_name FROM studies");
        while (all.step()) studies.emplace_back(all.integer(0), all.text(1), all.text(2));
    }
    for (const auto& [study, patient, referring] : studies)
        enter_name_words(index, study, patient, referring);
}

void fold_all_names(Connection& index) {
    struct Folded {
        std::int64_t study = 0;
        NameKeys patient;
        std::string referring;
    };
    // Of most nothing changes.
    std::vector<Folded> changed;
    {
        Statement all = index.prepare(
            "SELECT id, patient_name, referring_physician_name, alphabetic_name_key, "
            "ideographic_name_key, phonetic_name_key, referring_physician_name_key FROM studies");
        while (all.step()) {
            Folded one{all.integer(0), name_keys(all.text(1)), name_keys(all.text(2)).alphabetic};
            if (one.patient.alphabetic != all.text(3) || one.patient.ideographic != all.text(4) ||
                one.patient.phonetic != all.text(5) || one.referring != all.text(6))
                changed.push_back(std::move(one));
        }
    }
    for (const Folded& one : changed)
        index
            .prepare(
                "UPDATE studies SET alphabetic_name_key = ?, ideographic_name_key = ?, "
                "phonetic_name_key = ?, referring_physician_name_key = ? WHERE id = ?")
            .bind(one.patient.alphabetic)
            .bind(one.patient.ideographic)
            .bind(one.patient.phonetic)
            .bind(one.referring)
            .bind(one.study)
            .run();
}

}  // namespace lucerna::store
