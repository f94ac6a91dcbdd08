// Folds, augmentation, targets: all that a network is fed with.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/error.h"
#include "collection/example_set.h"
#include "learn/augment.h"
#include "learn/bend.h"
#include "learn/descriptors.h"
#include "learn/folds.h"
#include "learn/targets.h"

namespace lucerna::learn {
namespace {

using collection::example_set;

TEST(AssignFolds, NeverDividesAPatientAndBalances) {
    TrainingSet set = example_set(90, 2);
    for (std::size_t i = 0; i < set.images.size(); ++i)
        set.images[i].record.patient = "p" + std::to_string(i / 2);
    const std::vector<int> folds = assign_folds(set, 3, 7);
    std::map<std::string, std::set<int>> of_patient;
    std::map<int, int> sizes;
    for (std::size_t i = 0; i < folds.size(); ++i) {
        of_patient[set.images[i].record.patient].insert(folds[i]);
        ++sizes[folds[i]];
    }
    for (const auto& [patient, seen] : of_patient) EXPECT_EQ(seen.size(), 1U) << patient;
    ASSERT_EQ(sizes.size(), 3U);
    for (const auto& [fold, size] : sizes) EXPECT_NEAR(size, 30, 4) << fold;
    EXPECT_EQ(folds, assign_folds(set, 3, 7));
    EXPECT_NE(folds, assign_folds(set, 3, 8));
}

TEST(AssignFolds, RefusesMoreFoldsThanPatients) {
    EXPECT_THROW((void)assign_folds(example_set(2, 1), 3, 1), Error);
}

std::vector<float> developed(const Darkroom& darkroom, const Sample& sample) {
    const auto picture = darkroom.develop({&sample, 1}).contiguous();
    const float* first = picture.data_ptr<float>();
    return {first, first + picture.numel()};
}

TEST(Augment, KeepsTheBoxOnTheLesion) {
    // The example's lesion is the only bright disc: wherever the picture goes, its box must follow.
    const TrainingSet set = example_set(1, 3);
    Augmentation how;
    how.width = 96;
    how.height = 96;
    how.noise = 0;
    how.cut_outs = 0;
    how.elastic = 2;
    int checked = 0;
    const Darkroom darkroom(set, 96, 96, 1, torch::kCPU);
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        const Sample sample = choose_sample(set.images[0], how, Random(seed));
        EXPECT_EQ(sample.label_holds, sample.lesions.size() == 1);
        if (sample.lesions.empty()) continue;
        double sum = 0, x_sum = 0, y_sum = 0;
        const auto picture = developed(darkroom, sample);
        const float highest = *std::max_element(picture.begin(), picture.end());
        for (int y = 0; y < 96; ++y)
            for (int x = 0; x < 96; ++x)
                if (picture[static_cast<std::size_t>(96 * y + x)] > 0.9F * highest) {
                    sum += 1;
                    x_sum += x + 0.5;
                    y_sum += y + 0.5;
                }
        const exam::Box box = sample.lesions[0].box;
        const exam::Box well_inside{0, 0, 96, 96};
        if (!well_inside.contains({box.left, box.top}) ||
            !well_inside.contains({box.right(), box.bottom()}))
            continue;
        ++checked;
        EXPECT_NEAR(x_sum / sum, box.centre().x, 1.5) << seed;
        EXPECT_NEAR(y_sum / sum, box.centre().y, 1.5) << seed;
        EXPECT_NEAR(sum, 3.1416 / 4 * box.area(), 0.25 * box.area()) << seed;
    }
    EXPECT_GE(checked, 10);
}

TEST(Augment, RepeatsWithTheSeed) {
    const TrainingSet set = example_set(1, 3);
    Augmentation how;
    how.width = 64;
    how.height = 64;
    const auto picture = [&](std::uint64_t seed) {
        return developed(Darkroom(set, 64, 64, 1, torch::kCPU),
                         choose_sample(set.images[0], how, Random(seed)));
    };
    EXPECT_EQ(picture(4), picture(4));
    EXPECT_NE(picture(4), picture(5));
}

TEST(Augment, DoesWithoutEachOfItsParts) {
    const TrainingSet set = example_set(1, 3);
    Augmentation how;
    how.width = 64;
    how.height = 64;
    for (const std::string_view part : augmentation_parts()) how = without(how, part);
    // What is left is the middle of the picture as it is: every grey is one of the stored one's.
    const Darkroom darkroom(set, 64, 64, 1, torch::kCPU);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        const Sample sample = choose_sample(set.images[0], how, Random(seed));
        EXPECT_EQ(sample.warp.yy, 1);
        EXPECT_EQ(sample.warp.centre.x, set.images[0].pixels.width / 2.0);
        EXPECT_EQ(sample.warp.centre.y, set.images[0].pixels.height / 2.0);
        EXPECT_TRUE(sample.cut_outs.empty());
        EXPECT_FALSE(sample.blurred);
        const auto picture = developed(darkroom, sample);
        EXPECT_LE(*std::max_element(picture.begin(), picture.end()), 250.0F / 255 + 1e-5F);
    }
    EXPECT_THROW((void)without(how, "colour"), Error);
}

