#include "compose/terms.h"

#include <array>

#include "compose/codes.h"

namespace lucerna::compose {
namespace {

// A mammographic mass is a "density" in the terms of Mammography CAD (PS3.16 CID 6015).
constexpr std::array<KindTerms, 3> kKinds = {{
    {"mass", codes::kMammographyBreastDensity, codes::kMass},
    {"calcification-cluster", codes::kCalcificationCluster, codes::kCalcificationCluster},
    {"architectural-distortion", codes::kArchitecturalDistortion, codes::kArchitecturalDistortion},
}};

}  // namespace

const KindTerms* find_kind(std::string_view kind) {
    for (const KindTerms& terms : kKinds)
        if (terms.kind == kind) return &terms;
    return nullptr;
}

std::optional<Code> view_code(exam::ViewPosition position) {
    using exam::ViewPosition;
    switch (position) {
        case ViewPosition::kCc:
            return codes::kCranioCaudal;
        case ViewPosition::kMlo:
            return codes::kMedioLateralOblique;
        case ViewPosition::kMl:
            return codes::kMedioLateral;
        case ViewPosition::kLm:
            return codes::kLateroMedial;
        case ViewPosition::kLmo:
            return codes::kLateroMedialOblique;
        case ViewPosition::kXccl:
            return codes::kExaggeratedLaterally;
        case ViewPosition::kXccm:
            return codes::kExaggeratedMedially;
        case ViewPosition::kFb:
            return codes::kCaudoCranial;
        case ViewPosition::kSio:
            return codes::kSuperolateralToInferomedial;
        case ViewPosition::kOther:
            return std::nullopt;
    }
    return std::nullopt;
}

Code breast_code(exam::Laterality laterality) {
    return laterality == exam::Laterality::kRight ? codes::kRightBreast : codes::kLeftBreast;
}

Code side_code(exam::Laterality laterality) {
    return laterality == exam::Laterality::kRight ? codes::kRight : codes::kLeft;
}

}  // namespace lucerna::compose
