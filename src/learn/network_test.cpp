// The network, its training and its export, on tiny pictures that are no mammograms.
#include <gtest/gtest.h>
#include <onnxruntime_cxx_api.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "collection/example_set.h"
#include "learn/blend.h"
#include "learn/look.h"
#include "learn/onnx_export.h"
#include "learn/optimiser.h"
#include "learn/predict.h"
#include "learn/training.h"
#include "learn/trunk_for_test.h"

namespace lucerna::learn {
namespace {

using collection::example_set;

NetworkShape tiny_shape() {
    NetworkShape shape;
    shape.trunk.stem = 8;
    shape.trunk.stages = {{3, 1, 1, 8, 1}, {3, 2, 2, 8, 1},  {5, 2, 2, 8, 2}, {3, 2, 2, 8, 1},
                          {5, 1, 2, 8, 1}, {3, 2, 2, 16, 1}, {3, 1, 1, 16, 1}};
    shape.trunk.head = 16;
    shape.merged = 16;
    return shape;
}

WeightMap tiny_trunk() {
    return random_trunk(tiny_shape().trunk);
}

const Progress kQuiet = [](const std::string&) {};

class TinyTraining : public testing::Test {
  protected:
    TinyTraining() {
        folder_ = std::filesystem::path(testing::TempDir()) /
                  ("lucerna-training-" +
                   std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
        std::filesystem::remove_all(folder_);
        torch::set_num_threads(1);
        torch::manual_seed(11);
        trunk_ = tiny_trunk();
        plan_.name = "tiny";
        plan_.images = {0, 1, 2, 3, 4, 5, 6, 7};
        plan_.epochs = 15;
        plan_.batch = 4;
        plan_.head_rate = 3e-3;
        plan_.trunk_rate = 1e-3;
        plan_.augmentation.width = 96;
        plan_.augmentation.height = 96;
    }
    ~TinyTraining() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] Training start(const std::string& name) {
        return Training(plan_, set_, trunk_, tiny_shape(), folder_ / name, torch::kCPU, team_);
    }

    TrainingSet set_ = example_set(8, 21);
    TrainingPlan plan_;
    WeightMap trunk_;
    std::filesystem::path folder_;
    Team team_;
};

double largest_difference(const WeightMap& a, const WeightMap& b) {
    double largest = 0;
    for (const auto& [name, weights] : a)
        for (std::size_t i = 0; i < weights.values.size(); ++i)
            largest = std::max(
                largest, static_cast<double>(std::abs(weights.values[i] - b.at(name).values[i])));
    return largest;
}

TEST_F(TinyTraining, LowersTheLoss) {
    plan_.epochs = 40;
    Training training = start("run");
    std::vector<double> losses;
    while (!training.finished()) losses.push_back(training.take_step(kQuiet));
    const auto mean = [](auto from, auto to) {
        return std::accumulate(from, to, 0.0) / static_cast<double>(to - from);
    };
    EXPECT_LT(mean(losses.end() - 6, losses.end()),
              0.75 * mean(losses.begin(), losses.begin() + 6));
}

TEST_F(TinyTraining, GoesOnFromItsCheckpointAsIfUnbroken) {
    plan_.checkpoint_every = 4;
    WeightMap unbroken;
    {
        Training training = start("unbroken");
        for (int i = 0; i < 10; ++i) (void)training.take_step(kQuiet);
        unbroken = training.averaged()->weights();
    }
    {
        Training killed = start("broken");
        for (int i = 0; i < 6; ++i) (void)killed.take_step(kQuiet);
    }
    Training resumed = start("broken");
    EXPECT_EQ(resumed.step(), 4);
    while (resumed.step() < 10) (void)resumed.take_step(kQuiet);
    EXPECT_LT(largest_difference(unbroken, resumed.averaged()->weights()), 1e-6);
    resumed.save();
    const Bytes log = read_file(folder_ / "broken" / "log.csv");
    EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 11) << as_text(log);
}

TEST_F(TinyTraining, NamesTheStepWhoseLossIsNoNumber) {
    plan_.checkpoint_every = 1;
    trunk_.at("head.weight").values[0] = std::numeric_limits<float>::quiet_NaN();
    Training training = start("run");
    try {
        (void)training.take_step(kQuiet);
        FAIL() << "took the step";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInternal);
        EXPECT_NE(std::string(error.what()).find("step 0"), std::string::npos) << error.what();
    }
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run" / "checkpoint.pt"));
}

TEST_F(TinyTraining, RefusesADamagedCheckpoint) {
    std::filesystem::create_directories(folder_ / "run");
    write_file(folder_ / "run" / "checkpoint.pt", as_byte_view("no archive"));
    EXPECT_THROW((void)start("run"), Error);
}

