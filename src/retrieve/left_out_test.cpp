#include "retrieve/left_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "retrieve/archive_for_test.h"

namespace lucerna::retrieve {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string kStudy = "/dicom-web/studies/1.2.1";
const std::string kSeries = kStudy + "/series/1.2.1.1";
const std::string kGray = kSeries + "/instances/1.2.1.1.1";
const std::string kBroken = kSeries + "/instances/1.2.1.1.7";
const std::string kMultipart = "multipart/related; type=\"application/dicom\"";

/// One bit of what is sealed is another, so many bytes from its end.
void flip(TestArchive& archive, const std::string& uid, std::size_t from_end = 20) {
    const std::string object = archive.store.archive().instance(uid)->object;
    Bytes sealed = archive.store.sealed(object);
    sealed[sealed.size() - from_end] ^= 1;
    archive.store.replace(object, sealed);
}

/// A JPEG as its sender sent it: no decoder can make anything of it.
void keep_broken_jpeg(TestArchive& archive, const std::string& uid = "1.2.1.1.7") {
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.1.2"));
    set.set_text(dicom::tags::kSopInstanceUid, uid);
    set.set_encapsulated_pixels(
        {.rows = 8, .columns = 16, .bits_allocated = 8, .bits_stored = 8},
        {{0xFF, 0xD8, 0xFF, 0xC0, 0x00, 0x02, 0x4E, 0x4F, 0x54, 0x48, 0x49, 0x4E, 0x47, 0x00}},
        dicom::transfer_syntax::kJpegBaseline);
    archive.store.archive().keep(set.to_part10());
}

void keep_large(TestArchive& archive, const std::string& uid) {
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.1.1"));
    set.set_text(dicom::tags::kSopInstanceUid, uid);
    set.set_pixels({.rows = 1000, .columns = 1500, .bits_stored = 12}, Bytes(3'000'000, 7));
    set.remove(dicom::tags::kNumberOfFrames);
    archive.store.archive().keep(set.to_part10());
}

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
    return found;
}
std::string warning(const http::Response& response) {
    return response.headers.get_or("Warning", "");
}

TEST(LeftOut, OneFlippedBitDoesNotTakeTheOthersAlong) {
    TestArchive archive;
    flip(archive, "1.2.1.1.1");
    for (const std::string& level : {kStudy, kSeries}) {
        const http::Response objects = archive.get(level);
        EXPECT_EQ(objects.status, 206) << level;
        EXPECT_THAT(warning(objects), AllOf(HasSubstr("299 "), HasSubstr("1.2.1.1.1")));
        EXPECT_FALSE(objects.headers.has("ETag")) << "nobody is to take it for the whole";
        EXPECT_EQ(objects.headers.get("Cache-Control"), "no-store");
        const std::string body = TestArchive::body(objects);
        EXPECT_EQ(count(body, "Content-Location: "), level == kStudy ? 3U : 2U);
        EXPECT_THAT(body, Not(HasSubstr("instances/1.2.1.1.1\r\n")));

        const http::Response pictures = archive.get(level + "/rendered");
        EXPECT_EQ(pictures.status, 206) << level;
        EXPECT_THAT(warning(pictures), HasSubstr("1.2.1.1.1"));
        EXPECT_EQ(count(TestArchive::body(pictures), "Content-Type: image/jpeg"), 2U);
        EXPECT_EQ(archive.status(level + "/thumbnail"), 200) << "of the next image";

        // Viewers take 206 for a failure.
        const http::Response metadata = archive.get(level + "/metadata");
        EXPECT_EQ(metadata.status, 200);
        EXPECT_THAT(warning(metadata), HasSubstr("1.2.1.1.1"));
        const json items = json::parse(TestArchive::body(metadata));
        ASSERT_EQ(items.size(), level == kStudy ? 3U : 2U);
        EXPECT_EQ(items[0]["00080018"]["Value"][0], "1.2.1.1.2");
        const http::Response xml =
            archive.get(level + "/metadata", "multipart/related; type=\"application/dicom+xml\"");
        EXPECT_THAT(warning(xml), HasSubstr("1.2.1.1.1"));
        EXPECT_EQ(count(TestArchive::body(xml), "<NativeDicomModel"), items.size());
    }
    EXPECT_EQ(archive.get("/dicom-web/studies/1.2.2").status, 200);
    EXPECT_EQ(warning(archive.get("/dicom-web/studies/1.2.2")), "");
}

TEST(LeftOut, SearchesGiveWhatTheIndexHas) {
    TestArchive archive;
    flip(archive, "1.2.1.1.1");
    const http::Response found = archive.get(kSeries + "/instances?includefield=Manufacturer");
    EXPECT_EQ(found.status, 200);
    EXPECT_THAT(warning(found), AllOf(HasSubstr("includefield"), HasSubstr("1.2.1.1.1")));
    const json rows = json::parse(TestArchive::body(found));
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0]["00080018"]["Value"][0], "1.2.1.1.1");
    EXPECT_FALSE(rows[0].contains("00080070"));
    EXPECT_EQ(rows[1]["00080070"]["Value"][0], "Acme");
}

