#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "dicom/dimse_status.h"
#include "dicom/scp_exchange.h"
#include "dicom/scp_test_support.h"

namespace lucerna::dicom {
namespace {

using namespace test_support;
using test::small_object;
using testing::ElementsAre;

constexpr std::string_view kAction = "1.2.840.10008.1.20.1";
constexpr std::string_view kGet = "1.2.840.10008.5.1.4.1.2.2.3";

/// What follow-ups were told, in order.
using Told = Guarded<std::vector<std::string>>;

/// Asks, once `work` has returned false, what has its name.
class Noting final : public FollowUp {
  public:
    Noting(std::string name, Told& told, std::function<bool()> work)
        : name_(std::move(name)), told_(told), work_(std::move(work)) {}
    bool work() override { return work_(); }
    std::optional<Question> question() override {
        Question question;
        question.command.field = command::kEventReportRequest;
        question.command.event_type = 1;
        question.data_set.set_text(tags::kPatientName, name_);
        return question;
    }
    void waits() override {}
    void answered(const DimseCommand& response) override {
        note("answered " + std::to_string(response.status.value_or(9)));
    }
    void unanswered() override { note("unanswered"); }
    void failed(const std::exception& error) override { note(error.what()); }

  private:
    void note(const std::string& what) {
        told_.change([&](auto& all) { all.push_back(name_ + " " + what); });
    }
    const std::string name_;
    Told& told_;
    const std::function<bool()> work_;
};

/// A provider whose N-ACTIONs leave a follow-up each, named by their action type.
class FollowUpsTest : public testing::Test {
  protected:
    void start(
        std::function<bool(int)> work = [](int) { return false; },
        ScpOptions options = any_port()) {
        std::vector<ScpService> services(2);
        services[0] = {kAction, command::kActionRequest, {}, [this, work](ScpExchange& exchange) {
                           const int type = exchange.request().action_type.value_or(0);
                           (void)exchange.has_room_afterwards(bytes_of_each);
                           exchange.afterwards(std::make_unique<Noting>(
                               std::to_string(type), told_, [work, type] { return work(type); }));
                           exchange.answer({.status = status::kSuccess});
                       }};
        services[1] = {kGet, command::kGetRequest, {}, [](ScpExchange& exchange) {
                           (void)exchange.store(small_object("1.2.3.4", 10));
                           while (!exchange.is_cancelled()) std::this_thread::yield();
                           exchange.answer({.status = status::kCancelled});
                       }};
        scp_.emplace(std::move(options), recorder_, std::move(services));
        peer_.emplace(*scp_);
        const auto context = [](std::uint8_t id, std::string_view sop_class) {
            return PresentationContext{
                id, std::string(sop_class), {test::kExplicitLittle}, ContextResult::kAccepted};
        };
        peer_->associate_with(
            {context(1, kAction), context(3, test::kMammogramClass), context(5, kGet),
             context(7, "1.2.840.10008.5.1.4.1.1.2")},
            {{"1.2.840.10008.5.1.4.1.1.2", true, false}, {test::kMammogramClass, true, true}});
    }
    static DimseCommand request(std::uint16_t field, std::string_view sop_class) {
        DimseCommand request;
        request.field = field;
        request.message_id = 7;
        request.affected_sop_class_uid = sop_class;
        return request;
    }
    void act(int type) {
        DimseCommand action = request(command::kActionRequest, {});
        action.requested_sop_class_uid = kAction;
        action.requested_sop_instance_uid = "1.2.3";
        action.action_type = static_cast<std::uint16_t>(type);
        peer_->send_request(action);
        EXPECT_EQ(peer_->read_response().field, 0x8130);
    }
    void echo() {
        peer_->send_request(request(command::kEchoRequest, sop_class::kVerification));
        EXPECT_EQ(peer_->read_response().field, command::kEchoResponse);
    }
    /// Its message ID, once it has come.
    std::uint16_t read_question(std::string_view name) {
        const DimseCommand event = peer_->read_response();
        EXPECT_EQ(event.field, command::kEventReportRequest);
        EXPECT_EQ(peer_->read_data_set().data_set.text(tags::kPatientName), name);
        return event.message_id;
    }
    void respond(std::uint16_t message_id, std::uint16_t status = status::kSuccess) {
        DimseCommand response = request(command::kEventReportResponse, kAction);
        response.message_id = message_id;
        response.status = status;
        peer_->send_request(response);
    }
    /// Once so many are there.
    std::vector<std::string> told(std::size_t count) {
        std::vector<std::string> copy;
        told_.when(
            std::stop_token(), [&](const auto& all) { return all.size() >= count; },
            [&](const auto& all) { copy = all; });
        return copy;
    }

