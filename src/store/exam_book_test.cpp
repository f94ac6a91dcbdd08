#include "store/exam_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "dicom/uids.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using enum ExamState;
using test::error_of;
using test::StoredInstance;
using testing::ElementsAre;

void receive(TestStore& store, const std::string& study, const std::string& side = "R",
             const std::string& position = "CC") {
    StoredInstance instance;
    instance.study = study;
    instance.series = study + ".1";
    instance.sop_instance =
        study + ".1." + (side == "R" ? "1" : "2") + (position == "CC" ? "1" : "2");
    instance.laterality = side;
    instance.view_position = position;
    store.archive().keep(instance.file());
}

Reading a_reading(TestStore& store, const std::string& study, double score) {
    Reading reading;
    reading.revision = store.exams().exam(study)->revision;
    reading.score = score;
    reading.above = {"recall"};
    reading.model_sha256 = "m1";
    reading.reading_json = reading_json_of(
        "m1", score, {{"R-CC-1", study + ".1.11", 100}, {"R-CC-2", study + ".1.11", 700}});
    reading.read_at = store.clock.now();
    return reading;
}

void wait_to_be_read(TestStore& store, const std::string& study) {
    const std::string revision = std::to_string(store.exams().exam(study)->revision);
    const NewJob job{kReadJob, study + "#" + revision, study, {}, study};
    store.exams().move(study, kWaiting, std::span(&job, 1));
}

Job leased(TestStore& store) {
    return store.queue().lease(kReadJob, "test", std::chrono::minutes(1)).value();
}

/// Of the study, whose exam is in kReading then.
Job begin_reading(TestStore& store, const std::string& study) {
    wait_to_be_read(store, study);
    const Job job = leased(store);
    EXPECT_TRUE(store.exams().begin_reading(job));
    return job;
}

void read(TestStore& store, const std::string& study, double score) {
    store.exams().save_reading(begin_reading(store, study), a_reading(store, study, score), {});
}

TEST(ExamBook, EntersImagesAsTheyAreKept) {
    TestStore store;
    receive(store, "1.1", "R", "MLO");
    const std::uint64_t before = store.exams().revision();
    store.clock.advance(std::chrono::seconds(5));
    receive(store, "1.1", "L", "CC");
    const auto exam = store.exams().exam("1.1");
    ASSERT_TRUE(exam);
    EXPECT_EQ(exam->state, kReceiving);
    EXPECT_THAT(exam->views, ElementsAre("L-CC", "R-MLO"));
    EXPECT_EQ(exam->images, 2);
    EXPECT_EQ(exam->patient_name.reveal(), "Doe^Jane");
    EXPECT_EQ(exam->last_received_at - exam->first_received_at, std::chrono::seconds(5));
    EXPECT_FALSE(exam->score);
    EXPECT_GT(store.exams().revision(), before);
    EXPECT_FALSE(store.exams().exam("9.9"));
}

/// The number of images of the exam that such an image alone makes; none: no exam.
std::optional<int> images_of_exam_with(const std::string& sop_class, const std::string& modality) {
    TestStore store;
    StoredInstance instance;
    instance.sop_class = sop_class;
    instance.modality = modality;
    EXPECT_EQ(store.archive().keep(instance.file()), Kept::kNew);
    EXPECT_EQ(store.archive().instances_of(instance.study).size(), 1U) << "kept and found";
    const auto exam = store.exams().exam(instance.study);
    if (!exam) return {};
    return exam->images;
}

TEST(ExamBook, WhatMayBeAMammogramMakesAnExamWhetherOrNotItCanBeRead) {
    namespace classes = dicom::sop_class;
    const std::pair<std::string_view, const char*> mammograms[] = {
        {classes::kDigitalMammographyForPresentation, "MG"},
        {classes::kDigitalMammographyForProcessing, "MG"},
        {classes::kDigitalMammographyForPresentation, ""},
        {classes::kBreastTomosynthesis, "MG"},
        {classes::kBreastProjectionForPresentation, "MG"},
        {classes::kBreastProjectionForProcessing, "MG"},
        {classes::kSecondaryCapture, "MG"},
        {classes::kComputedRadiography, "MG"},
        {"2.999.1.2.3", "MG"}};
    for (const auto& [sop_class, modality] : mammograms)
        EXPECT_EQ(images_of_exam_with(std::string(sop_class), modality), 1)
            << sop_class << " " << modality;
}

