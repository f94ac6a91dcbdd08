#include "deliver/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "dicom/dimse_status.h"
#include "dicom/scp.h"
#include "support/small_object.h"

namespace lucerna::deliver {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Backoff, GrowsByItsFactorUpToTheCap) {
    const BackoffRules rules{1s, 2.0, 10s, 100};
    EXPECT_EQ(delay_after(1, rules), 1s);
    EXPECT_EQ(delay_after(2, rules), 2s);
    EXPECT_EQ(delay_after(4, rules), 8s);
    EXPECT_EQ(delay_after(5, rules), 10s);
    EXPECT_EQ(delay_after(1'000'000, rules), 10s);
}

TEST(Backoff, IsSaneForInsaneArguments) {
    EXPECT_EQ(delay_after(0, {1s, 2.0, 10s, 100}), 1s);
    EXPECT_EQ(delay_after(-7, {1s, 2.0, 10s, 100}), 1s);
    EXPECT_EQ(delay_after(5, {1s, 0.1, 10s, 100}), 1s);
    EXPECT_EQ(delay_after(1, {20s, 2.0, 10s, 100}), 10s);
}

TEST(DeliveryJob, ComesBackFromItsJson) {
    const DeliveryJob job{"the \"PACS\"", {"1.2.3", "1.2.4"}};
    EXPECT_EQ(delivery_job_from_json(to_json(job)), job);
    EXPECT_EQ(to_json({"pacs", {"1.2"}}), R"({"destination":"pacs","instances":["1.2"]})");
    const DeliveryJob begun{"pacs", {"1.2.3"}, {"1.2.4", "1.2.5"}};
    EXPECT_EQ(delivery_job_from_json(to_json(begun)), begun);
}

TEST(DeliveryJob, RefusesWhatIsNone) {
    for (const char* text : {"", "[]", "{}", R"({"destination":1,"instances":[]})",
                             R"({"destination":"a"})", R"({"destination":"a","instances":[1]})"})
        EXPECT_THROW((void)delivery_job_from_json(text), Error) << text;
}

class FakeSource : public ObjectSource {
  public:
    dicom::ObjectHead head(const std::string& uid) override {
        return dicom::split_part10(bytes_of(uid)).head;
    }
    std::optional<File> file(const std::string& uid) override {
        if (left_out.contains(uid)) return {};
        return File{nullptr, bytes_of(uid)};
    }
    const Bytes& bytes_of(const std::string& uid) {
        if (!files.contains(uid)) throw Error(ErrorCode::kNotFound, "not kept");
        return files.at(uid);
    }
    void add(const std::string& uid) { files[uid] = test::small_object(uid); }

    std::map<std::string, Bytes> files;
    std::set<std::string> left_out;
};

/// A peer that answers as told, by SOP Instance UID, and loses the association where told.
struct FakePeer {
    std::map<std::string, std::uint16_t> answers;
    std::set<std::string> lost_at;
    std::optional<ErrorCode> rejects;
    std::vector<std::string> sent;
    int associations = 0;

    OpenSender opener() {
        return [this](const Destination&, std::span<const dicom::ObjectHead>, std::stop_token) {
            if (rejects) throw Error(*rejects, "the peer is not there");
            ++associations;
            return std::make_unique<Sender>(*this);
        };
    }

    struct Sender : ObjectSender {
        explicit Sender(FakePeer& owner) : peer(owner) {}
        dicom::SendOutcome store(const dicom::FileToSend& file) override {
            const std::string uid = dicom::split_part10(file.begin).head.sop_instance_uid;
            if (peer.lost_at.contains(uid)) throw Error(ErrorCode::kUnavailable, "connection lost");
            peer.sent.push_back(uid);
            const std::uint16_t status = peer.answers.contains(uid) ? peer.answers.at(uid) : 0;
            return {dicom::kind_of(status), status, dicom::describe_status(status)};
        }
        FakePeer& peer;
    };
};

class Delivery : public testing::Test {
  protected:
    Delivery() {
        for (const char* uid : {"1.1", "1.2", "1.3"}) source.add(uid);
    }
    DeliveryResult run(int attempt = 1) {
        Destination pacs;
        pacs.name = "pacs";
        DeliveryStep step({pacs}, source, {5s, 2.0, 60s, 10}, peer.opener());
        DeliveryResult result = step.run(job, attempt);
        log_result(job, attempt, result);
        return result;
    }

    FakeSource source;
    FakePeer peer;
    DeliveryJob job{"pacs", {"1.1", "1.2", "1.3"}};
};

TEST_F(Delivery, SendsAllOverOneAssociation) {
    const DeliveryResult result = run();
    ASSERT_TRUE(std::holds_alternative<Delivered>(result));
    EXPECT_EQ(std::get<Delivered>(result).objects, 3u);
    EXPECT_THAT(peer.sent, ElementsAre("1.1", "1.2", "1.3"));
    EXPECT_EQ(peer.associations, 1);
}

