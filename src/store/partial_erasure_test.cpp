#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "dicom/data_set.h"
#include "dicom/part10_head.h"
#include "dicom/uids.h"
#include "store/key_record.h"
#include "store/store_test_support.h"
#include "vault/audit_trail.h"

namespace lucerna::store {
namespace {

using test::error_of;
using test::StoredInstance;

StoredInstance image(const std::string& laterality) {
    StoredInstance instance;
    instance.laterality = laterality;
    return instance;
}
StoredInstance report() {
    StoredInstance instance;
    instance.modality = "SR";
    instance.picture = false;
    return instance;
}
StoredInstance ultrasound() {
    StoredInstance instance;
    instance.sop_class = dicom::sop_class::kUltrasound;
    instance.modality = "US";
    return instance;
}
StoredInstance capture() {
    StoredInstance instance;
    instance.modality = "OT";
    return instance;
}

/// Study 1.2.1 of P1: series .1 with images .1 (R-CC) and .2 (L-CC), series .2 with a report, and
/// series .3 with two results that were made from the images; queued jobs, a reading, a decision.
struct ReadStudy : TestStore {
    ReadStudy() {
        keep("1", 1, image("R"));
        keep("1", 2, image("L"));
        keep("2", 1, report());
        const NewJob waiting{kReadJob, "1.2.1#2", "1.2.1", {}, "1.2.1"};
        exams().move("1.2.1", ExamState::kWaiting, std::span(&waiting, 1));
        const Job job = queue().lease(kReadJob, "test", std::chrono::minutes(1)).value();
        EXPECT_TRUE(exams().begin_reading(job));
        archive().keep_result(file_of("1.2.1", "3", 1, report()), job);
        archive().keep_result(file_of("1.2.1", "3", 2, capture()), job);
        Reading reading;
        reading.revision = 2;
        reading.score = 0.7;
        reading.model_sha256 = "abc";
        reading.reading_json = reading_json_of("abc", 0.7, {{"R-CC-1", "1.2.1.1.1", 10}});
        const std::vector<NewJob> jobs{{"deliver:pacs",
                                        "1.2.1#2#abc",
                                        R"({"instances":["1.2.1.3.1","1.2.1.3.2"]})",
                                        {},
                                        "1.2.1"}};
        exams().save_reading(job, reading, jobs);
        exams().decide({"1.2.1", "R-CC-1", "abc", "accept", "", "reader", true, clock.now()},
                       reading_id(reading.reading_json));
        archive().keep(file_of("1.2.2", "1", 1, {}));
    }
    void keep(const std::string& series, int number, StoredInstance instance) {
        archive().keep(file_of("1.2.1", series, number, std::move(instance)));
    }
    static Bytes file_of(const std::string& study, const std::string& series, int number,
                         StoredInstance instance) {
        instance.study = study;
        instance.series = study + "." + series;
        instance.sop_instance = instance.series + "." + std::to_string(number);
        return instance.file();
    }
    std::vector<std::string> left() {
        std::vector<std::string> uids;
        for (const InstanceRow& row : archive().instances_of("1.2.1"))
            uids.push_back(row.sop_instance_uid);
        std::sort(uids.begin(), uids.end());
        return uids;
    }
    /// Of the study, as a search gives it.
    std::string found(dicom::Tag tag) {
        for (const Match& match : archive().find({Level::kStudy, {{{0x0020, 0x000D}, "1.2.1"}}}))
            return std::string(match.value(tag));
        return "none";
    }
};

TEST(PartialErasure, OfAnImageTakesWhatWasMadeFromIt) {
    ReadStudy store;
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.1", "1.2.1.1.1"}), 3U);
    EXPECT_EQ(store.left(), (std::vector<std::string>{"1.2.1.1.2", "1.2.1.2.1"}));
    const auto exam = store.exams().exam("1.2.1");
    ASSERT_TRUE(exam);
    EXPECT_EQ(exam->state, ExamState::kReceiving);
    EXPECT_EQ(exam->images, 1);
    EXPECT_EQ(exam->views, std::vector<std::string>{"L-CC"});
    EXPECT_EQ(exam->revision, 3);
    EXPECT_FALSE(exam->score);
    EXPECT_EQ(exam->findings, 0);
    EXPECT_EQ(store.exams().reading_json("1.2.1"), "");
    EXPECT_TRUE(store.exams().decisions_of("1.2.1").empty());
    EXPECT_TRUE(store.queue().list("").empty());
    EXPECT_EQ(store.objects().size(), 3U);
    EXPECT_TRUE(store.archive().verify().empty());
    EXPECT_EQ(error_of([&] { (void)store.archive().object("1.2.1.1.1"); }), "not-found");
    EXPECT_EQ(store.archive().keep(StoredInstance{}.file()), Kept::kNew)
        << "her key is there still";
}

TEST(PartialErasure, LeavesNothingOfTheObjectInTheStudy) {
    TestStore store;
    const auto keep = [&](const char* number, const char* patient, const char* name,
                          const char* description) {
        StoredInstance instance = image("R");
        instance.study = "1.2.1";
        instance.series = "1.2.1.1";
        instance.sop_instance = std::string("1.2.1.1.") + number;
        instance.patient_id = patient;
        instance.patient_name = name;
        instance.study_description = description;
        instance.series_description = description;
        store.archive().keep(instance.file());
        store.clock.advance(std::chrono::milliseconds(5));
    };
    const auto found = [&](dicom::Tag tag, std::vector<Key> keys) {
        std::vector<std::string> values;
        for (const Match& match : store.archive().find({Level::kSeries, std::move(keys)}))
            values.emplace_back(match.value(tag));
        return values;
    };
    const dicom::Tag patient{0x0010, 0x0020}, name{0x0010, 0x0010};
    const dicom::Tag study{0x0008, 0x1030}, series{0x0008, 0x103E};
    keep("1", "", "", "First");
    keep("2", "WRONG", "Wrong^Name", "Second");
    keep("3", "", "", "Third");
    EXPECT_EQ(found(patient, {}), std::vector<std::string>{"WRONG"});
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.1", "1.2.1.1.2"}), 1U);
    EXPECT_EQ(found(patient, {}), std::vector<std::string>{""});
    EXPECT_EQ(found(study, {}), std::vector<std::string>{"First"});
    EXPECT_TRUE(found(patient, {{name, "wrong*"}}).empty());
    keep("4", "RIGHT", "Right^Name", "Fourth");
    EXPECT_EQ(found(patient, {{name, "right*"}}), std::vector<std::string>{"RIGHT"});
    // Also where it was the first, and with what others of it had stood behind.
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.1", "1.2.1.1.1"}), 1U);
    EXPECT_EQ(found(study, {}), std::vector<std::string>{"Third"});
    EXPECT_EQ(found(series, {}), std::vector<std::string>{"Third"});
    EXPECT_EQ(found(patient, {}), std::vector<std::string>{"RIGHT"});
}

/// Damages an object, takes it away, or the record of its key with a program that has it not at
/// hand.
enum class Unreadable { kDamaged, kMissing, kWithoutKey };

void make_unreadable(TestStore& store, const std::string& sop_instance, Unreadable how) {
    const std::string object = store.archive().instance(sop_instance)->object;
    Bytes sealed = store.sealed(object);
    if (how == Unreadable::kMissing) store.remove(object);
    if (how == Unreadable::kDamaged) {
        sealed.back() ^= 1;
        store.replace(object, sealed);
    }
    if (how != Unreadable::kWithoutKey) return;
    store.records()->for_each([&](const std::string& name) {
        if (!is_of_the_index(name)) store.records()->remove(name);
    });
    store.open();
}

TEST(PartialErasure, LeavesWhatIsSaidByAnImageThatCannotBeRead) {
    for (const Unreadable how :
         {Unreadable::kDamaged, Unreadable::kMissing, Unreadable::kWithoutKey}) {
        TestStore store;
        StoredInstance one = image("R"), other = image("L"), anothers = image("L");
        other.sop_instance += ".2";
        anothers.sop_instance += ".3";
        anothers.patient_id = "P2";
        anothers.patient_name = "Roe^Ann";
        anothers.birth_date = "19710101";
        store.archive().keep(one.file());
        store.clock.advance(std::chrono::milliseconds(5));
        store.archive().keep(other.file());
        make_unreadable(store, other.sop_instance, how);
        EXPECT_EQ(store.archive().erase_part({one.study, one.series, one.sop_instance}), 1U);
        const auto found = store.archive().find({Level::kSeries, {}});
        ASSERT_EQ(found.size(), 1U);
        EXPECT_EQ(found[0].value({0x0010, 0x0020}), "P1");
        EXPECT_EQ(found[0].value({0x0010, 0x0010}), "Doe^Jane");
        EXPECT_EQ(found[0].value({0x0008, 0x0050}), "A1");
        EXPECT_EQ(found[0].value({0x0008, 0x0060}), "MG");
        EXPECT_EQ(found[0].value({0x0008, 0x103E}), "Views");
        EXPECT_EQ(error_of([&] { store.archive().keep(anothers.file()); }), "unsupported");
        EXPECT_EQ(store.archive().erase_part({one.study, one.series, other.sop_instance}), 1U);
        EXPECT_TRUE(store.archive().find(Query{}).empty());
    }
}

TEST(PartialErasure, LeavesTheResultsOfImagesThatCannotBeRead) {
    ReadStudy store;
    make_unreadable(store, "1.2.1.1.1", Unreadable::kMissing);
    make_unreadable(store, "1.2.1.1.2", Unreadable::kDamaged);
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.2", "1.2.1.2.1"}), 1U);
    EXPECT_EQ(store.left().size(), 4U);
    EXPECT_EQ(store.exams().exam("1.2.1")->state, ExamState::kRead);
    EXPECT_EQ(store.found({0x0010, 0x0020}), "P1");
}

TEST(PartialErasure, LeavesNothingOfAPatientThoughAnImageThatIsNotHersCannotBeRead) {
    TestStore store;
    for (const char* number : {"1", "2", "3"}) {
        StoredInstance one = image("R");
        one.sop_instance += number;
        one.patient_id = one.patient_name = *number == '2' ? "WRONG" : "";
        store.archive().keep(one.file());
        store.clock.advance(std::chrono::milliseconds(5));
    }
    const StoredInstance all = image("R");
    make_unreadable(store, all.sop_instance + "3", Unreadable::kDamaged);
    EXPECT_EQ(store.archive().erase_part({all.study, all.series, all.sop_instance + "2"}), 1U);
    const auto found = store.archive().find(Query{});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].value({0x0010, 0x0020}), "");
    EXPECT_EQ(found[0].value({0x0010, 0x0010}), "");
}

