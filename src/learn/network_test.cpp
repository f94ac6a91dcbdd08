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
#include "learn/onnx_export.h"
#include "learn/predict.h"
#include "learn/training.h"
#include "support/shared_data.h"

namespace lucerna::learn {
namespace {

using collection::example_set;

NetworkShape tiny_shape() {
    NetworkShape shape;
    shape.stem = 8;
    shape.fires.assign(6, FireShape{4, 8});
    shape.merged = 16;
    shape.branch = 8;
    return shape;
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
        trunk_ = Network(tiny_shape())->weights();
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

    [[nodiscard]] Training start(const std::string& name) const {
        return Training(plan_, set_, trunk_, tiny_shape(), folder_ / name, torch::kCPU);
    }

    TrainingSet set_ = example_set(8, 21);
    TrainingPlan plan_;
    WeightMap trunk_;
    std::filesystem::path folder_;
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
    trunk_.at("stem.weight").values[0] = std::numeric_limits<float>::quiet_NaN();
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
    EXPECT_THROW(start("run"), Error);
}

TEST(Network, KeepsItsFeaturesWhenEqualised) {
    torch::manual_seed(5);
    Network network(tiny_shape());
    const auto pictures = torch::rand({2, 1, 64, 64}) * 300;
    network->eval();
    const auto shallow_before = network->forward(pictures).presence.detach();
    network->equalise_trunk(pictures);
    const auto shallow_after = network->forward(pictures).presence.detach();
    // The head is linear up to its ReLUs and biases of zero: its input shrank by one factor for
    // each of its two sources, so cells keep their order but for the mix of the two.
    const auto a = shallow_before.flatten() - shallow_before.mean();
    const auto b = shallow_after.flatten() - shallow_after.mean();
    EXPECT_GT(((a * b).sum() / (a.norm() * b.norm())).item<double>(), 0.5);
    EXPECT_LT(shallow_after.abs().max().item<double>(), 20);
}

TEST(Network, NamesALayerThatTheWeightsLack) {
    Network network(tiny_shape());
    WeightMap weights = network->weights();
    weights.erase("fire3.squeeze.bias");
    try {
        network->load_trunk(weights);
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("fire3.squeeze.bias"), std::string::npos);
    }
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

/// Every candidate of the exported network must be a candidate of ours with the same numbers.
void expect_same(Network& network, const torch::Tensor& picture, double tolerance) {
    const torch::NoGradGuard no_gradient;
    network->eval();
    const Decoded ours = decode(network->forward(picture)).at(0);
    const auto theirs = run_onnx(export_onnx(network->weights(), network->shape()), picture);
    ASSERT_EQ(theirs[3].size(), 1U);
    EXPECT_NEAR(static_cast<double>(theirs[3][0]), ours.image_score, tolerance);
    const std::size_t cells = static_cast<std::size_t>(picture.size(2) * picture.size(3)) / 64;
    ASSERT_EQ(theirs[1].size(), std::min<std::size_t>(kCandidates, cells));
    ASSERT_EQ(theirs[0].size(), 4 * theirs[1].size());
    ASSERT_FALSE(ours.candidates.empty());
    for (std::size_t i = 0; i < ours.candidates.size(); ++i) {
        const Candidate& one = ours.candidates[i];
        EXPECT_NEAR(static_cast<double>(theirs[1][i]), one.presence, tolerance) << i;
        // Peaks of nearly the same presence may change places: look for the same box.
        bool found = false;
        for (std::size_t k = 0; k < theirs[1].size(); ++k) {
            const auto close = [&](double theirs_value, double ours_value, double allowed) {
                return std::abs(theirs_value - ours_value) <= allowed;
            };
            const float* box = theirs[0].data() + 4 * k;
            found =
                found || (close(static_cast<double>(box[0]), one.box.left, 100 * tolerance) &&
                          close(static_cast<double>(box[1]), one.box.top, 100 * tolerance) &&
                          close(static_cast<double>(box[2]), one.box.right(), 100 * tolerance) &&
                          close(static_cast<double>(box[3]), one.box.bottom(), 100 * tolerance) &&
                          close(static_cast<double>(theirs[1][k]), one.presence, tolerance) &&
                          close(static_cast<double>(theirs[2][k]), one.suspicion, tolerance));
        }
        EXPECT_TRUE(found) << "candidate " << i << " at " << one.box.left << ", " << one.box.top;
    }
    // What is left over is no peak.
    for (std::size_t i = ours.candidates.size(); i < theirs[1].size(); ++i)
        EXPECT_EQ(theirs[1][i], 0.0F);
}

TEST(ExportOnnx, PutsOutWhatTheNetworkDoes) {
    torch::manual_seed(3);
    Network network(tiny_shape());
    // Fresh heads are nearly constant: louder ones tell a wrong layer apart.
    WeightMap weights = network->weights();
    for (const char* name : {"presence.weight", "malignancy.weight", "distances.weight"})
        for (float& value : weights.at(name).values) value *= 40;
    for (float& value : weights.at("context.weight").values) value = 0.3F;
    network->load_all(weights);
    network->equalise_trunk(torch::rand({1, 1, 96, 160}));
    expect_same(network, torch::rand({1, 1, 96, 160}), 1e-4);
    expect_same(network, torch::rand({1, 1, 32, 32}), 1e-4);
}

TEST(ReadSqueezenet, FillsEveryLayerOfTheTrunk) {
    LUCERNA_NEEDS_SHARED_DATA("weights/squeezenet-imagenet-keras");
    const WeightMap weights =
        read_squeezenet(test::shared_data() / "weights/squeezenet-imagenet-keras" /
                        "squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5");
    Network network;
    network->load_trunk(weights);
    EXPECT_EQ(weights.size(), 2U * 25U);
    EXPECT_EQ(weights.at("stem.weight").shape, (std::vector<std::int64_t>{64, 1, 3, 3}));
    EXPECT_EQ(weights.at("fire9.right.weight").shape, (std::vector<std::int64_t>{256, 64, 3, 3}));
    // ImageNet's features answer to structure: an edge excites the stem, an even grey hardly.
    const auto stem = torch::tensor(weights.at("stem.weight").values).view({64, 9});
    EXPECT_LT(stem.sum(1).abs().median().item<double>(), stem.abs().sum(1).median().item<double>());
}

TEST(ReadSqueezenet, RefusesAnotherFile) {
    const auto path = std::filesystem::path(testing::TempDir()) / "no-weights.h5";
    write_file(path, as_byte_view("text"));
    EXPECT_THROW((void)read_squeezenet(path), Error);
    std::filesystem::remove(path);
}

TEST(FoldGreyInput, EqualsTheColourLayerOnGrey) {
    Weights kernels{{1, 3, 1, 1}, {0.1F, -0.2F, 0.4F}};
    Weights biases{{1}, {0.5F}};
    // grey 0.6 as blue, green and red of 153, less the means.
    const double expected =
        0.1 * (153 - 103.939) - 0.2 * (153 - 116.779) + 0.4 * (153 - 123.68) + 0.5;
    fold_grey_input(kernels, biases);
    EXPECT_NEAR(
        static_cast<double>(kernels.values.at(0)) * 0.6 + static_cast<double>(biases.values.at(0)),
        expected, 1e-4);
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