TEST_F(Delivery, CountsWarningsAsDelivered) {
    peer.answers["1.2"] = 0xB000;
    const DeliveryResult result = run();
    ASSERT_TRUE(std::holds_alternative<Delivered>(result));
    EXPECT_EQ(std::get<Delivered>(result).objects, 3u);
    EXPECT_EQ(std::get<Delivered>(result).warnings, 1u);
}

TEST_F(Delivery, DoesNotMissWhatIsLeftOutThere) {
    source.left_out = {"1.2"};
    const DeliveryResult result = run();
    ASSERT_TRUE(std::holds_alternative<Delivered>(result));
    EXPECT_EQ(std::get<Delivered>(result).objects, 2u);
    EXPECT_EQ(std::get<Delivered>(result).left_out, 1u);
    EXPECT_THAT(peer.sent, ElementsAre("1.1", "1.3"));
    peer.answers["1.1"] = 0xA700;
    const DeliveryResult later = run();
    ASSERT_TRUE(std::holds_alternative<RetryAfter>(later));
    EXPECT_THAT(std::get<RetryAfter>(later).outstanding, ElementsAre("1.1"));
}

TEST_F(Delivery, TriesAgainWithWhatIsOutstanding) {
    peer.answers["1.2"] = 0xA700;
    const DeliveryResult result = run(3);
    ASSERT_TRUE(std::holds_alternative<RetryAfter>(result));
    EXPECT_EQ(std::get<RetryAfter>(result).delay, 20s);
    EXPECT_THAT(std::get<RetryAfter>(result).outstanding, ElementsAre("1.2"));
    EXPECT_THAT(std::get<RetryAfter>(result).why, HasSubstr("out of resources"));
}

TEST_F(Delivery, GivesUpAtOnceWhatWasRefusedForGoodAfterSendingTheRest) {
    peer.answers["1.1"] = 0x0122;
    const DeliveryResult result = run();
    ASSERT_TRUE(std::holds_alternative<GiveUp>(result));
    EXPECT_THAT(std::get<GiveUp>(result).refused, ElementsAre("1.1"));
    EXPECT_THAT(std::get<GiveUp>(result).why, HasSubstr("SOP class not supported"));
    EXPECT_THAT(peer.sent, ElementsAre("1.1", "1.2", "1.3"));
}

TEST_F(Delivery, DoesNotForgetTheRefusedWhileOthersAreOutstanding) {
    peer.answers["1.1"] = 0x0122;
    peer.answers["1.3"] = 0xA700;
    const DeliveryResult result = run();
    ASSERT_TRUE(std::holds_alternative<RetryAfter>(result));
    EXPECT_THAT(std::get<RetryAfter>(result).outstanding, ElementsAre("1.1", "1.3"));
}

TEST_F(Delivery, TriesAgainWhenTheAssociationIsLost) {
    peer.lost_at = {"1.2"};
    const DeliveryResult result = run();
    ASSERT_TRUE(std::holds_alternative<RetryAfter>(result));
    EXPECT_THAT(std::get<RetryAfter>(result).outstanding, ElementsAre("1.2"));
    EXPECT_THAT(std::get<RetryAfter>(result).why, HasSubstr("connection lost"));
    EXPECT_THAT(peer.sent, ElementsAre("1.1", "1.3")) << "what is behind it does not wait for it";
    EXPECT_EQ(peer.associations, 2);
}

TEST_F(Delivery, PutsLastWhatAssociationsAreLostWith) {
    job.sop_instance_uids.clear();
    for (int i = 1; i <= 6; ++i) {
        job.sop_instance_uids.push_back("1.4." + std::to_string(i));
        source.add(job.sop_instance_uids.back());
        if (i < 5) peer.lost_at.insert(job.sop_instance_uids.back());
    }
    DeliveryResult result = run();
    ASSERT_TRUE(std::holds_alternative<RetryAfter>(result));
    EXPECT_EQ(peer.associations, 3) << "not without end";
    EXPECT_THAT(std::get<RetryAfter>(result).outstanding,
                ElementsAre("1.4.4", "1.4.5", "1.4.6", "1.4.1", "1.4.2", "1.4.3"));
    job = what_is_left(job, std::get<RetryAfter>(result));
    result = run(2);
    EXPECT_THAT(peer.sent, ElementsAre("1.4.5", "1.4.6"));
    job = what_is_left(job, std::get<RetryAfter>(result));
    EXPECT_THAT(job.sop_instance_uids, ElementsAre("1.4.3", "1.4.4", "1.4.1", "1.4.2"));
    EXPECT_THAT(job.delivered, ElementsAre("1.4.5", "1.4.6"));
    result = run(10);
    ASSERT_TRUE(std::holds_alternative<GiveUp>(result));
    EXPECT_EQ(std::get<GiveUp>(result).refused.size(), 4U);
    EXPECT_EQ(peer.sent.size(), 2U) << "what it has is not sent again";
}