TEST(ExamBook, OtherImagesMakeNoExam) {
    namespace classes = dicom::sop_class;
    const std::pair<std::string_view, const char*> others[] = {
        {classes::kCt, "CT"},
        {classes::kUltrasound, "US"},
        {classes::kSegmentation, "SEG"},
        {classes::kSecondaryCapture, "OT"},
        {classes::kDigitalXRayForPresentation, "DX"},
        {classes::kWholeSlideMicroscopy, "SM"},
        {"2.999.1.2.3", ""}};
    for (const auto& [sop_class, modality] : others)
        EXPECT_FALSE(images_of_exam_with(std::string(sop_class), modality))
            << sop_class << " " << modality;
}

TEST(ExamBook, AnotherImageBesideMammogramsLeavesTheExamAsItIs) {
    TestStore store;
    receive(store, "1.1");
    read(store, "1.1", 0.2);
    StoredInstance ultrasound;
    ultrasound.sop_class = dicom::sop_class::kUltrasound;
    ultrasound.modality = "US";
    ultrasound.study = "1.1";
    ultrasound.series = "1.1.2";
    ultrasound.sop_instance = "1.1.2.1";
    store.archive().keep(ultrasound.file());
    EXPECT_EQ(store.exams().exam("1.1")->state, kRead);
    EXPECT_EQ(store.exams().exam("1.1")->images, 1);
}

void receive_companion(TestStore& store, const std::string& study, const std::string& number) {
    StoredInstance instance;
    instance.study = study;
    instance.series = study + ".2";
    instance.sop_instance = instance.series + "." + number;
    instance.sop_class = dicom::sop_class::kSecondaryCapture;
    instance.modality = "US";
    store.archive().keep(instance.file());
}

/// What is noted of the one study that there is, by the last component.
std::string noted(TestStore& store) {
    const std::vector<Job> jobs = store.queue().list(kCompanionsJob);
    EXPECT_LE(jobs.size(), 1U);
    std::string numbers;
    if (!jobs.empty())
        for (const Companion& one : store.exams().companions(jobs[0]))
            numbers += one.sop_instance_uid.substr(one.sop_instance_uid.rfind('.') + 1);
    return numbers;
}

TEST(ExamBook, NotesWhatComesBesideAnExamsImages) {
    TestStore store;
    receive_companion(store, "1.2.1", "1");
    EXPECT_EQ(noted(store), "") << "it is there when the exam is read";
    receive(store, "1.2.1");
    receive_companion(store, "1.2.1", "2");
    receive(store, "1.2.1", "L");
    receive_companion(store, "1.2.1", "3");
    EXPECT_EQ(noted(store), "23");
    store.archive().erase_part({"1.2.1", "1.2.1.2", "1.2.1.2.2"});
    EXPECT_EQ(noted(store), "3");
    store.archive().erase_study("1.2.1");
    EXPECT_THAT(store.queue().list(""), testing::IsEmpty());
}

// What was read may be another's, and what was made of it names nobody, or another.
TEST(ExamBook, TakesTheLeaseFromWhoKnowsLessThanThereIs) {
    TestStore store;
    receive(store, "1.2.1");
    receive_companion(store, "1.2.1", "1");
    const auto lease = [&] {
        store.clock.advance(std::chrono::hours(1));
        return store.queue().lease(kCompanionsJob, "test", std::chrono::minutes(1)).value();
    };
    Job job = lease();
    receive_companion(store, "1.2.1", "2");
    EXPECT_EQ(error_of([&] { store.queue().drop(job); }), "conflict") << "it is more now";
    job = lease();
    store.archive().erase_part({"1.2.1", "1.2.1.2", "1.2.1.2.1"});
    EXPECT_EQ(error_of([&] { store.queue().drop(job); }), "conflict") << "it is less now";
    job = lease();
    read(store, "1.2.1", 0.2);
    EXPECT_EQ(error_of([&] { store.queue().drop(job); }), "conflict") << "it may go now";
    EXPECT_TRUE(store.queue().lease(kCompanionsJob, "test", std::chrono::minutes(1)));
}

TEST(ExamBook, NotesACompanionThatGetsTheRowOfAnErasedObject) {
    TestStore store;
    receive(store, "1.2.1");
    receive(store, "1.2.2");
    receive_companion(store, "1.2.1", "1");
    store.archive().erase_study("1.2.2");
    store.archive().erase_part({"1.2.1", "1.2.1.2", "1.2.1.2.1"});
    EXPECT_EQ(noted(store), "");
    receive_companion(store, "1.2.1", "2");
    EXPECT_EQ(noted(store), "2");
}

