#include "retrieve/wado.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <tuple>
#include <variant>

#include "dicom/frames.h"
#include "http/server.h"
#include "retrieve/archive_for_test.h"
#include "retrieve/frames.h"
#include "store/instance_revision.h"
#include "support/http_client.h"

namespace lucerna::retrieve {
namespace {

using nlohmann::json;

const std::string kSeries = "/dicom-web/studies/1.2.1/series/1.2.1.1";
const std::string kGray = kSeries + "/instances/1.2.1.1.1";
const std::string kJpeg = kSeries + "/instances/1.2.1.1.2";
const std::string kImplicitOne = kSeries + "/instances/1.2.1.1.3";
const std::string kReport = "/dicom-web/studies/1.2.1/series/1.2.1.2/instances/1.2.1.2.1";
const std::string kAny = "; transfer-syntax=*";

dicom::DataSet parsed(const std::string& file) {
    return dicom::DataSet::parse(as_byte_view(file));
}

TEST(Wado, SendsTheObjectsOfAStudyOneByOne) {
    TestArchive archive;
    const auto parts = parts_of(archive.get("/dicom-web/studies/1.2.1"));
    ASSERT_EQ(parts.size(), 4U);
    for (const PartRead& part : parts) {
        EXPECT_NE(part.head.find("Content-Type: application/dicom; transfer-syntax="
                                 "1.2.840.10008.1.2.1"),
                  std::string::npos);
        EXPECT_EQ(parsed(part.body).transfer_syntax_uid(), "1.2.840.10008.1.2.1");
    }
    EXPECT_EQ(dicom::decode_frame(parsed(parts[1].body), 0).samples.size(), 128U);
    EXPECT_EQ(parts_of(archive.get(kSeries)).size(), 3U);
    EXPECT_EQ(parts_of(archive.get(kGray)).size(), 1U);
}

TEST(Wado, SendsObjectsAsStoredWhereTheClientTakesThem) {
    TestArchive archive;
    const auto parts =
        parts_of(archive.get(kSeries, "multipart/related; type=\"application/dicom\"" + kAny));
    ASSERT_EQ(parts.size(), 3U);
    for (const auto& [part, uid] :
         {std::pair(parts[0], "1.2.1.1.1"), {parts[1], "1.2.1.1.2"}, {parts[2], "1.2.1.1.3"}}) {
        const Bytes kept = archive.store.archive().object(uid);
        EXPECT_EQ(part.body, std::string(kept.begin(), kept.end()));
    }
    const http::Response alone = archive.get(kJpeg, "application/dicom" + kAny);
    EXPECT_EQ(alone.headers.get("Content-Type"),
              "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50");
    EXPECT_EQ(parsed(TestArchive::body(alone)).transfer_syntax_uid(), "1.2.840.10008.1.2.4.50");
}

TEST(Wado, SaysWhatThereIsWhereNothingIsAcceptable) {
    TestArchive archive;
    const http::Response refused =
        archive.get(kJpeg, "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.91");
    EXPECT_EQ(refused.status, 406);
    EXPECT_NE(TestArchive::body(refused).find("1.2.840.10008.1.2.4.50"), std::string::npos);
    EXPECT_EQ(archive.status(kSeries, "application/dicom"), 406);
    EXPECT_EQ(archive.status(kGray + "/frames/1", "image/jxl"), 406);
    EXPECT_EQ(archive.status(kGray + "/rendered", "image/webp"), 406);
    EXPECT_EQ(archive.status(kGray + "/metadata", "application/dicom+xml"), 406);
    EXPECT_EQ(archive.status(kGray, "nonsense"), 400);
}

TEST(Wado, KnowsOnlyWhatLiesWhereItIsAskedFor) {
    TestArchive archive;
    for (const char* tail :
         {"", "/metadata", "/frames/1", "/rendered", "/thumbnail", "/bulkdata/7FE00010"}) {
        const std::string end(tail);
        EXPECT_EQ(archive.status(kSeries + "/instances/1.2.9" + end), 404) << tail;
        EXPECT_EQ(
            archive.status("/dicom-web/studies/1.2.2/series/1.2.1.1/instances/1.2.1.1.1" + end),
            404)
            << tail;
        EXPECT_EQ(archive.status(kSeries + "/instances/1..2" + end), 400) << tail;
    }
    EXPECT_EQ(archive.status("/dicom-web/studies/1.2.3"), 404);
    EXPECT_EQ(archive.status("/dicom-web/studies/1.2.1/series/1.2.2.1"), 404);
}

TEST(Wado, GivesMetadataWithoutPixels) {
    TestArchive archive;
    EXPECT_EQ(json::parse(archive.text("/dicom-web/studies/1.2.1/metadata")).size(), 4U);
    EXPECT_EQ(json::parse(archive.text(kSeries + "/metadata")).size(), 3U);
    const json gray = json::parse(archive.text(kGray + "/metadata"))[0];
    EXPECT_EQ(gray["00280010"]["Value"][0], 2);
    EXPECT_EQ(gray["00083002"]["Value"][0], "1.2.840.10008.1.2.1");
    // PS3.18 F.2.2.
    const std::string in_order = archive.text(kGray + "/metadata");
    EXPECT_LT(in_order.find("00080018"), in_order.find("00083002"));
    EXPECT_LT(in_order.find("00083002"), in_order.find("00100010"));
    const std::string uri = gray["7FE00010"]["BulkDataURI"];
    ASSERT_EQ(uri.find("http://localhost/"), 0U);
    EXPECT_EQ(
        archive.text(uri.substr(16)),
        TestArchive::frame_bytes(1) + TestArchive::frame_bytes(2) + TestArchive::frame_bytes(3));
    const json compressed = json::parse(archive.text(kJpeg + "/metadata"))[0];
    const std::string frames = compressed["7FE00010"]["BulkDataURI"];
    EXPECT_EQ(compressed["7FE00010"]["vr"], "OB");
    EXPECT_EQ(parts_of(archive.get(frames.substr(16))).size(), 1U);
    EXPECT_FALSE(json::parse(archive.text(kReport + "/metadata"))[0].contains("7FE00010"));
}

TEST(Wado, SendsFramesInTheOrderAskedFor) {
    TestArchive archive;
    const auto parts = parts_of(archive.get(kGray + "/frames/3,1"));
    ASSERT_EQ(parts.size(), 2U);
    EXPECT_EQ(parts[0].body, TestArchive::frame_bytes(3));
    EXPECT_EQ(parts[1].body, TestArchive::frame_bytes(1));
    EXPECT_NE(parts[0].head.find("/frames/3"), std::string::npos);
    EXPECT_EQ(archive.text(kGray + "/frames/2", "application/octet-stream"),
              TestArchive::frame_bytes(2));
    EXPECT_EQ(archive.text(kImplicitOne + "/frames/1", "application/octet-stream"),
              TestArchive::frame_bytes(1));
}

TEST(Wado, SendsCompressedFramesDecodedOrAsStored) {
    TestArchive archive;
    const auto decoded = parts_of(archive.get(kJpeg + "/frames/1"));
    ASSERT_EQ(decoded.size(), 1U);
    EXPECT_EQ(decoded[0].body.size(), 128U);
    const auto cornerstone = parts_of(
        archive.get(kJpeg + "/frames/1",
                    "multipart/related; type=application/octet-stream; transfer-syntax=*"));
    EXPECT_EQ(cornerstone[0].body.substr(0, 2), "\xFF\xD8");
    EXPECT_NE(cornerstone[0].head.find("transfer-syntax=1.2.840.10008.1.2.4.50"),
              std::string::npos);
    const http::Response jpeg = archive.get(kJpeg + "/frames/1", "image/jpeg");
    EXPECT_EQ(jpeg.headers.get("Content-Type"),
              "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50");
    EXPECT_EQ(TestArchive::body(jpeg).substr(0, 2), "\xFF\xD8");
}

TEST(Wado, RefusesFramesThatAreNotThere) {
    TestArchive archive;
    EXPECT_EQ(archive.status(kGray + "/frames/4"), 404);
    EXPECT_EQ(archive.status(kGray + "/frames/1,4"), 404);
    EXPECT_EQ(archive.status(kReport + "/frames/1"), 404);
    for (const char* list : {"0", "-1", "x", "1,", ",1", "1,,2", "1.5", "99999999999"})
        EXPECT_EQ(archive.status(kGray + "/frames/" + list), 400) << list;
    EXPECT_THROW((void)parse_frame_list(std::string(40'000, '1')), Error);
    for (const char* twice : {"1,1", "1,2,3,2", "5,01,1"})
        EXPECT_THROW((void)parse_frame_list(twice), Error) << twice;
    EXPECT_EQ(parse_frame_list("3,1,2"), (std::vector{3, 1, 2})) << "in any order";
}

// PS3.18 Table 8.7.3-3.
TEST(Wado, GivesMetadataInXmlAsWell) {
    TestArchive archive;
    const std::string xml = "multipart/related; type=\"application/dicom+xml\"";
    const http::Response all = archive.get("/dicom-web/studies/1.2.1/metadata", xml);
    EXPECT_EQ(all.status, 200);
    EXPECT_TRUE(all.headers.get_or("Content-Type", "").starts_with(xml));
    const std::string body = TestArchive::body(all);
    EXPECT_NE(body.find("<NativeDicomModel"), std::string::npos);
    EXPECT_NE(body.find("BulkData"), std::string::npos);
    for (const char* uid : {"1.2.1.1.1", "1.2.1.1.2", "1.2.1.1.3", "1.2.1.2.1"})
        EXPECT_NE(body.find(">" + std::string(uid) + "<"), std::string::npos) << uid;
    const std::string etag = all.headers.get_or("ETag", "");
    EXPECT_EQ(archive.get("/dicom-web/studies/1.2.1/metadata", xml, etag).status, 304);
    EXPECT_EQ(archive.get("/dicom-web/studies/1.2.1/metadata", "", etag).status, 200);
    const http::Response found = archive.get("/dicom-web/studies", xml);
    EXPECT_EQ(found.status, 200);
    EXPECT_NE(TestArchive::body(found).find(">1.2.2<"), std::string::npos);
    EXPECT_EQ(archive.status("/dicom-web/studies?PatientID=none", xml), 204);
    EXPECT_EQ(archive.status("/dicom-web/studies", "text/html"), 406);
}

// What the page tells by that it has the pixels of the image that it was told of.
TEST(Wado, TagsOfOneInstanceBeginWithItsRevision) {
    TestArchive archive;
    const auto row = archive.store.archive().instance("1.2.1.1.1");
    ASSERT_TRUE(row);
    for (const char* part : {"/metadata", "/frames/1"}) {
        const http::Headers headers = archive.get(kGray + part).headers;
        const std::string etag = headers.get_or("ETag", "");
        EXPECT_TRUE(etag.starts_with("\"" + store::revision_of(*row) + "-")) << part << etag;
        EXPECT_EQ(headers.get("X-Lucerna-ETag"), etag) << part;
    }
}

TEST(Wado, RendersPicturesAsAskedFor) {
    TestArchive archive;
    const auto starts_with = [&](const std::string& path, const std::string& accept,
                                 const std::string& magic) {
        const http::Response response = archive.get(path, accept);
        EXPECT_EQ(response.status, 200) << path;
        EXPECT_EQ(TestArchive::body(response).substr(0, magic.size()), magic) << path;
    };
    starts_with(kGray + "/rendered", "", "\xFF\xD8");
    starts_with(kGray + "/rendered", "image/png", "\x89PNG");
    starts_with(kGray + "/frames/2/rendered", "image/*", "\xFF\xD8");
    starts_with(kGray + "/rendered?window=100,50,SIGMOID&viewport=2,2&quality=10", "*/*",
                "\xFF\xD8");
    starts_with(kGray + "/rendered?accept=image/png", "image/jpeg", "\x89PNG");
    starts_with("/dicom-web/studies/1.2.1/thumbnail", "", "\xFF\xD8");
    starts_with(kSeries + "/thumbnail", "", "\xFF\xD8");
    starts_with(kJpeg + "/thumbnail?viewport=4,4", "", "\xFF\xD8");
    starts_with(kGray + "/rendered?viewport=9,9,,,-2", "", "\xFF\xD8");
    EXPECT_EQ(archive.status(kJpeg + "/thumbnail?viewport=4,4,1"), 400);
    EXPECT_NE(archive.text(kGray + "/frames/1/rendered?window=0,100", "image/png"),
              archive.text(kGray + "/frames/1/rendered?window=2000,100", "image/png"));
}

TEST(Wado, RendersWhatItCanOfAStudy) {
    TestArchive archive;
    const auto count = [](const std::string& text, const std::string& what) {
        std::size_t found = 0;
        for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
            ++found;
        return found;
    };
    const std::string png = "multipart/related; type=\"image/png\"";
    const http::Response all = archive.get("/dicom-web/studies/1.2.1/rendered", png);
    EXPECT_EQ(all.status, 200);
    EXPECT_TRUE(all.headers.get_or("Content-Type", "").starts_with(png));
    EXPECT_EQ(count(TestArchive::body(all), "Content-Type: image/png"), 3U)
        << "the report's content is none";
    const std::string series = archive.text(kSeries + "/rendered?viewport=2,2");
    EXPECT_EQ(count(series, "Content-Type: image/jpeg"), 3U);
    EXPECT_EQ(count(series, kGray + "/rendered"), 1U);
    EXPECT_EQ(archive.status("/dicom-web/studies/1.2.1/series/1.2.1.2/rendered"), 406);
    EXPECT_EQ(archive.status(kSeries + "/rendered", "text/html"), 406);
    EXPECT_EQ(archive.status(kSeries + "/rendered?viewport=1"), 400);
    // A third, smaller picture is not in the region.
    dicom::DataSet small = dicom::DataSet::parse(archive.store.archive().object("1.2.1.1.1"));
    small.set_text(dicom::tags::kSopInstanceUid, "1.2.1.1.8");
    small.set_pixels({.rows = 1, .columns = 1, .bits_stored = 12}, {1, 0});
    small.remove(dicom::tags::kNumberOfFrames);
    archive.store.archive().keep(small.to_part10());
    EXPECT_EQ(count(archive.text(kSeries + "/rendered"), "Content-Type: image/jpeg"), 4U);
    EXPECT_EQ(
        count(archive.text(kSeries + "/rendered?viewport=2,2,0,0,2,2"), "Content-Type: image/jpeg"),
        3U);
}

TEST(Wado, GivesADocumentAsWhatItIs) {
    TestArchive archive;
    dicom::DataSet object = dicom::DataSet::parse(archive.store.archive().object("1.2.1.2.1"));
    object.set_text(dicom::tags::kSopClassUid, dicom::sop_class::kEncapsulatedPdf);
    object.set_text(dicom::tags::kSopInstanceUid, "1.2.1.2.9");
    object.set_text(dicom::tags::kMimeTypeOfEncapsulatedDocument, "application/pdf");
    object.set_bytes(dicom::tags::kEncapsulatedDocument, "OB", {'%', 'P', 'D', 'F'});
    archive.store.archive().keep(object.to_part10());
    const std::string place =
        "/dicom-web/studies/1.2.1/series/1.2.1.2/instances/1.2.1.2.9/rendered";
    EXPECT_EQ(archive.text(place, "application/pdf"), "%PDF");
    EXPECT_EQ(archive.get(place).headers.get("Content-Type"), "application/pdf");
    EXPECT_EQ(archive.status(place, "text/html"), 406);
    const std::string uri =
        "/wado?requestType=WADO&studyUID=1.2.1&seriesUID=1.2.1.2&objectUID=1.2.1.2.9";
    EXPECT_EQ(archive.text(uri), "%PDF");
    EXPECT_EQ(archive.status(uri + "&contentType=text/html%3Bq%3D0"), 406);
    EXPECT_EQ(archive.get(uri + "&contentType=application/dicom").headers.get("Content-Type"),
              "application/dicom");
}

TEST(Wado, RefusesPicturesThatCannotBe) {
    TestArchive archive;
    for (const char* query :
         {"window=1", "window=1,0", "window=a,b", "window=1,2,cubic", "window=1,nan",
          "viewport=0,1", "viewport=1", "viewport=1,1,a", "viewport=1,1,,,0", "viewport=1,1,,,,,",
          "viewport=9,9,900", "quality=0", "quality=101"})
        EXPECT_EQ(archive.status(kGray + "/rendered?" + query), 400) << query;
    EXPECT_EQ(archive.status(kGray + "/rendered?viewport=1,1,0,0,1,1"), 200);
    EXPECT_EQ(archive.status(kGray + "/frames/4/rendered"), 404);
    EXPECT_EQ(archive.status(kReport + "/rendered"), 406);
    EXPECT_EQ(archive.status("/dicom-web/studies/1.2.1/series/1.2.1.2/thumbnail"), 406);
}

TEST(Wado, KnowsWhatTheClientHasAlready) {
    TestArchive archive;
    for (const std::string& path : {kGray, kSeries, kGray + "/metadata", kGray + "/frames/1",
                                    kGray + "/rendered", kGray + "/bulkdata/7FE00010"}) {
        const http::Response first = archive.get(path);
        const std::string etag = first.headers.get_or("ETag", "");
        EXPECT_EQ(first.headers.get("Cache-Control"), "private, no-cache") << path;
        for (const std::string& known : {etag, std::string("*")}) {
            const http::Response same = archive.get(path, "", known);
            EXPECT_EQ(same.status, 304) << path;
            // RFC 9110 15.4.5.
            for (const char* name : {"ETag", "Cache-Control", "Vary"})
                EXPECT_EQ(same.headers.get(name), first.headers.get(name)) << path << " " << name;
            EXPECT_FALSE(same.headers.has("Content-Type"));
        }
        EXPECT_EQ(archive.get(path, "", "", {{"If-Match", etag}}).status, 200) << path;
        EXPECT_EQ(archive.get(path, "", "", {{"If-Match", "\"another\""}}).status, 412) << path;
    }
    // Conditions are for what is there.
    for (const std::string& path :
         {kGray + "/frames/9", kGray + "/frames/9/rendered", kGray + "/frames/1,9/rendered",
          kGray + "/bulkdata/00420011", kSeries + "/instances/1.2.9"}) {
        EXPECT_EQ(archive.get(path, "", "*").status, 404) << path;
        EXPECT_EQ(archive.get(path, "", "", {{"If-Match", "\"another\""}}).status, 404) << path;
    }
    const std::string decoded = archive.get(kJpeg + "/frames/1").headers.get_or("ETag", "");
    EXPECT_EQ(archive.get(kJpeg + "/frames/1", "image/jpeg", decoded).status, 200);
}

TEST(Wado, GivesRangesOfWhatComesInOnePart) {
    TestArchive archive;
    const std::string octets = "application/octet-stream";
    for (const auto& [path, accept] : {std::pair(kJpeg, "application/dicom" + kAny),
                                       {kImplicitOne, "application/dicom"},
                                       {kGray + "/frames/2", octets},
                                       {kJpeg + "/frames/1", "image/jpeg"},
                                       {kGray + "/bulkdata/7FE00010", octets},
                                       {kGray + "/rendered", "image/png"},
                                       {kSeries + "/thumbnail", "image/jpeg"}}) {
        const http::Response whole = archive.get(path, accept);
        const std::string body = TestArchive::body(whole);
        EXPECT_EQ(whole.headers.get("Accept-Ranges"), "bytes") << path;
        const std::string etag = whole.headers.get_or("ETag", "");
        const http::Response part =
            archive.get(path, accept, "", {{"Range", "bytes=3-7"}, {"If-Range", etag}});
        EXPECT_EQ(part.status, 206) << path;
        EXPECT_EQ(TestArchive::body(part), body.substr(3, 5)) << path;
        EXPECT_EQ(part.headers.get("Content-Range"), "bytes 3-7/" + std::to_string(body.size()));
        EXPECT_EQ(part.headers.get("ETag"), etag) << path;
        EXPECT_EQ(archive.get(path, accept, "", {{"Range", "bytes=99999999-"}}).status, 416);
        EXPECT_EQ(archive.get(path, accept, etag, {{"Range", "bytes=3-7"}}).status, 304);
    }
    const http::Response parts = archive.get(kSeries, "", "", {{"Range", "bytes=3-7"}});
    EXPECT_EQ(parts.status, 200) << "its boundary is another each time";
    EXPECT_FALSE(parts.headers.has("Accept-Ranges"));
}

TEST(Wado, SendsLargeObjectsInPieces) {
    TestArchive archive;
    dicom::DataSet large = dicom::DataSet::parse(archive.store.archive().object("1.2.2.1.1"));
    large.set_text(dicom::tags::kSopInstanceUid, "1.2.2.1.9");
    Bytes samples(std::size_t{3} * 1000 * 1000);
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] = static_cast<std::uint8_t>(i / 4099);
    large.set_pixels({.rows = 1000, .columns = 1500, .bits_stored = 12}, Bytes(samples));
    const Bytes file = large.to_part10();
    archive.store.archive().keep(file);
    const std::string whole(file.begin(), file.end());
    const std::string pixels(samples.begin(), samples.end());
    const std::string one = "/dicom-web/studies/1.2.2/series/1.2.2.1/instances/1.2.2.1.9";
    const std::string bulk = one + "/bulkdata/7FE00010";
    for (const auto& [path, body, accept] :
         {std::tuple(one, whole, "application/dicom"),
          std::tuple(bulk, pixels, "application/octet-stream")}) {
        const http::Response all = archive.get(path, accept);
        ASSERT_TRUE(std::holds_alternative<http::Stream>(all.body)) << path;
        EXPECT_EQ(std::get<http::Stream>(all.body).length, body.size());
        EXPECT_TRUE(TestArchive::body(all) == body) << path;
        const http::Response part =
            archive.get(path, accept, "", {{"Range", "bytes=1048000-2200000"}});
        EXPECT_EQ(part.status, 206);
        EXPECT_TRUE(TestArchive::body(part) == body.substr(1048000, 1152001)) << path;
        EXPECT_EQ(archive.get(path, accept, "", {{"Range", "bytes=99999999-"}}).status, 416);
    }
    const std::string parts = archive.text("/dicom-web/studies/1.2.2");
    EXPECT_NE(parts.find(whole), std::string::npos);
    EXPECT_NE(parts.find("Content-Length: " + std::to_string(whole.size())), std::string::npos);
}

TEST(Wado, BreaksOffWhereTheObjectIsErasedWhateverComesInItsPlace) {
    TestArchive archive;
    dicom::DataSet large = dicom::DataSet::parse(archive.store.archive().object("1.2.2.1.1"));
    const auto file_of = [&](std::uint8_t fill) {
        large.set_pixels({.rows = 1000, .columns = 1500, .bits_stored = 12},
                         Bytes(std::size_t{3} * 1000 * 1000, fill));
        return large.to_part10();
    };
    archive.store.archive().erase_study("1.2.2");
    archive.store.archive().keep(file_of(1));
    const std::string one = "/dicom-web/studies/1.2.2/series/1.2.2.1/instances/1.2.2.1.1";
    std::vector<http::Response> under_way;
    for (const auto& [path, accept] :
         {std::pair(one, "application/dicom"),
          std::pair(one + "/bulkdata/7FE00010", "application/octet-stream")}) {
        under_way.push_back(archive.get(path, accept));
        EXPECT_FALSE(std::get<http::Stream>(under_way.back().body).next().last);
    }
    archive.store.archive().erase_study("1.2.2");
    archive.store.archive().keep(file_of(2));
    for (const http::Response& response : under_way)
        EXPECT_THROW((void)TestArchive::body(response), Error);
}

TEST(WadoUri, GivesObjectsAndPictures) {
    TestArchive archive;
    const std::string one =
        "/wado?requestType=WADO&studyUID=1.2.1&seriesUID=1.2.1.1&objectUID=1.2.1.1.1";
    EXPECT_EQ(archive.text(one).substr(0, 2), "\xFF\xD8");
    EXPECT_EQ(
        archive.text(one + "&contentType=image/png&frameNumber=2&rows=1&columns=2").substr(0, 4),
        "\x89PNG");
    EXPECT_EQ(archive.get(one + "&contentType=application/dicom").headers.get("Content-Type"),
              "application/dicom");
    EXPECT_EQ(archive.status(one + "&windowCenter=1"), 400);
    const std::string png = one + "&contentType=image/png";
    const auto width = [](const std::string& picture) { return static_cast<int>(picture.at(19)); };
    const std::string whole = archive.text(png);
    EXPECT_EQ(archive.text(png + "&region=0,0,1,1"), whole);
    EXPECT_EQ(width(archive.text(png + "&region=0,0,0.5,1")), (width(whole) + 1) / 2);
    EXPECT_EQ(width(archive.text(png + "&region=0.99,0.99,1.0,1.0")), 1);
    for (const char* wrong : {"0,0,1", "0,0,1,1.1", "0.5,0,0.5,1", "-0.1,0,1,1", "a,b,c,d", ""})
        EXPECT_EQ(archive.status(png + "&region=" + wrong), 400) << wrong;
    // It would be another picture.
    EXPECT_EQ(archive.status(png + "&presentationUID=1.2.3&presentationSeriesUID=1.2"), 501);
    // Nobody is to get identified data for anonymous ones.
    const http::Response refused =
        archive.get(one + "&contentType=application/dicom&anonymize=yes");
    EXPECT_EQ(refused.status, 501);
    EXPECT_NE(TestArchive::body(refused).find("anonymized"), std::string::npos);
    EXPECT_EQ(archive.status(one + "&anonymize=yes"), 501);
    EXPECT_EQ(archive.status(one + "&anonymize=no"), 400);
    EXPECT_EQ(archive.status(one + "&contentType=text/html"), 406);
    EXPECT_EQ(archive.status("/wado?requestType=WADO&studyUID=1.2.1"), 400);
    EXPECT_EQ(archive.status("/wado"), 400);
}

// PS3.18 9.5.2.
TEST(WadoUri, RefusesFramesThatAreNotThere) {
    TestArchive archive;
    const std::string series = "/wado?requestType=WADO&studyUID=1.2.1&seriesUID=1.2.1.1&objectUID=";
    const std::string three = series + "1.2.1.1.1&frameNumber=";
    EXPECT_EQ(archive.status(three + "3"), 200);
    for (const char* frame : {"4", "0", "-1", "1.5", "x", "", "1,2", "1&frameNumber=2",
                              "4294967297", "99999999999999999999"})
        EXPECT_EQ(archive.status(three + frame), 400) << frame;
    EXPECT_NE(archive.text(three + "4").find("from 1 to 3"), std::string::npos);
    // What has no Number of Frames is no multi-frame image.
    dicom::DataSet single = dicom::DataSet::parse(archive.store.archive().object("1.2.1.1.3"));
    single.set_text(dicom::tags::kSopInstanceUid, "1.2.1.1.8");
    single.remove(dicom::tags::kNumberOfFrames);
    archive.store.archive().keep(single.to_part10());
    EXPECT_EQ(archive.status(series + "1.2.1.1.8"), 200);
    EXPECT_EQ(archive.status(series + "1.2.1.1.8&frameNumber=1"), 200) << "it has that one";
    EXPECT_EQ(archive.status(series + "1.2.1.1.8&frameNumber=2"), 400);
    EXPECT_EQ(archive.status(series + "1.2.1.1.9&frameNumber=1"), 404) << "no such instance";
    const std::string report =
        "/wado?requestType=WADO&studyUID=1.2.1&seriesUID=1.2.1.2&objectUID=1.2.1.2.1";
    EXPECT_EQ(archive.status(report + "&contentType=text/html&frameNumber=1"), 400);
}

TEST(Wado, ReachesAClientOverTheWire) {
    TestArchive archive;
    const http::Server server({}, archive.router);
    test::HttpClient client(server.port());
    const test::HttpAnswer study = client.ask("GET", "/dicom-web/studies/1.2.1");
    EXPECT_TRUE(study.complete);
    EXPECT_EQ(parts_of(study.headers.get_or("Content-Type", ""), study.body).size(), 4U);
    const json metadata = json::parse(client.ask("GET", kGray + "/metadata").body)[0];
    EXPECT_EQ(metadata["7FE00010"]["BulkDataURI"], server.url() + kGray + "/bulkdata/7FE00010");
    EXPECT_EQ(client.ask("HEAD", "/dicom-web/studies/1.2.1").status, 200);
    const auto alone = [&](const std::string& method, const std::string& range) {
        return client.ask(method, kGray, "Accept: application/dicom\r\nRange: " + range + "\r\n");
    };
    EXPECT_EQ(alone("GET", "bytes=128-131").body, "DICM");
    EXPECT_EQ(alone("GET", "bytes=128-131").headers.get("Content-Length"), "4");
    EXPECT_EQ(alone("HEAD", "bytes=128-131").status, 200);
    EXPECT_EQ(alone("GET", "bytes=-0").status, 416);
    EXPECT_EQ(client.ask("GET", "/dicom-web/studies/1.2%2F1").status, 400);
    EXPECT_EQ(client.ask("GET", "/dicom-web/studies").status, 200);
}

}  // namespace
}  // namespace lucerna::retrieve
