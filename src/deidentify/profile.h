#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lucerna::deidentify {

/// Options of PS3.15 E.3. Up to kCleanGraphics: the columns of the table of actions, in its order.
enum class Option {
    kRetainSafePrivate,
    kRetainUids,
    kRetainDeviceIdentity,
    kRetainInstitutionIdentity,
    kRetainPatientCharacteristics,
    kRetainFullDates,
    kRetainModifiedDates,
    kCleanDescriptors,
    kCleanStructuredContent,
    kCleanGraphics,  ///< not offered: graphics and overlays go
    kCleanPixelData,
};

/// An option that can be asked for, and the code that says so in the object (PS3.16 CID 7050).
struct OptionKind {
    Option option;
    std::string_view name;
    std::string_view code_value;
    std::string_view code_meaning;
};
[[nodiscard]] std::span<const OptionKind> option_kinds();

/// The Basic Application Level Confidentiality Profile (PS3.15 E.2) with options.
class Profile {
  public:
    /// As it was asked for: "screening", "basic+modified-dates".
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] bool has(Option option) const {
        return (options_ & 1U << static_cast<unsigned>(option)) != 0;
    }

    /// A name of the table in profile.cpp, or "basic" with names of options, joined by "+". Throws
    /// Error(kInvalidInput), saying what there is.
    [[nodiscard]] static Profile from(std::string_view text);

  private:
    std::string name_;
    std::uint32_t options_ = 0;
};

}  // namespace lucerna::deidentify
