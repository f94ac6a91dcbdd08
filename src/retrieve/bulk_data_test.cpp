#include "retrieve/bulk_data.h"

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
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kStudy = "/dicom-web/studies/1.2.1";
const std::string kSeries = kStudy + "/series/1.2.1.1";
const std::string kGray = kSeries + "/instances/1.2.1.1.1";
const std::string kJpeg = kSeries + "/instances/1.2.1.1.2";
const std::string kReport = kStudy + "/series/1.2.1.2/instances/1.2.1.2.1";
const std::string kOctets = "multipart/related; type=\"application/octet-stream\"";

/// Content-Location, without the server, and body of each part.
using Parts = std::vector<std::pair<std::string, std::string>>;
Parts parts_of(const http::Response& response) {
    const std::string type = response.headers.get_or("Content-Type", "");
    const std::string boundary = "--" + type.substr(type.find("boundary=") + 9);
    const std::string body = TestArchive::body(response);
    const std::string location = "Content-Location: http://localhost";
    Parts parts;
    for (std::size_t at = 0; body.compare(at + boundary.size(), 2, "--") != 0;) {
        const std::size_t head = body.find(location, at) + location.size();
        const std::size_t empty = body.find("\r\n\r\n", head);
        const std::size_t end = body.find("\r\n" + boundary, empty);
        if (end == std::string::npos) break;
        parts.emplace_back(body.substr(head, body.find("\r\n", head) - head),
                           body.substr(empty + 4, end - empty - 4));
        at = end + 2;
    }
    return parts;
}
std::vector<std::string> locations(const Parts& parts) {
    std::vector<std::string> all;
    for (const auto& [location, body] : parts) all.push_back(location);
    return all;
}
std::vector<std::string> locations(const http::Response& response) {
    return locations(parts_of(response));
}
std::string bulk(const std::string& instance, const std::string& path = "7FE00010") {
    return instance + "/bulkdata/" + path;
}
const std::string kAllGray =
    TestArchive::frame_bytes(1) + TestArchive::frame_bytes(2) + TestArchive::frame_bytes(3);

/// A report with a large private value, and one within a sequence.
void keep_with_private(TestArchive& archive) {
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.2.1"));
    set.set_text(dicom::tags::kSopInstanceUid, "1.2.1.2.5");
    set.set_bytes({0x0009, 0x1002}, "UN", Bytes(1000, 'p'));
    set.set_bytes({0x0009, 0x1003}, "UN", Bytes(10, 's'));
    set.add_item(dicom::tags::kVoiLutSequence)
        .set_bytes(dicom::tags::kLutData, "OW", Bytes(600, 'l'));
    archive.store.archive().keep(set.to_part10());
}

TEST(BulkData, ComesAllTogetherUnderTheAddressesOfTheMetadata) {
    TestArchive archive;
    keep_with_private(archive);
    const http::Response study = archive.get(kStudy + "/bulkdata");
    EXPECT_EQ(study.status, 200);
    EXPECT_THAT(study.headers.get_or("Content-Type", ""),
                HasSubstr("multipart/related; type=\"application/octet-stream\""));
    const Parts parts = parts_of(study);
    for (const json& one : json::parse(archive.text(kStudy + "/metadata")))
        for (const auto& [tag, attribute] : one.items())
            if (attribute.contains("BulkDataURI")) {
                EXPECT_THAT(locations(parts),
                            Contains(std::string(attribute["BulkDataURI"]).substr(16)));
            }
    const std::string report = kStudy + "/series/1.2.1.2/instances/1.2.1.2.5";
    EXPECT_THAT(locations(parts),
                ElementsAre(bulk(kGray), bulk(kJpeg), bulk(kSeries + "/instances/1.2.1.1.3"),
                            bulk(report, "00091002"), bulk(report, "00283010/1/00283006")));
    EXPECT_EQ(parts[0].second, kAllGray);
    EXPECT_EQ(parts[1].second.size(), 128U) << "decoded";
    EXPECT_EQ(parts[2].second, TestArchive::frame_bytes(1));
    EXPECT_EQ(parts[3].second, std::string(1000, 'p'));
    EXPECT_EQ(parts[4].second, std::string(600, 'l'));
    EXPECT_EQ(locations(archive.get(kSeries + "/bulkdata")).size(), 3U);
    EXPECT_THAT(locations(archive.get(kGray + "/bulkdata")), ElementsAre(bulk(kGray)));
    EXPECT_EQ(locations(archive.get(kStudy + "/pixeldata")).size(), 3U);
    EXPECT_EQ(archive.status(report + "/pixeldata"), 404);
    EXPECT_EQ(archive.status(kReport + "/bulkdata"), 404);
    EXPECT_EQ(archive.status(kStudy + "/bulkdata", "application/dicom"), 406);
    // What is told can be asked for.
    for (const auto& [location, body] : parts)
        EXPECT_EQ(parts_of(archive.get(location, kOctets)).front().second, body) << location;
}

