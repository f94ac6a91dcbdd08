#include "retrieve/commitment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <new>
#include <thread>

#include "base/guarded.h"
#include "retrieve/dimse_for_test.h"

namespace lucerna::retrieve {
namespace {

namespace tags = dicom::tags;
namespace status = dicom::status;
namespace command = dicom::command;
using dicom::test_support::RawPeer;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kCt = "1.2.840.10008.5.1.4.1.1.2";

/// Remembers what it was told, in order.
class Outbox final : public CommitmentOutbox {
  public:
    std::string accept(const CommitmentRequest& request) override {
        note("accept " + request.requester_aet + " " + request.transaction_uid);
        return "job";
    }
    bool can_reach(const std::string& /*requester_aet*/) const override { return is_reachable; }
    bool keep_back(const std::string& name) override {
        if (at_word) at_word();
        if (!is_taken) return true;
        note("taken " + name);
        return false;
    }
    void reported(const std::string& name) override { note("reported " + name); }
    void report_now(const std::string& name) override { note("now " + name); }

    std::atomic<bool> is_reachable = true;
    /// A worker has leased the job.
    std::atomic<bool> is_taken = false;
    /// Whenever it is to be kept back; to be set before any is.
    std::function<void()> at_word;

    /// Once so many are there.
    std::vector<std::string> said(std::size_t count) {
        std::vector<std::string> copy;
        said_.when(
            std::stop_token(), [&](const auto& all) { return all.size() >= count; },
            [&](const auto& all) { copy = all; });
        return copy;
    }

  private:
    void note(const std::string& what) {
        said_.change([&](auto& all) { all.push_back(what); });
    }
    Guarded<std::vector<std::string>> said_;
};

dicom::DataSet transaction(const std::vector<Reference>& references,
                           const std::string& uid = "1.2.3.9") {
    dicom::DataSet set;
    set.set_text(tags::kTransactionUid, uid);
    for (const auto& [sop_class, sop_instance] : references) {
        dicom::DataSet& item = set.add_item(tags::kReferencedSopSequence);
        item.set_text(tags::kReferencedSopClassUid, sop_class);
        item.set_text(tags::kReferencedSopInstanceUid, sop_instance);
    }
    return set;
}

dicom::DimseCommand action() {
    dicom::DimseCommand request;
    request.field = command::kActionRequest;
    request.message_id = 4;
    request.requested_sop_class_uid = kCommitmentClass;
    request.requested_sop_instance_uid = kCommitmentInstance;
    request.action_type = 1;
    return request;
}

/// An archive of two mammograms, 1.1 and 1.2.
class CommitmentService : public DimseTest {
  protected:
    CommitmentService() {
        test::StoredInstance one;
        for (const char* uid : {"1.1", "1.2"}) {
            one.sop_instance = uid;
            keep(one);
        }
        start_and_associate(dicom::test_support::any_port());
    }

    void start_and_associate(dicom::ScpOptions options) {
        peer.reset();
        start({.own_aet = "ARCHIVE", .commitments = &outbox}, std::move(options));
        peer.emplace(*scp);
        peer->associate_with({{1,
                               std::string(kCommitmentClass),
                               {test::kExplicitLittle},
                               dicom::ContextResult::kAccepted},
                              {3, kCt, {test::kExplicitLittle}, dicom::ContextResult::kAccepted}});
    }

