#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lucerna::exam {

/// Why a view or an exam was not read. A refusal is a result, and people see it.
enum class RefusalReason {
    kMissingView,
    kDuplicateView,
    kWrongModality,
    kForProcessing,
    kImplantDisplaced,
    kImplantPresent,
    kSpotOrMagnification,
    kPartialView,
    kNotAPlainImage,
    kUnknownView,
    kNoPixelSpacing,
    kNoPixels,
    kUnsupportedEncoding,
    kTruncated,
    kBadPixelDescription,
    kLateralityContradicted,
    kNoBreastFound,
    kUnreadable,
    kModelFailed,
    kTooManyImages,
    kAnotherPatient,
};

/// "missing-view": the stable name that files and the page carry.
[[nodiscard]] std::string_view name_of(RefusalReason reason);
/// The other way; empty for another text.
[[nodiscard]] std::optional<RefusalReason> refusal_reason_from(std::string_view name);

struct Refusal {
    RefusalReason reason = RefusalReason::kUnreadable;
    /// What is wrong, in a sentence, with the value that was found.
    std::string what;
    /// Tag, file or field: "Imager Pixel Spacing (0018,1164)".
    std::string where;
    /// What to do about it.
    std::string remedy;
    /// The image, or empty when the exam as a whole is meant.
    std::string sop_instance_uid;
    /// "R-CC" where it is known.
    std::string view;
    /// Of the image, where they are known: without a class no report can refer to it.
    std::string sop_class_uid{};
    std::string series_instance_uid{};
};

}  // namespace lucerna::exam
