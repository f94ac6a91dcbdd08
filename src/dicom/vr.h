#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dicom/tags.h"

namespace lucerna::dicom {

/// A value representation (PS3.5 6.2) by its two letters.
class Vr {
  public:
    constexpr Vr() = default;
    constexpr explicit Vr(const char (&letters)[3]) : Vr(letters[0], letters[1]) {}
    constexpr Vr(char first, char second)
        : code_(static_cast<std::uint16_t>(static_cast<unsigned char>(first) << 8 |
                                           static_cast<unsigned char>(second))) {}
    [[nodiscard]] std::string str() const {
        return {static_cast<char>(code_ >> 8), static_cast<char>(code_ & 0xFF)};
    }
    /// Two upper-case letters: what a VR of any edition looks like.
    [[nodiscard]] bool is_well_formed() const;
    /// Text whose encoding Specific Character Set gives (PS3.5 6.1.2.2).
    [[nodiscard]] bool is_encoded_text() const;
    /// Any text, numbers as text (DS, IS) included.
    [[nodiscard]] bool is_text() const;
    /// One value that may hold backslashes: ST, LT, UT, UR.
    [[nodiscard]] bool is_single_text() const;
    /// A length of 32 bits follows two reserved bytes (PS3.5 7.1.2). VRs that this program does not
    /// know are so, as all new ones will be.
    [[nodiscard]] bool has_long_length() const;
    /// Bytes of one binary value, the unit of byte order; 1 for text, OB and UN.
    [[nodiscard]] std::size_t unit() const;
    /// OB, OD, OF, OL, OV, OW, UN: no values in it, only bytes.
    [[nodiscard]] bool is_bulk() const;

    friend constexpr bool operator==(const Vr&, const Vr&) = default;

  private:
    std::uint16_t code_ = 0;
};

namespace vr {
constexpr Vr kAe{"AE"}, kAs{"AS"}, kAt{"AT"}, kCs{"CS"}, kDa{"DA"}, kDs{"DS"}, kDt{"DT"}, kFd{"FD"},
    kFl{"FL"}, kIs{"IS"}, kLo{"LO"}, kLt{"LT"}, kOb{"OB"}, kOd{"OD"}, kOf{"OF"}, kOl{"OL"},
    kOv{"OV"}, kOw{"OW"}, kPn{"PN"}, kSh{"SH"}, kSl{"SL"}, kSq{"SQ"}, kSs{"SS"}, kSt{"ST"},
    kSv{"SV"}, kTm{"TM"}, kUc{"UC"}, kUi{"UI"}, kUl{"UL"}, kUn{"UN"}, kUr{"UR"}, kUs{"US"},
    kUt{"UT"}, kUv{"UV"};
}  // namespace vr

/// What the dictionary says of a tag.
struct DictionaryEntry {
    std::string keyword;
    Vr vr;
    /// The standard leaves US or SS, by Pixel Representation.
    bool signed_by_pixels = false;
};
/// Empty for a tag that is not in it, private ones among them. Throws Error(kUnavailable) if no
/// dictionary can be found at all.
[[nodiscard]] std::optional<DictionaryEntry> look_up(Tag tag);

}  // namespace lucerna::dicom