TEST(BulkData, IsWhatOctetsOfAStudySeriesOrInstanceAre) {
    TestArchive archive;
    EXPECT_THAT(locations(archive.get(kGray, kOctets)), ElementsAre(bulk(kGray)));
    EXPECT_EQ(parts_of(archive.get(kGray, kOctets)).front().second, kAllGray);
    EXPECT_EQ(locations(archive.get(kSeries, kOctets)).size(), 3U);
    EXPECT_EQ(locations(archive.get(kStudy, kOctets + "; transfer-syntax=*")).size(), 3U);
    EXPECT_EQ(archive.status(kReport, kOctets), 404);
    const http::Response objects = archive.get(
        kSeries, "multipart/related; type=\"application/dicom\", " + kOctets + ";q=0.5");
    EXPECT_THAT(objects.headers.get_or("Content-Type", ""), HasSubstr("application/dicom"));
    const http::Response octets =
        archive.get(kSeries, kOctets + ", multipart/related; type=\"application/dicom\";q=0.5");
    EXPECT_THAT(octets.headers.get_or("Content-Type", ""), HasSubstr("octet-stream"));
}

TEST(BulkData, GivesCompressedFramesAsTheyAreStored) {
    TestArchive archive;
    const Parts stored =
        parts_of(archive.get(kJpeg + "/bulkdata", kOctets + "; transfer-syntax=*"));
    ASSERT_EQ(stored.size(), 1U);
    EXPECT_EQ(stored[0].second.substr(0, 2), "\xFF\xD8");
    const http::Response jpeg = archive.get(
        kJpeg + "/bulkdata", "multipart/related; type=\"image/jpeg\"; transfer-syntax=*");
    EXPECT_THAT(jpeg.headers.get_or("Content-Type", ""), HasSubstr("type=\"image/jpeg\""));
    EXPECT_EQ(parts_of(jpeg)[0].second, stored[0].second);
    EXPECT_EQ(archive.status(kGray + "/bulkdata", "multipart/related; type=\"image/jp2\""), 406)
        << "it is not compressed";
    EXPECT_EQ(archive.status(kGray + "/bulkdata/7FE00010", "multipart/related; type=\"image/jp2\""),
              406);
    EXPECT_EQ(archive.status(kGray + "/bulkdata/7FE00010", kOctets), 200);
    EXPECT_EQ(archive.status(kGray + "/bulkdata/7FE00010", "multipart/related"), 200);
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.1.2"));
    set.set_text(dicom::tags::kSopInstanceUid, "1.2.1.1.4");
    const Bytes frame(stored[0].second.begin(), stored[0].second.end());
    set.set_encapsulated_pixels(
        {.rows = 8, .columns = 16, .bits_allocated = 8, .bits_stored = 8, .frames = 2},
        {frame, frame}, dicom::transfer_syntax::kJpegBaseline);
    archive.store.archive().keep(set.to_part10());
    const std::string two = kSeries + "/instances/1.2.1.1.4";
    EXPECT_THAT(locations(archive.get(two + "/pixeldata")),
                ElementsAre(bulk(two) + "/frames/1", bulk(two) + "/frames/2"));
}

