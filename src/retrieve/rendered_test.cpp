#include "retrieve/rendered.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "dicom/pixel_layout.h"
#include "retrieve/archive_for_test.h"

namespace lucerna::retrieve {
namespace {

const std::string kStudy = "/dicom-web/studies/1.2.1";
const std::string kSeries = kStudy + "/series/1.2.1.1";
const std::string kGray = kSeries + "/instances/1.2.1.1.1";
const std::string kReport = kStudy + "/series/1.2.1.2/instances/1.2.1.2.1";
const std::string kPngParts = "multipart/related; type=\"image/png\"";

bool has(const PartRead& part, const std::string& field) {
    return part.head.find(field) != std::string::npos;
}

/// A second of the windows makes each frame of kGray another picture.
const std::string kWindow = "?window=30,60";

// PS3.18 10.4.1.1.3.
TEST(RenderedFrames, ComeAsPartsInTheOrderAskedFor) {
    TestArchive archive;
    const auto one = [&](int number) {
        return archive.text(kGray + "/frames/" + std::to_string(number) + "/rendered" + kWindow,
                            "image/png");
    };
    ASSERT_NE(one(1), one(3));
    for (const std::string& accept :
         {kPngParts, "image/jpeg, " + kPngParts,
          std::string("multipart/related; type=image/webp, multipart/related; type=image/png")}) {
        const http::Response response =
            archive.get(kGray + "/frames/3,1/rendered" + kWindow, accept);
        ASSERT_EQ(response.status, 200) << accept;
        EXPECT_TRUE(response.headers.get_or("Content-Type", "").starts_with(kPngParts));
        const auto parts = parts_of(response);
        ASSERT_EQ(parts.size(), 2U);
        EXPECT_TRUE(has(parts[0], "Content-Type: image/png"));
        EXPECT_TRUE(
            has(parts[0], "Content-Location: http://localhost" + kGray + "/frames/3/rendered"));
        EXPECT_EQ(parts[0].body, one(3));
        EXPECT_EQ(parts[1].body, one(1));
    }
    for (const char* accept : {"", "*/*", "image/png, */*;q=0.1", "multipart/related"}) {
        const http::Response response = archive.get(kGray + "/frames/1,2/rendered", accept);
        EXPECT_TRUE(response.headers.get_or("Content-Type", "")
                        .starts_with("multipart/related; type=\"image/jpeg\""))
            << accept;
        EXPECT_EQ(parts_of(response).size(), 2U) << accept;
    }
}

TEST(Rendered, GivesRangesOfAPictureHoweverLargeItIs) {
    TestArchive archive;
    for (const int side : {300, 2200}) {
        test::StoredInstance noise;
        noise.study = "1.2.5";
        noise.series = "1.2.5.1";
        noise.sop_instance = "1.2.5.1." + std::to_string(side);
        dicom::DataSet object = dicom::DataSet::parse(noise.file());
        Bytes pixels(static_cast<std::size_t>(side) * static_cast<std::size_t>(side));
        Random random(7);
        for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(random.below(256));
        dicom::PixelLayout layout;
        layout.rows = layout.columns = side;
        layout.bits_allocated = layout.bits_stored = 8;
        object.set_pixels(layout, std::move(pixels));
        archive.store.archive().keep(object.to_part10());
        const std::string path =
            "/dicom-web/studies/1.2.5/series/1.2.5.1/instances/" + noise.sop_instance + "/rendered";
        const http::Response whole = archive.get(path, "image/png");
        const std::string tag = whole.headers.get_or("ETag", "");
        const std::string all = TestArchive::body(whole);
        const http::Response part = archive.get(path, "image/png", "", {{"Range", "bytes=10-99"}});
        EXPECT_EQ(part.status, 206) << side;
        EXPECT_EQ(part.headers.get_or("ETag", ""), tag);
        EXPECT_TRUE(TestArchive::body(part) == all.substr(10, 90));
        EXPECT_EQ(
            archive
                .get(path, "image/png", "", {{"Range", "bytes=10-99"}, {"If-Range", "\"another\""}})
                .status,
            200);
    }
}

// PS3.18 10.4.4, note 3: single part types are for what is one item.
TEST(RenderedFrames, DoNotComeByThemselvesWhereTheyAreSeveral) {
    TestArchive archive;
    for (const char* accept : {"image/jpeg", "image/png", "image/*", "image/jpeg, image/png"}) {
        EXPECT_EQ(archive.status(kGray + "/frames/1,3/rendered", accept), 406) << accept;
        EXPECT_EQ(archive.status(kSeries + "/rendered", accept), 406) << accept;
        EXPECT_EQ(archive.status(kStudy + "/rendered", accept), 406) << accept;
        EXPECT_EQ(archive.status(kGray + "/frames/1/rendered", accept), 200) << accept;
    }
    // Whatever it has, a study is not one.
    EXPECT_EQ(archive.status("/dicom-web/studies/1.2.2/rendered", "image/jpeg"), 406);
    EXPECT_NE(archive.text(kGray + "/frames/1,3/rendered", "image/png").find("multipart/related"),
              std::string::npos);
    EXPECT_EQ(
        archive.status(kGray + "/frames/1,3/rendered", "multipart/related; type=\"image/webp\""),
        406);
}

TEST(RenderedFrames, MustAllBeThere) {
    TestArchive archive;
    EXPECT_EQ(archive.status(kGray + "/frames/1,4/rendered"), 404);
    EXPECT_EQ(archive.status(kGray + "/frames/4/rendered"), 404);
    EXPECT_EQ(archive.status(kReport + "/frames/1/rendered"), 404);
    EXPECT_EQ(archive.status(kReport + "/frames/1,2/rendered"), 404);
    for (const char* list : {"0", "1,", "1,,2", "x"})
        EXPECT_EQ(archive.status(kGray + "/frames/" + list + "/rendered"), 400) << list;
    EXPECT_EQ(archive.status(kGray + "/frames/1,2/rendered?viewport=9,9,900"), 400);
}

TEST(RenderedFrames, AreKnownByTheirTag) {
    TestArchive archive;
    const std::string path = kGray + "/frames/1,2/rendered";
    const std::string etag = archive.get(path, kPngParts).headers.get_or("ETag", "");
    EXPECT_EQ(archive.get(path, kPngParts, etag).status, 304);
    EXPECT_EQ(archive.get(path, "", etag).status, 200) << "image/jpeg";
    EXPECT_EQ(archive.get(path + kWindow, kPngParts, etag).status, 200);
    EXPECT_EQ(archive.get(kGray + "/frames/2,1/rendered", kPngParts, etag).status, 200);
}

TEST(Rendered, OfOneThingIsThePartThatIsAskedFor) {
    TestArchive archive;
    for (const auto& [path, location] :
         {std::pair(kGray + "/rendered", kGray + "/rendered"),
          {kGray + "/frames/2/rendered", kGray + "/frames/2/rendered"},
          {kGray + "/thumbnail", kGray + "/thumbnail"},
          {kGray + "/frames/2/thumbnail", kGray + "/frames/2/thumbnail"},
          {kStudy + "/thumbnail", kGray + "/thumbnail"}}) {
        const std::string alone = archive.text(path, "image/png");
        EXPECT_EQ(alone.substr(0, 4), "\x89PNG") << path;
        const http::Response response = archive.get(path, kPngParts);
        ASSERT_EQ(response.status, 200) << path;
        EXPECT_TRUE(response.headers.get_or("Content-Type", "").starts_with(kPngParts)) << path;
        const auto parts = parts_of(response);
        ASSERT_EQ(parts.size(), 1U) << path;
        EXPECT_EQ(parts[0].body, alone) << path;
        EXPECT_TRUE(has(parts[0], "Content-Type: image/png")) << path;
        EXPECT_TRUE(has(parts[0], "Content-Location: http://localhost" + location)) << path;
        // They are two representations.
        const std::string etag = response.headers.get_or("ETag", "");
        EXPECT_EQ(archive.get(path, kPngParts, etag).status, 304) << path;
        EXPECT_EQ(archive.get(path, "image/png", etag).status, 200) << path;
        // What is preferred counts.
        EXPECT_EQ(archive.text(path, "image/png, " + kPngParts), alone) << path;
        EXPECT_EQ(archive.status(path, "multipart/related; type=\"image/webp\""), 406) << path;
        EXPECT_EQ(archive.get(path, "multipart/related; type=\"image/webp\", image/png;q=0.5")
                      .headers.get("Content-Type"),
                  "image/png")
            << path;
    }
}

TEST(Rendered, OfADocumentIsThePartThatIsAskedFor) {
    TestArchive archive;
    dicom::DataSet object = dicom::DataSet::parse(archive.store.archive().object("1.2.1.2.1"));
    object.set_text(dicom::tags::kSopClassUid, dicom::sop_class::kEncapsulatedPdf);
    object.set_text(dicom::tags::kSopInstanceUid, "1.2.1.2.9");
    object.set_text(dicom::tags::kMimeTypeOfEncapsulatedDocument, "application/pdf");
    object.set_bytes(dicom::tags::kEncapsulatedDocument, "OB", {'%', 'P', 'D', 'F'});
    archive.store.archive().keep(object.to_part10());
    const std::string place = kStudy + "/series/1.2.1.2/instances/1.2.1.2.9/rendered";
    const auto parts = parts_of(archive.get(place, "multipart/related; type=\"application/pdf\""));
    ASSERT_EQ(parts.size(), 1U);
    EXPECT_EQ(parts[0].body, "%PDF");
    EXPECT_TRUE(has(parts[0], "Content-Location: http://localhost" + place));
    EXPECT_EQ(archive.text(place, "application/pdf"), "%PDF");
    EXPECT_EQ(archive.status(place, "multipart/related; type=\"text/html\""), 406);
    const std::string uri =
        "/wado?requestType=WADO&studyUID=1.2.1&seriesUID=1.2.1.2&objectUID=1.2.1.2.9&contentType=";
    EXPECT_EQ(archive.status(uri + "multipart/related"), 406) << "there are no parts";
}

TEST(Rendered, GivesRangesOfADocumentWithoutReadingTheRest) {
    TestArchive archive;
    dicom::DataSet object = dicom::DataSet::parse(archive.store.archive().object("1.2.1.2.1"));
    object.set_text(dicom::tags::kSopClassUid, dicom::sop_class::kEncapsulatedPdf);
    object.set_text(dicom::tags::kSopInstanceUid, "1.2.1.2.9");
    object.set_text(dicom::tags::kMimeTypeOfEncapsulatedDocument, "application/pdf");
    Bytes pages(std::size_t{6} << 20);
    for (std::size_t i = 0; i < pages.size(); ++i) pages[i] = static_cast<std::uint8_t>(i / 1000);
    object.set_bytes(dicom::tags::kEncapsulatedDocument, "OB", pages);
    archive.store.archive().keep(object.to_part10());
    const std::string place = kStudy + "/series/1.2.1.2/instances/1.2.1.2.9/rendered";
    const auto range_of = [&](const std::string& range) {
        return archive.get(place, "application/pdf", "", {{"Range", "bytes=" + range}});
    };
    const http::Response whole = archive.get(place, "application/pdf");
    EXPECT_EQ(whole.headers.get_or("Accept-Ranges", ""), "bytes");
    const std::string all = TestArchive::body(whole);
    EXPECT_EQ(all.size(), pages.size());
    EXPECT_TRUE(TestArchive::body(range_of("3000000-3099999")) == all.substr(3'000'000, 100'000));
    EXPECT_EQ(range_of("7000000-").status, 416);
    // What is torn elsewhere is nothing to it.
    const std::string sealed_as = archive.store.archive().instance("1.2.1.2.9")->object;
    Bytes sealed = archive.store.sealed(sealed_as);
    sealed[sealed.size() / 2] ^= 1;
    archive.store.replace(sealed_as, sealed);
    const http::Response part = range_of("10-99");
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(TestArchive::body(part), all.substr(10, 90));
    EXPECT_EQ(archive.status(place, "application/pdf"), 500);
}

TEST(Rendered, OfAReportOfManyMegabytesIsRefused) {
    TestArchive archive;
    dicom::DataSet object = dicom::DataSet::parse(archive.store.archive().object("1.2.1.2.1"));
    object.set_text(dicom::tags::kTextValue, std::string(std::size_t{3} << 20, 'x'));
    int number = 5;
    for (const std::string_view syntax :
         {dicom::transfer_syntax::kExplicitVrLittleEndian,
          dicom::transfer_syntax::kDeflatedExplicitVrLittleEndian}) {
        const std::string uid = "1.2.1.2." + std::to_string(number++);
        object.set_text(dicom::tags::kSopInstanceUid, uid);
        archive.store.archive().keep(object.to_part10(std::string(syntax)));
        const std::string place = kStudy + "/series/1.2.1.2/instances/" + uid;
        for (const char* type : {"text/html", "text/plain", "text/xml"}) {
            EXPECT_EQ(archive.status(place + "/rendered", type), 406) << syntax;
            EXPECT_NE(archive.text(place + "/rendered", type).find("ask for the object"),
                      std::string::npos)
                << syntax;
        }
        EXPECT_EQ(archive.status(place, "application/dicom; transfer-syntax=*"), 200);
    }
    EXPECT_EQ(archive.text(kReport + "/rendered", "text/html").find("too large"),
              std::string::npos);
}

TEST(Rendered, APageThatWasStoredIsNotThisServers) {
    TestArchive archive;
    dicom::DataSet object = dicom::DataSet::parse(archive.store.archive().object("1.2.1.2.1"));
    object.set_text(dicom::tags::kSopClassUid, "1.2.840.10008.5.1.4.1.1.104.2");  // CDA
    object.set_text(dicom::tags::kSopInstanceUid, "1.2.1.2.9");
    object.set_text(dicom::tags::kMimeTypeOfEncapsulatedDocument, "text/html");
    object.set_bytes(dicom::tags::kEncapsulatedDocument, "OB", {'<', 'a', '>', ' '});
    archive.store.archive().keep(object.to_part10());
    const http::Response page =
        archive.get(kStudy + "/series/1.2.1.2/instances/1.2.1.2.9/rendered", "text/html");
    EXPECT_EQ(page.status, 200);
    const std::string policy = page.headers.get_or("Content-Security-Policy", "");
    for (const char* part : {"default-src 'none'", "form-action 'none'", "sandbox"})
        EXPECT_NE(policy.find(part), std::string::npos) << part;
}

// PS3.18 8.3.5.1.1.
TEST(Rendered, WarnsOfWhatItDoesNotDraw) {
    TestArchive archive;
    const auto warning = [&](const std::string& path) {
        const http::Response response = archive.get(path);
        EXPECT_EQ(response.status, 200) << path;
        return response.headers.get_or("Warning", "none");
    };
    const std::string not_drawn =
        "299 http://localhost/dicom-web: The following annotation values are not supported: ";
    for (const std::string& address :
         {kGray + "/rendered", kGray + "/frames/1,2/rendered", kSeries + "/rendered"}) {
        EXPECT_EQ(warning(address + "?annotation=patient,technique"),
                  not_drawn + "patient,technique");
        EXPECT_EQ(warning(address), "none");
    }
    EXPECT_EQ(warning("/wado?requestType=WADO&studyUID=1.2.1&seriesUID=1.2.1.1&objectUID="
                      "1.2.1.1.1&annotation=patient"),
              not_drawn + "patient");
    EXPECT_EQ(warning(kGray + "/rendered?iccprofile=srgb"),
              "299 http://localhost/dicom-web: The following iccprofile values are not supported: "
              "srgb");
    EXPECT_EQ(warning(kGray + "/rendered?iccprofile=no"), "none") << "there is none";
}

TEST(Rendered, RefusesAnnotationsThatAreNoKeywords) {
    TestArchive archive;
    for (const char* query : {"annotation=", "annotation=patient,", "annotation=doctor",
                              "annotation=Patient", "iccprofile=cmyk"})
        EXPECT_EQ(archive.status(kGray + "/rendered?" + query), 400) << query;
}

}  // namespace
}  // namespace lucerna::retrieve