TEST(Augment, PaintsNothingOverALesion) {
    const TrainingSet set = example_set(1, 3);
    Augmentation how;
    how.width = 96;
    how.height = 96;
    how.cut_outs = 8;
    std::size_t painted = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        const Sample sample = choose_sample(set.images[0], how, Random(seed));
        for (const CutOut& cut : sample.cut_outs)
            for (const Lesion& lesion : sample.lesions)
                EXPECT_EQ(exam::overlap(
                              lesion.box,
                              {static_cast<double>(cut.left), static_cast<double>(cut.top),
                               static_cast<double>(cut.width), static_cast<double>(cut.height)}),
                          0);
        painted += sample.cut_outs.size();
    }
    EXPECT_GT(painted, 0U);
}

TEST(Warp, LeadsThereAndBack) {
    const TrainingSet set = example_set(1, 3);
    Augmentation how;
    how.width = 96;
    how.height = 96;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const Warp warp = choose_sample(set.images[0], how, Random(seed)).warp;
        const exam::Point back = warp.to_target(warp.to_source({40, 52}));
        // The shift is taken where the linear part leads: off by its slope times itself.
        EXPECT_NEAR(back.x, 40, 3) << seed;
        EXPECT_NEAR(back.y, 52, 3) << seed;
    }
}

TEST(Descriptors, TakesWhatIsSaidOfOneMassOften) {
    TrainingSet set = example_set(6, 3);
    for (std::size_t i = 0; i < 6; ++i)
        set.images[i].record.subgroups["margins"] = i < 3 ? "ILL_DEFINED-SPICULATED" : "OBSCURED";
    set.images[5].record.subgroups["margins"] = "RARE";
    set.images[4].record.lesions.push_back(set.images[4].record.lesions[0]);
    const Descriptors descriptors(set, {"margins"}, 2);
    EXPECT_EQ(descriptors.names(),
              (std::vector<std::string>{"margins=ILL_DEFINED", "margins=SPICULATED"}));
    EXPECT_EQ(descriptors.of(set.images[0]), (std::vector<float>{1, 1}));
    EXPECT_EQ(descriptors.of(set.images[5]), (std::vector<float>{0, 0}));
    // Two lesions: nobody says which of them is meant.
    EXPECT_TRUE(descriptors.of(set.images[4]).empty());
    EXPECT_EQ(Descriptors().size(), 0U);
}

TEST(MakeTargets, PutsOneAtTheCentreAndTheSidesBeside) {
    const Targets targets = make_targets({{{20, 24, 24, 16}, Pathology::kMalignant}}, 64, 64, 8);
    ASSERT_EQ(targets.presence.size(), 64U);
    // Centre (32, 32) lies in the cell of column 4, row 4, whose middle is (36, 36).
    const std::size_t cell = 4 * 8 + 4;
    EXPECT_FLOAT_EQ(targets.presence[cell], 1);
    EXPECT_EQ(std::count(targets.presence.begin(), targets.presence.end(), 1.0F), 1);
    EXPECT_FLOAT_EQ(targets.distances[cell], static_cast<float>(std::log(16.0 / kDistanceUnit)));
    EXPECT_FLOAT_EQ(targets.distances[64 + cell],
                    static_cast<float>(std::log(12.0 / kDistanceUnit)));
    EXPECT_FLOAT_EQ(targets.distances[128 + cell],
                    static_cast<float>(std::log(8.0 / kDistanceUnit)));
    EXPECT_FLOAT_EQ(targets.distances[192 + cell],
                    static_cast<float>(std::log(4.0 / kDistanceUnit)));
    const auto sum = [](const std::vector<float>& v) {
        return std::accumulate(v.begin(), v.end(), 0.0F);
    };
    EXPECT_NEAR(sum(targets.box_weight), 1, 1e-5);
}

}  // namespace
}  // namespace lucerna::learn