    std::atomic<std::size_t> bytes_of_each = 100;
    Told told_;
    Recorder recorder_;
    std::optional<Scp> scp_;
    std::optional<RawPeer> peer_;
};

TEST_F(FollowUpsTest, WhatCrossesAQuestionIsServedAndTheNextQuestionWaitsForTheResponse) {
    start();
    act(1);
    const std::uint16_t first = read_question("1");
    act(2);
    echo();
    DimseCommand store = request(command::kStoreRequest, test::kMammogramClass);
    store.has_data_set = true;
    store.affected_sop_instance_uid = "1.2.3.4";
    peer_->send_fragment(true, true, encode_command(store), 3);
    peer_->send_fragment(false, true, data_set_of(small_object("1.2.3.4", 50'000)), 3);
    EXPECT_EQ(peer_->read_response().field, command::kStoreResponse);
    EXPECT_TRUE(recorder_.file("1.2.3.4"));
    respond(first, status::kProcessingFailure);
    const std::uint16_t second = read_question("2");
    EXPECT_NE(second, first);
    respond(second);
    EXPECT_THAT(told(2), ElementsAre("1 answered 272", "2 answered 0"));
}

TEST_F(FollowUpsTest, WhoAsksWhileItWorksIsServedAtOnce) {
    std::atomic<bool> is_done = false;
    start([&](int) { return !is_done.load(); });
    act(1);
    echo();
    act(2);
    echo();
    is_done = true;
    respond(read_question("1"));
    respond(read_question("2"));
    EXPECT_THAT(told(2), ElementsAre("1 answered 0", "2 answered 0"));
}

TEST_F(FollowUpsTest, AllAreToldOnceThatTheAssociationHasEnded) {
    start();
    act(1);
    (void)read_question("1");
    act(2);
    peer_->send(encode_release(PduType::kReleaseRequest));
    (void)peer_->read(PduType::kReleaseResponse);
    EXPECT_EQ(recorder_.wait_for_report().end, AssociationEnd::kReleased);
    EXPECT_THAT(told(2), ElementsAre("1 unanswered", "2 unanswered"));

    start([](int) { return true; });
    act(3);
    peer_->send(encode_abort(AbortSource::kServiceUser, AbortReason::kNotSpecified));
    EXPECT_EQ(told(3).back(), "3 unanswered") << "aborted while it works";

    start([](int) { return true; });
    act(4);
    scp_.reset();
    EXPECT_EQ(told(4).back(), "4 unanswered") << "stopped while it works";
    EXPECT_EQ(told(4).size(), 4u);
}

TEST_F(FollowUpsTest, AnErrorInTheWorkEndsNothingElse) {
    start([](int type) {
        if (type == 1) throw Error(ErrorCode::kInternal, "as the test wants");
        if (type == 2) throw std::bad_alloc();
        return false;
    });
    act(1);
    act(2);
    act(3);
    respond(read_question("3"));
    echo();
    EXPECT_EQ(told(3).front(), "1 as the test wants");
    EXPECT_EQ(told(3).back(), "3 answered 0");
    EXPECT_EQ(told(3).size(), 3u);
}

TEST_F(FollowUpsTest, APeerThatIsSilentIsLeftAndOneThatSpeaksOfOtherThingsIsAskedNoMore) {
    ScpOptions options = any_port();
    options.idle = 1s;
    start([](int) { return false; }, options);
    act(1);
    (void)read_question("1");
    EXPECT_EQ(recorder_.wait_for_report().end, AssociationEnd::kTimedOut);
    EXPECT_THAT(told(1), ElementsAre("1 unanswered"));

    start([](int) { return false; }, options);
    act(2);
    const std::uint16_t late = read_question("2");
    act(3);
    for (int i = 0; i < 6; ++i) {
        std::this_thread::sleep_for(200ms);
        echo();
    }
    EXPECT_THAT(told(3), ElementsAre("1 unanswered", "2 unanswered", "3 unanswered"));
    act(4);
    EXPECT_EQ(told(4).back(), "4 unanswered");
    respond(late);
    act(5);
    respond(read_question("5"));
    EXPECT_EQ(told(5).back(), "5 answered 0");
}

TEST_F(FollowUpsTest, AResponseToNoQuestionAborts) {
    start();
    act(1);
    const std::uint16_t id = read_question("1");
    respond(static_cast<std::uint16_t>(id + 1));
    EXPECT_EQ(recorder_.wait_for_report(0).end, AssociationEnd::kProtocolError);
    EXPECT_EQ(told(1).back(), "1 unanswered");

    start();
    act(2);
    const std::uint16_t other = read_question("2");
    respond(other);
    respond(other);
    EXPECT_EQ(recorder_.wait_for_report(1).end, AssociationEnd::kProtocolError);
    EXPECT_EQ(told(2).back(), "2 answered 0");
}

TEST_F(FollowUpsTest, AResponseMayComeWhileAnotherRequestIsServed) {
    start();
    act(1);
    const std::uint16_t first = read_question("1");
    peer_->send_fragment(true, true, encode_command(request(command::kGetRequest, kGet)), 5);
    const DimseCommand store = peer_->read_response();
    EXPECT_EQ(store.field, command::kStoreRequest);
    EXPECT_NE(store.message_id, first);
    (void)peer_->read(PduType::kData);
    respond(first);
    DimseCommand stored = request(command::kStoreResponse, test::kMammogramClass);
    stored.message_id = store.message_id;
    stored.status = status::kSuccess;
    peer_->send_fragment(true, true, encode_command(stored), 3);
    peer_->send_fragment(true, true, encode_command(request(command::kCancelRequest, {})), 5);
    EXPECT_EQ(peer_->read_response().status, status::kCancelled);
    EXPECT_THAT(told(1), ElementsAre("1 answered 0"));
}

TEST_F(FollowUpsTest, MoreThanMayWaitIsLeftUnansweredAtOnce) {
    std::atomic<bool> is_done = false;
    start([&](int) { return !is_done.load(); });
    bytes_of_each = 3 << 20;
    act(1);
    act(2);
    EXPECT_EQ(told(1).back(), "2 unanswered");
    is_done = true;
    respond(read_question("1"));
    EXPECT_EQ(told(2).back(), "1 answered 0");
}

TEST_F(FollowUpsTest, AllAssociationsShareWhatMayWait) {
    start();
    bytes_of_each = FollowUpMemory::kMost / 2;
    act(1);
    const std::uint16_t first = read_question("1");
    RawPeer other(*scp_);
    other.associate(std::string(kAction));
    DimseCommand action = request(command::kActionRequest, {});
    action.requested_sop_class_uid = kAction;
    action.requested_sop_instance_uid = "1.2.3";
    action.action_type = 2;
    other.send_request(action);
    (void)other.read_response();
    EXPECT_EQ(told(1).back(), "2 unanswered") << "and some bytes of its own";
    respond(first);
    EXPECT_EQ(told(2).back(), "1 answered 0");
    action.action_type = 3;
    other.send_request(action);
    (void)other.read_response();
    EXPECT_EQ(other.read_response().field, command::kEventReportRequest);
}

}  // namespace
}  // namespace lucerna::dicom
