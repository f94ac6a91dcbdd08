#pragma once

#include <array>
#include <string_view>

namespace lucerna::exam {

/// What stands on results as it is here, and says nothing of anybody: whoever takes names out of a
/// report leaves it there.
inline constexpr std::string_view kResearchUseOnly =
    "Research use only. Not for clinical decisions.";
inline constexpr std::string_view kSyntheticImages = "SYNTHETIC images: not of a person.";
inline constexpr std::string_view kPreliminaryResult =
    "Preliminary result of software, not verified by a person.";
inline constexpr std::array kStandingSentences{kResearchUseOnly, kSyntheticImages,
                                               kPreliminaryResult};
/// Third value of Image Type (0008,0008) of a capture, which says what was drawn: findings on an
/// image that was read, or why it was not.
inline constexpr std::string_view kCaptureOfFindings = "AI_FINDINGS";
inline constexpr std::string_view kCaptureOfRefusal = "NOT_READ";
/// Before what use a model is for, among the facts of how a reading was made.
inline constexpr std::string_view kUseLabel = "Use: ";

}  // namespace lucerna::exam
