#include "retrieve/deletion.h"

#include <gtest/gtest.h>

#include <memory>

#include "retrieve/archive_for_test.h"
#include "support/records_that_stay.h"

namespace lucerna::retrieve {
namespace {

const std::string kStudy = "/dicom-web/studies/1.2.1";
const std::string kSeries = kStudy + "/series/1.2.1.1";
const std::string kInstance = kSeries + "/instances/1.2.1.1.1";

/// An archive whose objects can be deleted.
struct Deletable : TestArchive {
    Deletable() { add_deletion(router, store.archive()); }
    int remove(const std::string& path, const http::Headers& headers = {}) {
        http::BodyInMemory body;
        http::Request request(body);
        request.headers = headers;
        request.method = "DELETE";
        request.path = path;
        return router.handle(request).status;
    }
};

TEST(Deletion, TakesOutWhatIsNamed) {
    Deletable archive;
    EXPECT_EQ(archive.remove(kInstance), 204);
    EXPECT_EQ(archive.status(kInstance), 404);
    EXPECT_EQ(archive.status(kSeries), 200);
    EXPECT_EQ(archive.text("/dicom-web/instances?SOPInstanceUID=1.2.1.1.1").find("1.2.1.1.1"),
              std::string::npos);
    EXPECT_EQ(archive.remove(kSeries), 204);
    EXPECT_EQ(archive.status(kSeries), 404);
    EXPECT_EQ(archive.status(kStudy), 200) << "its other series";
    EXPECT_EQ(archive.remove(kStudy), 204);
    EXPECT_EQ(archive.status(kStudy), 404);
    EXPECT_EQ(archive.status("/dicom-web/studies/1.2.2"), 200);
    EXPECT_TRUE(archive.store.archive().verify().empty());
}

TEST(Deletion, RefusesWhatThereIsNot) {
    Deletable archive;
    for (const std::string& path :
         {kInstance + ".9", kSeries + ".9", kStudy + ".9",
          std::string("/dicom-web/studies/1.2.2/series/1.2.1.1"),
          std::string("/dicom-web/studies/1.2.2/series/1.2.2.1/instances/1.2.1.1.1")})
        EXPECT_EQ(archive.remove(path), 404) << path;
    EXPECT_EQ(archive.remove(kStudy + "..9"), 400);
    EXPECT_EQ(archive.remove(kInstance + "/frames/1"), 405);
    EXPECT_EQ(archive.store.archive().totals().instances, 5U);
}

TEST(Deletion, SaysOfNothingThatItIsGoneWhileItsKeyIsThere) {
    Deletable archive;
    archive.store.open_behind(std::make_unique<test::RecordsThatStay>(archive.store.records()));
    archive.router = {};
    add_deletion(archive.router, archive.store.archive());
    EXPECT_EQ(archive.remove(kStudy), 503);
    EXPECT_EQ(archive.store.archive().totals().instances, 1U);
    for (const std::string& path : {kStudy, kSeries, kInstance})
        EXPECT_EQ(archive.remove(path), 503) << path;
    EXPECT_EQ(archive.store.key_records(), 2U);
    archive.store.open();
    archive.router = {};
    add_deletion(archive.router, archive.store.archive());
    EXPECT_EQ(archive.remove(kStudy), 404);
    EXPECT_EQ(archive.store.key_records(), 1U);
}

// RFC 9110 13.1.1.
TEST(Deletion, TakesOutOnlyWhatItsClientHasSeen) {
    Deletable archive;
    const auto tag_of = [&](const std::string& path, const std::string& accept = {}) {
        return archive.get(path, accept).headers.get_or("ETag", "");
    };
    const std::string of_study = tag_of(kStudy + "/metadata");
    const std::string of_series = tag_of(kSeries);
    const std::string of_instance = tag_of(kInstance, "application/dicom");
    EXPECT_EQ(archive.remove(kInstance, {{"If-Match", "\"another\""}}), 412);
    EXPECT_EQ(archive.remove(kInstance, {{"If-Match", of_series}}), 412);
    EXPECT_EQ(archive.remove(kInstance, {{"If-Match", "W/" + of_instance}}), 412);
    EXPECT_EQ(archive.remove(kInstance, {{"If-None-Match", "*"}}), 412);
    EXPECT_EQ(archive.remove(kInstance, {{"If-None-Match", of_instance}}), 412);
    EXPECT_EQ(archive.remove(kInstance + ".9", {{"If-Match", "*"}}), 404);
    EXPECT_EQ(archive.store.archive().totals().instances, 5U);
    EXPECT_EQ(archive.remove(kInstance, {{"If-Match", "\"another\", " + of_instance}}), 204);
    EXPECT_EQ(archive.remove(kSeries, {{"If-Match", of_series}}), 412) << "it has less now";
    EXPECT_EQ(archive.remove(kStudy, {{"If-Match", of_study}}), 412);
    EXPECT_EQ(archive.remove(kSeries, {{"If-Match", tag_of(kSeries + "/metadata")}}), 204);
    EXPECT_EQ(archive.remove(kStudy, {{"If-Match", "*"}}), 204);
}

TEST(Deletion, IsThereWhereItIsAddedAlone) {
    TestArchive archive;
    http::BodyInMemory body;
    http::Request request(body);
    request.method = "DELETE";
    request.path = kStudy;
    EXPECT_EQ(archive.router.handle(request).status, 405);
}

TEST(Deletion, NeedsTheRightToDelete) {
    Deletable archive;
    for (const std::string& path : {kStudy, kSeries, kInstance}) {
        const http::Routed routed = archive.router.route("DELETE", path);
        ASSERT_TRUE(routed.route);
        EXPECT_EQ(routed.route->access, http::Access::kDelete) << path;
    }
}

}  // namespace
}  // namespace lucerna::retrieve
