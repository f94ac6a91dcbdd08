#include "collection/cache.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "collection/example_set.h"

namespace lucerna::collection {
namespace {

TEST(TrainingCache, ComesBackAsItWas) {
    TrainingSet set = example_set(3, 1);
    set.refused = {"x.jpg: no breast"};
    set.manifest_sha256 = "abc";
    set.images[1].record.subgroups["density"] = "2";
    set.images[1].placement = {0.5, -0.25, 3, 4};
    const TrainingSet back = decode_training_set(encode_training_set(set));
    ASSERT_EQ(back.images.size(), 3U);
    EXPECT_EQ(back.refused, set.refused);
    EXPECT_EQ(back.manifest_sha256, "abc");
    EXPECT_EQ(back.contract.steps, set.contract.steps);
    EXPECT_EQ(back.contract.spacing_mm, set.contract.spacing_mm);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(back.images[i].pixels.pixels, set.images[i].pixels.pixels);
        EXPECT_EQ(back.images[i].lesions[0].box, set.images[i].lesions[0].box);
        EXPECT_EQ(back.images[i].lesions[0].pathology, set.images[i].lesions[0].pathology);
        EXPECT_EQ(back.images[i].record.view, set.images[i].record.view);
    }
    EXPECT_EQ(back.images[1].record.subgroups.at("density"), "2");
    EXPECT_EQ(back.images[1].placement.scale_y, -0.25);
}

TEST(TrainingCache, UnpacksOnePictureAtATime) {
    const TrainingSet set = example_set(3, 1);
    const CacheReader reader(encode_training_set(set));
    ASSERT_EQ(reader.index().images.size(), 3U);
    EXPECT_TRUE(reader.index().images[2].pixels.pixels.empty());
    EXPECT_EQ(reader.index().images[2].pixels.width, set.images[2].pixels.width);
    EXPECT_EQ(reader.pixels(2).pixels, set.images[2].pixels.pixels);
    EXPECT_EQ(reader.pixels(0).pixels, set.images[0].pixels.pixels);
}

TEST(TrainingCache, KeepsThePromiseOfItsLoss) {
    const TrainingSet set = example_set(1, 1);
    CacheWriter writer(set.contract, 2);
    writer.add(set.images[0]);
    const CacheReader reader(writer.finish("", {}));
    EXPECT_EQ(reader.loss(), 2);
    const auto back = reader.pixels(0);
    for (std::size_t i = 0; i < back.pixels.size(); ++i)
        ASSERT_LE(std::abs(back.pixels[i] - set.images[0].pixels.pixels[i]), 2) << i;
}

TEST(TrainingCache, TakesTextThatIsNotUtf8) {
    TrainingSet set = example_set(1, 1);
    set.images[0].record.subgroups["site"] = "Z\xfcrich";
    const TrainingSet back = decode_training_set(encode_training_set(set));
    EXPECT_EQ(back.images[0].record.subgroups.at("site"), "Z\xef\xbf\xbdrich");
}

ErrorCode code_of(const Bytes& bytes) {
    try {
        (void)decode_training_set(bytes);
    } catch (const Error& error) {
        return error.code();
    }
    return ErrorCode::kInternal;
}

TEST(TrainingCache, NoticesAnyChangedByte) {
    const Bytes good = encode_training_set(example_set(2, 1));
    for (const std::size_t at : {std::size_t{30}, good.size() / 2, good.size() - 1}) {
        Bytes bad = good;
        bad[at] ^= 1;
        EXPECT_EQ(code_of(bad), ErrorCode::kCorrupt) << at;
    }
    EXPECT_EQ(code_of(Bytes(good.begin(), good.end() - 100)), ErrorCode::kCorrupt);
    EXPECT_EQ(code_of(Bytes(200, 0)), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace lucerna::collection
