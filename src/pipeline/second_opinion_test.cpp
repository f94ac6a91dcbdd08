#include "pipeline/second_opinion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "deliver/destination.h"
#include "phantom/phantom.h"
#include "pipeline/ports.h"
#include "prepare/view_codes.h"
#include "store/object_folder.h"
#include "support/objects_that_tell.h"
#include "support/temporary_folder.h"
#include "support/tiny_package.h"
#include "vault/file_key_provider.h"

namespace lucerna::pipeline {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

phantom::Exam small_exam(std::uint64_t seed) {
    phantom::PhantomOptions options;
    options.seed = seed;
    options.columns = 450;
    options.rows = 600;
    options.spacing_mm = 0.4;
    return phantom::make_exam(options);
}

/// A store that asks it for the time after so many times finds itself away.
class BreakingClock final : public Clock {
  public:
    explicit BreakingClock(Instant start) : clock_(start) {}
    void advance(std::chrono::milliseconds by) { clock_.advance(by); }
    void break_after(int times) { left_ = times; }
    [[nodiscard]] Instant now() const override {
        if (left_ > 0 && --left_ == 0) throw Error(ErrorCode::kUnavailable, "away for a moment");
        return clock_.now();
    }

  private:
    ManualClock clock_;
    mutable std::atomic<int> left_{0};
};

class SecondOpinionTest : public testing::Test {
  protected:
    SecondOpinionTest() {
        test::write_package(folder_.path() / "model", {}, test::tiny_mammography_manifest());
    }

    /// Keeps the views with these indices.
    void receive(const phantom::Exam& exam, std::initializer_list<std::size_t> views) {
        for (const std::size_t index : views)
            sink_.keep(exam.views.at(index).to_part10(), {"file", "test"});
    }
    /// Carries out the next waiting reading; false if there is none.
    bool read_next() {
        const auto job = store_.queue().lease(kReadJob, "test", std::chrono::minutes(1));
        if (!job) return false;
        give_second_opinion(*job, store_, model(), rules_, clock_);
        return true;
    }
    const infer::ModelPackage& model() {
        if (!model_) model_ = infer::ModelPackage::open(folder_.path() / "model");
        return *model_;
    }
    store::ExamEntry entry(const phantom::Exam& exam) {
        return store_.exams().exam(study_of(exam)).value();
    }
    static std::string study_of(const phantom::Exam& exam) {
        return exam.views.at(0).text_or(dicom::kStudyInstanceUid, "");
    }
    std::vector<store::InstanceRow> results_of(const phantom::Exam& exam) {
        std::vector<store::InstanceRow> rows = store_.archive().instances_of(study_of(exam));
        std::erase_if(rows, [](const auto& row) { return row.role != store::Role::kResult; });
        return rows;
    }
    static std::vector<std::string> uids_of(const std::vector<store::InstanceRow>& rows) {
        std::vector<std::string> uids;
        for (const store::InstanceRow& row : rows) uids.push_back(row.sop_instance_uid);
        return uids;
    }
    /// All of a result but when it was made.
    std::string said_in(const store::InstanceRow& row) {
        auto object = dicom::DataSet::parse(store_.archive().object(row.sop_instance_uid));
        for (const dicom::Tag tag :
             {dicom::kInstanceCreationDate, dicom::kInstanceCreationTime, dicom::kContentDate,
              dicom::kContentTime, dicom::kSeriesDate, dicom::kSeriesTime})
            object.remove(tag);
        return sha256(object.to_part10());
    }
    static std::string view_of(const dicom::DataSet& data_set) {
        const auto name = prepare::view_name_of(data_set);
        return name ? exam::to_string(*name) : "";
    }

    /// Before the index knows the object number `number` that is written from here on.
    void when_written(int number, std::function<void()> work) {
        objects_->written = [this, number, work = std::move(work)] {
            number > 1 ? when_written(number - 1, work) : work();
        };
    }
    std::unique_ptr<store::Objects> telling() {
        std::filesystem::create_directories(folder_.path() / "data");
        auto made = std::make_unique<test::ObjectsThatTell>(
            std::make_unique<store::ObjectFolder>(folder_.path() / "data" / "objects"));
        objects_ = made.get();
        return made;
    }

