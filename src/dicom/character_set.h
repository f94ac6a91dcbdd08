#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lucerna::dicom {

/// One line of the table: a coded character set (PS3.3 Tables C.12-2 to C.12-4) as ISO 2022 sees
/// it.
struct CharacterSet {
    /// In the ISO registry.
    int registration = 0;
    /// What designates it.
    std::string_view escape;
    /// As G0, the bytes below 80; else as G1, those above.
    bool is_g0 = false;
    /// Of a character; 1 in G0: nothing but ASCII.
    std::size_t bytes = 1;
    /// What the C library calls the encoding that has its characters in bytes above 80, and what
    /// comes there before each.
    const char* codec = nullptr;
    std::string_view prefix = {};

    [[nodiscard]] bool is_wide_g0() const { return is_g0 && bytes > 1; }
};

/// Whose escape sequence `text` begins with; null where it is none of the table's.
[[nodiscard]] const CharacterSet* designated_by(std::string_view text);

/// What the values of Specific Character Set (0008,0005) name.
struct CharacterSets {
    /// What is in force where no escape sequence says otherwise; null: ASCII alone.
    const CharacterSet* first = nullptr;
    /// What else may be designated, in their order.
    std::vector<const CharacterSet*> others = {};
    /// Its single-byte G0 is that of JIS X 0201.
    bool is_romaji = false;
    /// There are code extensions: escape sequences.
    bool is_extended = false;
    /// The first value names what can only be an extension: there should be an empty one before it.
    bool lacks_first = false;
};
/// `values` with backslashes between them. Nothing where one is not in the table.
[[nodiscard]] std::optional<CharacterSets> character_sets_named(std::string_view values);

/// Between UTF-8 and encodings of the C library, each of which it opens once. For one thread at a
/// time.
class Codecs {
  public:
    Codecs();
    ~Codecs();
    Codecs(const Codecs&) = delete;
    Codecs& operator=(const Codecs&) = delete;

    /// Nothing where the text has what the encoding has not, or there is no such encoding.
    [[nodiscard]] std::optional<std::string> to_utf8(const std::string& codec,
                                                     std::string_view text);
    [[nodiscard]] std::optional<std::string> from_utf8(const std::string& codec,
                                                       std::string_view text);

  private:
    class Iconv;
    [[nodiscard]] std::optional<std::string> convert(const std::string& to, const std::string& from,
                                                     std::string_view text);

    std::map<std::pair<std::string, std::string>, std::unique_ptr<Iconv>> open_;
};

}  // namespace lucerna::dicom