TEST(Trunk, NormalisesAsItsFileSays) {
    torch::manual_seed(5);
    Trunk trunk(tiny_shape().trunk, tiny_shape().trunk.stages.size());
    const WeightMap file = tiny_trunk();
    trunk->adopt(file);
    const torch::NoGradGuard no_gradient;
    const auto grey = torch::full({1, 1, 8, 8}, 0.75);
    Unit stem = trunk->layers().front().unit;
    const auto out = stem->forward(grey);
    // Away from the edge: gain (sum of the filter x 0.75 - mean) / sqrt(variance + 0.001) + offset.
    const auto& filter = file.at("stem.weight").values;
    double sum = 0;
    for (int i = 0; i < 9; ++i) sum += static_cast<double>(filter[static_cast<std::size_t>(i)]);
    EXPECT_NEAR(out[0][0][1][1].item<double>(), (0.75 * sum - 0.2) / std::sqrt(0.501) + 0.1, 1e-4);
}

TEST(Trunk, NamesALayerThatTheFileLacks) {
    Trunk trunk(tiny_shape().trunk, tiny_shape().trunk.stages.size());
    WeightMap file = tiny_trunk();
    file.erase("stage3_block1_expand.gain");
    try {
        trunk->adopt(file);
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("stage3_block1_expand.gain"), std::string::npos);
    }
}

TEST(TrunkShapeOf, ReadsWidthsAndBlocksOffTheFile) {
    const TrunkShape lite2{32,
                           {{3, 1, 1, 16, 1},
                            {3, 2, 6, 24, 3},
                            {5, 2, 6, 48, 3},
                            {3, 2, 6, 88, 4},
                            {5, 1, 6, 120, 4},
                            {5, 2, 6, 208, 5},
                            {3, 1, 6, 352, 1}},
                           1280};
    for (const TrunkShape& shape : {lite2, TrunkShape{}}) {
        const TrunkShape read = trunk_shape_of(random_trunk(shape), "");
        EXPECT_EQ(read.stem, shape.stem);
        EXPECT_EQ(read.head, shape.head);
        ASSERT_EQ(read.stages.size(), shape.stages.size());
        for (std::size_t i = 0; i < read.stages.size(); ++i) {
            EXPECT_EQ(read.stages[i].kernel, shape.stages[i].kernel) << i;
            EXPECT_EQ(read.stages[i].stride, shape.stages[i].stride) << i;
            EXPECT_EQ(read.stages[i].expand, shape.stages[i].expand) << i;
            EXPECT_EQ(read.stages[i].width, shape.stages[i].width) << i;
            EXPECT_EQ(read.stages[i].blocks, shape.stages[i].blocks) << i;
        }
    }
    WeightMap without_a_stage = random_trunk(lite2);
    without_a_stage.erase("stage5_block1_depthwise.weight");
    EXPECT_THROW((void)trunk_shape_of(without_a_stage, ""), Error);
}

TEST(Optimiser, StepsAsLibtorchsOwnAdamW) {
    torch::manual_seed(3);
    const auto start = torch::randn({3, 4});
    auto ours = start.clone().set_requires_grad(true);
    auto theirs = start.clone().set_requires_grad(true);
    Optimiser optimiser({{ours}}, 0.05);
    torch::optim::AdamW reference({theirs}, torch::optim::AdamWOptions(0.01).weight_decay(0.05));
    for (int step = 0; step < 20; ++step) {
        optimiser.clear_gradients();
        reference.zero_grad();
        ours.pow(4).sum().backward();
        theirs.pow(4).sum().backward();
        optimiser.step({0.01});
        reference.step();
    }
    EXPECT_LT((ours - theirs).abs().max().item<double>(), 1e-6);
    EXPECT_GT((ours - start).abs().max().item<double>(), 0.1);
}

TEST(LooksAt, TakesASquareAroundTheBox) {
    // Grey that grows with x, and a box whose look is exactly the left half of the picture.
    const auto row = torch::arange(0, 640, torch::kFloat) / 640;
    const auto picture = row.view({1, 1, 640}).expand({1, 320, 640}).contiguous();
    const auto looks = looks_at(picture, {{80, 80, 160, 40}, {-400, -400, 10, 10}});
    ASSERT_EQ(looks.sizes(), (std::vector<std::int64_t>{2, 1, kLookSize, kLookSize}));
    const auto middle = looks[0][0][kLookSize / 2];
    EXPECT_NEAR(middle[0].item<double>(), 0.5 / 640, 1e-4);
    EXPECT_NEAR(middle[kLookSize - 1].item<double>(), (2 * kLookSize - 1.5) / 640, 1e-4);
    EXPECT_EQ(looks[1].abs().max().item<double>(), 0);
}

