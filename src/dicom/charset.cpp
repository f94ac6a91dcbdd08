#include "dicom/charset.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/memory.h"
#include "dicom/character_set.h"
#include "dicom/decoding_memory.h"
#include "dicom/iso2022.h"
#include "dicom/node.h"
#include "dicom/tags.h"

namespace lucerna::dicom {
namespace {

constexpr std::string_view kUtf8 = "ISO_IR 192";

/// Length of the UTF-8 sequence at `at` (RFC 3629), 0 if there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(at);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) return 0;
    }
    const unsigned second = byte(at + 1);
    const bool too_long = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool surrogate = lead == 0xED && second >= 0xA0;
    const bool too_large = lead == 0xF4 && second >= 0x90;
    return too_long || surrogate || too_large ? 0 : length;
}

std::string from_latin1(std::string_view text) {
    std::string out;
    out.reserve(text.size() + static_cast<std::size_t>(std::count_if(
                                  text.begin(), text.end(), [](char c) { return c < 0; })));
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte < 0x80) {
            out += character;
        } else {
            out += static_cast<char>(0xC0 | byte >> 6);
            out += static_cast<char>(0x80 | (byte & 0x3F));
        }
    }
    return out;
}

std::string character_set_of(const Node& node, const std::string& inherited) {
    const Element* const element = node.find(tags::kSpecificCharacterSet);
    if (element == nullptr) return inherited;
    std::string text(as_text(element->value()));
    while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.pop_back();
    return text;
}

/// Characters that end an ISO 2022 escape, beside CR, LF, FF and HT (PS3.5 6.1.2.5.3).
std::string_view delimiters_of(Vr vr) {
    if (vr == vr::kPn) return "\\^=";
    return vr.is_single_text() ? "" : "\\";
}

/// The two that are none of ISO 2022 and not UTF-8 (PS3.3 Table C.12-5), by the C library's names.
bool is_chinese(const std::string& character_set) {
    return character_set == "GB18030" || character_set == "GBK";
}

/// Keeps what a character set is while it stays the same.
class Converter {
  public:
    std::string to_utf8(std::string_view text, const std::string& character_set,
                        std::string_view delimiters) {
        if (is_plain_ascii(text)) return std::string(text);
        if (says_utf8(character_set)) return guessed(text);
        select(character_set);
        std::optional<std::string> utf8;
        if (is_chinese(character_set))
            utf8 = codecs_.to_utf8(character_set, text);
        else if (sets_)
            utf8 = from_iso2022(text, *sets_, delimiters, codecs_);
        return utf8 ? *std::move(utf8) : guessed(text);
    }

    /// Nothing where `character_set` cannot express it.
    std::optional<std::string> from_utf8(std::string_view text, const std::string& character_set,
                                         std::string_view delimiters) {
        select(character_set);
        std::optional<std::string> encoded;
        if (is_chinese(character_set))
            encoded = codecs_.from_utf8(character_set, text);
        else if (sets_)
            encoded = to_iso2022(text, *sets_, delimiters, codecs_);
        // Whatever was replaced on the way does not come back.
        if (encoded && to_utf8(*encoded, character_set, delimiters) != text) return std::nullopt;
        return encoded;
    }

    /// Nothing is to be done with it.
    static bool is_utf8_already(std::string_view text, const std::string& character_set) {
        return says_utf8(character_set) && is_utf8(text);
    }
    /// To be called before `text`, of that attribute, is converted. Throws as convert_to_utf8.
    void count(Tag tag, std::string_view text) {
        converted_ += text.size();
        if (converted_ > kMostConvertedText)
            throw Error(ErrorCode::kInvalidInput,
                        "more than " + std::to_string(kMostConvertedText >> 20) +
                            " MiB of text that is not in UTF-8, at " + describe(tag));
        if (converted_ <= kFreelyConverted || share_) return;
        share_ = {new MemoryBudget::Share(parsing_memory().take(
                      std::min(kMostTimes * kMostConvertedText, parsing_memory().limit()),
                      "text that is not in UTF-8")),
                  [](MemoryBudget::Share* share) {
                      delete share;
                      give_back_freed_memory();
                  }};
    }
    [[nodiscard]] std::shared_ptr<const void> take_share() { return std::move(share_); }

    /// As Specific Character Set has to say it.
    std::string declared(const std::string& character_set) {
        select(character_set);
        return (sets_ && sets_->lacks_first ? "\\" : "") + character_set;
    }

