#include "pipeline/companions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "deliver/delivery.h"
#include "deliver/destination.h"
#include "support/stored_instance.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"

namespace lucerna::pipeline {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr const char* kStudy = "1.2.3.4";
constexpr const char* kMammogram = "1.2.3.4.1.1";

class CompanionsTest : public testing::Test {
  protected:
    void receive(const std::string& uid, const char* modality, const std::string& study = kStudy) {
        test::StoredInstance instance;
        instance.study = study;
        instance.series = study + (std::string_view(modality) == "MG" ? ".1" : ".2");
        instance.sop_instance = uid;
        instance.modality = modality;
        if (std::string_view(modality) != "MG")
            instance.sop_class = "1.2.840.10008.5.1.4.1.1.6.1";  // Ultrasound Image Storage
        store_.archive().keep(instance.file());
    }
    void receive_image(const std::string& uid = kMammogram) { receive(uid, "MG"); }
    void receive_companion(const std::string& uid) { receive(uid, "US"); }

    store::Job begin_reading() {
        const std::string key = "read " + std::to_string(++readings_);
        const store::NewJob job{kReadJob, key, kStudy, {}, kStudy};
        store_.exams().move(kStudy, store::ExamState::kWaiting, std::span(&job, 1));
        const auto leased = store_.queue().lease(kReadJob, "test", 1min);
        revision_ = store_.exams().begin_reading(*leased).value().revision;
        return *leased;
    }
    /// With the deliveries that give_second_opinion queues, of what was there when it looked.
    void end_reading(const store::Job& job, const std::vector<std::string>& seen) {
        store::Reading reading;
        reading.revision = revision_;
        std::vector<store::NewJob> jobs;
        for (const std::string& destination : rules_.destinations) {
            std::vector<std::string> uids{"9.9." + std::to_string(readings_)};
            if (destination != "results") uids.insert(uids.end(), seen.begin(), seen.end());
            jobs.push_back({delivery_kind(destination),
                            job.key,
                            deliver::to_json({destination, uids}),
                            {},
                            kStudy});
        }
        store_.exams().save_reading(job, reading, jobs);
    }
    void read() {
        const store::Job job = begin_reading();
        std::vector<std::string> seen;
        for (const auto& row : store_.archive().instances_of(kStudy))
            seen.push_back(row.sop_instance_uid);
        end_reading(job, seen);
    }
    void look_after(std::chrono::milliseconds time) {
        clock_.advance(time);
        forward_companions(store_, rules_, 60s, clock_);
    }
    /// Of what is received: each as often as it is queued.
    std::vector<std::string> queued_for(const std::string& destination) {
        std::vector<std::string> uids;
        for (const store::Job& job : store_.queue().list(delivery_kind(destination)))
            for (const std::string& uid :
                 deliver::delivery_job_from_json(job.payload).sop_instance_uids)
                if (!uid.starts_with("9.9.")) uids.push_back(uid);
        std::sort(uids.begin(), uids.end());
        return uids;
    }
    /// How often jobs of what came beside exams were looked at.
    int looks() {
        int sum = 0;
        for (const store::Job& job : store_.queue().list(store::kCompanionsJob))
            sum += job.attempts;
        return sum;
    }
    std::size_t deliveries() { return store_.queue().list(delivery_kind("all")).size(); }