    void act(const std::string& uid,
             const std::vector<Reference>& references = {{test::kMammogramClass, "1.1"}}) {
        const dicom::DataSet asked = transaction(references, uid);
        peer->send_request(action(), &asked);
        const dicom::DimseCommand accepted = peer->read_response();
        EXPECT_EQ(accepted.field, 0x8130);
        EXPECT_EQ(accepted.status, status::kSuccess);
    }
    /// Takes the next report, which must be about this transaction; returns its message ID.
    std::uint16_t read_report(const std::string& uid) {
        const dicom::DimseCommand event = peer->read_response();
        EXPECT_EQ(event.field, command::kEventReportRequest);
        EXPECT_EQ(peer->read_data_set().data_set.text(tags::kTransactionUid), uid);
        return event.message_id;
    }
    void respond(std::uint16_t message_id) {
        dicom::DimseCommand response;
        response.field = command::kEventReportResponse;
        response.message_id = message_id;
        response.status = status::kSuccess;
        peer->send_request(response);
    }
    void send_echo() {
        dicom::DimseCommand echo;
        echo.field = command::kEchoRequest;
        echo.message_id = 9;
        peer->send_request(echo);
    }

    /// Each with its Failure Reason.
    static std::vector<std::string> failed(const CommitmentReport& report) {
        std::vector<std::string> all;
        for (const dicom::DataSet& item : report.data_set.items(tags::kFailedSopSequence))
            all.push_back(item.text_or(tags::kReferencedSopInstanceUid, "") + " " +
                          std::to_string(item.integer(tags::kFailureReason).value_or(0)));
        return all;
    }