TEST(ExamBook, ADuplicateDoesNotTouchTheExam) {
    TestStore store;
    receive(store, "1.1");
    const auto before = store.exams().exam("1.1")->revision;
    receive(store, "1.1");
    EXPECT_EQ(store.exams().exam("1.1")->revision, before);
}

TEST(ExamBook, TheTableHoldsWhichMovesThereAre) {
    EXPECT_TRUE(may_move(kReceiving, kWaiting));
    EXPECT_TRUE(may_move(kReading, kRead));
    EXPECT_FALSE(may_move(kReceiving, kRead));
    EXPECT_FALSE(may_move(kRead, kReading));
    EXPECT_FALSE(may_move(kWaiting, kRead));
    EXPECT_FALSE(may_move(kFailed, kRead));
    for (const ExamState state : {kReceiving, kWaiting, kReading, kRead, kRefused, kFailed})
        EXPECT_EQ(exam_state_from(name_of(state)), state);
    EXPECT_FALSE(exam_state_from("lost"));
}

TEST(ExamBook, RefusesAMoveThatIsNotInTheTable) {
    TestStore store;
    receive(store, "1.1");
    EXPECT_EQ(error_of([&] { store.exams().move("1.1", kReading); }), "conflict");
    EXPECT_EQ(error_of([&] { store.exams().move("1.9", kWaiting); }), "not-found");
    EXPECT_EQ(store.exams().exam("1.1")->state, kReceiving);
}

TEST(ExamBook, AMoveQueuesItsJobsOrDoesNothing) {
    TestStore store;
    receive(store, "1.1");
    const NewJob job{"read", "1.1@1", "1.1", {}, "1.1"};
    EXPECT_EQ(error_of([&] { store.exams().move("1.1", kRead, std::span(&job, 1)); }), "conflict");
    EXPECT_TRUE(store.queue().list("read").empty());
    store.exams().move("1.1", kWaiting, std::span(&job, 1));
    EXPECT_EQ(store.queue().list("read").size(), 1U);
}

TEST(ExamBook, SavesReadingAndDeliveriesTogether) {
    TestStore store;
    receive(store, "1.1");
    const Job job = begin_reading(store, "1.1");
    const NewJob jobs[] = {{"deliver", "pacs:1.1@1", "p", {}, "1.1"},
                           {"deliver", "ris:1.1@1", "p", {}, "1.1"}};
    store.exams().save_reading(job, a_reading(store, "1.1", 0.7), jobs);
    store.open();
    const auto exam = store.exams().exam("1.1");
    EXPECT_EQ(exam->state, kRead);
    EXPECT_EQ(exam->score, 0.7);
    EXPECT_THAT(exam->above, ElementsAre("recall"));
    EXPECT_EQ(exam->findings, 2);
    EXPECT_EQ(exam->read_at, store.clock.now());
    EXPECT_THAT(store.exams().reading_json("1.1"), testing::StartsWith("{\"score\":0.700000,"));
    EXPECT_EQ(store.queue().list("deliver").size(), 2U);
}

TEST(ExamBook, AnImageThatComesWhileItIsReadMakesItReceiveAgain) {
    TestStore store;
    receive(store, "1.1");
    const Job job = begin_reading(store, "1.1");
    const Reading reading = a_reading(store, "1.1", 0.7);
    receive(store, "1.1", "L");
    EXPECT_EQ(store.exams().exam("1.1")->state, kReading);
    store.exams().save_reading(job, reading, {});
    EXPECT_EQ(store.exams().exam("1.1")->state, kReceiving);
    EXPECT_EQ(store.exams().exam("1.1")->score, 0.7) << "what was read is shown meanwhile";
}

TEST(ExamBook, AReadingEndsItsJob) {
    TestStore store;
    receive(store, "1.1");
    const Job job = begin_reading(store, "1.1");
    store.exams().save_reading(job, a_reading(store, "1.1", 0.7), {});
    EXPECT_EQ(store.queue().list(kReadJob).at(0).state, JobState::kDone);
    EXPECT_EQ(error_of([&] { store.exams().save_reading(job, a_reading(store, "1.1", 0.8), {}); }),
              "conflict");
    EXPECT_EQ(store.exams().exam("1.1")->score, 0.7);
}