    test::TemporaryFolder folder_;
    ManualClock clock_{from_rfc3339("2026-03-01T08:00:00.000Z")};
    vault::FileKeyProvider keys_{folder_.path() / "kek.json"};
    store::Store store_{{folder_.path() / "data", {}}, keys_, clock_};
    OpinionRules rules_{{}, {"results", "all"}, {"all", "somewhere else"}, 2, 10s};
    int readings_ = 0;
    std::int64_t revision_ = 0;
};

TEST_F(CompanionsTest, ThatComeFirstAreSentWithTheResults) {
    receive_companion("1.2.5");
    receive_image();
    receive_companion("1.2.6");
    read();
    look_after(61s);
    EXPECT_THAT(queued_for("all"), ElementsAre(kMammogram, "1.2.5", "1.2.6"));
    EXPECT_EQ(deliveries(), 1U);
    EXPECT_THAT(queued_for("results"), IsEmpty());
    EXPECT_THAT(store_.queue().list(store::kCompanionsJob), IsEmpty());
}

TEST_F(CompanionsTest, ThatComeAfterTheReadingAreSentToo) {
    receive_image();
    read();
    receive_companion("1.2.5");
    receive_companion("1.2.6");
    look_after(61s);
    EXPECT_THAT(queued_for("all"), ElementsAre(kMammogram, "1.2.5", "1.2.6"));
    EXPECT_EQ(deliveries(), 2U) << "the two together";
    EXPECT_THAT(queued_for("results"), IsEmpty());
    EXPECT_THAT(queued_for("somewhere else"), IsEmpty());
    EXPECT_THAT(store_.queue().list(store::kCompanionsJob), IsEmpty());
}

TEST_F(CompanionsTest, AreNotSentAgainWhereAnotherIsStillOutstanding) {
    receive_image();
    read();
    receive_companion("1.2.5");
    receive_companion("1.2.6");
    look_after(61s);
    for (int i = 0; i < 2; ++i) {
        const auto job = store_.queue().lease(delivery_kind("all"), "w", 10s);
        if (!job) continue;
        const auto delivery = deliver::delivery_job_from_json(job->payload);
        store_.queue().retry(*job, clock_.now() + 1h, "busy",
                             deliver::to_json(deliver::what_is_left(
                                 delivery, {1h, "busy", {delivery.sop_instance_uids.back()}})));
    }
    receive_companion("1.2.7");
    look_after(61s);
    EXPECT_THAT(queued_for("all"), ElementsAre(kMammogram, "1.2.6", "1.2.7"));
}

TEST_F(CompanionsTest, AreSentWhereTheyComeWhileTheExamIsRead) {
    receive_image();
    const store::Job job = begin_reading();
    receive_companion("1.2.5");
    look_after(61s);
    EXPECT_THAT(queued_for("all"), IsEmpty()) << "it may still be among what goes with the results";
    end_reading(job, {kMammogram});
    look_after(61s);
    EXPECT_THAT(queued_for("all"), ElementsAre(kMammogram, "1.2.5"));
    look_after(61s);
    EXPECT_EQ(deliveries(), 2U);
}

TEST_F(CompanionsTest, WaitUntilNoMoreCome) {
    receive_image();
    read();
    receive_companion("1.2.5");
    look_after(50s);
    receive_companion("1.2.6");
    look_after(50s);
    EXPECT_THAT(queued_for("all"), ElementsAre(kMammogram));
    look_after(11s);
    EXPECT_THAT(queued_for("all"), ElementsAre(kMammogram, "1.2.5", "1.2.6"));
    receive_companion("1.2.7");
    look_after(61s);
    EXPECT_THAT(queued_for("all"), ElementsAre(kMammogram, "1.2.5", "1.2.6", "1.2.7"));
}

TEST_F(CompanionsTest, ThatAreDeletedAndSentAgainGoAgain) {
    receive_image();
    read();
    receive_companion("1.2.5");
    receive_companion("1.2.6");
    look_after(61s);
    EXPECT_THAT(queued_for("all"), ElementsAre(kMammogram, "1.2.5", "1.2.6"));
    store_.archive().erase_part({kStudy, std::string(kStudy) + ".2", "1.2.5"});
    EXPECT_THAT(queued_for("all"), ElementsAre(kMammogram, "1.2.6"));
    receive_companion("1.2.5");
    look_after(61s);
    EXPECT_THAT(queued_for("all"), UnorderedElementsAre(kMammogram, "1.2.5", "1.2.6"));
}

TEST_F(CompanionsTest, ThatComeWhileOthersAreQueuedAreNotLost) {
    receive_image();
    read();
    receive_companion("1.2.5");
    clock_.advance(61s);
    const auto job = store_.queue().lease(store::kCompanionsJob, "test", 1min);
    ASSERT_TRUE(job);
    receive_companion("1.2.6");
    EXPECT_FALSE(forward_companions(*job, store_, rules_, 0s, clock_));
    EXPECT_EQ(deliveries(), 1U) << "by whoever has it next";
    look_after(61s);
    EXPECT_THAT(queued_for("all"), ElementsAre(kMammogram, "1.2.5", "1.2.6")) << "each once";
}

TEST_F(CompanionsTest, OfAnExamThatCouldNotBeReadStayAsItsImagesDo) {
    receive_image();
    const store::Job job = begin_reading();
    store_.exams().leave_unread(job, 1, std::nullopt, "it could not be read");
    receive_companion("1.2.5");
    look_after(61s);
    EXPECT_THAT(queued_for("all"), IsEmpty());
    receive_image("1.2.3.4.1.2");
    read();
    EXPECT_THAT(queued_for("all"), ElementsAre("1.2.3.4.1.1", "1.2.3.4.1.2", "1.2.5"));
}

TEST_F(CompanionsTest, ThatAreErasedTakeNoOthersWithThem) {
    receive_image();
    read();
    receive_companion("1.2.5");
    receive_companion("1.2.6");
    EXPECT_EQ(store_.archive().erase_part({kStudy, std::string(kStudy) + ".2", "1.2.5"}), 1U);
    look_after(61s);
    EXPECT_THAT(queued_for("all"), ElementsAre(kMammogram, "1.2.6"));
}

TEST_F(CompanionsTest, ThatAreErasedWhileTheyAreQueuedAreNamedNowhere) {
    receive_image();
    read();
    receive_companion("1.2.5");
    receive_companion("1.2.6");
    const auto lease = [&] {
        clock_.advance(61s);
        return store_.queue().lease(store::kCompanionsJob, "test", 1min).value();
    };
    store::Job job = lease();
    store_.archive().erase_part({kStudy, std::string(kStudy) + ".2", "1.2.5"});
    EXPECT_FALSE(forward_companions(job, store_, rules_, 60s, clock_));
    EXPECT_EQ(deliveries(), 1U);
    job = lease();
    store_.archive().erase_study(kStudy);
    EXPECT_FALSE(forward_companions(job, store_, rules_, 60s, clock_));
    EXPECT_THAT(store_.queue().list(""), IsEmpty());
}

TEST_F(CompanionsTest, AreLeftAloneWhileMoreKeepComing) {
    receive_image();
    read();
    for (int i = 0; i < 100; ++i) {
        receive_companion("1.2." + std::to_string(100 + i));
        look_after(1s);
    }
    EXPECT_EQ(looks(), 0);
    look_after(5s);
    EXPECT_EQ(looks(), 1);
    look_after(56s);
    EXPECT_EQ(queued_for("all").size(), 101U);
    EXPECT_EQ(deliveries(), 2U);
}

TEST_F(CompanionsTest, OfManyExamsThatAreNotReadAreLookedAtNowAndThen) {
    constexpr int kExams = 130;
    for (int i = 0; i < kExams; ++i) {
        const std::string study = "1.2.3." + std::to_string(1000 + i);
        receive(study + ".1.1", "MG", study);
        receive(study + ".2.1", "US", study);
    }
    for (int i = 0; i < 100; ++i) look_after(5s);
    EXPECT_EQ(looks(), 0);
    look_after(15min);
    EXPECT_EQ(looks(), 100) << "so that others are served in between";
    look_after(1s);
    EXPECT_EQ(looks(), kExams) << "each once";
    look_after(1s);
    EXPECT_EQ(looks(), kExams);
}

TEST_F(CompanionsTest, AreNotFollowedWhereNobodyGetsImages) {
    receive_image();
    receive_companion("1.2.5");
    rules_.with_images = {"somewhere else"};
    look_after(1s);
    EXPECT_THAT(store_.queue().list(store::kCompanionsJob), IsEmpty());
}

TEST_F(CompanionsTest, OfNoExamAreNobodys) {
    receive_companion("1.2.5");
    look_after(61s);
    EXPECT_THAT(store_.queue().list(""), IsEmpty());
}

}  // namespace
}  // namespace lucerna::pipeline