TEST(LeftOut, OneAloneIsAnErrorOfOursThatNamesObjectAndChunk) {
    TestArchive archive;
    const std::string object = archive.store.archive().instance("1.2.1.1.1")->object;
    flip(archive, "1.2.1.1.1");
    const std::string uri =
        "/wado?requestType=WADO&studyUID=1.2.1&seriesUID=1.2.1.1&objectUID=1.2.1.1.1";
    for (const std::string& path :
         {kGray, kGray + "/metadata", kGray + "/frames/1", kGray + "/frames/1,2",
          kGray + "/rendered", kGray + "/thumbnail", kGray + "/bulkdata/7FE00010", uri,
          uri + "&contentType=application/dicom"}) {
        for (const char* accept : {"", "*/*;q=0.5"}) {
            const http::Response refused = archive.get(path, accept);
            EXPECT_EQ(refused.status, 500) << path;
            EXPECT_THAT(TestArchive::body(refused),
                        AllOf(HasSubstr("instance 1.2.1.1.1"), HasSubstr(object),
                              HasSubstr("chunk 0 is not what was stored")))
                << path;
        }
    }
    EXPECT_EQ(archive.status(kGray, "application/dicom"), 500);
    flip(archive, "1.2.2.1.1");
    for (const char* path : {"", "/metadata", "/rendered", "/thumbnail"})
        EXPECT_EQ(archive.status(std::string("/dicom-web/studies/1.2.2") + path), 500)
            << "nothing of it is left" << path;
}

TEST(LeftOut, WhatCannotBeDecodedComesAsItIsStored) {
    TestArchive archive;
    keep_broken_jpeg(archive);
    const std::string as_stored = "transfer-syntax=1.2.840.10008.1.2.4.50";
    const http::Response alone = archive.get(kBroken, "application/dicom");
    EXPECT_EQ(alone.status, 200);
    EXPECT_EQ(alone.headers.get("Content-Type"), "application/dicom; " + as_stored);
    const Bytes kept = archive.store.archive().object("1.2.1.1.7");
    EXPECT_EQ(TestArchive::body(alone), std::string(kept.begin(), kept.end()));
    EXPECT_EQ(archive.status("/wado?requestType=WADO&studyUID=1.2.1&seriesUID=1.2.1.1&objectUID="
                             "1.2.1.1.7&contentType=application/dicom"),
              200);
    for (const std::string& accept : {std::string(), kMultipart}) {
        const http::Response study = archive.get(kStudy, accept);
        EXPECT_EQ(study.status, 200);
        EXPECT_EQ(warning(study), "");
        const std::string body = TestArchive::body(study);
        EXPECT_EQ(count(body, "Content-Location: "), 5U);
        EXPECT_EQ(count(body, as_stored), 1U) << "the other JPEG is decoded";
    }
    // Who insists on another transfer syntax does not get it.
    const std::string explicitly = "; transfer-syntax=1.2.840.10008.1.2.1";
    const http::Response refused = archive.get(kBroken, "application/dicom" + explicitly);
    EXPECT_EQ(refused.status, 406);
    EXPECT_THAT(
        TestArchive::body(refused),
        AllOf(HasSubstr("as it is stored, in 1.2.840.10008.1.2.4.50"), HasSubstr("damaged")));
    const http::Response rest = archive.get(kStudy, kMultipart + explicitly);
    EXPECT_EQ(rest.status, 206);
    EXPECT_THAT(warning(rest), HasSubstr("1.2.1.1.7"));
    EXPECT_EQ(count(TestArchive::body(rest), "Content-Location: "), 4U);
}

TEST(LeftOut, WhatWasSentMalformedIsNoFaultOfWhoAsksNorOurs) {
    TestArchive archive;
    keep_broken_jpeg(archive);
    for (const char* path : {"/rendered", "/thumbnail", "/frames/1", "/frames/1/rendered"}) {
        const http::Response refused = archive.get(kBroken + path);
        EXPECT_EQ(refused.status, 409) << path;
        EXPECT_THAT(TestArchive::body(refused), HasSubstr("instance 1.2.1.1.7")) << path;
    }
    EXPECT_EQ(archive.status(kBroken + "/frames/1", "image/jpeg"), 200) << "as it is stored";
    EXPECT_EQ(archive.status(kBroken + "/frames/2"), 404);
    EXPECT_EQ(archive.status(kBroken + "/rendered?viewport=9,9,900"), 400) << "whatever it holds";
    EXPECT_EQ(archive.status(kBroken + "/thumbnail?viewport=65535,65535"), 400);
    const http::Response together = archive.get(kSeries + "/rendered");
    EXPECT_EQ(together.status, 206);
    EXPECT_EQ(count(TestArchive::body(together), "Content-Type: image/jpeg"), 3U);
}