TEST(PartialErasure, OfAResultLeavesTheReading) {
    ReadStudy store;
    store.queue().enqueue({"commit", "other", R"({"instances":["1.2.1.3.1","1.2.9"]})"});
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.3", "1.2.1.3.1"}), 1U);
    EXPECT_EQ(store.left().size(), 4U);
    EXPECT_EQ(store.exams().exam("1.2.1")->state, ExamState::kRead);
    EXPECT_EQ(store.exams().exam("1.2.1")->decided, 1);
    ASSERT_EQ(store.queue().list("deliver:pacs").size(), 1U);
    EXPECT_EQ(store.queue().list("deliver:pacs")[0].payload, R"({"instances":["1.2.1.3.2"]})");
    ASSERT_EQ(store.queue().list("commit").size(), 1U);
    EXPECT_EQ(store.queue().list("commit")[0].payload, R"({"instances":["1.2.9"]})");
    EXPECT_TRUE(store.archive().verify().empty());
}

TEST(PartialErasure, TakesOnlyWhatWasSeenWhereThatIsSaid) {
    ReadStudy store;
    const std::vector<InstanceRow> study = store.archive().instances_of("1.2.1");
    const InstanceRow one = *store.archive().instance("1.2.1.3.1");
    const std::size_t all = study.size();
    const auto refused = [&](const StudyPart& part, const std::vector<InstanceRow>& seen) {
        const std::string error =
            error_of([&] { (void)store.archive().erase_part(part, "test", seen); });
        EXPECT_EQ(store.left().size(), all);
        return error;
    };
    EXPECT_EQ(refused({"1.2.1", "1.2.1.3", "1.2.1.3.1"}, {}), "conflict") << "it has come since";
    EXPECT_EQ(refused({"1.2.1", "1.2.1.3", "1.2.1.3.1"}, study), "conflict");
    InstanceRow earlier = one;
    earlier.object = "stored-before";
    EXPECT_EQ(refused({"1.2.1", "1.2.1.3", "1.2.1.3.1"}, {earlier}), "conflict") << "again";
    EXPECT_EQ(refused({"1.2.1", "1.2.1.3"}, {one}), "conflict") << "it has another";
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.3", "1.2.1.3.1"}, "test", {{one}}), 1U);
    EXPECT_EQ(error_of([&] { (void)store.archive().erase_study("1.2.1", "test", study); }),
              "conflict");
    EXPECT_EQ(store.left().size(), all - 1);
    const auto rest = store.archive().instances_of("1.2.1");
    EXPECT_EQ(store.archive().erase_study("1.2.1", "test", rest), all - 1);
}

