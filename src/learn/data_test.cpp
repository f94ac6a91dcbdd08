// Folds, augmentation, targets: all that a network is fed with.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/error.h"
#include "collection/example_set.h"
#include "learn/augment.h"
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

TEST(Augment, KeepsTheBoxOnTheLesion) {
    // The example's lesion is the only bright disc: wherever the picture goes, its box must follow.
    const TrainingSet set = example_set(1, 3);
    Augmentation how;
    how.width = 96;
    how.height = 96;
    how.noise = 0;
    int checked = 0;
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        const Sample sample = augment(set.images[0], how, Random(seed));
        EXPECT_EQ(sample.label_holds, sample.lesions.size() == 1);
        if (sample.lesions.empty()) continue;
        double sum = 0, x_sum = 0, y_sum = 0;
        const float highest =
            *std::max_element(sample.pixels.pixels.begin(), sample.pixels.pixels.end());
        for (int y = 0; y < 96; ++y)
            for (int x = 0; x < 96; ++x)
                if (sample.pixels.at(x, y) > 0.9F * highest) {
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
    EXPECT_EQ(augment(set.images[0], how, Random(4)).pixels.pixels,
              augment(set.images[0], how, Random(4)).pixels.pixels);
    EXPECT_NE(augment(set.images[0], how, Random(4)).pixels.pixels,
              augment(set.images[0], how, Random(5)).pixels.pixels);
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