TEST(LeftOut, WhatNothingAcceptedCanBeMadeOfIsLeftOut) {
    TestArchive archive;
    const http::Response lossless =
        archive.get(kStudy, kMultipart + "; transfer-syntax=1.2.840.10008.1.2.4.90");
    EXPECT_EQ(lossless.status, 206);
    EXPECT_THAT(warning(lossless), HasSubstr("1.2.1.2.1")) << "the report has no pixels";
    EXPECT_EQ(count(TestArchive::body(lossless), "Content-Location: "), 3U);
    EXPECT_EQ(archive.status(kStudy, kMultipart + "; transfer-syntax=1.2.840.10008.1.2.4.100"),
              406);
}

TEST(LeftOut, LargeObjectsAreReadToTheirEndBeforeTheyAreBegun) {
    TestArchive archive;
    keep_large(archive, "1.2.1.1.8");
    flip(archive, "1.2.1.1.8");
    const std::string large = kSeries + "/instances/1.2.1.1.8";
    const http::Response rest = archive.get(kSeries);
    EXPECT_EQ(rest.status, 206);
    EXPECT_EQ(count(TestArchive::body(rest), "Content-Location: "), 3U);
    for (const auto& [path, accept] :
         {std::pair(large, "application/dicom"),
          {large, "*/*"},
          {large + "/bulkdata/7FE00010", "application/octet-stream"}}) {
        const http::Response refused = archive.get(path, accept);
        EXPECT_EQ(refused.status, 500) << path;
        EXPECT_THAT(TestArchive::body(refused), HasSubstr("is not what was stored"));
    }
    const http::Response front =
        archive.get(large, "application/dicom", "", {{"Range", "bytes=0-999"}});
    EXPECT_EQ(front.status, 206) << "that can be read";
    EXPECT_EQ(TestArchive::body(front).size(), 1000U);
}

/// What a client has got when the answer breaks off.
std::string until_it_breaks(const http::Response& response, const std::string& named) {
    std::string text;
    try {
        for (const auto& next = std::get<http::Stream>(response.body).next;;) {
            const http::Chunk chunk = next();
            text.append(chunk.bytes.begin(), chunk.bytes.end());
            if (chunk.last) break;
        }
        ADD_FAILURE() << "it came to its end";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
        EXPECT_THAT(error.what(), HasSubstr(named));
    }
    return text;
}

TEST(LeftOut, WhatIsSeenTooLateForTheHeadBreaksTheAnswerOffBehindTheOthers) {
    TestArchive archive;
    keep_large(archive, "1.2.1.1.0");
    flip(archive, "1.2.1.1.3");
    const http::Response late = archive.get(kStudy);
    EXPECT_EQ(late.status, 200);
    const std::string rest = until_it_breaks(late, "1.2.1.1.3");
    EXPECT_EQ(count(rest, "Content-Location: "), 4U);
    EXPECT_THAT(rest, HasSubstr("instances/1.2.1.2.1\r\n")) << "it comes behind the broken one";
    EXPECT_THAT(rest.substr(rest.size() - 4), Not(HasSubstr("--"))) << "no end of the parts";
    // Who asks again is told at once.
    const http::Response again = archive.get(kStudy);
    EXPECT_EQ(again.status, 206);
    EXPECT_THAT(warning(again), HasSubstr("1.2.1.1.3"));
    EXPECT_EQ(count(TestArchive::body(again), "Content-Location: "), 4U);
}

TEST(LeftOut, MetadataBreakOffAsWell) {
    TestArchive archive;
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.1.1"));
    set.set_text(dicom::tags::kSopInstanceUid, "1.2.1.1.0");
    // A larger one would be bulk data.
    for (const dicom::Tag tag : {dicom::Tag{0x0040, 0xA160}, dicom::tags::kPatientComments})
        set.set_text(tag, std::string(900'000, 'x'));
    archive.store.archive().keep(set.to_part10());
    flip(archive, "1.2.1.1.3");
    const std::string begun = until_it_breaks(archive.get(kStudy + "/metadata"), "1.2.1.1.3");
    EXPECT_THAT(begun, HasSubstr("\"1.2.1.2.1\""));
    EXPECT_FALSE(json::accept(begun)) << "nobody can take it for all";
    const http::Response again = archive.get(kStudy + "/metadata");
    EXPECT_EQ(again.status, 200);
    EXPECT_THAT(warning(again), HasSubstr("1.2.1.1.3"));
    EXPECT_EQ(json::parse(TestArchive::body(again)).size(), 4U);
}

TEST(LeftOut, WhatGoesOutAsItIsStoredIsReadBeforeTheHeadIsSent) {
    TestArchive archive;
    for (const char* uid : {"1.2.1.1.0", "1.2.1.1.7", "1.2.1.1.8"}) keep_large(archive, uid);
    flip(archive, "1.2.1.1.8");
    flip(archive, "1.2.1.1.2");
    const http::Response rest = archive.get(kStudy, kMultipart + "; transfer-syntax=*");
    EXPECT_EQ(rest.status, 206);
    EXPECT_THAT(warning(rest), AllOf(HasSubstr("1.2.1.1.2"), HasSubstr("1.2.1.1.8")));
    EXPECT_EQ(count(TestArchive::body(rest), "Content-Location: "), 5U);
}

}  // namespace
}  // namespace lucerna::retrieve
