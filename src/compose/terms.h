#pragma once

#include <optional>
#include <string_view>

#include "compose/code.h"
#include "exam/view.h"

namespace lucerna::compose {

/// What a model's word for a finding is in each report.
struct KindTerms {
    /// As exam::Finding::kind has it: "mass".
    std::string_view kind;
    /// PS3.16 CID 6014, Mammography Single Image Finding.
    Code single_image_finding;
    /// PS3.16 CID 7151 and the like: what TID 1410 calls the finding.
    Code finding;
};

/// Null for a word that is not in the table: such a finding is a "selected region" or a "lesion",
/// with the word as text.
[[nodiscard]] const KindTerms* find_kind(std::string_view kind);

/// PS3.16 CID 4014; empty for kOther.
[[nodiscard]] std::optional<Code> view_code(exam::ViewPosition position);
/// PS3.16 CID 6022: "Right breast".
[[nodiscard]] Code breast_code(exam::Laterality laterality);
/// PS3.16 CID 244: "Right".
[[nodiscard]] Code side_code(exam::Laterality laterality);

/// Terms of our own, in the coding scheme of kSchemeDesignator.
namespace own {
constexpr std::string_view kSchemeDesignator = "99LUCERNA";
constexpr std::string_view kSchemeName = "Lucerna result codes, version 1";
constexpr Code kReachesOperatingPoint{"101", kSchemeDesignator,
                                      "Reaches the lowest operating point"};
constexpr Code kUseOfResult{"102", kSchemeDesignator, "Permitted use of result"};
constexpr Code kResearchOnly{"103", kSchemeDesignator, "Research use only"};
constexpr Code kCleared{"104", kSchemeDesignator, "Cleared for the intended use at this site"};
constexpr Code kSyntheticImages{"105", kSchemeDesignator, "Images are synthetic"};
}  // namespace own

}  // namespace lucerna::compose
