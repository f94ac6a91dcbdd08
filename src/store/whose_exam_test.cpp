#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "base/file.h"
#include "dicom/uids.h"
#include "store/exam_book.h"
#include "store/kept_reading.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using enum ExamState;
using test::StoredInstance;

constexpr const char* kStudy = "1.1";

/// An exam of one image, and what comes beside it: who it is of is told by both.
class WhoseExam : public testing::Test {
  protected:
    WhoseExam() {
        image_.study = kStudy;
        image_.series = "1.1.1";
        image_.sop_instance = "1.1.1.11";
        image_.patient_id = "";
    }

    [[nodiscard]] StoredInstance report(const std::string& patient_id,
                                        const std::string& sop_instance = "1.1.2.1") const {
        StoredInstance report = image_;
        report.series = "1.1.2";
        report.sop_instance = sop_instance;
        report.sop_class = dicom::sop_class::kSecondaryCapture;
        report.modality = "OT";
        report.patient_id = patient_id;
        return report;
    }

    [[nodiscard]] Job begin_reading() {
        const std::string revision = std::to_string(exam().revision);
        const NewJob waiting{kReadJob, std::string(kStudy) + "#" + revision, kStudy, {}, kStudy};
        store_.exams().move(kStudy, kWaiting, std::span(&waiting, 1));
        const Job job = store_.queue().lease(kReadJob, "test", std::chrono::minutes(1)).value();
        EXPECT_TRUE(store_.exams().begin_reading(job));
        return job;
    }

    /// With a result that says whose the study is then, and its delivery.
    void read() {
        const Job job = begin_reading();
        StoredInstance result = image_;
        result.series = "1.1.3";
        result.sop_instance = "1.1.3." + std::to_string(++results_);
        result.modality = "SR";
        result.picture = false;
        result.patient_id = exam().patient_id.reveal();
        store_.archive().keep_result(result.file(), job);
        Reading reading;
        reading.revision = exam().revision;
        reading.score = 0.2;
        reading.model_sha256 = "m1";
        reading.reading_json = reading_json_of("m1", 0.2, {{"R-CC-1", "1.1.1.11", 100}});
        const NewJob delivery{"deliver:pacs",
                              std::to_string(results_),
                              R"({"instances":["1.1.1.11",")" + result.sop_instance + R"("]})",
                              {},
                              kStudy};
        store_.exams().save_reading(job, reading, std::span(&delivery, 1));
    }

    [[nodiscard]] ExamEntry exam() { return store_.exams().exam(kStudy).value(); }
    [[nodiscard]] std::string id() { return exam().patient_id.reveal(); }
    [[nodiscard]] std::set<std::string> kept() {
        std::set<std::string> kept;
        for (const InstanceRow& row : store_.archive().instances_of(kStudy))
            kept.insert(row.sop_instance_uid);
        return kept;
    }
    void reindex_what_lost_its_index() {
        store_.close();
        store_.lose_index();
        store_.open();
        (void)store_.archive().reindex();
    }

    TestStore store_;
    StoredInstance image_;

  private:
    int results_ = 0;
};

TEST_F(WhoseExam, OfAnotherOrInDoubtByWhatComesOrGoesIsReadAgain) {
    struct Comes {
        const char* name;
        const char* birth_date;
        const char* id;
        bool changes;
    };
    store_.archive().keep(image_.file());
    for (const Comes& comes :
         {Comes{"Doe^Jane", "19601231", "", false}, Comes{"Doe^Jane", "19601231", "P1", true},
          Comes{"Roe^Ann", "19601231", "P2", true}, Comes{"Doe^Jane", "19710101", "P2", true},
          Comes{"Doe^Jane", "19710101", "", true}}) {
        read();
        const std::int64_t revision = exam().revision;
        StoredInstance beside = report(comes.id);
        beside.patient_name = comes.name;
        beside.birth_date = comes.birth_date;
        store_.archive().keep(beside.file());
        EXPECT_EQ(exam().state, comes.changes ? kReceiving : kRead);
        EXPECT_EQ(exam().revision, revision + (comes.changes ? 1 : 0));
        EXPECT_EQ(exam().images, 1);
        if (comes.changes) read();
        store_.archive().erase_part({kStudy, "1.1.2", "1.1.2.1"});
        EXPECT_EQ(exam().state, comes.changes ? kReceiving : kRead);
        EXPECT_EQ(id(), "");
        if (!comes.changes) store_.archive().keep(report("P9").file());
        if (!comes.changes) store_.archive().erase_part({kStudy, "1.1.2", "1.1.2.1"});
    }
}