    Outbox outbox;
    std::optional<RawPeer> peer;
};

TEST_F(CommitmentService, ReportsOnTheSameAssociation) {
    const dicom::DataSet asked =
        transaction({{test::kMammogramClass, "1.1"},
                     {test::kMammogramClass, "1.2"},
                     {test::kMammogramClass, "1.1"}});  // named twice, answered once
    peer->send_request(action(), &asked);
    const dicom::DimseCommand accepted = peer->read_response();
    EXPECT_EQ(accepted.field, 0x8130);
    EXPECT_EQ(accepted.status, status::kSuccess);
    const dicom::DimseCommand event = peer->read_response();
    EXPECT_EQ(event.field, command::kEventReportRequest);
    EXPECT_EQ(event.event_type, 1);
    EXPECT_EQ(event.affected_sop_class_uid, kCommitmentClass);
    EXPECT_EQ(event.affected_sop_instance_uid, kCommitmentInstance);
    const dicom::DataSet report = std::move(peer->read_data_set().data_set);
    EXPECT_EQ(report.text(tags::kTransactionUid), "1.2.3.9");
    EXPECT_EQ(report.text(tags::kRetrieveAeTitle), "ARCHIVE");
    EXPECT_EQ(report.items(tags::kReferencedSopSequence).size(), 2u);
    EXPECT_FALSE(report.has(tags::kFailedSopSequence));
    dicom::DimseCommand response;
    response.field = command::kEventReportResponse;
    response.message_id = event.message_id;
    response.status = status::kSuccess;
    peer->send_request(response);
    EXPECT_THAT(outbox.said(2), ElementsAre("accept RAW 1.2.3.9", "reported job"));
}

TEST_F(CommitmentService, IsSilentWhereAnotherHasBegunToReport) {
    outbox.is_taken = true;
    const dicom::DataSet asked = transaction({{test::kMammogramClass, "1.1"}});
    peer->send_request(action(), &asked);
    EXPECT_EQ(peer->read_response().status, status::kSuccess);
    EXPECT_EQ(outbox.said(2).back(), "taken job");
    // The next that comes is the answer to what is asked next: no report of before.
    peer->send_request(action(), &asked);
    EXPECT_EQ(peer->read_response().field, 0x8130);
    EXPECT_EQ(outbox.said(4).back(), "taken job");
}

TEST_F(CommitmentService, SaysWhileItExaminesThatItIsAtIt) {
    std::vector<Reference> references;
    for (int i = 0; i < 40; ++i)
        references.push_back({test::kMammogramClass, "1." + std::to_string(i + 1)});
    int words = 0;
    const CommitmentRequest asked{"MODALITY", "1.2.3.9", references};
    Examination examination(asked, store.archive());
    examination.go_on_to_the_end([&] { ++words; });
    EXPECT_EQ(examination.report("ARCHIVE").committed, 2u);
    EXPECT_EQ(words, 3);
}

TEST_F(CommitmentService, LeavesTheReportToTheOutboxWhereItsAssociationEndsOrRefuses) {
    const dicom::DataSet asked = transaction({{test::kMammogramClass, "1.1"}});
    peer->send_request(action(), &asked);
    (void)peer->read_response();
    const dicom::DimseCommand event = peer->read_response();
    (void)peer->read_data_set();
    dicom::DimseCommand response;
    response.field = command::kEventReportResponse;
    response.message_id = event.message_id;
    response.status = status::kProcessingFailure;
    peer->send_request(response);
    EXPECT_EQ(outbox.said(2).back(), "now job");

    peer->send_request(action(), &asked);
    (void)peer->read_response();
    peer->send(encode_release(dicom::PduType::kReleaseRequest));
    EXPECT_EQ(outbox.said(4).back(), "now job");
    EXPECT_EQ(recorder.wait_for_report(0).end, dicom::AssociationEnd::kReleased);

    RawPeer other(*scp);
    other.associate(std::string(kCommitmentClass));
    other.send_request(action(), &asked);
    (void)other.read_response();
    other.send(encode_abort(dicom::AbortSource::kServiceUser, dicom::AbortReason::kNotSpecified));
    EXPECT_EQ(outbox.said(6).back(), "now job");
}

TEST_F(CommitmentService, ServesWhatCrossesAReportAndReportsOnAll) {
    act("1.2.3.9");
    const std::uint16_t first = read_report("1.2.3.9");
    act("1.2.3.10");
    send_echo();
    EXPECT_EQ(peer->read_response().field, command::kEchoResponse);
    dicom::DimseCommand sent;
    sent.field = command::kStoreRequest;
    sent.message_id = 5;
    sent.has_data_set = true;
    sent.affected_sop_class_uid = kCt;
    sent.affected_sop_instance_uid = "1.9";
    peer->send_fragment(true, true, encode_command(sent), 3);
    peer->send_fragment(false, true,
                        dicom::test_support::data_set_of(
                            test::small_object("1.9", 100'000, test::kExplicitLittle, kCt)),
                        3);
    const dicom::DimseCommand stored = peer->read_response();
    EXPECT_EQ(stored.field, command::kStoreResponse);
    EXPECT_EQ(stored.status, status::kSuccess);
    respond(first);
    const std::uint16_t second = read_report("1.2.3.10");
    EXPECT_NE(second, first);
    respond(second);
    EXPECT_THAT(outbox.said(4), ElementsAre("accept RAW 1.2.3.9", "accept RAW 1.2.3.10",
                                            "reported job", "reported job"));
}

TEST_F(CommitmentService, LeavesEveryReportToTheOutboxWhereItIsReleasedFirst) {
    act("1.2.3.9");
    (void)read_report("1.2.3.9");
    act("1.2.3.10");
    peer->send(encode_release(dicom::PduType::kReleaseRequest));
    (void)peer->read(dicom::PduType::kReleaseResponse);
    EXPECT_EQ(recorder.wait_for_report(0).end, dicom::AssociationEnd::kReleased);
    EXPECT_THAT(outbox.said(4),
                ElementsAre("accept RAW 1.2.3.9", "accept RAW 1.2.3.10", "now job", "now job"));
}

TEST_F(CommitmentService, LeavesTheReportToTheOutboxWhereItCannotBeMadeAndTheAssociationGoesOn) {
    outbox.at_word = [] { throw std::bad_alloc(); };
    act("1.2.3.9");
    send_echo();
    EXPECT_EQ(peer->read_response().field, command::kEchoResponse);
    EXPECT_THAT(outbox.said(2), ElementsAre("accept RAW 1.2.3.9", "now job"));
}

TEST_F(CommitmentService, SaysOfNothingThatItIsNotCommittedWhileItCannotBeReadIfItCanBeSaidLater) {
    store.clock.advance(std::chrono::minutes(2));
    const std::filesystem::path file = store.folder.path() / "secret" / "keys";
    std::filesystem::rename(file, file.string() + ".away");
    act("1.2.3.9");
    EXPECT_THAT(outbox.said(2), ElementsAre("accept RAW 1.2.3.9", "now job"));
    outbox.is_reachable = false;
    act("1.2.3.10");
    respond(read_report("1.2.3.10"));
    EXPECT_EQ(outbox.said(4).back(), "reported job");
}

TEST_F(CommitmentService, AnswersWhoeverAsksWhileItExamines) {
    std::atomic<int> words = 0;
    std::atomic<bool> is_asked = false;
    outbox.at_word = [&] {
        ++words;
        while (!is_asked) std::this_thread::yield();
    };
    act("1.2.3.9", {{test::kMammogramClass, "1.1"}, {test::kMammogramClass, "1.2"}});
    while (words == 0) std::this_thread::yield();
    send_echo();
    is_asked = true;
    EXPECT_EQ(peer->read_response().field, command::kEchoResponse) << "before the report";
    respond(read_report("1.2.3.9"));
    EXPECT_EQ(outbox.said(2).back(), "reported job");
}

TEST_F(CommitmentService, NamesWhatIsNotKeptOfAnotherClassOrDamaged) {
    for (const std::string& object : store.objects()) {
        // One flipped bit in each: 1.3 is kept afterwards.
        Bytes sealed = store.sealed(object);
        sealed[sealed.size() - 20] ^= 1;
        store.replace(object, sealed);
    }
    test::StoredInstance good;
    good.sop_instance = "1.3";
    keep(good);
    const CommitmentRequest asked{"MODALITY",
                                  "1.2.3.9",
                                  {{test::kMammogramClass, "1.1"},
                                   {test::kMammogramClass, "1.3"},
                                   {test::kMammogramClass, "1.4"},
                                   {kCt, "1.3"}}};
    Examination examination(asked, store.archive());
    examination.go_on_to_the_end();
    const CommitmentReport report = examination.report("ARCHIVE");
    EXPECT_EQ(report.command.event_type, 2);
    EXPECT_EQ(report.committed, 1u);
    EXPECT_THAT(failed(report), ElementsAre("1.1 272", "1.4 274", "1.3 281"));
}

// It would be read until the server ends, and never again.
TEST_F(CommitmentService, NamesNothingAsKeptThatTheNextStartWouldNotOpen) {
    const CommitmentRequest asked{"MODALITY", "1.2.3.9", {{test::kMammogramClass, "1.1"}}};
    const auto committed = [&] {
        store.clock.advance(std::chrono::milliseconds(1));
        Examination examination(asked, store.archive());
        examination.go_on_to_the_end();
        return examination.report("ARCHIVE").committed;
    };
    EXPECT_EQ(committed(), 1u);
    const std::filesystem::path file = store.folder.path() / "secret" / "keys";
    std::filesystem::rename(file, file.string() + ".away");
    EXPECT_EQ(committed(), 0u);
    Examination later(asked, store.archive(), Examination::Away::kIsThrown);
    EXPECT_EQ(test::error_of([&] { later.go_on(); }), "unavailable");
    std::filesystem::rename(file.string() + ".away", file);
    EXPECT_EQ(committed(), 1u);
}

TEST_F(CommitmentService, DoesNotNameAsKeptWhatWasErasedSinceItWasRead) {
    CommitmentRequest asked{"MODALITY", "1.2.3.9", {}};
    test::StoredInstance one;
    for (int i = 1; i <= 250; ++i) {
        one.sop_instance = "1." + std::to_string(i);
        if (i > 2) keep(one);
        asked.references.push_back({test::kMammogramClass, one.sop_instance});
    }
    Examination examination(asked, store.archive());
    examination.go_on_to_the_end();
    EXPECT_EQ(examination.report("ARCHIVE").committed, 250u);
    const auto erase = [&](const char* uid) {
        const store::InstanceRow row = *store.archive().instance(uid);
        EXPECT_EQ(
            store.archive().erase_part({row.study_instance_uid, row.series_instance_uid, uid}), 1u);
    };
    for (const char* uid : {"1.2", "1.100", "1.101", "1.250"}) erase(uid);
    // It is there, but is none that was read.
    one.sop_instance = "1.101";
    keep(one);
    const CommitmentReport report = examination.report("ARCHIVE");
    EXPECT_EQ(report.command.event_type, 2);
    EXPECT_EQ(report.committed, 246u);
    EXPECT_THAT(failed(report), ElementsAre("1.2 274", "1.100 274", "1.101 274", "1.250 274"));
}

TEST_F(CommitmentService, PromisesNoReportThatNobodyCouldGive) {
    dicom::ScpOptions impatient = dicom::test_support::any_port();
    impatient.idle = std::chrono::seconds(1);
    start_and_associate(impatient);
    outbox.is_reachable = false;
    act("1.2.3.9");
    const std::uint16_t late = read_report("1.2.3.9");
    // It says other things, but nothing of the report.
    while (outbox.said(1).size() < 2) {
        send_echo();
        EXPECT_EQ(peer->read_response().field, command::kEchoResponse);
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    const dicom::DataSet next = transaction({{test::kMammogramClass, "1.1"}}, "1.2.3.10");
    peer->send_request(action(), &next);
    const dicom::DimseCommand refused = peer->read_response();
    EXPECT_EQ(refused.status, status::kResourceLimitation);
    EXPECT_THAT(refused.error_comment, HasSubstr("earlier requests"));
    outbox.is_reachable = true;
    act("1.2.3.11");
    EXPECT_THAT(outbox.said(4),
                ElementsAre("accept RAW 1.2.3.9", "now job", "accept RAW 1.2.3.11", "now job"));
    respond(late);
    outbox.is_reachable = false;
    act("1.2.3.12");
    respond(read_report("1.2.3.12"));
    EXPECT_EQ(outbox.said(6).back(), "reported job");
}

TEST_F(CommitmentService, RefusesWhatIsNoRequest) {
    const std::vector<Reference> one = {{test::kMammogramClass, "1.1"}};
    struct Wrong {
        std::string instance;
        std::uint16_t action;
        dicom::DataSet data_set;
        std::uint16_t status;
    };
    std::vector<Wrong> all;
    all.push_back({"1.2.3", 1, transaction(one), status::kNoSuchInstance});
    all.push_back({std::string(kCommitmentInstance), 2, transaction(one), status::kNoSuchAction});
    all.push_back({std::string(kCommitmentInstance), 1, transaction({}), status::kInvalidArgument});
    all.push_back(
        {std::string(kCommitmentInstance), 1, transaction(one, "x"), status::kInvalidArgument});
    all.push_back({std::string(kCommitmentInstance), 1, transaction({{"", "1.1"}}),
                   status::kInvalidArgument});
    all.push_back({std::string(kCommitmentInstance), 1,
                   transaction({{test::kMammogramClass, "1.1\\1.2"}}), status::kInvalidArgument});
    all.push_back({std::string(kCommitmentInstance), 1, transaction(one, "1.2\\1.3"),
                   status::kInvalidArgument});
    for (const Wrong& wrong : all) {
        dicom::DimseCommand request = action();
        request.requested_sop_instance_uid = wrong.instance;
        request.action_type = wrong.action;
        peer->send_request(request, &wrong.data_set);
        const dicom::DimseCommand response = peer->read_response();
        EXPECT_EQ(response.status, wrong.status);
        EXPECT_NE(response.error_comment, "");
    }
}

}  // namespace
}  // namespace lucerna::retrieve