  private:
    static bool says_utf8(const std::string& character_set) {
        return character_set.empty() || character_set == kUtf8;
    }
    static std::string guessed(std::string_view text) {
        return is_utf8(text) ? std::string(text) : from_latin1(text);
    }
    void select(const std::string& character_set) {
        if (character_set == selected_) return;
        selected_ = character_set;
        sets_ = character_sets_named(character_set);
    }

    Codecs codecs_;
    std::string selected_;
    std::optional<CharacterSets> sets_;
    /// It is held twice while it is converted, in up to three times its size.
    static constexpr std::size_t kMostTimes = 4;
    static constexpr std::size_t kFreelyConverted = std::size_t{512} << 10;
    std::size_t converted_ = 0;
    std::shared_ptr<MemoryBudget::Share> share_;
};

bool convert(Node& node, const std::string& inherited, Converter& converter) {
    const std::string character_set = character_set_of(node, inherited);
    bool changed = false;
    for (Element& element : node.elements) {
        if (auto* items = std::get_if<std::unique_ptr<Items>>(&element.content)) {
            if (*items == nullptr) continue;
            for (DataSet& item : **items) changed |= convert(item.node(), character_set, converter);
        } else if (element.vr.is_encoded_text()) {
            const std::string_view text = as_text(element.value());
            if (is_plain_ascii(text)) continue;
            changed = true;
            if (converter.is_utf8_already(text, character_set)) continue;
            converter.count(element.tag, text);
            const std::string utf8 =
                converter.to_utf8(text, character_set, delimiters_of(element.vr));
            element.content = Bytes(utf8.begin(), utf8.end());
        }
    }
    return changed;
}

/// From UTF-8; false where something cannot be expressed.
bool encode(Node& node, const std::string& character_set, Converter& converter) {
    for (Element& element : node.elements) {
        if (auto* items = std::get_if<std::unique_ptr<Items>>(&element.content)) {
            if (*items == nullptr) continue;
            for (DataSet& item : **items)
                if (!encode(item.node(), character_set, converter)) return false;
        } else if (element.vr.is_encoded_text()) {
            const std::string_view text = as_text(element.value());
            if (is_plain_ascii(text)) continue;
            const auto encoded =
                converter.from_utf8(text, character_set, delimiters_of(element.vr));
            if (!encoded) return false;
            element.content = Bytes(encoded->begin(), encoded->end());
        }
    }
    return true;
}

void forget_character_set(Node& node) {
    node.erase(tags::kSpecificCharacterSet);
    for (Element& element : node.elements) {
        auto* items = std::get_if<std::unique_ptr<Items>>(&element.content);
        if (items == nullptr || *items == nullptr) continue;
        for (DataSet& item : **items) forget_character_set(item.node());
    }
}

}  // namespace

bool is_plain_ascii(std::string_view text) {
    constexpr char kEscape = 0x1B;
    return std::none_of(text.begin(), text.end(), [](char character) {
        return static_cast<unsigned char>(character) >= 0x80 || character == kEscape;
    });
}

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_length(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string to_utf8(std::string_view text, const std::string& character_set,
                    std::string_view delimiters) {
    return Converter().to_utf8(text, character_set, delimiters);
}

std::shared_ptr<const void> convert_to_utf8(Node& root) {
    Converter converter;
    if (!convert(root, "", converter)) return {};
    forget_character_set(root);
    (void)root.put(tags::kSpecificCharacterSet, vr::kCs, Bytes(kUtf8.begin(), kUtf8.end()));
    return converter.take_share();
}

std::optional<std::string> convert_from_utf8(Node& root, const std::string& character_set) {
    if (character_set.empty() || character_set == kUtf8) return std::nullopt;
    Converter converter;
    if (!encode(root, character_set, converter)) return std::nullopt;
    return converter.declared(character_set);
}

bool has_wide_text(const Node& node) {
    return std::any_of(node.elements.begin(), node.elements.end(), [](const Element& element) {
        if (const Items* items = element.items()) {
            return std::any_of(items->begin(), items->end(),
                               [](const DataSet& item) { return has_wide_text(item.node()); });
        }
        return element.vr.is_encoded_text() && !is_plain_ascii(as_text(element.value()));
    });
}

}  // namespace lucerna::dicom
