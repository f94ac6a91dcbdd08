#include "exam/refusal.h"

#include <array>
#include <utility>

namespace lucerna::exam {
namespace {

constexpr std::array<std::pair<RefusalReason, std::string_view>, 21> kNames{{
    {RefusalReason::kMissingView, "missing-view"},
    {RefusalReason::kDuplicateView, "duplicate-view"},
    {RefusalReason::kWrongModality, "wrong-modality"},
    {RefusalReason::kForProcessing, "for-processing"},
    {RefusalReason::kImplantDisplaced, "implant-displaced"},
    {RefusalReason::kImplantPresent, "implant-present"},
    {RefusalReason::kSpotOrMagnification, "spot-or-magnification"},
    {RefusalReason::kPartialView, "partial-view"},
    {RefusalReason::kNotAPlainImage, "not-a-plain-image"},
    {RefusalReason::kUnknownView, "unknown-view"},
    {RefusalReason::kNoPixelSpacing, "no-pixel-spacing"},
    {RefusalReason::kNoPixels, "no-pixels"},
    {RefusalReason::kUnsupportedEncoding, "unsupported-encoding"},
    {RefusalReason::kTruncated, "truncated"},
    {RefusalReason::kBadPixelDescription, "bad-pixel-description"},
    {RefusalReason::kLateralityContradicted, "laterality-contradicted"},
    {RefusalReason::kNoBreastFound, "no-breast-found"},
    {RefusalReason::kUnreadable, "unreadable"},
    {RefusalReason::kModelFailed, "model-failed"},
    {RefusalReason::kTooManyImages, "too-many-images"},
    {RefusalReason::kAnotherPatient, "another-patient"},
}};

}  // namespace

std::string_view name_of(RefusalReason reason) {
    for (const auto& [value, name] : kNames)
        if (value == reason) return name;
    return "unreadable";
}

std::optional<RefusalReason> refusal_reason_from(std::string_view name) {
    for (const auto& [value, text] : kNames)
        if (text == name) return value;
    return {};
}

}  // namespace lucerna::exam