TEST_F(WhoseExam, IsOfNobodyElseByWhatIsLearnedOfTheSamePatientId) {
    image_.patient_id = "P1";
    image_.patient_name = "";
    store_.archive().keep(image_.file());
    read();
    StoredInstance beside = report("P1");
    beside.issuer = "HOSP";
    beside.patient_name = "Doe^Jane";
    store_.archive().keep(beside.file());
    EXPECT_EQ(exam().patient_name.reveal(), "Doe^Jane");
    EXPECT_EQ(exam().state, kRead) << "what was made of it names her";
    store_.archive().erase_part({kStudy, "1.1.2", "1.1.2.1"});
    EXPECT_EQ(exam().state, kReceiving) << "what came meanwhile may name her by it";
}

TEST_F(WhoseExam, LearnedByAnOlderIndexIsReadAgain) {
    LUCERNA_NEEDS_SQLITE();
    store_.archive().keep(image_.file());
    read();
    store_.close();
    const std::filesystem::path index = store_.data() / "index.sqlite";
    const Bytes before = read_file(index);
    store_.open();
    store_.archive().keep(report("P1").file());
    store_.close();
    write_file(index, before);
    store_.open();
    EXPECT_EQ(exam().state, kRead);
    EXPECT_TRUE(store_.archive().reindex().empty());
    EXPECT_EQ(exam().state, kReceiving);
    EXPECT_EQ(id(), "P1");
}

TEST_F(WhoseExam, IsSaidByNoResultOnceWhatSaidItIsErased) {
    store_.archive().keep(image_.file());
    store_.archive().keep(report("WRONG").file());
    read();
    store_.exams().decide(
        {kStudy, "R-CC-1", "m1", "accept", "", "reader", false, store_.clock.now()},
        reading_id(store_.exams().reading_json(kStudy)));
    EXPECT_EQ(store_.archive().erase_part({kStudy, "1.1.2", "1.1.2.1"}), 2U);
    EXPECT_EQ(id(), "");
    EXPECT_EQ(exam().state, kReceiving);
    EXPECT_EQ(kept(), std::set<std::string>{"1.1.1.11"});
    ASSERT_EQ(store_.queue().list("deliver:pacs").size(), 1U);
    EXPECT_EQ(store_.queue().list("deliver:pacs")[0].payload, R"({"instances":["1.1.1.11"]})");
    EXPECT_TRUE(store_.archive().erasure_of_patient("WRONG", "", Issuers::kAll).studies.empty());
    EXPECT_EQ(store_.exams().decisions_of(kStudy).size(), 1U) << "of the same image";
    reindex_what_lost_its_index();
    EXPECT_EQ(id(), "");
}

// As by another server's clock.
TEST_F(WhoseExam, IsNotSaidByAResultThatIsEnteredFirst) {
    store_.archive().keep(image_.file());
    store_.archive().keep(report("P1").file());
    store_.clock.advance(std::chrono::seconds(-2));
    read();
    store_.clock.advance(std::chrono::seconds(2));
    store_.archive().keep(report("", "1.1.2.2").file());
    reindex_what_lost_its_index();
    EXPECT_EQ(id(), "P1");
    StoredInstance more = report("P1", "1.1.2.3");
    more.issuer = "HOSP";
    EXPECT_EQ(store_.archive().keep(more.file()), Kept::kNew);
}

TEST_F(WhoseExam, IsNotSaidByAResultWhoseImagesAreMissing) {
    store_.archive().keep(image_.file());
    const std::string image = store_.objects().front();
    store_.archive().keep(report("P1").file());
    read();
    StoredInstance second = image_;
    second.sop_instance = "1.1.1.12";
    store_.archive().keep(second.file());
    read();
    const Bytes of_image = store_.sealed(image);
    std::map<std::string, Bytes> away;
    for (const InstanceRow& row : store_.archive().instances_of(kStudy))
        if (row.role == Role::kReceived) away[row.object] = store_.sealed(row.object);
    for (const auto& [object, sealed] : away) store_.remove(object);
    reindex_what_lost_its_index();
    EXPECT_EQ(kept(), (std::set<std::string>{"1.1.3.1", "1.1.3.2"}));
    EXPECT_EQ(store_.archive().erase_part({kStudy, "1.1.3", "1.1.3.2"}), 1U);
    EXPECT_EQ(kept(), std::set<std::string>{"1.1.3.1"}) << "no other goes with it";
    store_.replace(image, of_image);
    store_.close();
    store_.open();
    (void)store_.archive().reindex();
    EXPECT_EQ(id(), "") << "what said otherwise is gone";
    EXPECT_EQ(store_.archive().keep(report("P2").file()), Kept::kNew);
    EXPECT_EQ(id(), "P2");
}

}  // namespace
}  // namespace lucerna::store
