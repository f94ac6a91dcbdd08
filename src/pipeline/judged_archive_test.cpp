#include "pipeline/judged_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "collection/cache.h"
#include "collection/collection.h"
#include "phantom/phantom.h"
#include "pipeline/second_opinion.h"
#include "store/kept_reading.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"

namespace lucerna::pipeline {
namespace {

using collection::Judgement;
using testing::HasSubstr;
using testing::SizeIs;

class JudgedArchiveTest : public testing::Test {
  protected:
    JudgedArchiveTest() {
        phantom::PhantomOptions options;
        options.columns = 450;
        options.rows = 600;
        options.spacing_mm = 0.4;
        exam_ = phantom::make_exam(options);
        for (const auto& view : exam_.views) store_.archive().keep(view.to_part10());
        study_ = exam_.views.at(0).text_or(dicom::kStudyInstanceUid, "");
    }

    /// As if a model had found two things in R-CC, the one there, and nothing elsewhere.
    void save_reading(const std::string& left = "300", const std::string& model = "model") {
        const auto view = [&](std::size_t index, const std::string& name,
                              const std::string& findings) {
            return R"({"view": ")" + name + R"(", "sop_instance_uid": ")" + uid(index) +
                   R"(", "findings": [)" + findings + "]}";
        };
        const std::string key = study_ + "#" + std::to_string(++readings_);
        const store::NewJob waiting{store::kReadJob, key, study_, {}, study_};
        store_.exams().move(study_, store::ExamState::kWaiting, std::span(&waiting, 1));
        const auto job = store_.queue().lease(store::kReadJob, "test", std::chrono::minutes(1));
        ASSERT_TRUE(job && store_.exams().begin_reading(*job));
        store::Reading reading;
        reading.revision = store_.exams().exam(study_)->revision;
        reading.model_sha256 = model;
        reading.score = 0.5;
        reading.reading_json = R"({"model": {"sha256": ")" + model + R"("}, "views": [)" +
                               view(0, "R-CC",
                                    R"({"id": "R-CC-1", "box": {"left": )" + left +
                                        R"(, "top": 250, "width": 20, "height": 10}},
                    {"id": "R-CC-2", "box": {"left": 5, "top": 6, "width": 7, "height": 8}})") +
                               "," + view(1, "L-CC", "") + "]}";
        store_.exams().save_reading(*job, reading, {});
    }
    void decide(const std::string& finding, const std::string& action) {
        store::Decision decision;
        decision.study_instance_uid = study_;
        decision.finding = finding;
        decision.action = action;
        decision.who = "reader";
        decision.when = clock_.now();
        store_.exams().decide(decision, store::reading_id(store_.exams().reading_json(study_)));
    }
    std::string uid(std::size_t view) {
        return exam_.views.at(view).text_or(dicom::kSopInstanceUid, "");
    }
    collection::TrainingSet prepared(collection::PrepareOptions options) {
        options.cache = folder_.path() / "cache";
        options.spacing_mm = 0.8;
        collection::run_prepare(
            options, [](const std::string&) {}, &archive_);
        return collection::CacheReader::open(options.cache).index();
    }

    test::TemporaryFolder folder_;
    ManualClock clock_{from_rfc3339("2026-03-01T08:00:00.000Z")};
    vault::FileKeyProvider keys_{folder_.path() / "kek.json"};
    store::Store store_{{folder_.path() / "data", {}}, keys_, clock_};
    JudgedArchive archive_{store_};
    phantom::Exam exam_;
    std::string study_;
    int readings_ = 0;
};

TEST_F(JudgedArchiveTest, GivesTheNewestDecisionOfTheNewestReading) {
    EXPECT_THAT(archive_.judged_exams(""), SizeIs(0)) << "nothing was read yet";
    save_reading();
    decide("R-CC-1", "dismiss");
    decide("R-CC-1", "accept");
    decide("R-CC-2", "accept");
    decide("R-CC-2", "undo");
    const auto exams = archive_.judged_exams("");
    ASSERT_THAT(exams, SizeIs(1));
    ASSERT_THAT(exams[0].images, SizeIs(2));
    const auto& findings = exams[0].images[0].findings;
    ASSERT_THAT(findings, SizeIs(2));
    EXPECT_EQ(findings[0].judgement, Judgement::kAccepted);
    EXPECT_EQ(findings[0].box, (exam::Box{300, 250, 20, 10}));
    EXPECT_EQ(findings[1].judgement, Judgement::kOpen);
}

TEST_F(JudgedArchiveTest, GivesNoDecisionOnAnotherFindingOfThatName) {
    const auto judgements = [&] {
        std::vector<Judgement> all;
        for (const auto& finding : archive_.judged_exams("").at(0).images.at(0).findings)
            all.push_back(finding.judgement);
        return all;
    };
    save_reading();
    decide("R-CC-1", "dismiss");
    decide("R-CC-2", "accept");
    save_reading("120");
    EXPECT_EQ(judgements(), (std::vector{Judgement::kOpen, Judgement::kAccepted}));
    save_reading("300");
    EXPECT_EQ(judgements(), (std::vector{Judgement::kDismissed, Judgement::kAccepted}));
    save_reading("300", "another model");
    EXPECT_EQ(judgements(), (std::vector{Judgement::kOpen, Judgement::kOpen}));
}

TEST_F(JudgedArchiveTest, MatchesAsQidoDoes) {
    save_reading();
    EXPECT_THAT(archive_.judged_exams("StudyDate=20000101&Modality=MG"), SizeIs(1));
    EXPECT_THAT(archive_.judged_exams("StudyDate=20200101-"), SizeIs(0));
    for (const std::string query : {"StudyDate", "Nonsense=1", "PixelSpacing=1", "StudyDate=x-y"}) {
        try {
            (void)archive_.judged_exams(query);
            ADD_FAILURE() << query << " was accepted";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kInvalidInput) << query;
        }
    }
}

TEST_F(JudgedArchiveTest, BecomesACacheByQuery) {
    save_reading();
    decide("R-CC-1", "accept");
    decide("R-CC-2", "dismiss");
    collection::PrepareOptions options;
    options.query = "";
    const collection::TrainingSet set = prepared(options);
    ASSERT_THAT(set.images, SizeIs(2));
    EXPECT_EQ(set.images[0].record.file, uid(0));
    EXPECT_TRUE(set.images[0].record.malignant);
    ASSERT_THAT(set.images[0].record.lesions, SizeIs(1));
    EXPECT_EQ(set.images[0].record.row_spacing_mm, 0.4);
    EXPECT_FALSE(set.images[1].record.malignant);
    EXPECT_EQ(set.images[0].record.patient, "patient-1");
}

TEST_F(JudgedArchiveTest, BecomesACacheByManifest) {
    const auto manifest = [&](const std::string& file) {
        collection::PrepareOptions options;
        options.manifests = {folder_.path() / "set.csv"};
        write_file(options.manifests[0],
                   as_byte_view("file,patient,laterality,view,image_malignant,x,y,w,h,"
                                "lesion_pathology\n" +
                                file + ",p,R,CC,0,,,,,\n"));
        return options;
    };
    EXPECT_THAT(prepared(manifest(uid(0))).images, SizeIs(1));
    try {
        (void)prepared(manifest("1.2.3"));
        FAIL() << "accepted an image that is not there";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("set.csv, line 2: the archive holds no image '1.2.3'"));
    }
}

}  // namespace
}  // namespace lucerna::pipeline