TEST_F(Delivery, TriesAgainWhenThePeerIsAwayOrRejectsUs) {
    for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kUnsupported}) {
        peer.rejects = code;
        EXPECT_TRUE(std::holds_alternative<RetryAfter>(run()));
    }
}

TEST_F(Delivery, GivesUpAfterTheLastAttempt) {
    peer.rejects = ErrorCode::kUnavailable;
    const DeliveryResult result = run(10);
    ASSERT_TRUE(std::holds_alternative<GiveUp>(result));
    EXPECT_THAT(std::get<GiveUp>(result).why,
                HasSubstr("after 10 attempts: the peer is not there"));
    EXPECT_EQ(std::get<GiveUp>(result).refused.size(), 3u);
}

TEST_F(Delivery, GivesUpWhatIsNoLongerKept) {
    source.files.erase("1.2");
    const DeliveryResult result = run();
    ASSERT_TRUE(std::holds_alternative<GiveUp>(result));
    EXPECT_THAT(std::get<GiveUp>(result).refused, ElementsAre("1.2"));
    EXPECT_THAT(peer.sent, ElementsAre("1.1", "1.3"));
}

TEST_F(Delivery, SaysInTheLogWhoseResultsWait) {
    job.study_instance_uid = "1.2.840.7";
    peer.answers["1.2"] = 0xB000;
    peer.answers["1.3"] = 0xA700;
    testing::internal::CaptureStderr();
    (void)run();
    std::string log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, HasSubstr(R"("deliver.warning","exam":"1.2.840.7")"));
    EXPECT_THAT(
        log, HasSubstr(R"("deliver.retry","exam":"1.2.840.7","destination":"pacs","objects":1,)"));
    testing::internal::CaptureStderr();
    (void)run(10);
    log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(
        log,
        HasSubstr(R"("deliver.given-up","exam":"1.2.840.7","destination":"pacs","objects":1,)"));
    job.destination = "elsewhere";
    testing::internal::CaptureStderr();
    (void)run();
    log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(
        log,
        HasSubstr(
            R"("deliver.given-up","exam":"1.2.840.7","destination":"elsewhere","objects":3,)"));
}

TEST_F(Delivery, GivesUpForADestinationThatIsNotConfigured) {
    job.destination = "elsewhere";
    const DeliveryResult result = run();
    ASSERT_TRUE(std::holds_alternative<GiveUp>(result));
    EXPECT_THAT(std::get<GiveUp>(result).why, HasSubstr("elsewhere"));
}

TEST_F(Delivery, SplitsObjectsOfManyKindsOverAssociations) {
    job.sop_instance_uids.clear();
    for (int kind = 1; kind <= 100; ++kind) {
        const std::string uid = "1.7." + std::to_string(kind);
        source.files[uid] =
            test::small_object(uid, 64, test::kExplicitLittle, "1.2.999." + std::to_string(kind));
        job.sop_instance_uids.push_back(uid);
    }
    EXPECT_TRUE(std::holds_alternative<Delivered>(run()));
    EXPECT_EQ(peer.sent.size(), 100u);
    EXPECT_EQ(peer.associations, 4) << "31 kinds fit one";
}

TEST(DeliveryByDimse, ReachesAProviderAndTriesAgainWithoutOne) {
    struct Counter : dicom::ScpHandler {
        void object(const dicom::ReceivedObject&, const dicom::Sender&) override { ++objects; }
        void failed(const dicom::StoreFailure&, const dicom::Sender&) override {}
        void ended(const dicom::AssociationReport&) override {}
        std::atomic<int> objects = 0;
    } counter;
    dicom::ScpOptions options;
    options.port = 0;
    auto scp = std::make_unique<dicom::Scp>(options, counter);
    FakeSource source;
    source.add("1.1");
    source.add("1.2");
    Destination pacs;
    pacs.name = "pacs";
    pacs.host = "127.0.0.1";
    pacs.port = scp->port();
    pacs.aet = "PACS";
    DeliveryStep step({pacs}, source);
    EXPECT_TRUE(std::holds_alternative<Delivered>(step.run({"pacs", {"1.1", "1.2"}}, 1)));
    EXPECT_EQ(counter.objects, 2);
    scp.reset();
    const DeliveryResult result = step.run({"pacs", {"1.1"}}, 1);
    ASSERT_TRUE(std::holds_alternative<RetryAfter>(result));
    EXPECT_THAT(std::get<RetryAfter>(result).why, HasSubstr("no connection to 127.0.0.1"));
}

}  // namespace
}  // namespace lucerna::deliver
