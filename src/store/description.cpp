#include "store/description.h"

#include <string_view>

#include "base/split.h"
#include "store/matching.h"

namespace lucerna::store {
namespace {

char letter_of(std::size_t attribute) {
    return static_cast<char>('a' + static_cast<int>(attribute));
}

}  // namespace

Description::Description(const std::string& column) {
    if (column.empty()) return;
    for (const std::string_view one : split(column, ";")) {
        const std::size_t colon = one.find(':');
        if (colon == std::string_view::npos) continue;
        for (const char letter : one.substr(colon + 1))
            given_[letter] = std::string(one.substr(0, colon));
    }
}

bool Description::takes(std::size_t attribute, const std::string& object, bool row_has_it) {
    const char letter = letter_of(attribute);
    if (row_has_it) {
        const auto found = given_.find(letter);
        if (found == given_.end() || found->second <= object) return false;
    }
    given_[letter] = object;
    return true;
}

std::string Description::object_of(std::size_t attribute) const {
    const auto found = given_.find(letter_of(attribute));
    return found == given_.end() ? std::string() : found->second;
}

std::string Description::column() const {
    std::map<std::string, std::string> letters;
    for (const auto& [letter, object] : given_) letters[object] += letter;
    std::string text;
    for (const auto& [object, of_it] : letters) {
        if (!text.empty()) text += ';';
        text += object;
        text += ':';
        text += of_it;
    }
    return text;
}

bool take_texts(Description& description, const std::string& object, const Facts& facts,
                std::span<std::string Facts::*const> texts, Facts& row) {
    bool any = false;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::string& given = facts.*texts[i];
        if (given.empty() || !description.takes(i, object, !(row.*texts[i]).empty())) continue;
        row.*texts[i] = given;
        any = true;
    }
    return any;
}

}  // namespace lucerna::store
