#include "pipeline/commitment_reports.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "deliver/delivery.h"
#include "dicom/dimse_status.h"
#include "store/store_test_support.h"

namespace lucerna::pipeline {
namespace {

using namespace std::chrono_literals;

const retrieve::CommitmentRequest kRequest{
    "MODALITY", "1.2.3", {{"1.2.840.10008.5.1.4.1.1.2", "1.1"}, {"1.2.3.4", "1.2"}}};

store::Job only_job(store::TestStore& store) {
    const auto jobs = store.queue().list(kCommitmentJob);
    EXPECT_EQ(jobs.size(), 1u);
    return jobs.at(0);
}

TEST(CommitmentReports, ARequestComesBackFromItsJob) {
    EXPECT_EQ(commitment_request_from_json(to_json(kRequest)), kRequest);
    for (const char* wrong : {"", "[]", "{}", "{\"requester\":1}"})
        EXPECT_THROW((void)commitment_request_from_json(wrong), Error) << wrong;
}

TEST(CommitmentReports, WaitForTheRequestersOwnAssociationFirst) {
    store::TestStore store;
    CommitmentJobs jobs(store.queue(), {}, store.clock);
    const std::string name = jobs.accept(kRequest);
    EXPECT_FALSE(store.queue().lease(kCommitmentJob, "w", 1min));
    jobs.report_now(name);
    EXPECT_TRUE(store.queue().lease(kCommitmentJob, "w", 1min));
    const std::string other = jobs.accept(kRequest);
    jobs.reported(other);
    EXPECT_EQ(only_job(store).key, name);
}

TEST(CommitmentReports, OfOneAssociationAreNotGivenByAnotherMeanwhile) {
    store::TestStore store;
    CommitmentJobs jobs(store.queue(), {}, store.clock);
    const std::string name = jobs.accept(kRequest);
    store.clock.advance(9min);
    EXPECT_TRUE(jobs.keep_back(name));
    store.clock.advance(9min);
    EXPECT_FALSE(store.queue().lease(kCommitmentJob, "w", 1min));
    store.clock.advance(2min);
    EXPECT_TRUE(store.queue().lease(kCommitmentJob, "w", 1min));
    EXPECT_FALSE(jobs.keep_back(name)) << "a worker has begun";
}

TEST(CommitmentReports, AreNotGivenOnceTheLeaseIsAnothers) {
    store::TestStore store;
    CommitmentJobs jobs(store.queue(), {}, store.clock);
    jobs.report_now(jobs.accept(kRequest));
    const auto job = store.queue().lease(kCommitmentJob, "slow", 1min);
    ASSERT_TRUE(job);
    store.clock.advance(2min);
    ASSERT_TRUE(store.queue().lease(kCommitmentJob, "other", 1min));
    bool is_called = false;
    CommitmentPeers peers;
    const CommitmentRules rules{[&](const std::string&) -> std::optional<dicom::ScuOptions> {
        is_called = true;
        dicom::ScuOptions options;
        options.port = 1;
        return options;
    }};
    try {
        report_commitment(*job, *store.store, rules, peers, store.clock, {});
        FAIL() << "reported or put off what is another's";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kConflict);
    }
    EXPECT_TRUE(is_called);
    EXPECT_EQ(only_job(store).holder, "other");
}

TEST(CommitmentReports, AreGivenUpForStrangersAndTriedAgainForTheUnreachable) {
    store::TestStore store;
    CommitmentJobs jobs(store.queue(), {}, store.clock);
    const auto lease = [&] {
        auto job = store.queue().lease(kCommitmentJob, "w", 1min);
        EXPECT_TRUE(job);
        return *job;
    };
    CommitmentPeers peers;
    jobs.report_now(jobs.accept(kRequest));
    const CommitmentRules unreachable{
        [](const std::string& aet) -> std::optional<dicom::ScuOptions> {
            if (aet != "MODALITY") return {};
            dicom::ScuOptions options;
            options.port = 1;
            return options;
        }};
    report_commitment(lease(), *store.store, unreachable, peers, store.clock, {});
    EXPECT_EQ(only_job(store).state, store::JobState::kWaiting);
    store.clock.advance(1h);
    report_commitment(lease(), *store.store, {}, peers, store.clock, {});
    EXPECT_TRUE(store.queue().list(kCommitmentJob).empty())
        << "it may name what is erased some day";
}

TEST(CommitmentReports, ArePutOffWhileWhatTheyAreAboutCannotBeRead) {
    store::TestStore store;
    const test::StoredInstance kept;
    store.archive().keep(kept.file());
    store.clock.advance(2min);
    const std::filesystem::path file = store.folder.path() / "secret" / "keys";
    std::filesystem::rename(file, file.string() + ".away");
    CommitmentJobs jobs(store.queue(), {}, store.clock);
    jobs.report_now(
        jobs.accept({"MODALITY", "1.2.3", {{test::kMammogramClass, kept.sop_instance}}}));
    const CommitmentRules unreachable{[](const std::string&) {
        dicom::ScuOptions options;
        options.port = 1;
        return std::optional(options);
    }};
    CommitmentPeers peers;
    const auto problem_of_try = [&](int attempts) {
        auto job = store.queue().lease(kCommitmentJob, "w", 1min);
        EXPECT_TRUE(job);
        job->attempts = attempts;
        report_commitment(*job, *store.store, unreachable, peers, store.clock, {});
        const auto left = store.queue().list(kCommitmentJob);
        return left.empty() ? "" : left.at(0).problem;
    };
    EXPECT_NE(problem_of_try(1).find("key"), std::string::npos) << "nobody was asked to take it";
    store.clock.advance(1h);
    EXPECT_EQ(problem_of_try(deliver::BackoffRules().max_attempts), "") << "the last try";
}

TEST(CommitmentReports, RestAfterOneThatWasNotTakenAndDoNotCountThat) {
    store::TestStore store;
    CommitmentJobs jobs(store.queue(), {}, store.clock);
    int tries = 0;
    const CommitmentRules unreachable{[&](const std::string&) {
        dicom::ScuOptions options;
        options.port = 1;
        return std::optional(options);
    }};
    CommitmentPeers peers;
    for (int i = 0; i < 5; ++i) jobs.report_now(jobs.accept(kRequest));
    while (auto job = store.queue().lease(kCommitmentJob, "w", 1min)) {
        report_commitment(*job, *store.store, unreachable, peers, store.clock, {});
        ASSERT_LT(++tries, 20);
    }
    const auto attempts = [&] {
        int all = 0;
        for (const store::Job& job : store.queue().list(kCommitmentJob)) all += job.attempts;
        return all;
    };
    EXPECT_EQ(attempts(), 1) << "one was tried, four wait with it";
    EXPECT_TRUE(peers.begin("MODALITY", store.clock.now()));
    EXPECT_FALSE(peers.begin("OTHER", store.clock.now()));
    EXPECT_TRUE(peers.begin("OTHER", store.clock.now())) << "it is being told";
    peers.end("OTHER", true, store.clock.now());
    EXPECT_FALSE(peers.begin("OTHER", store.clock.now()));
    store.clock.advance(2min);
    const auto job = store.queue().lease(kCommitmentJob, "w", 1min);
    ASSERT_TRUE(job);
    report_commitment(*job, *store.store, unreachable, peers, store.clock, {});
    EXPECT_EQ(attempts(), 2);
}

// However many hang, one who takes his has somebody who tells him.
TEST(CommitmentReports, OfThoseWhoDidNotTakeTheirLastKeepAReporterFree) {
    CommitmentPeers peers;
    const auto name = [](std::size_t number) { return "HUNG" + std::to_string(number); };
    const Instant now = SystemClock().now();
    constexpr std::size_t kHung = kCommitmentReporters + 4;
    for (std::size_t i = 0; i < kHung; ++i) {
        EXPECT_FALSE(peers.begin(name(i), now)) << "nothing is known of it";
        peers.end(name(i), false, now);
    }
    std::size_t begun = 0;
    for (std::size_t i = 0; i < kHung; ++i) begun += peers.begin(name(i), now + 2min) ? 0 : 1;
    EXPECT_EQ(begun, kCommitmentReporters - 1);
    EXPECT_FALSE(peers.begin("GOOD", now + 2min));
    peers.end(name(0), false, now + 3min);
    EXPECT_FALSE(peers.begin(name(kHung - 1), now + 3min)) << "in its turn";
    peers.end(name(1), true, now + 3min);
    EXPECT_FALSE(peers.begin(name(1), now + 3min)) << "it took one";
}

}  // namespace
}  // namespace lucerna::pipeline
