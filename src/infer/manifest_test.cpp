#include "infer/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "support/tiny_package.h"

namespace lucerna::infer {
namespace {

using nlohmann::json;
using test::tiny_manifest;
using testing::AllOf;
using testing::HasSubstr;

std::string refusal_of(const json& manifest) {
    try {
        (void)parse_manifest(manifest.dump());
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        return error.what();
    }
    return "accepted";
}

TEST(Manifest, CarriesIdentityContractAndRules) {
    const Manifest manifest = parse_manifest(tiny_manifest().dump());
    EXPECT_EQ(manifest.identity.name, "tiny");
    EXPECT_EQ(manifest.identity.sha256.size(), 64U);
    EXPECT_EQ(manifest.identity.finding_kind, "nodule");
    EXPECT_TRUE(manifest.identity.research_only_in("DE"));
    EXPECT_EQ(manifest.contract.modality, "DX");
    EXPECT_EQ(manifest.contract.spacing_mm, 0.5);
    EXPECT_EQ(manifest.finding.max_findings, 5);
    EXPECT_EQ(manifest.finding_calibration.a, 2);
}

TEST(Manifest, NamesThePlaceThatBreaksTheSchema) {
    json no_spacing = tiny_manifest();
    no_spacing["input"].erase("spacing_mm");
    EXPECT_THAT(refusal_of(no_spacing), AllOf(HasSubstr("input"), HasSubstr("spacing_mm")));

    json zero_spacing = tiny_manifest();
    zero_spacing["input"]["spacing_mm"] = 0;
    EXPECT_THAT(refusal_of(zero_spacing), HasSubstr("spacing_mm"));

    json unknown_key = tiny_manifest();
    unknown_key["colour"] = "blue";
    EXPECT_THAT(refusal_of(unknown_key), HasSubstr("colour"));

    json climbing = tiny_manifest();
    climbing["files"]["../outside"] = std::string(64, '0');
    EXPECT_THAT(refusal_of(climbing), HasSubstr("files"));

    json other_schema = tiny_manifest();
    other_schema["schema"] = "lucerna-model-package/2";
    EXPECT_THAT(refusal_of(other_schema), HasSubstr("schema"));
}

TEST(Manifest, RefusesTextThatIsNotJson) {
    EXPECT_THROW((void)parse_manifest("{\"schema\":"), Error);
}

TEST(Calibration, IsPlattScalingOfTheLogit) {
    EXPECT_NEAR((Calibration{1, 0}.apply(0.3)), 0.3, 1e-12);
    // logit(0.3) = -0.8472979; 2 * that + 1 = -0.6945957; logistic = 0.3330115.
    EXPECT_NEAR((Calibration{2, 1}.apply(0.3)), 0.3330115, 1e-6);
}

TEST(Calibration, StaysFiniteAtCertainty) {
    EXPECT_LT((Calibration{1, 0}.apply(1.0)), 1.0);
    EXPECT_GT((Calibration{1, 0}.apply(0.0)), 0.0);
}

}  // namespace
}  // namespace lucerna::infer
