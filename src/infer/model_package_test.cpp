#include "infer/model_package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/temporary_folder.h"
#include "support/tiny_package.h"

namespace lucerna::infer {
namespace {

using test::TinyOnnx;
using testing::AllOf;
using testing::HasSubstr;

class ModelPackageTest : public testing::Test {
  protected:
    std::string refusal() {
        try {
            (void)ModelPackage::open(folder());
        } catch (const Error& error) {
            return error.what();
        }
        return "accepted";
    }
    [[nodiscard]] std::filesystem::path folder() const { return temporary_.path() / "tiny"; }

    static exam::PreparedView bright_view() {
        exam::PreparedView view;
        view.pixels = exam::Raster<float>(64, 64);
        view.pixels.at(10, 20) = 0.75F;
        view.source.rows = 640;
        view.source.columns = 1280;
        // Mirrored: the prepared picture's left edge is the stored picture's right edge.
        view.placement = {-20, 10, 1280, 0};
        return view;
    }

  private:
    test::TemporaryFolder temporary_;
};

TEST_F(ModelPackageTest, ReadsAPictureWithoutKnowingTheBodyPart) {
    test::write_package(folder(), TinyOnnx{});
    const ModelPackage package = ModelPackage::open(folder());
    const exam::ViewReading reading = package.read(bright_view());
    EXPECT_NEAR(reading.score, 0.75, 1e-6);
    ASSERT_EQ(reading.findings.size(), 2U) << "of two overlapping boxes one stays";
    const exam::Finding& first = reading.findings[0];
    EXPECT_EQ(first.id, "view-1");
    EXPECT_EQ(first.kind, "nodule");
    EXPECT_EQ(first.box, (exam::Box{1280 - 24 * 20, 80, 320, 160}));
    EXPECT_NEAR(first.raw_score, 0.7, 1e-6);
    // Platt with a = 2: odds squared, (0.7 / 0.3)^2 = 5.444 -> 0.84483.
    EXPECT_NEAR(first.score, 0.844828, 1e-5);
    EXPECT_EQ(first.contour.size(), 32U);
}

exam::ViewReading scored(const char* name, double raw) {
    exam::ViewReading view;
    view.source.name = exam::view_name_from(name);
    view.raw_score = raw;
    view.score = raw;
    return view;
}

TEST_F(ModelPackageTest, GivesTheViewsOfASideOneScoreWhereTheManifestSaysSo) {
    auto manifest = test::tiny_manifest();
    for (const char* of : {"view", "side"}) {
        manifest["score_of"] = of;
        test::write_package(folder(), TinyOnnx{}, manifest);
        std::vector<exam::ViewReading> views{scored("R-CC", 0.9), scored("L-CC", 0.2),
                                             scored("R-MLO", 0.5), scored("nameless", 0.7)};
        std::vector<exam::ViewReading*> together;
        for (exam::ViewReading& view : views) together.push_back(&view);
        ModelPackage::open(folder()).share_scores(together);
        // Mean of logit(0.9) = ln 9 and logit(0.5) = 0: odds of 3 to 1.
        const double right = of == std::string("side") ? 0.75 : 0.9;
        EXPECT_NEAR(views[0].score, right, 1e-9) << of;
        EXPECT_NEAR(views[2].score, of == std::string("side") ? 0.75 : 0.5, 1e-9) << of;
        EXPECT_NEAR(views[1].score, 0.2, 1e-9) << of;
        EXPECT_NEAR(views[3].score, 0.7, 1e-9) << of;
        EXPECT_EQ(views[0].raw_score, 0.9) << of;
    }
}

TEST_F(ModelPackageTest, RefusesAFileThatIsNotTheListedOne) {
    test::write_package(folder(), TinyOnnx{});
    TinyOnnx other;
    other.presence[0] = 0.1F;
    write_file(folder() / "model.onnx", as_byte_view(other.bytes()));
    EXPECT_THAT(refusal(), AllOf(HasSubstr("tiny"), HasSubstr("model.onnx has SHA-256")));
}

TEST_F(ModelPackageTest, RefusesAListedFileThatIsMissing) {
    test::write_package(folder(), TinyOnnx{});
    std::filesystem::remove(folder() / "model.onnx");
    EXPECT_THAT(refusal(), HasSubstr("model.onnx is listed in manifest.json but missing"));
}

TEST_F(ModelPackageTest, RefusesANetworkWithoutTheNamedOutput) {
    TinyOnnx network;
    network.image_score_name = "score";
    test::write_package(folder(), network);
    EXPECT_THAT(refusal(), HasSubstr("no output \"image_score\""));
}

TEST_F(ModelPackageTest, RefusesAnInputOfAnotherRank) {
    TinyOnnx network;
    network.input_rank = 5;
    test::write_package(folder(), network);
    EXPECT_THAT(refusal(), HasSubstr("rank 5"));
}

TEST_F(ModelPackageTest, RefusesBytesThatAreNoNetwork) {
    test::write_package(folder(), TinyOnnx{});
    auto manifest = test::tiny_manifest();
    manifest["files"]["model.onnx"] = sha256(as_byte_view("no network"));
    write_file(folder() / "model.onnx", as_byte_view("no network"));
    write_file(folder() / "manifest.json", as_byte_view(manifest.dump()));
    EXPECT_THAT(refusal(), HasSubstr("model.onnx cannot be loaded"));
}

TEST_F(ModelPackageTest, RefusesAnUnsignedPackageWhereSignaturesAreRequired) {
    test::write_package(folder(), TinyOnnx{});
    Trust trust;
    trust.unsigned_packages = Trust::Unsigned::kRefused;
    EXPECT_THROW((void)ModelPackage::open(folder(), trust), Error);
}

TEST(SelectCandidates, KeepsTheSurestAndDropsTheUnsure) {
    const FindingRule rule{"mass", 0.3, 1, 0.5};
    const auto kept = select_candidates(
        {{{0, 0, 10, 10}, 0.4, 0.9}, {{50, 50, 10, 10}, 0.8, 0.1}, {{90, 0, 10, 10}, 0.2, 1.0}},
        rule);
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept[0].presence, 0.8);
}

}  // namespace
}  // namespace lucerna::infer
