#include "retrieve/video.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "retrieve/archive_for_test.h"

namespace lucerna::retrieve {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string kSeries = "/dicom-web/studies/1.2.1/series/1.2.1.1";
const std::string kVideo = kSeries + "/instances/1.2.1.1.9";
const std::string kMp4 = "1.2.840.10008.1.2.4.102";

Bytes fragment(std::size_t size, std::uint8_t first) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(first + i * 7);
    return bytes;
}

/// A video of 250 frames in these fragments. Returns the stream.
std::string keep_video(TestArchive& archive, std::vector<Bytes> fragments,
                       const std::string& syntax = kMp4) {
    std::string stream;
    for (const Bytes& one : fragments) stream.append(one.begin(), one.end());
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.1.1"));
    set.set_text(dicom::tags::kSopInstanceUid, "1.2.1.1.9");
    const auto count = static_cast<int>(fragments.size());
    set.set_encapsulated_pixels({.rows = 576,
                                 .columns = 720,
                                 .samples_per_pixel = 3,
                                 .photometric_interpretation = "YBR_PARTIAL_420",
                                 .bits_allocated = 8,
                                 .bits_stored = 8,
                                 .frames = count},
                                std::move(fragments), syntax);
    set.set_text(dicom::tags::kNumberOfFrames, "250");
    archive.store.archive().keep(set.to_part10());
    return stream;
}

TEST(Video, ComesAsOneStreamWhateverItsFragments) {
    const std::vector<std::vector<Bytes>> ways = {
        {fragment(3000, 1)}, {fragment(2, 1), fragment(1'500'000, 2), fragment(70, 3)}};
    for (const auto& fragments : ways) {
        TestArchive archive;
        const std::string stream = keep_video(archive, fragments);
        for (const char* path : {"/frames/1", "/bulkdata/7FE00010", "/rendered"})
            for (const char* accept : {"video/mp4", "video/*", "application/octet-stream",
                                       "video/mp4; transfer-syntax=*"}) {
                const http::Response alone = archive.get(kVideo + path, accept);
                ASSERT_EQ(alone.status, 200) << path << " " << accept;
                EXPECT_EQ(alone.headers.get("Content-Type"),
                          (std::string(accept).starts_with("video") ? "video/mp4"
                                                                    : "application/octet-stream") +
                              ("; transfer-syntax=" + kMp4));
                EXPECT_TRUE(TestArchive::body(alone) == stream) << path;
            }
        for (const char* path : {"/rendered", "/frames/1/rendered"})
            for (const char* accept : {"*/*", "", "video/webm,video/*;q=0.9,*/*;q=0.5"}) {
                const http::Response alone = archive.get(kVideo + path, accept);
                EXPECT_EQ(alone.headers.get("Content-Type"), "video/mp4; transfer-syntax=" + kMp4);
                EXPECT_TRUE(TestArchive::body(alone) == stream) << path << " " << accept;
            }
        const http::Response part = archive.get(kVideo + "/frames/1");
        EXPECT_THAT(part.headers.get_or("Content-Type", ""),
                    HasSubstr("multipart/related; type=\"video/mp4\""));
        const std::string body = TestArchive::body(part);
        EXPECT_THAT(body, HasSubstr(stream));
        EXPECT_THAT(body, HasSubstr("Content-Location: http://localhost" + kVideo + "/frames/1"));
        for (const char* level : {"/bulkdata", "/pixeldata"}) {
            const std::string all =
                archive.text(kVideo + level, "multipart/related; type=\"video/mp4\"");
            EXPECT_THAT(all, HasSubstr(stream));
            EXPECT_THAT(all, HasSubstr("Content-Location: http://localhost" + kVideo +
                                       "/bulkdata/7FE00010\r\n"));
        }
    }
}

// Players ask for it range by range.
TEST(Video, ComesByRanges) {
    TestArchive archive;
    const std::string stream =
        keep_video(archive, {fragment(1000, 1), fragment(1'200'000, 2), fragment(500, 3)});
    for (const auto& [range, from, count] :
         {std::tuple("bytes=0-99", std::size_t{0}, std::size_t{100}),
          {"bytes=990-1009", std::size_t{990}, std::size_t{20}},
          {"bytes=500-1201199", std::size_t{500}, std::size_t{1'200'700}},
          {"bytes=-501", stream.size() - 501, std::size_t{501}}}) {
        const http::Response part =
            archive.get(kVideo + "/bulkdata/7FE00010?accept=video/mp4", "", "", {{"Range", range}});
        EXPECT_EQ(part.status, 206) << range;
        EXPECT_TRUE(TestArchive::body(part) == stream.substr(from, count)) << range;
    }
}

