// Phantoms become one training cache with pictures of another manifest, and their truth stays in
// place.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "collection/cache.h"
#include "collection/collection.h"
#include "dicom/tags.h"
#include "phantom/manifest.h"
#include "phantom/phantom.h"
#include "support/temporary_folder.h"

namespace lucerna {
namespace {

void write_exams(const std::filesystem::path& folder, std::uint64_t seed, int findings) {
    phantom::PhantomOptions options;
    options.seed = seed;
    options.findings = findings;
    options.columns = 450;
    options.rows = 600;
    options.spacing_mm = 0.4;
    const phantom::Exam exam = phantom::make_exam(options);
    const std::string name = "seed-" + std::to_string(seed) + "/";
    std::filesystem::create_directories(folder / name);
    constexpr const char* kNames[] = {"R-CC.dcm", "L-CC.dcm", "R-MLO.dcm", "L-MLO.dcm"};
    for (std::size_t i = 0; i < 4; ++i)
        write_file(folder / name / kNames[i], exam.views[i].to_part10());
    const std::string manifest =
        std::string(phantom::manifest_header()) + phantom::manifest_rows(exam, name);
    write_file(folder / "manifest.csv", as_byte_view(manifest));
}

TEST(PhantomIsACollection, GoesThroughPreparationBesideAnother) {
    const test::TemporaryFolder folder;
    write_exams(folder.path() / "normal", 3, 0);
    write_exams(folder.path() / "lesions", 1, 4);
    collection::PrepareOptions options;
    options.manifests = {folder.path() / "normal" / "manifest.csv",
                         folder.path() / "lesions" / "manifest.csv"};
    options.cache = folder.path() / "cache";
    options.spacing_mm = 0.8;
    collection::run_prepare(options, [](const std::string&) {});
    const auto reader = collection::CacheReader::open(options.cache);
    const collection::TrainingSet& set = reader.index();
    ASSERT_EQ(set.images.size(), 8U);
    std::size_t masses = 0;
    for (const collection::TrainingImage& image : set.images) {
        EXPECT_EQ(image.record.row_spacing_mm, 0.4) << "the header's, not that of film";
        EXPECT_EQ(image.record.subgroups.at("synthetic"), "1");
        const bool normal = image.record.patient == "phantom-3";
        EXPECT_TRUE(!normal || image.lesions.empty());
        masses += image.lesions.size();
        const auto pixels = reader.pixels(static_cast<std::size_t>(&image - set.images.data()));
        for (const collection::Lesion& lesion : image.lesions) {
            const exam::Point centre = lesion.box.centre();
            ASSERT_TRUE(pixels.contains(static_cast<int>(centre.x), static_cast<int>(centre.y)));
            EXPECT_GT(pixels.at(static_cast<int>(centre.x), static_cast<int>(centre.y)), 0);
        }
    }
    EXPECT_GE(masses, 2U);
}

}  // namespace
}  // namespace lucerna
