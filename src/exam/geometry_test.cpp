#include "exam/geometry.h"

#include <gtest/gtest.h>

namespace lucerna::exam {
namespace {

TEST(Overlap, IsIntersectionOverUnion) {
    EXPECT_DOUBLE_EQ(overlap({0, 0, 2, 2}, {1, 1, 2, 2}), 1.0 / 7);
    EXPECT_DOUBLE_EQ(overlap({0, 0, 2, 2}, {0, 0, 2, 2}), 1);
    EXPECT_DOUBLE_EQ(overlap({0, 0, 2, 2}, {2, 0, 2, 2}), 0);
    EXPECT_DOUBLE_EQ(overlap({}, {}), 0);
}

TEST(Placement, MirrorsBoxesThereAndBack) {
    const Placement placement{-4, 2, 100, 10};
    const Box stored = placement.to_stored(Box{1, 2, 3, 4});
    EXPECT_EQ(stored, (Box{84, 14, 12, 8}));
    EXPECT_EQ(placement.to_prepared(stored), (Box{1, 2, 3, 4}));
}

TEST(Placement, ChainsInTheOrderOfTheSteps) {
    // A mirror of a picture 100 wide, then a crop that began at column 10 at half the size.
    const Placement crop{2, 2, 10, 0};
    const Placement mirror{-1, 1, 100, 0};
    const Placement both = crop.then(mirror);
    EXPECT_EQ(both.to_stored(Point{5, 5}), mirror.to_stored(crop.to_stored(Point{5, 5})));
    EXPECT_EQ(both.to_stored(Point{5, 5}), (Point{80, 10}));
}

TEST(InscribedEllipse, TouchesTheBox) {
    const auto outline = inscribed_ellipse({10, 20, 40, 20}, 4);
    ASSERT_EQ(outline.size(), 4U);
    EXPECT_NEAR(outline[0].x, 50, 1e-9);
    EXPECT_NEAR(outline[1].y, 40, 1e-9);
    EXPECT_NEAR(outline[2].x, 10, 1e-9);
    EXPECT_NEAR(outline[3].y, 20, 1e-9);
}

}  // namespace
}  // namespace lucerna::exam