TEST(PartialErasure, LeavesWhatElseIsToBeDelivered) {
    ReadStudy store;
    const NewJob waiting{"deliver:elsewhere",
                         "1.2.1#9",
                         R"({"destination":"elsewhere","instances":["1.2.1.1.1","1.2.1.2.1"],)"
                         R"("delivered":["1.2.1.1.2"]})",
                         {},
                         "1.2.1"};
    store.queue().enqueue(waiting);
    const Job leased =
        store.queue().lease("deliver:elsewhere", "test", std::chrono::minutes(1)).value();
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.2", "1.2.1.2.1"}), 1U);
    EXPECT_EQ(error_of([&] { store.queue().complete(leased); }), "conflict")
        << "whoever has it sends what is erased";
    const auto again = store.queue().lease("deliver:elsewhere", "test", std::chrono::minutes(1));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->payload, R"({"destination":"elsewhere","instances":["1.2.1.1.1"],)"
                              R"("delivered":["1.2.1.1.2"]})");
}

TEST(PartialErasure, LeavesJobsThatNameOthers) {
    ReadStudy store;
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.2"}), 1U);
    EXPECT_EQ(store.queue().list("deliver:pacs").size(), 1U);
    EXPECT_EQ(store.found({0x0020, 0x1206}), "2") << "series";
    EXPECT_EQ(store.found({0x0020, 0x1208}), "4") << "instances";
    EXPECT_EQ(store.found({0x0008, 0x0061}), "MG\\SR") << "the results' series is SR, too";
}