TEST(MakeLookBatch, SaysWhatIsAMassAndWhatIsNot) {
    const TrainingSet set = example_set(2, 21);
    std::vector<Sample> samples;
    for (const TrainingImage& image : set.images) {
        Sample sample;
        sample.image = &image;
        sample.width = 96;
        sample.height = 96;
        sample.lesions = image.lesions;
        samples.push_back(sample);
    }
    const exam::Box mass = samples[0].lesions[0].box;
    const exam::Box other{mass.left > 48 ? 0.0 : 88.0, mass.top > 48 ? 0.0 : 88.0, 8, 8};
    const std::vector<std::vector<Place>> places{{{mass, 2}, {other, 1}}, {}};
    const LookBatch batch =
        make_look_batch(samples, torch::rand({2, 1, 96, 96}), places, {1, 1, 0}, {});
    const auto values = [](const torch::Tensor& t) {
        return std::vector<float>(t.data_ptr<float>(), t.data_ptr<float>() + t.numel());
    };
    // The first picture's lesion, its mistaken place (not the one that is right), then the
    // second's.
    EXPECT_EQ(values(batch.mass), (std::vector<float>{1, 0, 1}));
    EXPECT_EQ(values(batch.malignant), (std::vector<float>{1, 0, 0}));
    EXPECT_EQ(values(batch.malignant_weight), (std::vector<float>{1, 0, 1}));
    EXPECT_EQ(batch.looks.size(0), 3);
}

/// Runs the model on one picture: boxes, presence, suspicion, image_score.
std::array<std::vector<float>, 4> run_onnx(const Bytes& model, torch::Tensor picture) {
    Ort::Env environment(ORT_LOGGING_LEVEL_ERROR);
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(1);
    Ort::Session session(environment, model.data(), model.size(), options);
    const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    const std::vector<std::int64_t> shape = picture.sizes().vec();
    const Ort::Value input = Ort::Value::CreateTensor<float>(
        memory, picture.data_ptr<float>(), static_cast<std::size_t>(picture.numel()), shape.data(),
        shape.size());
    const std::array<const char*, 1> inputs{"image"};
    const std::array<const char*, 4> outputs{"boxes", "presence", "suspicion", "image_score"};
    auto values = session.Run(Ort::RunOptions{nullptr}, inputs.data(), &input, 1, outputs.data(),
                              outputs.size());
    std::array<std::vector<float>, 4> result;
    for (std::size_t i = 0; i < 4; ++i) {
        const float* first = values[i].GetTensorData<float>();
        result[i].assign(first, first + values[i].GetTensorTypeAndShapeInfo().GetElementCount());
    }
    return result;
}

/// What the exported network puts out must be what ours says of the same picture.
void expect_same(Network& network, const torch::Tensor& picture, double tolerance) {
    const Blend blend{0.7, 0.4, -0.2, 0.8, 0.1, 0.3, 0.6, 0.2, 0.1};
    const Prediction ours = blended(read_pictures(network, picture).at(0), blend);
    const auto theirs = run_onnx(export_onnx(network->weights(), network->shape(), blend), picture);
    ASSERT_EQ(theirs[3].size(), 1U);
    EXPECT_NEAR(static_cast<double>(theirs[3][0]), ours.image_score, tolerance);
    const auto cells =
        static_cast<std::size_t>(picture.size(2) * picture.size(3)) / (kStride * kStride);
    ASSERT_EQ(theirs[1].size(), std::min<std::size_t>(kCandidates, cells));
    ASSERT_EQ(theirs[0].size(), 4 * theirs[1].size());
    ASSERT_FALSE(ours.candidates.empty());
    for (std::size_t i = 0; i < ours.candidates.size(); ++i) {
        const Candidate& one = ours.candidates[i];
        const float* box = theirs[0].data() + 4 * i;
        EXPECT_NEAR(static_cast<double>(theirs[1][i]), one.presence, tolerance) << i;
        EXPECT_NEAR(static_cast<double>(theirs[2][i]), one.suspicion, tolerance) << i;
        EXPECT_NEAR(static_cast<double>(box[0]), one.box.left, 100 * tolerance) << i;
        EXPECT_NEAR(static_cast<double>(box[1]), one.box.top, 100 * tolerance) << i;
        EXPECT_NEAR(static_cast<double>(box[2]), one.box.right(), 100 * tolerance) << i;
        EXPECT_NEAR(static_cast<double>(box[3]), one.box.bottom(), 100 * tolerance) << i;
    }
    // What is left over is no peak.
    for (std::size_t i = ours.candidates.size(); i < theirs[1].size(); ++i)
        EXPECT_EQ(theirs[1][i], 0.0F);
}

