#include "dicom/character_set.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace lucerna::dicom {
namespace {

/// JIS X 0201: ASCII but for yen and overline, which are read as the backslash and the tilde that
/// whoever writes them means.
constexpr int kRomaji = 14;
constexpr int kAscii = 6;
constexpr int kKatakana = 13;

constexpr auto kSets = std::to_array<CharacterSet>({
    {kAscii, "\x1B(B", true},
    {kRomaji, "\x1B(J", true},
    {kKatakana, "\x1B)I", false, 1, "EUC-JP", "\x8E"},
    {100, "\x1B-A", false, 1, "ISO-8859-1"},
    {101, "\x1B-B", false, 1, "ISO-8859-2"},
    {109, "\x1B-C", false, 1, "ISO-8859-3"},
    {110, "\x1B-D", false, 1, "ISO-8859-4"},
    {144, "\x1B-L", false, 1, "ISO-8859-5"},
    {127, "\x1B-G", false, 1, "ISO-8859-6"},
    {126, "\x1B-F", false, 1, "ISO-8859-7"},
    {138, "\x1B-H", false, 1, "ISO-8859-8"},
    {148, "\x1B-M", false, 1, "ISO-8859-9"},
    {203, "\x1B-b", false, 1, "ISO-8859-15"},
    {166, "\x1B-T", false, 1, "TIS-620"},
    {87, "\x1B$B", true, 2, "EUC-JP"},
    {159, "\x1B$(D", true, 2, "EUC-JP", "\x8F"},
    {149, "\x1B$)C", false, 2, "EUC-KR"},
    {58, "\x1B$)A", false, 2, "GB2312"},
});

/// "ISO_IR 100", "ISO 2022 IR 100", and how some write them: the number behind IR. Empty is ASCII.
const CharacterSet* set_named(std::string_view term) {
    int number = kAscii;
    if (!term.empty()) {
        const std::size_t at = term.rfind("IR");
        if (!term.starts_with("ISO") || at == std::string_view::npos) return nullptr;
        const std::size_t digits = term.find_first_of("0123456789", at);
        if (digits == std::string_view::npos) return nullptr;
        const auto [end, error] =
            std::from_chars(term.data() + digits, term.data() + term.size(), number);
        if (error != std::errc() || end != term.data() + term.size()) return nullptr;
    }
    const auto* const found =
        std::find_if(kSets.begin(), kSets.end(),
                     [&](const CharacterSet& set) { return set.registration == number; });
    return found == kSets.end() ? nullptr : found;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    return text;
}

}  // namespace

const CharacterSet* designated_by(std::string_view text) {
    const auto* const found =
        std::find_if(kSets.begin(), kSets.end(),
                     [&](const CharacterSet& set) { return text.starts_with(set.escape); });
    return found == kSets.end() ? nullptr : found;
}

std::optional<CharacterSets> character_sets_named(std::string_view values) {
    CharacterSets sets;
    for (bool is_first = true;; is_first = false) {
        const std::size_t end = values.find('\\');
        const std::string_view term = trimmed(values.substr(0, end));
        const CharacterSet* const set = set_named(term);
        if (set == nullptr) return std::nullopt;
        sets.is_extended |= !is_first || term.find("2022") != std::string_view::npos;
        if (set->registration == kKatakana) sets.is_romaji |= is_first;
        if (is_first && set->bytes > 1) sets.lacks_first = true;
        if (is_first && !set->is_g0 && set->bytes == 1)
            sets.first = set;
        else if (set->codec != nullptr)
            sets.others.push_back(set);
        if (end == std::string_view::npos) return sets;
        values.remove_prefix(end + 1);
    }
}

/// Closes what iconv_open gave.
class Codecs::Iconv {
  public:
    Iconv(const std::string& to, const std::string& from)
        : handle_(iconv_open(to.c_str(), from.c_str())) {}
    ~Iconv() {
        if (is_open()) iconv_close(handle_);
    }
    Iconv(const Iconv&) = delete;
    Iconv& operator=(const Iconv&) = delete;

    std::optional<std::string> convert(std::string text) {
        if (!is_open()) return std::nullopt;
        iconv(handle_, nullptr, nullptr, nullptr, nullptr);
        // A byte becomes three at most.
        std::string out(text.size() * 3 + 4, '\0');
        char* from = text.data();
        std::size_t from_left = text.size();
        char* to = out.data();
        std::size_t to_left = out.size();
        // Whatever was replaced by something like it counts as lost.
        if (iconv(handle_, &from, &from_left, &to, &to_left) != 0) return std::nullopt;
        out.resize(out.size() - to_left);
        return out;
    }

  private:
    [[nodiscard]] bool is_open() const { return handle_ != reinterpret_cast<iconv_t>(-1); }

    iconv_t handle_;
};

Codecs::Codecs() = default;
Codecs::~Codecs() = default;

std::optional<std::string> Codecs::convert(const std::string& to, const std::string& from,
                                           std::string_view text) {
    std::unique_ptr<Iconv>& codec = open_[{to, from}];
    if (!codec) codec = std::make_unique<Iconv>(to, from);
    return codec->convert(std::string(text));
}

std::optional<std::string> Codecs::to_utf8(const std::string& codec, std::string_view text) {
    return convert("UTF-8", codec, text);
}

std::optional<std::string> Codecs::from_utf8(const std::string& codec, std::string_view text) {
    return convert(codec, "UTF-8", text);
}

}  // namespace lucerna::dicom
