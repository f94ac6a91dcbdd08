#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "collection/cache.h"
#include "collection/collection.h"
#include "collection/manifest.h"
#include "support/shared_data.h"

namespace lucerna::collection {
namespace {

TEST(RunPrepare, CarriesBoxesOfRealFilmsIntoPreparedPixels) {
    LUCERNA_NEEDS_SHARED_DATA("cbis-ddsm-mass");
    const auto source = test::shared_data() / "cbis-ddsm-mass";
    const auto folder = std::filesystem::path(testing::TempDir()) / "lucerna-run-prepare";
    std::filesystem::create_directories(folder / "train");
    const std::string all(as_text(read_file(source / "manifest.csv")));
    std::size_t end = 0;
    for (int line = 0; line < 5; ++line) end = all.find('\n', end) + 1;
    write_file(folder / "manifest.csv", as_byte_view(all.substr(0, end)));
    for (const ImageRecord& record : parse_manifest(all.substr(0, end)))
        std::filesystem::copy_file(source / record.file, folder / record.file,
                                   std::filesystem::copy_options::overwrite_existing);
    PrepareOptions options;
    options.manifests = {folder / "manifest.csv"};
    options.cache = folder / "cache";
    run_prepare(options, [](const std::string&) {});
    const TrainingSet set = decode_training_set(read_file(options.cache));
    ASSERT_GE(set.images.size(), 3U);
    for (const TrainingImage& image : set.images) {
        EXPECT_EQ(image.pixels.width % 32, 0);
        const exam::Box back = image.placement.to_stored(image.lesions.at(0).box);
        EXPECT_NEAR(back.left, image.record.lesions[0].box.left, 1e-6);
        EXPECT_NEAR(back.height, image.record.lesions[0].box.height, 1e-6);
        const exam::Point centre = image.lesions[0].box.centre();
        EXPECT_GT(image.pixels.at(static_cast<int>(centre.x), static_cast<int>(centre.y)), 0);
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace lucerna::collection