TEST(ExamBook, WhoseLeaseRanOutSavesNothing) {
    TestStore store;
    receive(store, "1.1");
    const Job lost = begin_reading(store, "1.1");
    store.clock.advance(std::chrono::minutes(2));
    const Job job = leased(store);
    EXPECT_EQ(error_of([&] { store.exams().save_reading(lost, a_reading(store, "1.1", 0.7), {}); }),
              "conflict");
    EXPECT_EQ(error_of([&] { store.exams().leave_unread(lost, 1, store.clock.now(), "slow"); }),
              "conflict");
    EXPECT_EQ(error_of([&] { (void)store.exams().begin_reading(lost); }), "conflict");
    EXPECT_EQ(store.exams().exam("1.1")->state, kReading);
    ASSERT_TRUE(store.exams().begin_reading(job)) << "nobody else reads it";
    store.exams().save_reading(job, a_reading(store, "1.1", 0.2), {});
    EXPECT_EQ(store.exams().exam("1.1")->score, 0.2);
}

TEST(ExamBook, IsNotReadUnderTwoJobsAtOnce) {
    TestStore store;
    receive(store, "1.1");
    const Job first = begin_reading(store, "1.1");
    // As an earlier program left one whose reading was saved.
    store.queue().enqueue({kReadJob, "1.1#0", "1.1", {}, "1.1"});
    EXPECT_FALSE(store.exams().begin_reading(leased(store)));
    store.exams().save_reading(first, a_reading(store, "1.1", 0.2), {});
    EXPECT_EQ(store.exams().exam("1.1")->state, kRead);
}

TEST(ExamBook, AnExamThatCouldNotBeReadWaitsOrHasFailed) {
    TestStore store;
    receive(store, "1.1");
    const Job job = begin_reading(store, "1.1");
    const Instant again = store.clock.now() + std::chrono::seconds(10);
    store.exams().leave_unread(job, 1, again, "busy");
    EXPECT_EQ(store.exams().exam("1.1")->state, kWaiting);
    EXPECT_EQ(store.exams().exam("1.1")->problem, "busy");
    EXPECT_FALSE(store.queue().lease(kReadJob, "test", std::chrono::minutes(1)));
    store.clock.advance(std::chrono::seconds(11));
    const Job second = leased(store);
    ASSERT_TRUE(store.exams().begin_reading(second));
    store.exams().leave_unread(second, 1, {}, "broken");
    EXPECT_EQ(store.exams().exam("1.1")->state, kFailed);
    EXPECT_EQ(store.queue().list(kReadJob).at(0).state, JobState::kGivenUp);
}

TEST(ExamBook, AnImageThatComesDuringTheLastTryGivesItAnother) {
    TestStore store;
    receive(store, "1.1");
    const Job job = begin_reading(store, "1.1");
    const std::int64_t begun = store.exams().exam("1.1")->revision;
    receive(store, "1.1", "L");
    EXPECT_EQ(store.exams().exam("1.1")->state, kReading);
    store.exams().leave_unread(job, begun, {}, "broken");
    EXPECT_EQ(store.exams().exam("1.1")->state, kReceiving);
    store.exams().move("1.1", kWaiting);
}

TEST(ExamBook, AnImageThatComesLaterMakesItReceiveAgain) {
    TestStore store;
    receive(store, "1.1");
    read(store, "1.1", 0.2);
    receive(store, "1.1", "L");
    EXPECT_EQ(store.exams().exam("1.1")->state, kReceiving);
}

TEST(ExamBook, TheWorklistHasTheUrgentFirst) {
    TestStore store;
    for (const char* study : {"1.1", "1.2", "1.3", "1.4", "1.5"}) {
        receive(store, study);
        store.clock.advance(std::chrono::seconds(1));
    }
    read(store, "1.2", 0.9);
    read(store, "1.3", 0.2);
    read(store, "1.5", 0.9);
    store.exams().move("1.4", kFailed, {}, "the model failed");
    std::vector<std::string> order;
    for (const ExamEntry& entry : store.exams().worklist())
        order.push_back(entry.study_instance_uid);
    EXPECT_THAT(order, ElementsAre("1.2", "1.5", "1.3", "1.1", "1.4"));
    const auto failed = store.exams().worklist(kFailed);
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0].problem, "the model failed");
    EXPECT_EQ(store.exams().worklist({}, 2, 1).at(0).study_instance_uid, "1.5");
}

TEST(ExamBook, CountsMoreThanAWorklistHas) {
    TestStore store;
    for (int i = 0; i < 203; ++i) receive(store, "1.2." + std::to_string(i));
    read(store, "1.2.7", 0.9);
    EXPECT_EQ(store.exams().count(kReceiving), 202U);
    EXPECT_EQ(store.exams().count(kRead), 1U);
    EXPECT_EQ(store.exams().count(kFailed), 0U);
}