TEST(PartialErasure, OfTheLastImagesTakesTheExam) {
    ReadStudy store;
    store.queue().enqueue({"deliver:elsewhere",
                           "1.2.1#9",
                           R"({"destination":"elsewhere","instances":["1.2.1.1.1","1.2.1.2.1"]})",
                           {},
                           "1.2.1"});
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.1"}), 4U);
    EXPECT_EQ(store.left(), std::vector<std::string>{"1.2.1.2.1"});
    ASSERT_EQ(store.queue().list("deliver:elsewhere").size(), 1U) << "what stays goes out";
    EXPECT_EQ(store.queue().list("deliver:elsewhere")[0].payload,
              R"({"destination":"elsewhere","instances":["1.2.1.2.1"]})");
    EXPECT_TRUE(store.queue().list("deliver:pacs").empty()) << "it names nothing that stays";
    EXPECT_FALSE(store.exams().exam("1.2.1"));
    EXPECT_EQ(store.found({0x0008, 0x0061}), "SR");
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.2"}), 1U);
    EXPECT_EQ(store.found({0x0008, 0x0061}), "none") << "nothing is left of the study";
    EXPECT_EQ(store.archive().totals().studies, 1U);
    EXPECT_TRUE(store.archive().verify().empty());
}

TEST(PartialErasure, OfTheLastMammogramTakesTheExamThoughOtherImagesAreLeft) {
    ReadStudy store;
    store.keep("4", 1, ultrasound());
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.1", "1.2.1.1.1"}), 3U);
    EXPECT_EQ(store.exams().exam("1.2.1")->images, 1);
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.1"}), 1U);
    EXPECT_FALSE(store.exams().exam("1.2.1"));
    EXPECT_EQ(store.left(), (std::vector<std::string>{"1.2.1.2.1", "1.2.1.4.1"}));
}

TEST(PartialErasure, OfWhatIsNotOfTheExamLeavesTheReading) {
    ReadStudy store;
    store.keep("4", 1, ultrasound());
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.4", "1.2.1.4.1"}), 1U);
    const auto exam = store.exams().exam("1.2.1");
    ASSERT_TRUE(exam);
    EXPECT_EQ(exam->state, ExamState::kRead);
    EXPECT_EQ(exam->images, 2);
    EXPECT_EQ(store.exams().decisions_of("1.2.1").size(), 1U);
    EXPECT_EQ(store.left().size(), 5U);
}

TEST(PartialErasure, OfWhatIsNotThereTakesNothing) {
    ReadStudy store;
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.9"}), 0U);
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.2", "1.2.1.1.1"}), 0U);
    EXPECT_EQ(store.archive().erase_part({"1.2.2", "1.2.1.1"}), 0U);
    EXPECT_EQ(store.left().size(), 5U);
    EXPECT_TRUE(vault::AuditTrail(store.data() / "audit.log").acts().empty());
}

TEST(PartialErasure, WaitsForAReadingToEnd) {
    TestStore store;
    store.archive().keep(StoredInstance{}.file());
    store.exams().move("1.2.3.4", ExamState::kWaiting);
    store.exams().move("1.2.3.4", ExamState::kReading);
    EXPECT_EQ(error_of([&] { store.archive().erase_part({"1.2.3.4", "1.2.3.4.1"}); }), "conflict");
    EXPECT_EQ(error_of([&] { store.archive().erase_study("1.2.3.4"); }), "conflict");
    EXPECT_EQ(store.archive().totals().instances, 1U);
}

