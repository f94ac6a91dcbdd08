#include "dicom/iso2022.h"

#include <algorithm>
#include <utility>

namespace lucerna::dicom {
namespace {

constexpr char kEscape = 0x1B;
constexpr std::string_view kToAscii = "\x1B(B";
constexpr std::string_view kToRomaji = "\x1B(J";

bool is_high(char character) {
    return static_cast<unsigned char>(character) >= 0x80;
}

/// PS3.5 6.1.2.5.3: before it, the first set is in force again.
bool is_boundary(char character, std::string_view delimiters) {
    return character == '\t' || character == '\n' || character == '\f' || character == '\r' ||
           delimiters.find(character) != std::string_view::npos;
}

class Decoder {
  public:
    Decoder(const CharacterSets& sets, std::string_view delimiters, Codecs& codecs)
        : sets_(sets), delimiters_(delimiters), codecs_(codecs), g1_(sets.first) {
        // Some name a set for which there is no other use, and do not designate it.
        if (g1_ == nullptr && sets.others.size() == 1 && !sets.others.front()->is_g0)
            g1_ = sets.others.front();
    }

    std::optional<std::string> decode(std::string_view text) {
        while (!text.empty()) {
            if (text.front() == kEscape) {
                const CharacterSet* const set = designated_by(text);
                if (set == nullptr) return std::nullopt;
                (set->is_g0 ? g0_ : g1_) = set;
                text.remove_prefix(set->escape.size());
            } else if (is_high(text.front())) {
                if (!decode_run(g1_, text)) return std::nullopt;
            } else if (g0_ != nullptr && g0_->is_wide_g0() && text.front() > ' ') {
                if (!decode_run(g0_, text)) return std::nullopt;
            } else {
                if (is_boundary(text.front(), delimiters_)) reset();
                out_ += text.front();
                text.remove_prefix(1);
            }
        }
        return std::move(out_);
    }

  private:
    void reset() {
        g0_ = nullptr;
        if (sets_.first != nullptr) g1_ = sets_.first;
    }

    /// As many characters of one set as there are, or fit into some kilobytes: of a long text no
    /// second one is made.
    bool decode_run(const CharacterSet* set, std::string_view& text) {
        constexpr std::size_t kAtOnce = std::size_t{16} << 10;
        if (set == nullptr) return false;
        std::string high;
        while (!text.empty() && high.size() < kAtOnce && text.front() != kEscape &&
               (set->is_g0 ? text.front() > ' ' : is_high(text.front()))) {
            if (text.size() < set->bytes) return false;
            high += set->prefix;
            for (const char byte : text.substr(0, set->bytes)) {
                if (is_high(byte) == set->is_g0) return false;
                high += static_cast<char>(static_cast<unsigned char>(byte) | 0x80);
            }
            text.remove_prefix(set->bytes);
        }
        const auto utf8 = codecs_.to_utf8(set->codec, high);
        if (utf8) out_ += *utf8;
        return utf8.has_value();
    }

    const CharacterSets& sets_;
    const std::string_view delimiters_;
    Codecs& codecs_;
    const CharacterSet* g0_ = nullptr;
    const CharacterSet* g1_;
    std::string out_;
};

class Encoder {
  public:
    Encoder(const CharacterSets& sets, std::string_view delimiters, Codecs& codecs)
        : sets_(sets), delimiters_(delimiters), codecs_(codecs), g1_(sets.first) {}

    std::optional<std::string> encode(std::string_view utf8) {
        while (!utf8.empty()) {
            const std::size_t length = character_length(utf8);
            const std::string_view character = utf8.substr(0, length);
            utf8.remove_prefix(length);
            if (is_high(character.front())) {
                if (!put(character)) return std::nullopt;
                continue;
            }
            if (is_boundary(character.front(), delimiters_))
                to_first();
            else
                to_ascii();
            out_ += character;
        }
        to_first();
        return out_;
    }

  private:
    static std::size_t character_length(std::string_view utf8) {
        std::size_t length = 1;
        while (length < utf8.size() && (static_cast<unsigned char>(utf8[length]) & 0xC0) == 0x80)
            ++length;
        return length;
    }

    void to_ascii() {
        if (g0_ == nullptr) return;
        out_ += sets_.is_romaji ? kToRomaji : kToAscii;
        g0_ = nullptr;
        // Some readers take what is above 80 to be of whatever was designated last.
        said_ = nullptr;
        is_said_ = true;
    }

    void to_first() {
        to_ascii();
        if (sets_.first != nullptr && (g1_ != sets_.first)) out_ += sets_.first->escape;
        g1_ = sets_.first;
        is_said_ = false;
    }

    /// The bytes of one character; empty where the set has it not.
    std::string bytes_in(const CharacterSet& set, std::string_view character) {
        std::string bytes = codecs_.from_utf8(set.codec, character).value_or("");
        const bool is_there = bytes.size() == set.prefix.size() + set.bytes &&
                              bytes.starts_with(set.prefix) &&
                              std::all_of(bytes.begin(), bytes.end(), is_high);
        if (!is_there) return {};
        bytes.erase(0, set.prefix.size());
        // The one codec has three sets.
        const auto lead = static_cast<unsigned char>(bytes.front());
        return lead < 0xA0 ? std::string() : bytes;
    }

    bool put(std::string_view character) {
        const CharacterSet* const now = g0_ != nullptr ? g0_ : is_said_ ? said_ : g1_;
        if (now != nullptr && put_in(*now, character)) return true;
        if (sets_.first != nullptr && put_in(*sets_.first, character)) return true;
        return sets_.is_extended &&
               std::any_of(sets_.others.begin(), sets_.others.end(),
                           [&](const CharacterSet* set) { return put_in(*set, character); });
    }

    bool put_in(const CharacterSet& set, std::string_view character) {
        std::string bytes = bytes_in(set, character);
        if (bytes.empty()) return false;
        designate(set);
        if (set.is_g0)
            for (char& byte : bytes) byte = static_cast<char>(byte & 0x7F);
        out_ += bytes;
        return true;
    }

    void designate(const CharacterSet& set) {
        if (set.is_g0) {
            if (g0_ != &set) out_ += set.escape;
            g0_ = &set;
            return;
        }
        to_ascii();
        if (g1_ != &set || (is_said_ && said_ != &set)) out_ += set.escape;
        g1_ = &set;
        if (is_said_) said_ = &set;
    }

    const CharacterSets& sets_;
    const std::string_view delimiters_;
    Codecs& codecs_;
    /// A set of several bytes, if one is in force.
    const CharacterSet* g0_ = nullptr;
    const CharacterSet* g1_;
    /// There was an escape sequence since the last boundary that hides `g1_` from some readers;
    /// what they hold to be above 80.
    bool is_said_ = false;
    const CharacterSet* said_ = nullptr;
    std::string out_;
};

}  // namespace

std::optional<std::string> from_iso2022(std::string_view text, const CharacterSets& sets,
                                        std::string_view delimiters, Codecs& codecs) {
    return Decoder(sets, delimiters, codecs).decode(text);
}

std::optional<std::string> to_iso2022(std::string_view utf8, const CharacterSets& sets,
                                      std::string_view delimiters, Codecs& codecs) {
    return Encoder(sets, delimiters, codecs).encode(utf8);
}

}  // namespace lucerna::dicom