// Of so many it is not held where each begins.
TEST(Video, MayBeInThousandsOfFragments) {
    TestArchive archive;
    std::vector<Bytes> fragments;
    for (std::size_t i = 0; i < 3000; ++i)
        fragments.push_back(
            i % 7 == 3 ? Bytes()
                       : fragment(2 + 2 * (i % 40), static_cast<std::uint8_t>(i % 100 + 1)));
    const std::string stream = keep_video(archive, fragments);
    const std::string path = kVideo + "/bulkdata/7FE00010?accept=video/mp4";
    EXPECT_TRUE(archive.text(path) == stream);
    const http::Pieces pieces =
        video_stream(archive.store.archive(), *archive.store.archive().instance("1.2.1.1.9"));
    ASSERT_EQ(pieces.size, stream.size());
    const auto expect_piece = [&](std::size_t from, std::size_t count) {
        EXPECT_TRUE(as_text(pieces.read(from, count)) == stream.substr(from, count)) << from;
    };
    // From the last to the first, and by leaps.
    for (std::size_t from = stream.size() - 1; from > 5000; from -= 997) expect_piece(from, 1);
    for (std::size_t i = 0; i < 500; ++i) expect_piece(i * 7919 % (stream.size() - 400), i % 400);
    for (std::size_t from = 0; from + 100 < stream.size(); from += 100) expect_piece(from, 100);
}

TEST(Video, IsNoPictureAndHasNoFramesOfItsOwn) {
    TestArchive archive;
    keep_video(archive, {fragment(3000, 1)});
    EXPECT_EQ(archive.status(kVideo + "/frames/2"), 404);
    EXPECT_EQ(archive.status(kVideo + "/frames/1,2"), 404);
    for (const char* path : {"/rendered", "/frames/1", "/bulkdata/7FE00010"}) {
        EXPECT_EQ(archive.status(kVideo + path, "image/jpeg"), 406) << path;
        EXPECT_EQ(archive.status(kVideo + path, "video/mpeg"), 406) << path;
    }
    EXPECT_EQ(archive.status(kVideo + "/thumbnail"), 406);
    EXPECT_EQ(archive.status(kVideo), 200) << "as it is stored";
    const json all = json::parse(archive.text(kVideo + "/metadata"));
    EXPECT_THAT(all[0]["7FE00010"]["BulkDataURI"].get<std::string>(),
                HasSubstr("/bulkdata/7FE00010"));
}

TEST(Video, MayHaveAMediaTypeOfItsOwnBesideThatOfItsContainer) {
    TestArchive archive;
    const std::string stream = keep_video(archive, {fragment(3000, 1)}, "1.2.840.10008.1.2.4.107");
    for (const char* type : {"video/mp4", "video/H265"}) {
        const http::Response alone = archive.get(kVideo + "/frames/1", type);
        EXPECT_EQ(alone.headers.get("Content-Type"),
                  std::string(type) + "; transfer-syntax=1.2.840.10008.1.2.4.107");
        EXPECT_TRUE(TestArchive::body(alone) == stream);
    }
}

TEST(Video, ThatIsDamagedIsSaidToBeBeforeItsHead) {
    TestArchive archive;
    keep_video(archive, {fragment(3'000'000, 1)});
    const std::string object = archive.store.archive().instance("1.2.1.1.9")->object;
    Bytes sealed = archive.store.sealed(object);
    sealed[sealed.size() - 20] ^= 1;
    archive.store.replace(object, sealed);
    EXPECT_EQ(archive.status(kVideo + "/frames/1", "video/mp4"), 500);
    const http::Response rest = archive.get(kSeries + "/pixeldata");
    EXPECT_EQ(rest.status, 206);
    EXPECT_THAT(rest.headers.get_or("Warning", ""), HasSubstr("1.2.1.1.9"));
}

}  // namespace
}  // namespace lucerna::retrieve
