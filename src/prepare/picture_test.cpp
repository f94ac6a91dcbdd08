#include "prepare/picture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "prepare/steps.h"
#include "prepare/test_breasts.h"

namespace lucerna::prepare {
namespace {

using exam::RefusalReason;
using test::contract;
using test::left_breast;
using test::mirrored;
using test::upturned;

Picture picture_of(exam::Raster<float> pixels, double spacing_mm = 1) {
    Picture picture;
    picture.pixels = std::move(pixels);
    picture.row_spacing_mm = picture.column_spacing_mm = spacing_mm;
    return picture;
}

exam::PreparedView accepted(Picture picture, const exam::InputContract& asked = contract()) {
    auto outcome = prepare_picture(std::move(picture), {}, asked);
    if (const auto* refusal = std::get_if<exam::Refusal>(&outcome)) {
        ADD_FAILURE() << refusal->what;
        return {};
    }
    return std::get<exam::PreparedView>(std::move(outcome));
}

std::optional<RefusalReason> refused(Picture picture,
                                     const exam::InputContract& asked = contract()) {
    const auto outcome = prepare_picture(std::move(picture), {}, asked);
    const auto* refusal = std::get_if<exam::Refusal>(&outcome);
    if (refusal == nullptr) return {};
    EXPECT_FALSE(refusal->what.empty());
    EXPECT_FALSE(refusal->where.empty());
    EXPECT_FALSE(refusal->remedy.empty());
    return refusal->reason;
}

/// A bright spot of 7 x 7 pixels in the breast, more than the brightest half per cent of it.
exam::Raster<float> with_spot(exam::Raster<float> pixels, int x = 30, int y = 80) {
    for (int v = -3; v <= 3; ++v)
        for (int u = -3; u <= 3; ++u) pixels.at(x + u, y + v) = 4000;
    return pixels;
}

/// Middle of what is as bright as can be, in the picture that came in.
exam::Point brightest_stored(const exam::PreparedView& view) {
    double x_sum = 0, y_sum = 0, count = 0;
    for (int y = 0; y < view.pixels.height; ++y)
        for (int x = 0; x < view.pixels.width; ++x)
            if (view.pixels.at(x, y) >= 1) {
                x_sum += x + 0.5;
                y_sum += y + 0.5;
                count += 1;
            }
    return view.placement.to_stored(exam::Point{x_sum / count, y_sum / count});
}

TEST(PreparePicture, LeadsBackToTheStoredPixels) {
    const exam::InputContract sharp = contract();
    const auto pixels = with_spot(left_breast());
    const exam::Point there = brightest_stored(accepted(picture_of(pixels), sharp));
    EXPECT_NEAR(there.x, 30.5, 0.6);
    EXPECT_NEAR(there.y, 80.5, 0.6);
    const exam::Point mirror = brightest_stored(accepted(picture_of(mirrored(pixels)), sharp));
    EXPECT_NEAR(mirror.x, 150 - there.x, 0.6);
    EXPECT_NEAR(mirror.y, there.y, 0.6);
    Picture upset = picture_of(upturned(pixels));
    upset.upside_down = true;
    const exam::Point turned = brightest_stored(accepted(std::move(upset), sharp));
    EXPECT_NEAR(turned.x, there.x, 0.6);
    EXPECT_NEAR(turned.y, 200 - there.y, 0.6);
}

TEST(PreparePicture, PutsTheChestWallOnTheLeft) {
    const auto left = accepted(picture_of(left_breast()));
    const auto right = accepted(picture_of(mirrored(left_breast())));
    EXPECT_EQ(left.pixels.pixels, right.pixels.pixels);
    EXPECT_EQ(left.placement.scale_x, 1);
    EXPECT_EQ(right.placement.scale_x, -1);
}

TEST(PreparePicture, CropsToTheBreastAndPads) {
    const auto view = accepted(picture_of(left_breast()));
    EXPECT_EQ(view.pixels.width, 96);    // 70 mm of breast
    EXPECT_EQ(view.pixels.height, 128);  // 120 mm
    EXPECT_NEAR(view.placement.offset_y, 40, 2);
    EXPECT_NEAR(view.placement.offset_x, 0, 1);
    for (int y = 0; y < view.pixels.height; ++y) EXPECT_EQ(view.pixels.at(95, y), 0);
}

TEST(PreparePicture, HasTheSpacingThatIsAskedFor) {
    exam::InputContract fine = contract();
    fine.spacing_mm = 0.5;
    Picture picture = picture_of(left_breast(0.25), 0.25);
    const auto view = accepted(std::move(picture), fine);
    EXPECT_EQ(view.spacing_mm, 0.5);
    EXPECT_DOUBLE_EQ(view.placement.scale_x, 2);
    EXPECT_EQ(view.pixels.width, 160);
    EXPECT_EQ(view.pixels.height, 256);
}

TEST(PreparePicture, MakesStretchedPixelsSquare) {
    // Every second column left out: pixels twice as wide as high.
    const auto whole = left_breast();
    exam::Raster<float> narrow(75, 200);
    for (int y = 0; y < 200; ++y)
        for (int x = 0; x < 75; ++x) narrow.at(x, y) = whole.at(2 * x, y);
    Picture picture = picture_of(std::move(narrow));
    picture.column_spacing_mm = 2;
    const auto view = accepted(std::move(picture));
    EXPECT_EQ(view.pixels.width, 96);
    EXPECT_EQ(view.pixels.height, 128);
    EXPECT_DOUBLE_EQ(view.placement.scale_x, 0.5);
    EXPECT_DOUBLE_EQ(view.placement.scale_y, 1);
}

TEST(PreparePicture, ValuesGoFromZeroToOneAndAirIsExactlyZero) {
    const auto view = accepted(picture_of(left_breast(1, 200)));
    const auto [low, high] =
        std::minmax_element(view.pixels.pixels.begin(), view.pixels.pixels.end());
    EXPECT_EQ(*low, 0);
    EXPECT_EQ(*high, 1);
    EXPECT_EQ(view.pixels.at(view.pixels.width - 1, 0), 0);
    EXPECT_GT(view.pixels.at(30, 90), view.pixels.at(30, 20));
}

TEST(PreparePicture, DoesNotDependOnTheScaleOfValues) {
    auto other = left_breast();
    for (float& value : other.pixels) value = 3 * value - 500;
    const auto one = accepted(picture_of(left_breast())), two = accepted(picture_of(other));
    ASSERT_EQ(one.pixels.pixels.size(), two.pixels.pixels.size());
    for (std::size_t i = 0; i < one.pixels.pixels.size(); ++i)
        ASSERT_NEAR(one.pixels.pixels[i], two.pixels.pixels[i], 1e-4);
}

TEST(PreparePicture, LeavesNoLabel) {
    auto labelled = left_breast(1, 100);
    // Beside the breast: within its bounding box.
    for (int y = 45; y < 60; ++y)
        for (int x = 50; x < 68; ++x) labelled.at(x, y) = 4000;
    const auto view = accepted(picture_of(labelled));
    const auto plain = accepted(picture_of(left_breast(1, 100)));
    EXPECT_EQ(view.pixels.height, plain.pixels.height);
    EXPECT_EQ(view.pixels.width, plain.pixels.width);
    const exam::Point label = view.placement.to_prepared(exam::Point{59.5, 52.5});
    EXPECT_EQ(view.pixels.at(static_cast<int>(label.x), static_cast<int>(label.y)), 0);
}

TEST(PreparePicture, TakesTheStepsOfTheContractAlone) {
    exam::InputContract some = contract();
    some.steps = {"orient", "segment_breast"};
    const auto view = accepted(picture_of(mirrored(left_breast())), some);
    EXPECT_EQ(view.steps, some.steps);
    EXPECT_EQ(view.pixels.pixels, left_breast().pixels);
}

TEST(PreparePicture, SaysWhichStepsItTook) {
    const auto view = accepted(picture_of(left_breast()));
    const std::vector<std::string> taken{"orient",         "remove_markers", "segment_breast",
                                         "crop_to_breast", "resample",       "normalise"};
    EXPECT_EQ(view.steps, taken);
}

TEST(PreparePicture, RefusesAPictureWithoutABreast) {
    EXPECT_EQ(refused(picture_of(exam::Raster<float>(150, 200, 3))), RefusalReason::kNoBreastFound);
    EXPECT_EQ(refused(picture_of(exam::Raster<float>(1, 1, 3))), RefusalReason::kNoBreastFound);
}

TEST(PreparePicture, RefusesWhenThePixelsContradictTheSide) {
    Picture picture = picture_of(left_breast());
    picture.laterality = exam::Laterality::kRight;
    EXPECT_EQ(refused(picture), RefusalReason::kLateralityContradicted);
    // A header that says that the picture is mirrored explains it.
    picture.chest_wall = ChestWall::kLeft;
    EXPECT_EQ(refused(picture), std::nullopt);
    picture.chest_wall = ChestWall::kRight;
    EXPECT_EQ(refused(picture), RefusalReason::kLateralityContradicted);
}

TEST(PreparePicture, RefusesWhatIsLargerThanTheModelTakes) {
    exam::InputContract small = contract();
    small.max_width = 64;
    small.max_height = 1024;
    EXPECT_EQ(refused(picture_of(left_breast()), small), RefusalReason::kBadPixelDescription);
}

TEST(PreparePicture, ThrowsForAContractThatCannotBeMet) {
    exam::InputContract unknown = contract();
    unknown.steps.push_back("sharpen");
    try {
        (void)prepare_picture(picture_of(left_breast()), {}, unknown);
        FAIL() << "an unknown step was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        EXPECT_NE(std::string(error.what()).find("sharpen"), std::string::npos);
    }
    exam::InputContract nowhere = contract();
    nowhere.spacing_mm = 0;
    EXPECT_THROW((void)prepare_picture(picture_of(left_breast()), {}, nowhere), Error);
    EXPECT_THROW((void)prepare_picture(Picture{}, {}, contract()), Error);
}

TEST(AllSteps, HaveNamesOfTheirOwn) {
    std::set<std::string_view> names;
    for (const Step& step : all_steps()) names.insert(step.name);
    EXPECT_EQ(names.size(), all_steps().size());
    EXPECT_EQ(steps_named(contract().steps).size(), all_steps().size());
}

}  // namespace
}  // namespace lucerna::prepare