/// An image with a compressed icon; what it is compressed to.
std::string keep_with_icon(TestArchive& archive) {
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.1.2"));
    set.set_text(dicom::tags::kSopInstanceUid, "1.2.1.1.4");
    const Bytes icon = dicom::encode_jpeg({.width = 8, .height = 8, .pixels = Bytes(64, 90)});
    set.add_item(dicom::tags::kIconImageSequence)
        .set_encapsulated_pixels({.rows = 8, .columns = 8, .bits_allocated = 8, .bits_stored = 8},
                                 {icon}, dicom::transfer_syntax::kJpegBaseline);
    archive.store.archive().keep(set.to_part10());
    std::string padded(icon.begin(), icon.end());
    if (padded.size() % 2 == 1) padded += '\0';
    return padded;
}
const std::string kIcon = "00880200/1/7FE00010";

TEST(BulkData, OfACompressedIconIsDecodedOrAsItIsStored) {
    TestArchive archive;
    const std::string codestream = keep_with_icon(archive);
    const std::string image = kSeries + "/instances/1.2.1.1.4";
    const json icon = json::parse(archive.text(image + "/metadata"))[0]["00880200"]["Value"][0];
    EXPECT_EQ(icon["7FE00010"]["BulkDataURI"], "http://localhost" + bulk(image, kIcon));
    const std::string place = bulk(image, kIcon);
    EXPECT_EQ(archive.text(place, "application/octet-stream"), std::string(64, 90));
    EXPECT_EQ(archive.text(place, "image/jpeg"), codestream);
    EXPECT_EQ(parts_of(archive.get(place)), (Parts{{place, std::string(64, 90)}}));
    EXPECT_EQ(parts_of(archive.get(place, kOctets + "; transfer-syntax=*")),
              (Parts{{place, codestream}}));
    EXPECT_EQ(parts_of(archive.get(place, "multipart/related; type=\"image/jpeg\"")),
              (Parts{{place, codestream}}));
    EXPECT_EQ(archive.status(place, "image/jp2"), 406);
    const http::Response some =
        archive.get(place, "application/octet-stream", "", {{"Range", "bytes=60-"}});
    EXPECT_EQ(some.status, 206);
    EXPECT_EQ(TestArchive::body(some), std::string(4, 90));
    const http::Response again = archive.get(
        place, "image/jpeg", archive.get(place, "image/jpeg").headers.get_or("ETag", ""));
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(archive.status(bulk(image, "00880200/2/7FE00010")), 404);
    const Parts all = parts_of(archive.get(image + "/bulkdata"));
    EXPECT_THAT(locations(all), ElementsAre(place, bulk(image)));
    EXPECT_EQ(all.front().second, std::string(64, 90));
    EXPECT_THAT(locations(archive.get(image + "/pixeldata")), ElementsAre(bulk(image)));
}

TEST(BulkData, OfACompressedIconIsInADecodedObject) {
    TestArchive archive;
    (void)keep_with_icon(archive);
    for (const std::string_view syntax :
         {dicom::transfer_syntax::kImplicitVrLittleEndian, dicom::transfer_syntax::kRleLossless}) {
        const std::string text =
            archive.text(kSeries + "/instances/1.2.1.1.4",
                         "application/dicom; transfer-syntax=" + std::string(syntax));
        const dicom::DataSet given = dicom::DataSet::parse(as_byte_view(text));
        const auto& icons = given.items(dicom::tags::kIconImageSequence);
        ASSERT_EQ(icons.size(), 1U) << syntax;
        EXPECT_EQ(as_text(icons.front().bytes(dicom::tags::kPixelData)), std::string(64, 90));
    }
}