TEST(ExamBook, SeesWhichExamsHaveGoneQuiet) {
    TestStore store;
    receive(store, "1.1");
    store.clock.advance(std::chrono::seconds(30));
    receive(store, "1.2");
    const auto quiet_exams = [&] {
        const auto quiet = std::chrono::seconds(20);
        std::vector<std::string> studies;
        for (const ExamEntry& exam :
             store.exams().quiet_since(store.clock.now() - quiet, store.clock.now() + quiet))
            studies.push_back(exam.study_instance_uid);
        return studies;
    };
    EXPECT_THAT(quiet_exams(), ElementsAre("1.1"));
    store.clock.advance(-std::chrono::hours(3));
    EXPECT_THAT(quiet_exams(), ElementsAre("1.1", "1.2")) << "the clock was set back";
}

TEST(ExamBook, AReadingThatACrashCutOffIsWaitedForAgain) {
    TestStore store;
    receive(store, "1.1");
    store.exams().move("1.1", kWaiting);
    store.exams().move("1.1", kReading);
    store.open();
    EXPECT_EQ(store.exams().exam("1.1")->state, kWaiting);
}

/// On the newest reading of exam 1.1.
void decide(TestStore& store, const char* finding, const char* action) {
    store.exams().decide({"1.1", finding, "m1", action, "why", "Dr. Roe", false, store.clock.now()},
                         reading_id(store.exams().reading_json("1.1")));
    store.clock.advance(std::chrono::seconds(1));
}

/// For each decision what its finding is called in the newest reading.
std::vector<std::string> held_for(TestStore& store) {
    const KeptReading newest = kept_reading(store.exams().reading_json("1.1"));
    std::vector<std::string> findings;
    for (const Decision& decision : store.exams().decisions_of("1.1"))
        findings.push_back(newest.finding_of(decision));
    return findings;
}

void read_again(TestStore& store, const std::vector<SaidFinding>& findings,
                const std::string& model = "m1") {
    const Job job = begin_reading(store, "1.1");
    Reading reading = a_reading(store, "1.1", 0.5);
    reading.model_sha256 = model;
    reading.reading_json = reading_json_of(model, 0.6, findings);
    store.exams().save_reading(job, reading, {});
}

TEST(ExamBook, KeepsEveryDecisionAndCountsTheNewest) {
    TestStore store;
    receive(store, "1.1");
    read(store, "1.1", 0.5);
    decide(store, "R-CC-1", "accept");
    decide(store, "R-CC-2", "dismiss");
    EXPECT_EQ(store.exams().exam("1.1")->decided, 2);
    decide(store, "R-CC-1", "undo");
    EXPECT_EQ(store.exams().exam("1.1")->decided, 1);
    store.open();
    const auto decisions = store.exams().decisions_of("1.1");
    ASSERT_EQ(decisions.size(), 3U);
    EXPECT_EQ(decisions[0].action, "accept");
    EXPECT_EQ(decisions[2].action, "undo");
    EXPECT_EQ(decisions[0].who, "Dr. Roe");
    EXPECT_FALSE(decisions[0].self_declared);
    EXPECT_LT(decisions[0].when, decisions[1].when);
}

TEST(ExamBook, KeepsNoMoreDecisionsThanPeopleMake) {
    TestStore store;
    receive(store, "1.1");
    read(store, "1.1", 0.5);
    const std::string shown = reading_id(store.exams().reading_json("1.1"));
    const auto decide_on = [&](const char* finding) {
        return error_of([&] {
            store.exams().decide({"1.1", finding, "m1", "accept", "", "me", true, {}}, shown);
        });
    };
    for (int i = 0; i < ExamBook::kMostDecisions; ++i) ASSERT_EQ(decide_on("R-CC-1"), "none");
    EXPECT_EQ(decide_on("R-CC-1"), "conflict");
    EXPECT_EQ(decide_on("R-CC-2"), "none") << "there are others";
    EXPECT_EQ(store.exams().count_decisions("1.1"), 1001U);
    EXPECT_EQ(store.exams().decisions_of("1.1", 5, 1000).size(), 1U);
    std::vector<std::string> newest;
    store.exams().each_newest_decision(
        "1.1", [&](Decision&& decision) { newest.push_back(decision.finding); });
    ASSERT_EQ(newest.size(), 1001U);
    EXPECT_EQ(newest.front(), "R-CC-2");
}