TEST(PartialErasure, LeavesATraceWithoutIdentifiers) {
    ReadStudy store;
    store.archive().erase_part({"1.2.1", "1.2.1.2"}, "somebody");
    store.archive().erase_part({"1.2.1", "1.2.1.1", "1.2.1.1.1"}, "somebody");
    const auto acts = vault::AuditTrail(store.data() / "audit.log").acts();
    ASSERT_EQ(acts.size(), 2U);
    EXPECT_THAT(acts[0], testing::HasSubstr(
                             R"("act":"erase-series","by":"somebody","studies":0,"instances":1)"));
    EXPECT_THAT(acts[1], testing::HasSubstr(R"("act":"erase-instance","by":"somebody")"));
    EXPECT_THAT(acts[1], testing::Not(testing::HasSubstr("1.2.1")));
}

// Of which no header ends before them.
TEST(PartialErasure, DescribesTheStudyByAnImageWhosePixelsComeFirst) {
    TestStore store;
    StoredInstance left = image("L");
    left.sop_instance += ".2";
    left.study_description = "what stays";
    const Bytes whole = left.file();
    const auto begin =
        whole.begin() + static_cast<std::ptrdiff_t>(dicom::split_part10(whole).data_set_offset);
    const auto pixels = whole.begin() + static_cast<std::ptrdiff_t>(
                                            dicom::DataSet::header_in(whole).pixel_data_offset());
    Bytes file(whole.begin(), begin);
    file.insert(file.end(), pixels, whole.end());
    file.insert(file.end(), begin, pixels);
    const StoredInstance gone = image("R");
    store.archive().keep(gone.file());
    store.archive().keep(file);
    ASSERT_EQ(store.archive().instance(left.sop_instance)->head_bytes, 0U);
    EXPECT_EQ(store.archive().erase_part({gone.study, gone.series, gone.sop_instance}), 1U);
    const auto found = store.archive().find(Query{});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].value(dicom::kStudyDescription), "what stays");
    EXPECT_EQ(store.archive().object(left.sop_instance), file);
}

// What was made of the images says who they were of when the report was there.

TEST(PartialErasure, OfTheLastImagesLetsThoseThatComeAgainGoOut) {
    ReadStudy store;
    // As deliveries_of makes it: images, what came beside them, results.
    const std::string mixed =
        R"({"destination":"all","instances":["1.2.1.1.1","1.2.1.1.2","1.2.1.2.1","1.2.1.3.1"]})";
    store.queue().enqueue({"deliver:all", "1.2.1#2#abc", mixed, {}, "1.2.1"});
    EXPECT_EQ(store.archive().erase_part({"1.2.1", "1.2.1.1"}), 4U);
    ASSERT_EQ(store.queue().list("deliver:all").size(), 1U);
    store.keep("1", 1, image("R"));
    store.keep("1", 2, image("L"));
    EXPECT_EQ(store.exams().exam("1.2.1")->revision, 2) << "revision again";
    const NewJob waiting{kReadJob, "1.2.1#2", "1.2.1", {}, "1.2.1"};
    store.exams().move("1.2.1", ExamState::kWaiting, std::span(&waiting, 1));
    const Job job = store.queue().lease(kReadJob, "test", std::chrono::minutes(1)).value();
    EXPECT_TRUE(store.exams().begin_reading(job));
    Reading reading;
    reading.revision = 2;
    reading.score = 0.7;
    reading.model_sha256 = "abc";
    reading.reading_json = reading_json_of("abc", 0.7, {{"R-CC-1", "1.2.1.1.1", 10}});
    const std::vector<NewJob> jobs{{"deliver:all", "1.2.1#2#abc", mixed, {}, "1.2.1"}};
    store.exams().save_reading(job, reading, jobs);
    std::string all;
    for (const Job& one : store.queue().list("deliver:all")) all += one.payload + "\n";
    EXPECT_NE(all.find("1.2.1.1.1"), std::string::npos) << all;
    // As often as they come and go.
    EXPECT_GT(store.archive().erase_part({"1.2.1", "1.2.1.1"}), 0U);
    for (const Job& one : store.queue().list("deliver:all"))
        EXPECT_EQ(one.key.find("#before#"), one.key.rfind("#before#")) << one.key;
}

}  // namespace
}  // namespace lucerna::store