    test::TemporaryFolder folder_;
    test::ObjectsThatTell* objects_ = nullptr;
    BreakingClock clock_{from_rfc3339("2026-03-01T08:00:00.000Z")};
    vault::FileKeyProvider keys_{folder_.path() / "kek.json"};
    store::Store store_{{folder_.path() / "data", view_of},
                        telling(),
                        std::make_unique<store::RecordFolder>(folder_.path() / "data" / "keys"),
                        keys_,
                        clock_};
    CompletionRules completion_{{"R-CC", "L-CC", "R-MLO", "L-MLO"}, std::chrono::seconds(60)};
    ArchiveSink sink_{store_,
                      [this](const auto& study) { note_image(store_, study, completion_); }};
    OpinionRules rules_{{}, {"pacs"}, {}, 2, std::chrono::seconds(10)};
    std::optional<infer::ModelPackage> model_;
};

TEST_F(SecondOpinionTest, ReadsAnExamOnceItsFourViewsAreThere) {
    const phantom::Exam exam = small_exam(1);
    receive(exam, {0, 1, 2});
    EXPECT_FALSE(read_next());
    EXPECT_EQ(entry(exam).state, store::ExamState::kReceiving);
    receive(exam, {3});
    EXPECT_TRUE(read_next());

    const store::ExamEntry read = entry(exam);
    EXPECT_EQ(read.state, store::ExamState::kRead);
    EXPECT_TRUE(read.synthetic);
    // The brightest prepared pixel of every view is 1.
    EXPECT_NEAR(read.score.value(), 1, 1e-6);
    EXPECT_THAT(read.above, ElementsAre("recall"));
    EXPECT_GT(read.findings, 0);
    // Two reports and a capture of each view.
    EXPECT_THAT(results_of(exam), SizeIs(6));
}

TEST_F(SecondOpinionTest, ResultsAreOfThePatientThatTheStudyIsKeptUnder) {
    phantom::Exam exam = small_exam(12);
    const std::string id = exam.views.at(1).text_or(dicom::kPatientId, "");
    const std::string name = exam.views.at(1).text_or(dicom::kPatientName, "");
    for (const dicom::Tag tag : {dicom::kPatientId, dicom::kPatientName, dicom::kStudyId})
        exam.views.at(0).set_text(tag, "");
    exam.views.at(0).set_text(dicom::kAccessionNumber, "A-ONE");
    exam.views.at(2).set_text(dicom::kAccessionNumber, "A-OTHER");
    exam.views.at(2).set_text(dicom::kIssuerOfPatientId, "ISSUER");
    receive(exam, {0, 1, 2, 3});
    ASSERT_TRUE(read_next());
    const std::vector<store::InstanceRow> results = results_of(exam);
    EXPECT_THAT(results, SizeIs(6));
    for (const store::InstanceRow& row : results) {
        const auto result = dicom::DataSet::parse(store_.archive().object(row.sop_instance_uid));
        EXPECT_EQ(result.text_or(dicom::kPatientId, ""), id);
        EXPECT_EQ(result.text_or(dicom::kPatientName, ""), name);
        EXPECT_EQ(result.text_or(dicom::kIssuerOfPatientId, ""), "ISSUER");
        EXPECT_EQ(result.text_or(dicom::kAccessionNumber, ""),
                  entry(exam).accession_number.reveal());
    }
}

TEST_F(SecondOpinionTest, ReadsNoImageThatMayBeAnothersWithHers) {
    for (const bool has_id : {false, true}) {
        phantom::Exam exam = small_exam(has_id ? 13 : 14);
        const std::string id = exam.views.at(1).text_or(dicom::kPatientId, "");
        for (dicom::DataSet& view : exam.views) view.set_text(dicom::kPatientBirthDate, "");
        dicom::DataSet& other = exam.views.at(0);
        if (!has_id) other.set_text(dicom::kPatientId, "");
        other.set_text(dicom::kPatientName, "Omega^Olga");
        other.set_text(dicom::kAccessionNumber, "A-OLGA");
        receive(exam, {0});
        clock_.advance(std::chrono::milliseconds(1));
        receive(exam, {1, 2, 3});
        ASSERT_TRUE(read_next());
        const store::ExamEntry read = entry(exam);
        EXPECT_EQ(read.state, store::ExamState::kRead);
        const bool is_refused = read.refusals_json.find("another-patient") != std::string::npos;
        EXPECT_EQ(is_refused, !has_id) << "of one ID it is she, whatever she is called";
        EXPECT_THAT(results_of(exam), SizeIs(has_id ? 6 : 5)) << "nothing is drawn on the other's";
        for (const store::InstanceRow& row : results_of(exam)) {
            const auto result =
                dicom::DataSet::parse(store_.archive().object(row.sop_instance_uid));
            EXPECT_EQ(result.text_or(dicom::kPatientId, ""), id);
            EXPECT_EQ(result.text_or(dicom::kPatientName, "") == "Omega^Olga", has_id);
            EXPECT_EQ(result.text_or(dicom::kAccessionNumber, "") == "A-OLGA", has_id);
        }
    }
}

TEST_F(SecondOpinionTest, QueuesDeliveryOfEveryResultWithTheReading) {
    const phantom::Exam exam = small_exam(2);
    receive(exam, {0, 1, 2, 3});
    ASSERT_TRUE(read_next());
    const auto jobs = store_.queue().list(delivery_kind("pacs"));
    ASSERT_THAT(jobs, SizeIs(1));
    const auto delivery = deliver::delivery_job_from_json(jobs[0].payload);
    EXPECT_EQ(delivery.destination, "pacs");
    EXPECT_THAT(delivery.sop_instance_uids, SizeIs(6));
    for (const store::Job& job : store_.queue().list(""))
        EXPECT_EQ(job.study_instance_uid, study_of(exam)) << job.kind << ": goes when it is erased";
}

TEST_F(SecondOpinionTest, ReadsAStudyThatComesBackWithItsResults) {
    const phantom::Exam exam = small_exam(13);
    // In the same millisecond their UIDs would be the same, as those that somebody has foreseen.
    for (const auto later : {std::chrono::seconds(0), std::chrono::seconds(5)}) {
        receive(exam, {0, 1, 2, 3});
        ASSERT_TRUE(read_next());
        std::vector<Bytes> results;
        std::vector<std::string> uids;
        for (const store::InstanceRow& row : results_of(exam)) {
            uids.push_back(row.sop_instance_uid);
            results.push_back(store_.archive().object(row.sop_instance_uid));
        }
        store_.archive().erase_study(study_of(exam));
        clock_.advance(later);
        for (const Bytes& result : results) sink_.keep(result, {"file", "test"});
        receive(exam, {0, 1, 2, 3});
        ASSERT_TRUE(read_next());
        EXPECT_EQ(entry(exam).state, store::ExamState::kRead);
        EXPECT_THAT(results_of(exam), SizeIs(6));
        for (const store::InstanceRow& row : results_of(exam))
            EXPECT_THAT(uids, testing::Not(testing::Contains(row.sop_instance_uid)));
        store_.archive().erase_study(study_of(exam));
    }
}

TEST_F(SecondOpinionTest, ReadsAnIncompleteExamAfterAQuietPeriodAndSaysWhatIsMissing) {
    const phantom::Exam exam = small_exam(3);
    receive(exam, {0, 1, 2});
    clock_.advance(std::chrono::seconds(59));
    EXPECT_EQ(note_quiet(store_, completion_, clock_.now()), 0U);
    clock_.advance(std::chrono::seconds(2));
    EXPECT_EQ(note_quiet(store_, completion_, clock_.now()), 1U);
    ASSERT_TRUE(read_next());
    const store::ExamEntry read = entry(exam);
    EXPECT_EQ(read.state, store::ExamState::kRead);
    EXPECT_THAT(read.refusals_json, testing::HasSubstr("missing-view"));
    EXPECT_THAT(read.refusals_json, testing::HasSubstr("L-MLO"));
}

TEST_F(SecondOpinionTest, ReadsAgainWhenAnImageComesLater) {
    const phantom::Exam exam = small_exam(4);
    receive(exam, {0, 1, 2});
    clock_.advance(std::chrono::seconds(61));
    note_quiet(store_, completion_, clock_.now());
    ASSERT_TRUE(read_next());
    receive(exam, {3});
    ASSERT_TRUE(read_next()) << "all four views are there now";
    EXPECT_THAT(entry(exam).refusals_json, testing::Not(testing::HasSubstr("missing-view")));
}

TEST_F(SecondOpinionTest, DoublesNothingWhenAJobIsCarriedOutTwice) {
    const phantom::Exam exam = small_exam(5);
    receive(exam, {0, 1, 2, 3});
    const auto job = store_.queue().lease(kReadJob, "test", std::chrono::minutes(1));
    ASSERT_TRUE(job);
    give_second_opinion(*job, store_, model(), rules_, clock_);
    // As after a crash between saving the reading and completing the job.
    store_.queue().revive(job->id);
    ASSERT_TRUE(read_next());
    EXPECT_THAT(results_of(exam), SizeIs(6));
    EXPECT_THAT(store_.queue().list(delivery_kind("pacs")), SizeIs(1));
}

TEST_F(SecondOpinionTest, DoublesNothingWhereverATryBreaksOff) {
    const phantom::Exam exam = small_exam(15);
    receive(exam, {0, 1, 2, 3});
    rules_.max_attempts = 1000;
    testing::internal::CaptureStderr();
    std::size_t most = 0;
    for (int step = 1; step < 200 && entry(exam).state != store::ExamState::kRead; ++step) {
        const auto job = store_.queue().lease(kReadJob, "test", std::chrono::minutes(1));
        ASSERT_TRUE(job) << step;
        clock_.break_after(step);
        give_second_opinion(*job, store_, model(), rules_, clock_);
        clock_.break_after(0);
        most = std::max(most, results_of(exam).size());
        clock_.advance(kLongestRetry);
    }
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_EQ(entry(exam).state, store::ExamState::kRead);
    EXPECT_THAT(log, testing::HasSubstr("exam.retry"));
    EXPECT_THAT(log, testing::Not(testing::HasSubstr("store.result-differs")));
    EXPECT_EQ(most, 6U);
    EXPECT_THAT(results_of(exam), SizeIs(6));
}

TEST_F(SecondOpinionTest, WaitsTwiceAsLongAfterEachTryThatFailed) {
    const phantom::Exam exam = small_exam(15);
    receive(exam, {0, 1, 2, 3});
    rules_.max_attempts = 1000;
    for (const int seconds : {10, 20, 40, 80, 160, 300, 300}) {
        const auto job = store_.queue().lease(kReadJob, "test", std::chrono::minutes(1));
        ASSERT_TRUE(job) << seconds;
        clock_.break_after(1);
        give_second_opinion(*job, store_, model(), rules_, clock_);
        clock_.break_after(0);
        clock_.advance(std::chrono::seconds(seconds - 1));
        ASSERT_FALSE(store_.queue().lease(kReadJob, "test", std::chrono::minutes(1))) << seconds;
        clock_.advance(std::chrono::seconds(1));
    }
}

TEST_F(SecondOpinionTest, KeepsTheCaptureOfAViewOfWhichAnotherImageChangesNothing) {
    const phantom::Exam exam = small_exam(16);
    receive(exam, {0, 1, 2});
    clock_.advance(std::chrono::seconds(61));
    note_quiet(store_, completion_, clock_.now());
    ASSERT_TRUE(read_next());
    const std::vector<std::string> of_three = uids_of(results_of(exam));
    EXPECT_THAT(of_three, SizeIs(5));
    receive(exam, {3});
    ASSERT_TRUE(read_next());
    // Two reports, and the capture of what came.
    EXPECT_THAT(results_of(exam), SizeIs(8));
    EXPECT_THAT(uids_of(results_of(exam)), testing::IsSupersetOf(of_three));
}

TEST_F(SecondOpinionTest, MakesOtherResultsOfAnotherObjectUnderTheUidOfOne) {
    for (const bool is_read : {true, false}) {
        phantom::Exam exam = small_exam(is_read ? 17 : 18);
        receive(exam, {0, 1, 2, 3});
        ASSERT_TRUE(read_next());
        std::map<std::string, std::string> first;
        for (const store::InstanceRow& row : results_of(exam))
            first[row.sop_instance_uid] = said_in(row);
        dicom::DataSet& corrected = exam.views.at(3);
        store_.archive().erase_part({study_of(exam),
                                     corrected.text_or(dicom::kSeriesInstanceUid, ""),
                                     corrected.text_or(dicom::kSopInstanceUid, "")});
        if (!is_read) corrected.set_text(dicom::kBreastImplantPresent, "YES");
        receive(exam, {3});
        ASSERT_TRUE(read_next());
        EXPECT_THAT(results_of(exam), SizeIs(6));
        std::size_t same = 0;
        for (const store::InstanceRow& row : results_of(exam)) {
            const auto before = first.find(row.sop_instance_uid);
            if (before == first.end()) continue;
            ++same;
            EXPECT_EQ(said_in(row), before->second);
        }
        EXPECT_EQ(same, 3U) << "captures of the views that stayed";
    }
}

TEST_F(SecondOpinionTest, ReadsWhatAnotherReaderLeftWhenItsLeaseRunsOut) {
    const phantom::Exam exam = small_exam(8);
    receive(exam, {0, 1, 2, 3});
    const auto job = store_.queue().lease(kReadJob, "another", std::chrono::minutes(1));
    ASSERT_TRUE(job);
    ASSERT_TRUE(store_.exams().begin_reading(*job));
    EXPECT_FALSE(read_next());
    clock_.advance(std::chrono::seconds(61));
    ASSERT_TRUE(read_next());
    EXPECT_EQ(entry(exam).state, store::ExamState::kRead);
    EXPECT_THAT(results_of(exam), SizeIs(6));
    // It was not gone, only slow.
    EXPECT_THROW(give_second_opinion(*job, store_, model(), rules_, clock_), Error);
    EXPECT_THAT(store_.queue().list(delivery_kind("pacs")), SizeIs(1));
}

TEST_F(SecondOpinionTest, HoldsItsLeaseWhileItReads) {
    const phantom::Exam exam = small_exam(9);
    receive(exam, {0, 1, 2, 3});
    const auto job = store_.queue().lease(kReadJob, "test", std::chrono::minutes(1));
    ASSERT_TRUE(job);
    clock_.advance(std::chrono::seconds(30));
    // A third of it is over at once.
    rules_.lease = std::chrono::milliseconds(1);
    give_second_opinion(*job, store_, model(), rules_, clock_);
    EXPECT_EQ(entry(exam).state, store::ExamState::kRead);
    EXPECT_EQ(store_.queue().list(kReadJob).at(0).leased_until, clock_.now() + rules_.lease);
}

TEST_F(SecondOpinionTest, LooksAtNoMoreImagesThanAnExamHas) {
    const phantom::Exam exam = small_exam(8);
    for (int number = 0; number < 40; ++number) {
        dicom::DataSet again = exam.views.at(0).clone();
        again.set_text(dicom::kSopInstanceUid, "2.25.9" + std::to_string(number));
        sink_.keep(again.to_part10(), {"file", "test"});
    }
    // Of each view one is looked at, whenever it came.
    receive(exam, {0, 1, 2, 3});
    ASSERT_TRUE(read_next());
    const store::ExamEntry read = entry(exam);
    EXPECT_EQ(read.state, store::ExamState::kRead);
    const std::string& refusals = read.refusals_json;
    EXPECT_NE(refusals.find("too-many-images"), std::string::npos);
    EXPECT_NE(refusals.find("20 more objects"), std::string::npos) << refusals;
    EXPECT_EQ(refusals.find("missing-view"), std::string::npos) << refusals;
    std::size_t captures = 0;
    for (const store::InstanceRow& row : results_of(exam))
        captures += row.sop_class_uid == dicom::sop_class::kSecondaryCapture ? 1 : 0;
    EXPECT_EQ(captures, 12U);
}

TEST_F(SecondOpinionTest, ReadsTheNewestExposuresBehindAnyNumberOfOtherImages) {
    phantom::Exam exam = small_exam(15);
    for (dicom::DataSet& view : exam.views) view.set_text(dicom::kQualityControlImage, "NO");
    const std::function<void(dicom::DataSet&)> crowds[] = {
        [](auto& d) {
            d.set_texts(dicom::kImageType,
                        std::vector<std::string>{"DERIVED", "SECONDARY", "TOMOSYNTHESIS"});
        },
        [](auto& d) { d.set_text(dicom::kQualityControlImage, "YES"); },
        [](auto& d) { d.set_text(dicom::kSopClassUid, dicom::sop_class::kSecondaryCapture); },
        [](auto& d) {
            d.set_text(dicom::kSopClassUid, dicom::sop_class::kDigitalMammographyForProcessing);
        },
        [](auto& d) { d.set_text(dicom::kAcquisitionDate, "19990101"); },
    };
    int number = 0;
    for (const auto& spoil : crowds)
        for (const dicom::DataSet& view : exam.views)
            for (int i = 0; i < 7; ++i) {
                dicom::DataSet other = view.clone();
                other.set_text(dicom::kAcquisitionDate, "20991231");
                spoil(other);
                other.set_text(dicom::kSopInstanceUid, "2.25.8" + std::to_string(++number));
                sink_.keep(other.to_part10(), {"file", "test"});
            }
    receive(exam, {0, 1, 2, 3});
    ASSERT_TRUE(read_next());
    std::set<std::string> read;
    const auto reading = nlohmann::json::parse(store_.exams().reading_json(study_of(exam)));
    for (const auto& view : reading.at("views"))
        read.insert(view.at("sop_instance_uid").get<std::string>());
    std::set<std::string> newest;
    for (const dicom::DataSet& view : exam.views)
        newest.insert(view.text_or(dicom::kSopInstanceUid, ""));
    EXPECT_EQ(read, newest);
    EXPECT_THAT(entry(exam).refusals_json, testing::HasSubstr("120 more objects"));
}

TEST_F(SecondOpinionTest, SendsNoCapturesWhereTheirWordsWouldBeBlanked) {
    rules_.destinations = {"pacs", "research"};
    rules_.without_captures = {"research"};
    receive(small_exam(9), {0, 1, 2, 3});
    ASSERT_TRUE(read_next());
    const auto sent_to = [&](const std::string& name) {
        const auto job = store_.queue().lease(delivery_kind(name), "test", std::chrono::minutes(1));
        return deliver::delivery_job_from_json(job.value().payload).sop_instance_uids.size();
    };
    EXPECT_EQ(sent_to("pacs"), 6U);
    EXPECT_EQ(sent_to("research"), 2U);
}

TEST_F(SecondOpinionTest, SendsNoCaptureOfARefusedImageWhereNothingGoesAsItIs) {
    rules_.destinations = {"pacs", "research"};
    rules_.without_refused_captures = {"research"};
    phantom::Exam exam = small_exam(18);
    exam.views.at(0).set_text(dicom::kBreastImplantPresent, "YES");
    receive(exam, {0, 1, 2, 3});
    ASSERT_TRUE(read_next());
    const auto sent_to = [&](const std::string& name) {
        const auto job = store_.queue().lease(delivery_kind(name), "test", std::chrono::minutes(1));
        return deliver::delivery_job_from_json(job.value().payload).sop_instance_uids.size();
    };
    EXPECT_EQ(sent_to("pacs"), 6U);
    EXPECT_EQ(sent_to("research"), 5U);
}

TEST_F(SecondOpinionTest, RefusesAnExamOfAnotherModalityWithAReason) {
    phantom::Exam exam = small_exam(6);
    exam.views.resize(1);
    exam.views[0].set_text(dicom::kModality, "DX");
    receive(exam, {0});
    clock_.advance(std::chrono::seconds(61));
    note_quiet(store_, completion_, clock_.now());
    ASSERT_TRUE(read_next());
    EXPECT_EQ(entry(exam).state, store::ExamState::kRefused);
    EXPECT_FALSE(entry(exam).score);
    EXPECT_THAT(entry(exam).refusals_json, testing::HasSubstr("wrong-modality"));
}

TEST_F(SecondOpinionTest, ShowsAnExamWhoseObjectIsDamagedAsRefusedNotLost) {
    const phantom::Exam exam = small_exam(7);
    receive(exam, {0, 1, 2, 3});
    // One bit of each kept object.
    for (const auto& file :
         std::filesystem::recursive_directory_iterator(folder_.path() / "data" / "objects")) {
        if (!file.is_regular_file() || file.file_size() < 100'000) continue;
        Bytes bytes = read_file(file.path());
        bytes[bytes.size() / 2] ^= 1;
        write_file(file.path(), bytes);
    }
    ASSERT_TRUE(read_next());
    EXPECT_EQ(entry(exam).state, store::ExamState::kRefused);
    EXPECT_THAT(entry(exam).refusals_json, testing::HasSubstr("unreadable"));
}

TEST_F(SecondOpinionTest, OfAPatientWhoIsErasedMeanwhileNothingComesBack) {
    std::uint64_t seed = 30;
    // The first of the results, and one after others were kept.
    for (const int result : {1, 3}) {
        const phantom::Exam exam = small_exam(++seed);
        receive(exam, {0, 1, 2, 3});
        when_written(result, [&] {
            store_.archive().erase_patient(exam.views.at(0).text_or(dicom::kPatientId, ""), "");
        });
        EXPECT_THROW(read_next(), Error) << "the lease is gone";
        EXPECT_FALSE(objects_->written) << "it was erased";
        EXPECT_EQ(store_.archive().totals().studies, 0U) << "result " << result;
        EXPECT_FALSE(store_.exams().exam(study_of(exam)));
        EXPECT_TRUE(store_.queue().list("").empty());
        EXPECT_TRUE(store_.archive().verify().empty());
    }
}

TEST_F(SecondOpinionTest, ResultsOfWhatWasErasedDoNotJoinWhatComesUnderItsStudy) {
    const phantom::Exam exam = small_exam(33);
    receive(exam, {0, 1, 2, 3});
    when_written(2, [&] {
        store_.archive().erase_patient(exam.views.at(0).text_or(dicom::kPatientId, ""), "");
        receive(exam, {0, 1, 2, 3});
        EXPECT_EQ(entry(exam).state, store::ExamState::kWaiting);
    });
    EXPECT_THROW(read_next(), Error) << "the lease is gone";
    EXPECT_THAT(store_.archive().instances_of(study_of(exam)), SizeIs(4));
    EXPECT_EQ(entry(exam).state, store::ExamState::kWaiting);
    EXPECT_EQ(store_.exams().reading_json(study_of(exam)), "");
    EXPECT_TRUE(read_next()) << "that which came again";
    EXPECT_THAT(results_of(exam), SizeIs(6));
}

}  // namespace
}  // namespace lucerna::pipeline