TEST(ExamBook, ADecisionIsOnWhatWasSeenWhateverItIsCalled) {
    TestStore store;
    receive(store, "1.1");
    read(store, "1.1", 0.5);
    decide(store, "R-CC-1", "dismiss");
    decide(store, "R-CC-2", "accept");
    EXPECT_THAT(held_for(store), ElementsAre("R-CC-1", "R-CC-2"));

    receive(store, "1.1", "L");
    read_again(store, {{"R-CC-1", "1.1.1.11", 700}, {"R-CC-2", "1.1.1.21", 100}});
    EXPECT_THAT(held_for(store), ElementsAre("", "R-CC-1")) << "that is on another image now";
    EXPECT_EQ(store.exams().exam("1.1")->findings, 2);
    EXPECT_EQ(store.exams().exam("1.1")->decided, 1);

    receive(store, "1.1", "L", "MLO");
    read_again(store, {{"R-CC-1", "1.1.1.11", 400}});
    EXPECT_THAT(held_for(store), ElementsAre("", "")) << "elsewhere in the image";
    EXPECT_EQ(store.exams().exam("1.1")->decided, 0);

    receive(store, "1.1", "R", "MLO");
    read_again(store, {{"R-CC-1", "1.1.1.11", 100}}, "m2");
    EXPECT_THAT(held_for(store), ElementsAre("", "")) << "another model's";
    EXPECT_EQ(store.exams().exam("1.1")->decided, 0);
}

TEST(ExamBook, RefusesADecisionOnAReadingThatIsNotTheNewest) {
    TestStore store;
    receive(store, "1.1");
    read(store, "1.1", 0.5);
    const std::string shown = reading_id(store.exams().reading_json("1.1"));
    receive(store, "1.1", "L");
    read_again(store, {{"R-CC-1", "1.1.1.11", 400}});
    const auto decided_on = [&](const std::string& reading, const char* finding) {
        return error_of([&] {
            store.exams().decide({"1.1", finding, "m1", "accept", "", "me", true, {}}, reading);
        });
    };
    EXPECT_EQ(decided_on(shown, "R-CC-1"), "conflict");
    EXPECT_EQ(decided_on(shown, "R-CC-2"), "conflict");
    EXPECT_EQ(decided_on("", "R-CC-1"), "conflict");
    const std::string newest = reading_id(store.exams().reading_json("1.1"));
    EXPECT_EQ(decided_on(newest, "R-CC-2"), "not-found");
    EXPECT_TRUE(store.exams().decisions_of("1.1").empty());
}

TEST(ExamBook, DecisionsOfAnOlderIndexHoldWhereTheFindingIsTheSame) {
    TestStore store;
    receive(store, "1.1");
    read(store, "1.1", 0.5);
    store.clock.advance(std::chrono::seconds(1));
    decide(store, "R-CC-1", "dismiss");
    decide(store, "R-CC-2", "accept");
    receive(store, "1.1", "L");
    read_again(store, {{"R-CC-1", "1.1.1.11", 400}, {"R-CC-2", "1.1.1.11", 700}});
    store.close();
    const std::string older =
        "DROP TABLE decided_places; ALTER TABLE findings DROP COLUMN place; DROP TABLE "
        "study_accounts; ALTER TABLE studies ADD COLUMN described_by TEXT NOT NULL DEFAULT '';";
    if (store.on_sqlite())
        OpenedIndex(store).connection.execute((older + "PRAGMA user_version = 12").c_str());
    else
        PostgresConnection(store.schema.address())
            .execute((older + "UPDATE lucerna_index SET version = 12").c_str());
    store.open();
    EXPECT_THAT(held_for(store), ElementsAre("", "R-CC-2"));
    EXPECT_EQ(store.exams().exam("1.1")->decided, 1);
}

TEST(ExamBook, RefusesADecisionOfNobodyOrOfAnotherKind) {
    TestStore store;
    receive(store, "1.1");
    const auto decide = [&](const char* study, const char* action, const char* who) {
        return error_of([&] {
            store.exams().decide({study, "R-CC-1", "m1", action, "", who, true, {}}, "");
        });
    };
    EXPECT_EQ(decide("1.1", "accept", ""), "invalid-input");
    EXPECT_EQ(decide("1.1", "delete", "me"), "invalid-input");
    EXPECT_EQ(decide("1.2", "accept", "me"), "not-found");
    EXPECT_TRUE(store.exams().decisions_of("1.1").empty());
}

}  // namespace
}  // namespace lucerna::store
