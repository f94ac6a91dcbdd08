// The steps of a run as the verbs call them, and what they leave on disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "collection/cache.h"
#include "collection/example_set.h"
#include "learn/curves.h"
#include "learn/learn.h"
#include "learn/prediction.h"
#include "learn/report.h"
#include "learn/trunk_for_test.h"

namespace lucerna::learn {
namespace {

using collection::example_set;

const Progress kQuiet = [](const std::string&) {};

TEST(Suppressed, KeepsTheSurestOfOverlappingBoxes) {
    const std::vector<Candidate> kept = suppressed({{{0, 0, 10, 10}, 0.5, 0.4},
                                                    {{1, 1, 10, 10}, 0.9, 0.1},
                                                    {{50, 50, 10, 10}, 0.3, 0.3},
                                                    {{80, 80, 10, 10}, 0.01, 0.01}},
                                                   0.02, 0.3, 5);
    ASSERT_EQ(kept.size(), 2U);
    EXPECT_EQ(kept[0].presence, 0.9);
    EXPECT_EQ(kept[1].presence, 0.3);
}

TEST(PredictionsCsv, ComesBackAsItWas) {
    const std::vector<Prediction> predictions{
        {"a.jpg", "p1", 0, 0.1, {{{1.5, 2, 3, 4}, 0.9, 1.0 / 3}, {{5, 6, 7, 8}, 0.2, 0.1}}},
        {"b.jpg", "p2", 2, 0.7, {}}};
    const auto back = parse_predictions(predictions_csv(predictions));
    ASSERT_EQ(back.size(), 2U);
    EXPECT_EQ(back[0].candidates.at(0).suspicion, 1.0 / 3);
    EXPECT_EQ(back[0].candidates.at(1).box, (exam::Box{5, 6, 7, 8}));
    EXPECT_EQ(back[1].fold, 2);
    EXPECT_TRUE(back[1].candidates.empty());
    EXPECT_THROW((void)parse_predictions(predictions_csv(predictions) + "a,b\n"), Error);
}

/// Predictions that find every lesion of the example and score it by the truth.
std::vector<Prediction> perfect(const TrainingSet& set) {
    std::vector<Prediction> predictions;
    for (const TrainingImage& image : set.images) {
        const double score = image.record.malignant ? 0.9 : 0.1;
        predictions.push_back({image.record.file,
                               image.record.patient,
                               0,
                               score,
                               {{image.record.lesions[0].box, 0.8, score * 0.8}}});
    }
    return predictions;
}

TEST(MakeReport, IsPerfectForPerfectPredictions) {
    const TrainingSet set = example_set(30, 4);
    const Report report = make_report(set, perfect(set), 3, 1);
    EXPECT_EQ(report.auc_delong.value, 1);
    EXPECT_EQ(report.patient_auc.value, 1);
    for (const FrocReport& one : report.froc) EXPECT_EQ(one.sensitivity[0].value, 1);
    EXPECT_GT(report.image_calibration.apply(0.9), 0.9);
    EXPECT_EQ(report.operating_points.at(0).sensitivity, 1);
    EXPECT_EQ(report.folds_measured, 1);
    EXPECT_EQ(nlohmann::json::parse(metrics_json(report)).at("images"), 30);
}

TEST(ReadTogether, GivesTheViewsOfABreastTheMeanOfTheirLogits) {
    TrainingSet set = example_set(3, 4);
    const char* names[] = {"R-CC", "R-MLO", "L-CC"};
    for (std::size_t i = 0; i < 3; ++i) {
        set.images[i].record.exam = "one";
        set.images[i].record.view = *exam::view_name_from(names[i]);
    }
    auto predictions = perfect(set);
    predictions[0].image_score = 0.9;
    predictions[1].image_score = 0.5;
    predictions[2].image_score = 0.2;
    const auto together = read_together(set, predictions);
    // Logits ln 9 and 0: odds of 3 to 1.
    EXPECT_NEAR(together[0].image_score, 0.75, 1e-9);
    EXPECT_NEAR(together[1].image_score, 0.75, 1e-9);
    EXPECT_NEAR(together[2].image_score, 0.2, 1e-9);
}

TEST(MakeReport, RefusesPredictionsOfUnknownImages) {
    const TrainingSet set = example_set(4, 4);
    auto predictions = perfect(set);
    predictions[0].file = "elsewhere.jpg";
    EXPECT_THROW((void)make_report(set, predictions, 3, 1), Error);
}

TEST(SvgOf, DrawsEachCurveAndEscapesItsName) {
    const std::string svg = svg_of({"t", "x", "y", 1, 1, {{"a<b", {{0, 0}, {1, 1}, {2, 2}}}}});
    EXPECT_THAT(svg, testing::HasSubstr("a&lt;b"));
    EXPECT_THAT(svg, testing::HasSubstr("M60 356L580 36\""));
}

class SmallRun : public testing::Test {
  protected:
    SmallRun() {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        options_.cache = folder_ / "cache";
        options_.trunk = folder_ / "trunk.safetensors";
        options_.run = folder_ / "run";
        options_.folds = 2;
        options_.epochs = 1;
        options_.batch = 2;
        options_.crop_height = 64;
        options_.crop_width = 64;
        write_file(options_.trunk, encode_weights(random_trunk(TrunkShape{})));
        write_file(options_.cache, collection::encode_training_set(example_set(12, 8, 64)));
    }
    ~SmallRun() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_ =
        std::filesystem::path(testing::TempDir()) /
        ("lucerna-small-run-" +
         std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    TrainOptions options_;
};

TEST_F(SmallRun, LeavesAPackageWhoseHashesHold) {
    options_.stop_after_steps = 2;
    run_train(options_, kQuiet);
    EXPECT_FALSE(std::filesystem::exists(options_.run / "fold-0" / "weights.safetensors"));
    options_.stop_after_steps = 0;
    run_train(options_, kQuiet);
    ExportOptions packing;
    packing.run = options_.run;
    packing.cache = options_.cache;
    packing.package = folder_ / "package";
    run_export(packing, kQuiet);
    const auto manifest =
        nlohmann::json::parse(as_text(read_file(packing.package / "manifest.json")));
    for (const auto& [name, hash] : manifest.at("files").items())
        EXPECT_EQ(nlohmann::json(sha256_of_file(packing.package / name)), hash) << name;
    EXPECT_TRUE(manifest.at("cleared_in").empty());
    // The command in the card is that of this run, not of the one that ships.
    const Bytes card = read_file(packing.package / "MODEL_CARD.md");
    EXPECT_THAT(std::string(as_text(card)),
                testing::HasSubstr("    --epochs 1 --folds 2 --batch 2\n"));
    for (const char* file : {"metrics.json", "out-of-fold.csv", "loss.svg", "roc.svg", "froc.svg"})
        EXPECT_TRUE(std::filesystem::exists(options_.run / file)) << file;
    const auto predictions =
        parse_predictions(as_text(read_file(options_.run / "out-of-fold.csv")));
    EXPECT_EQ(predictions.size(), 12U);
}

TEST_F(SmallRun, RefusesAnExtraCacheWithAPatientOfItsOwn) {
    TrainingSet others = example_set(2, 9, 64);
    others.images[0].record.patient = "elsewhere";
    options_.extra = folder_ / "extra";
    write_file(options_.extra, collection::encode_training_set(others));
    try {
        run_train(options_, kQuiet);
        FAIL() << "took a patient twice";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        EXPECT_THAT(error.what(), testing::HasSubstr("patient-1 (image-1)"));
    }
}

TEST_F(SmallRun, RefusesTheDirectoryOfAnotherRun) {
    options_.stop_after_steps = 1;
    run_train(options_, kQuiet);
    options_.seed = 2;
    try {
        run_train(options_, kQuiet);
        FAIL() << "took over another run's directory";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kConflict);
    }
}

}  // namespace
}  // namespace lucerna::learn