TEST(BulkData, GoesWithoutAnIconThatCannotBeDecoded) {
    TestArchive archive;
    (void)keep_with_icon(archive);
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.1.4"));
    dicom::DataSet& icon = set.add_item(dicom::tags::kIconImageSequence);
    icon.set_encapsulated_pixels(
        {.rows = 60000, .columns = 60000, .bits_allocated = 8, .bits_stored = 8}, {Bytes(40, 1)},
        dicom::transfer_syntax::kJpegBaseline);
    set.set_text(dicom::tags::kSopInstanceUid, "1.2.1.1.5");
    archive.store.archive().keep(set.to_part10());
    const std::string image = kSeries + "/instances/1.2.1.1.5";
    EXPECT_GE(archive.status(bulk(image, "00880200/2/7FE00010")), 400);
    const http::Response rest = archive.get(image + "/bulkdata");
    EXPECT_EQ(rest.status, 206);
    EXPECT_THAT(locations(rest), ElementsAre(bulk(image, kIcon), bulk(image)));
    const dicom::DataSet given =
        dicom::DataSet::parse(as_byte_view(archive.text(image, "application/dicom")));
    EXPECT_FALSE(given.has(dicom::tags::kIconImageSequence));
    EXPECT_EQ(given.bytes(dicom::tags::kPixelData).size(), 128U);
}

TEST(BulkData, LeavesOutWhatCannotBeRead) {
    TestArchive archive;
    const std::string object = archive.store.archive().instance("1.2.1.1.1")->object;
    Bytes sealed = archive.store.sealed(object);
    sealed[sealed.size() - 20] ^= 1;
    archive.store.replace(object, sealed);
    for (const char* path : {"/bulkdata", "/pixeldata"}) {
        const http::Response rest = archive.get(kSeries + path);
        EXPECT_EQ(rest.status, 206) << path;
        EXPECT_THAT(rest.headers.get_or("Warning", ""), HasSubstr("1.2.1.1.1"));
        EXPECT_EQ(locations(rest).size(), 2U);
        EXPECT_EQ(archive.status(kGray + path), 500);
    }
}

TEST(BulkData, GivesRangesOfAValueThatIsAPart) {
    TestArchive archive;
    for (const std::string& accept : {kOctets, std::string("multipart/related; type=\"*/*\"")}) {
        const http::Response part = archive.get(bulk(kGray), accept, "", {{"Range", "bytes=3-7"}});
        EXPECT_EQ(part.status, 206);
        EXPECT_EQ(part.headers.get("Content-Range"), "bytes 3-7/36");
        EXPECT_EQ(parts_of(part), (Parts{{bulk(kGray), kAllGray.substr(3, 5)}}));
        EXPECT_EQ(archive.get(bulk(kGray), accept, "", {{"Range", "bytes=36-"}}).status, 416);
        EXPECT_EQ(parts_of(archive.get(bulk(kGray), accept)), (Parts{{bulk(kGray), kAllGray}}));
    }
}

/// Read where it lies, or out of the whole object: the same comes.
TEST(BulkData, OfMegabytesIsWhatWasKept) {
    TestArchive archive;
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.2.1"));
    set.set_text(dicom::tags::kSopInstanceUid, "1.2.1.2.6");
    Bytes document(3'000'001, 'd');
    document.front() = 'b';
    document.push_back('e');
    set.set_bytes(dicom::tags::kEncapsulatedDocument, "OB", document);
    set.set_bytes({0x7FE1, 0x1002}, "UN", Bytes(1'500'000, 'p'));
    const std::string place = kStudy + "/series/1.2.1.2/instances/1.2.1.2.6/bulkdata/";
    for (const std::string_view syntax :
         {dicom::transfer_syntax::kExplicitVrLittleEndian,
          dicom::transfer_syntax::kImplicitVrLittleEndian,
          dicom::transfer_syntax::kDeflatedExplicitVrLittleEndian}) {
        archive.store.archive().keep(set.to_part10(syntax));
        const std::string octets = "application/octet-stream";
        EXPECT_TRUE(archive.text(place + "00420011", octets) == as_text(document)) << syntax;
        EXPECT_TRUE(archive.text(place + "7FE11002", octets) == std::string(1'500'000, 'p'))
            << syntax;
        EXPECT_EQ(archive.status(place + "00420010", octets), 404) << syntax;
        (void)archive.store.archive().erase_part({"1.2.1", "1.2.1.2", "1.2.1.2.6"});
    }
}

}  // namespace
}  // namespace lucerna::retrieve