TEST(ExportOnnx, PutsOutWhatTheNetworkDoes) {
    torch::manual_seed(3);
    Network network(tiny_shape());
    network->adopt_trunk(tiny_trunk());
    // Fresh heads are nearly constant: louder ones tell a wrong layer apart, as far as what the
    // kernels of one processor and another differ by is not louder, too.
    WeightMap weights = network->weights();
    for (const char* name : {"presence.weight", "distances.weight", "opinion.weight"})
        for (float& value : weights.at(name).values) value *= 25;
    for (float& value : weights.at("context.weight").values) value *= 10;
    network->load_all(weights);
    // Smooth, as mammograms are: in white noise the last digit of a sample's place would show.
    const auto smooth = [](std::int64_t rows, std::int64_t columns) {
        return torch::upsample_bilinear2d(torch::rand({1, 1, rows / 16, columns / 16}),
                                          {rows, columns}, false);
    };
    expect_same(network, smooth(192, 320), 1e-4);
    expect_same(network, smooth(32, 32), 1e-4);
}

TEST(ExportOnnx, NamesALayerThatTheWeightsLack) {
    WeightMap weights = Network(tiny_shape())->weights();
    weights.erase("judge.stem.scale");
    try {
        (void)export_onnx(weights, tiny_shape(), {});
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("judge.stem.scale"), std::string::npos);
    }
}

TEST(FitBlend, FindsThePartThatKnows) {
    // The judge knows which place is the mass, the context which image is malignant.
    TrainingSet set = example_set(60, 5);
    std::vector<RawPrediction> raw;
    Random random(9);
    for (const TrainingImage& image : set.images) {
        RawPrediction one;
        one.file = image.record.file;
        one.context = (image.record.malignant ? 1.0 : -1.0) + random.normal();
        one.candidates.push_back(
            {image.record.lesions[0].box, random.normal(), 2 + random.normal(), random.normal()});
        one.candidates.push_back({{0, 0, 1, 1}, random.normal(), -2 + random.normal(), 0});
        raw.push_back(one);
    }
    const Blend blend = fit_blend(set, raw);
    EXPECT_GT(blend.looked, 1);
    EXPECT_LT(std::abs(blend.found), 0.6);
    EXPECT_GT(blend.context, 1);
    EXPECT_LT(std::abs(blend.mean), 0.8);
}

TEST(FitBlend, TakesBackWhatTheJudgeIsTooSureOf) {
    // It says odds of e^4 to 1 either way and is wrong once in five times: it should say 4 to 1.
    const TrainingSet set = example_set(200, 5);
    std::vector<RawPrediction> raw;
    for (std::size_t i = 0; i < set.images.size(); ++i) {
        RawPrediction one;
        one.file = set.images[i].record.file;
        const bool wrong = i % 10 < 2;
        const double said = set.images[i].record.malignant != wrong ? 4 : -4;
        one.candidates.push_back({set.images[i].record.lesions[0].box, 3, 3, said});
        one.candidates.push_back({{0, 0, 1, 1}, -3, -3, 9});
        raw.push_back(one);
    }
    const Blend blend = fit_blend(set, raw);
    EXPECT_NEAR(4 * blend.malignancy, std::log(4), 0.05);
    EXPECT_NEAR(blend.malignancy_bias, 0, 0.02);
}

TEST(FitLogistic, RecoversTheWeightsOfALargeSample) {
    Random random(3);
    std::vector<std::vector<double>> rows;
    std::vector<bool> outcomes;
    for (int i = 0; i < 20000; ++i) {
        rows.push_back({random.normal(), random.normal()});
        const double p = 1 / (1 + std::exp(-(1.5 * rows.back()[0] - 0.5 * rows.back()[1] + 0.3)));
        outcomes.push_back(random.uniform() < p);
    }
    const std::vector<double> weights = fit_logistic(rows, outcomes, 0);
    EXPECT_NEAR(weights[0], 1.5, 0.1);
    EXPECT_NEAR(weights[1], -0.5, 0.1);
    EXPECT_NEAR(weights[2], 0.3, 0.1);
}

TEST(WeightsFile, ComesBackAndRefusesDamage) {
    const WeightMap weights{{"a.weight", {{2, 1}, {1.5F, -2.0F}}}, {"b", {{1}, {0.25F}}}};
    Bytes bytes = encode_weights(weights);
    const WeightMap back = decode_weights(bytes);
    EXPECT_EQ(back.at("a.weight").shape, weights.at("a.weight").shape);
    EXPECT_EQ(back.at("a.weight").values, weights.at("a.weight").values);
    EXPECT_EQ(back.at("b").values, weights.at("b").values);
    bytes.pop_back();
    EXPECT_THROW((void)decode_weights(bytes), Error);
    EXPECT_THROW((void)decode_weights(Bytes(4, 0)), Error);
}

}  // namespace
}  // namespace lucerna::learn
