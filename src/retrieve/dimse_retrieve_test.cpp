#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <future>
#include <optional>
#include <thread>
#include <utility>

#include "dicom/transport.h"
#include "retrieve/dimse_for_test.h"

namespace lucerna::retrieve {
namespace {

namespace tags = dicom::tags;
namespace status = dicom::status;
namespace command = dicom::command;
using dicom::test_support::RawPeer;
using dicom::test_support::Recorder;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kPatientMove = "1.2.840.10008.5.1.4.1.2.1.2";
constexpr const char* kStudyMove = "1.2.840.10008.5.1.4.1.2.2.2";
constexpr const char* kStudyGet = "1.2.840.10008.5.1.4.1.2.2.3";
constexpr const char* kCt = "1.2.840.10008.5.1.4.1.1.2";

/// Lets one connection through to a provider, and keeps what is sent to that.
class Tap {
  public:
    explicit Tap(const dicom::Scp& behind)
        : socket_(dicom::listen_on("127.0.0.1", 0)), thread_([this, port = behind.port()] {
              if (const auto came = dicom::accept_on(socket_, stop_))
                  forward(came->socket.get(),
                          dicom::connect_to("127.0.0.1", port, std::chrono::seconds(10)));
          }) {}
    ~Tap() { stop_.set(); }
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;

    [[nodiscard]] std::uint16_t port() const { return dicom::port_of(socket_); }
    /// Of each command that went to the provider; once the connection has ended.
    [[nodiscard]] std::vector<std::uint16_t> priorities() {
        thread_.join();
        constexpr std::array<std::uint8_t, 8> kElement = {0, 0, 0x00, 0x07, 2, 0, 0, 0};
        std::vector<std::uint16_t> found;
        for (auto at = sent_.begin();; ++at) {
            at = std::search(at, sent_.end(), kElement.begin(), kElement.end());
            if (sent_.end() - at < 10) return found;
            found.push_back(static_cast<std::uint16_t>(at[9] << 8 | at[8]));
        }
    }

  private:
    void forward(int from, const dicom::Descriptor& to) {
        std::array<pollfd, 2> ends = {{{from, POLLIN, 0}, {to.get(), POLLIN, 0}}};
        Bytes piece(65536);
        while (::poll(ends.data(), ends.size(), 10'000) > 0)
            for (const bool forth : {true, false}) {
                if (ends[forth ? 0 : 1].revents == 0) continue;
                const ssize_t got = ::recv(ends[forth ? 0 : 1].fd, piece.data(), piece.size(), 0);
                if (got <= 0) return;
                if (forth) sent_.insert(sent_.end(), piece.begin(), piece.begin() + got);
                (void)::send(ends[forth ? 1 : 0].fd, piece.data(), static_cast<std::size_t>(got),
                             MSG_NOSIGNAL);
            }
    }

    dicom::StopSignal stop_;
    dicom::Descriptor socket_;
    Bytes sent_;
    std::jthread thread_;
};

constexpr std::uint16_t kNoPriority = 7;

/// Takes an object and says nothing, until the test is over; for 20 s at most.
class Hanging : public Recorder {
  public:
    ~Hanging() override { release(); }
    void object(const dicom::ReceivedObject& object, const dicom::Sender& sender) override {
        if (!std::exchange(is_there_, true)) has_one_.set_value();
        released_.wait_for(std::chrono::seconds(20));
        Recorder::object(object, sender);
    }
    void wait_for_one() { has_one_.get_future().wait(); }
    void release() {
        if (!std::exchange(is_released_, true)) release_.set_value();
    }

  private:
    std::promise<void> has_one_;
    std::promise<void> release_;
    std::shared_future<void> released_ = release_.get_future();
    bool is_there_ = false;
    bool is_released_ = false;
};

/// Study 1.1 of patient P1: series 1.1.1 of three mammograms, series 1.1.2 of one CT slice.
class RetrieveService : public DimseTest {
  protected:
    RetrieveService() {
        test::StoredInstance one;
        one.study = "1.1";
        one.series = "1.1.1";
        for (const char* number : {"1", "2", "3"}) {
            one.sop_instance = std::string("1.1.1.") + number;
            one.instance_number = number;
            keep(one);
        }
        one.sop_class = kCt;
        one.series = "1.1.2";
        one.series_number = "2";
        one.sop_instance = "1.1.2.1";
        keep(one);
    }
    void start_with_pacs(RunParts run = one_after_another) {
        pacs.emplace(dicom::test_support::any_port(), inbox);
        start({.peer_of = [this](const std::string& aet) -> std::optional<dicom::ScuOptions> {
                   if (aet != "PACS") return {};
                   dicom::ScuOptions peer = dicom::test_support::to(*pacs);
                   if (tap) peer.port = tap->port();
                   return peer;
               },
               .run = std::move(run)});
    }
    std::vector<Response> move(const std::string& sop_class, const std::string& destination,
                               const Keys& keys) {
        RawPeer peer(*scp);
        peer.associate(sop_class);
        dicom::DimseCommand asked = request(command::kMoveRequest, sop_class);
        asked.move_destination = destination;
        asked.priority = priority;
        return ask(peer, asked, keys);
    }

    /// C-GET of study 1.1 on an association that takes mammograms on context 3, and CT slices on
    /// context 5 where `with_ct`; each C-STORE is answered with the next of `statuses`, the last
    /// time together with a C-CANCEL where `cancel_after` have come.
    std::vector<Response> get(std::vector<std::uint16_t> statuses, bool with_ct,
                              std::size_t cancel_after = 99) {
        RawPeer peer(*scp);
        const auto context = [](std::uint8_t id, const char* sop_class) {
            return dicom::PresentationContext{
                id, sop_class, {test::kExplicitLittle}, dicom::ContextResult::kAccepted};
        };
        peer.associate_with(
            {context(1, kStudyGet), context(3, test::kMammogramClass), context(5, kCt)},
            {{test::kMammogramClass, true, true}, {kCt, true, with_ct}});
        const dicom::DataSet identifier =
            identifier_of({{tags::kQueryRetrieveLevel, "STUDY"}, {tags::kStudyInstanceUid, "1.1"}});
        dicom::DimseCommand asked = request(command::kGetRequest, kStudyGet);
        asked.priority = priority;
        peer.send_request(std::move(asked), &identifier);
        std::vector<Response> responses;
        for (std::size_t stored = 0;;) {
            Response next;
            next.command = peer.read_response();
            if (next.command.has_data_set) next.data = peer.read_data_set();
            if (next.command.field == command::kStoreRequest) {
                received.push_back(next.command.affected_sop_instance_uid);
                priorities.push_back(next.command.priority);
                dicom::DimseCommand answer = request(command::kStoreResponse, "");
                answer.message_id = next.command.message_id;
                answer.status = statuses.at(stored++);
                if (stored == cancel_after) peer.send_request(request(command::kCancelRequest, ""));
                peer.send_fragment(true, true, encode_command(answer),
                                   next.command.affected_sop_class_uid == kCt ? 5 : 3);
                continue;
            }
            responses.push_back(std::move(next));
            if (!is_pending(responses.back())) return responses;
        }
    }

    /// An image of 3 MB, one of whose bits has changed in the store, so many bytes from its end.
    void keep_damaged(const std::string& uid, std::size_t from_end) {
        dicom::DataSet set = dicom::DataSet::parse(store.archive().object("1.1.1.1"));
        set.set_text(tags::kSopInstanceUid, uid);
        set.set_text(tags::kInstanceNumber, "2");
        set.set_pixels({.rows = 1000, .columns = 1500, .bits_stored = 12}, Bytes(3'000'000, 7));
        store.archive().keep(set.to_part10());
        const std::string object = store.archive().instance(uid)->object;
        Bytes sealed = store.sealed(object);
        sealed[sealed.size() - from_end] ^= 1;
        store.replace(object, sealed);
    }
    static std::vector<std::string> failed(const Response& response) {
        return response.data ? response.data->data_set.texts(tags::kFailedSopInstanceUidList)
                             : std::vector<std::string>();
    }

    Recorder inbox;
    std::optional<dicom::Scp> pacs;
    std::unique_ptr<Tap> tap;
    /// Of what is asked for, and of what was received.
    std::uint16_t priority = dicom::priorities::kMedium;
    std::vector<std::uint16_t> priorities;
    std::vector<std::string> received;
};

TEST_F(RetrieveService, MovesWhatIsNamedAndCounts) {
    start_with_pacs();
    const auto responses = move(kStudyMove, "PACS",
                                {{tags::kQueryRetrieveLevel, "SERIES"},
                                 {tags::kStudyInstanceUid, "1.1"},
                                 {tags::kSeriesInstanceUid, "1.1.1"}});
    ASSERT_EQ(responses.size(), 3u);
    EXPECT_EQ(responses[0].command.sub_operations->remaining, 2);
    EXPECT_EQ(responses[0].command.sub_operations->completed, 1);
    EXPECT_EQ(responses[2].command.status, status::kSuccess);
    EXPECT_EQ(responses[2].command.sub_operations->completed, 3);
    EXPECT_FALSE(responses[2].command.sub_operations->remaining);
    EXPECT_EQ(inbox.count(), 3u);
    EXPECT_TRUE(inbox.file("1.1.1.2"));

    const auto patient = move(kPatientMove, "PACS",
                              {{tags::kQueryRetrieveLevel, "PATIENT"}, {tags::kPatientId, "P1"}});
    EXPECT_EQ(patient.back().command.sub_operations->completed, 4);
    const auto none =
        move(kStudyMove, "PACS",
             {{tags::kQueryRetrieveLevel, "STUDY"}, {tags::kStudyInstanceUid, "9.9"}});
    ASSERT_EQ(none.size(), 1u);
    EXPECT_EQ(none[0].command.status, status::kSuccess);
    EXPECT_EQ(none[0].command.sub_operations->completed, 0);
}

TEST_F(RetrieveService, ReadsWhatFollowsWhileOneIsSent) {
    std::vector<std::size_t> counts;
    start_with_pacs([&](std::size_t parts, const auto& part) {
        counts.push_back(parts);
        std::jthread reading([&] { part(1); });
        part(0);
    });
    const auto responses =
        move(kStudyMove, "PACS",
             {{tags::kQueryRetrieveLevel, "STUDY"}, {tags::kStudyInstanceUid, "1.1"}});
    EXPECT_EQ(responses.back().command.status, status::kSuccess);
    EXPECT_EQ(responses.back().command.sub_operations->completed, 4);
    EXPECT_THAT(counts, ElementsAre(2U, 2U)) << "beside the first its association is asked for";
    for (const char* uid : {"1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.2.1"})
        EXPECT_TRUE(inbox.file(uid)) << uid;
}

TEST_F(RetrieveService, SendsOfOneIdWithTwoIssuersWhatIsAskedFor) {
    test::StoredInstance other;
    for (const char* issuer : {"H1", "H2"}) {
        other.patient_id = "SAME";
        other.issuer = issuer;
        other.study = std::string("1.3.") + issuer[1];
        other.series = other.study + ".1";
        other.sop_instance = other.series + ".1";
        keep(other);
    }
    start_with_pacs();
    Keys keys = {{tags::kQueryRetrieveLevel, "PATIENT"},
                 {tags::kPatientId, "SAME"},
                 {tags::kIssuerOfPatientId, "H1"}};
    EXPECT_EQ(move(kPatientMove, "PACS", keys).back().command.sub_operations->completed, 1);
    keys.pop_back();
    const dicom::DimseCommand unclear = move(kPatientMove, "PACS", keys).back().command;
    EXPECT_EQ(unclear.status, status::kDoesNotMatchClass) << "whose are meant?";
    EXPECT_THAT(unclear.error_comment, HasSubstr("several issuers"));
    keys.push_back({tags::kIssuerOfPatientId, "*"});
    EXPECT_EQ(move(kPatientMove, "PACS", keys).back().command.sub_operations->completed, 2);
    keys.pop_back();
    test::StoredInstance unsaid;
    unsaid.patient_id = "SAME";
    unsaid.study = "1.3.3";
    unsaid.series = "1.3.3.1";
    unsaid.sop_instance = "1.3.3.1.1";
    keep(unsaid);
    keys.push_back({tags::kIssuerOfPatientId, "H1"});
    EXPECT_EQ(move(kPatientMove, "PACS", keys).back().command.sub_operations->completed, 1)
        << "whose it is nobody knows";
}

// PS3.3 Table 10-18.
TEST_F(RetrieveService, TellsTwoOfOneIdByTheUniversalIdsOfItsIssuers) {
    test::StoredInstance other;
    for (const char* number : {"1", "2"}) {
        other.patient_id = "SAME";
        other.issuer_entity = std::string("2.999.") + number;
        other.study = std::string("1.3.") + number;
        other.series = other.study + ".1";
        other.sop_instance = other.series + ".1";
        keep(other);
    }
    start_with_pacs();
    Keys keys = {{tags::kQueryRetrieveLevel, "PATIENT"}, {tags::kPatientId, "SAME"}};
    EXPECT_EQ(move(kPatientMove, "PACS", keys).back().command.status, status::kDoesNotMatchClass);
    keys.push_back({tags::kIssuerOfPatientId, "2.999.1"});
    EXPECT_EQ(move(kPatientMove, "PACS", keys).back().command.sub_operations->completed, 1);
}

TEST_F(RetrieveService, SendsWhatHasNoIssuerToWhoNamesTheOnlyOne) {
    test::StoredInstance one;
    one.patient_id = "SAME";
    for (const char* issuer : {"H1", ""}) {
        one.issuer = issuer;
        one.study = *issuer != '\0' ? "1.3.1" : "1.3.2";
        one.series = one.study + ".1";
        one.sop_instance = one.series + ".1";
        keep(one);
    }
    start_with_pacs();
    Keys keys = {{tags::kQueryRetrieveLevel, "PATIENT"},
                 {tags::kPatientId, "SAME"},
                 {tags::kIssuerOfPatientId, "H1"}};
    EXPECT_EQ(move(kPatientMove, "PACS", keys).back().command.sub_operations->completed, 2);
    keys[0].second = "STUDY";
    keys.push_back({tags::kStudyInstanceUid, "1.3.2"});
    EXPECT_EQ(move(kPatientMove, "PACS", keys).back().command.sub_operations->completed, 1);
    keys[2].second = "H2";
    for (const char* study : {"1.3.1", "1.3.2"}) {
        keys[3].second = study;
        const dicom::DimseCommand last = move(kPatientMove, "PACS", keys).back().command;
        EXPECT_EQ(last.status, status::kSuccess);
        EXPECT_EQ(last.sub_operations ? last.sub_operations->completed : 0, 0)
            << "both are of H1's patient";
    }
}

TEST_F(RetrieveService, RefusesUnknownDestinationsAndIdentifiersThatNameNothing) {
    start_with_pacs();
    const Keys study = {{tags::kQueryRetrieveLevel, "STUDY"}, {tags::kStudyInstanceUid, "1.1"}};
    const auto unknown = move(kStudyMove, "ELSEWHERE", study);
    EXPECT_EQ(unknown.back().command.status, status::kUnknownDestination);
    EXPECT_THAT(unknown.back().command.error_comment, HasSubstr("ELSEWHERE"));
    for (const Keys& wrong :
         {Keys{{tags::kQueryRetrieveLevel, "STUDY"}},
          Keys{{tags::kQueryRetrieveLevel, "STUDY"}, {tags::kStudyInstanceUid, ""}},
          Keys{{tags::kQueryRetrieveLevel, "STUDY"}, {tags::kStudyInstanceUid, "*"}},
          Keys{{tags::kQueryRetrieveLevel, "SERIES"}, {tags::kSeriesInstanceUid, "1.1.1"}},
          Keys{{tags::kStudyInstanceUid, "1.1"}}})
        EXPECT_EQ(move(kStudyMove, "PACS", wrong).back().command.status,
                  status::kDoesNotMatchClass);
    EXPECT_EQ(move(kPatientMove, "PACS",
                   {{tags::kQueryRetrieveLevel, "PATIENT"}, {tags::kPatientId, "P*"}})
                  .back()
                  .command.status,
              status::kDoesNotMatchClass);
    EXPECT_EQ(inbox.count(), 0u);
}

TEST_F(RetrieveService, NamesWhatADestinationRefusesOrCannotBeReachedFor) {
    start_with_pacs();
    const Keys study = {{tags::kQueryRetrieveLevel, "STUDY"}, {tags::kStudyInstanceUid, "1.1"}};
    inbox.fail_with = ErrorCode::kOutOfSpace;
    inbox.why = "the disk is full";
    const auto full = move(kStudyMove, "PACS", study);
    EXPECT_EQ(full.back().command.status, status::kCannotRetrieve);
    EXPECT_EQ(full.back().command.sub_operations->failed, 4);
    EXPECT_THAT(full.back().command.error_comment, HasSubstr("the disk is full"));
    EXPECT_THAT(failed(full.back()), ElementsAre("1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.2.1"));
    pacs.reset();
    pacs.emplace(dicom::test_support::any_port(), inbox);
    dicom::ScpOptions closed = dicom::test_support::any_port();
    closed.called_aets = {"SOMEBODY"};
    pacs.emplace(closed, inbox);
    const auto rejected = move(kStudyMove, "PACS", study);
    EXPECT_EQ(rejected.back().command.status, status::kCannotRetrieve);
    EXPECT_THAT(failed(rejected.back()), testing::SizeIs(4));
}

TEST_F(RetrieveService, MovesWhatIsWholeBesideWhatIsDamaged) {
    start_with_pacs();
    keep_damaged("1.1.1.2.1", 20);
    keep_damaged("1.1.1.2.2", 2'990'000);
    const auto responses =
        move(kStudyMove, "PACS",
             {{tags::kQueryRetrieveLevel, "STUDY"}, {tags::kStudyInstanceUid, "1.1"}});
    const dicom::DimseCommand& last = responses.back().command;
    EXPECT_EQ(last.status, status::kSomeFailed);
    EXPECT_EQ(last.sub_operations->completed, 4);
    EXPECT_THAT(failed(responses.back()), ElementsAre("1.1.1.2.1", "1.1.1.2.2"));
    EXPECT_THAT(last.error_comment, HasSubstr("given up within a data set"));
    EXPECT_EQ(inbox.count(), 4U);
    // What is found damaged before it is sent costs no association.
    EXPECT_EQ(inbox.wait_for_report(0).end, dicom::AssociationEnd::kAborted);
    EXPECT_EQ(inbox.wait_for_report(1).end, dicom::AssociationEnd::kReleased);
    EXPECT_EQ(inbox.reports(), 2U);
}

TEST_F(RetrieveService, GetsWhatIsWholeBesideWhatIsDamaged) {
    start();
    keep_damaged("1.1.1.2.1", 20);
    const auto responses = get({0, 0, 0, 0}, true);
    EXPECT_EQ(responses.back().command.status, status::kSomeFailed);
    EXPECT_THAT(failed(responses.back()), ElementsAre("1.1.1.2.1"));
    EXPECT_THAT(received, testing::SizeIs(4));
}

TEST_F(RetrieveService, GetsOverTheSameAssociation) {
    start();
    const auto responses = get({0, 0, 0, 0}, true);
    EXPECT_THAT(received, ElementsAre("1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.2.1"));
    ASSERT_EQ(responses.size(), 4u);
    EXPECT_EQ(responses[3].command.status, status::kSuccess);
    EXPECT_EQ(responses[3].command.sub_operations->completed, 4);
    EXPECT_FALSE(responses[3].data);
}

TEST_F(RetrieveService, HandsOnThePriority) {
    start_with_pacs();
    const std::pair<std::uint16_t, std::uint16_t> cases[] = {
        {dicom::priorities::kLow, dicom::priorities::kLow},
        {dicom::priorities::kHigh, dicom::priorities::kHigh},
        {dicom::priorities::kMedium, dicom::priorities::kMedium},
        {kNoPriority, dicom::priorities::kMedium}};
    for (const auto& [asked, handed_on] : cases) {
        priority = asked;
        tap = std::make_unique<Tap>(*pacs);
        EXPECT_EQ(move(kStudyMove, "PACS",
                       {{tags::kQueryRetrieveLevel, "STUDY"}, {tags::kStudyInstanceUid, "1.1"}})
                      .back()
                      .command.status,
                  status::kSuccess);
        EXPECT_EQ(tap->priorities(), std::vector<std::uint16_t>(4, handed_on)) << asked;
        priorities.clear();
        EXPECT_EQ(get({0, 0, 0, 0}, true).back().command.status, status::kSuccess);
        EXPECT_EQ(priorities, std::vector<std::uint16_t>(4, handed_on)) << asked;
    }
}

TEST_F(RetrieveService, NamesWhatThePeerDidNotTake) {
    start();
    const auto responses = get({0, 0xB007, 0xA700}, false);
    const dicom::DimseCommand& last = responses.back().command;
    EXPECT_EQ(last.status, status::kSomeFailed);
    EXPECT_EQ(last.sub_operations->completed, 1);
    EXPECT_EQ(last.sub_operations->warning, 1);
    EXPECT_EQ(last.sub_operations->failed, 2);
    EXPECT_THAT(failed(responses.back()), ElementsAre("1.1.1.3", "1.1.2.1"));
}

class MoveToOneThatHangs : public RetrieveService {
  protected:
    MoveToOneThatHangs() {
        pacs.emplace(dicom::test_support::any_port(), hanging_);
        start({.peer_of =
                   [this](const std::string&) {
                       return std::optional(dicom::test_support::to(*pacs));
                   },
               .run = one_after_another});
        requester_.emplace(*scp);
        requester_->associate(kStudyMove);
        dicom::DimseCommand asked = request(command::kMoveRequest, kStudyMove);
        asked.move_destination = "PACS";
        const dicom::DataSet identifier =
            identifier_of({{tags::kQueryRetrieveLevel, "STUDY"}, {tags::kStudyInstanceUid, "1.1"}});
        requester_->send_request(asked, &identifier);
        hanging_.wait_for_one();
    }
    ~MoveToOneThatHangs() override {
        hanging_.release();
        pacs.reset();
    }

    Hanging hanging_;
    std::optional<RawPeer> requester_;
};

TEST_F(MoveToOneThatHangs, EndsWhenCancelled) {
    requester_->send_request(request(command::kCancelRequest, ""));
    const dicom::DimseCommand last = requester_->read_response();
    EXPECT_EQ(last.status, status::kCancelled);
    ASSERT_TRUE(last.sub_operations);
    EXPECT_EQ(last.sub_operations->completed, 0);
    EXPECT_EQ(last.sub_operations->failed, 0);
    EXPECT_EQ(last.sub_operations->remaining, 4);
    EXPECT_EQ(hanging_.count(), 0U);
}

TEST_F(MoveToOneThatHangs, EndsWhenTheRequesterHasGone) {
    testing::internal::CaptureStderr();
    requester_.reset();
    EXPECT_EQ(recorder.wait_for_report().end, dicom::AssociationEnd::kLost);
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, HasSubstr(R"("event":"retrieve.sent")"));
    EXPECT_THAT(log, HasSubstr(R"("objects":4,"completed":0,)"));
    EXPECT_THAT(log, HasSubstr(R"("status":"not answered","why":")"));
    EXPECT_EQ(scp->associations(), 0U);
    EXPECT_EQ(hanging_.count(), 0U);
}

TEST_F(RetrieveService, StopsWhenCancelled) {
    start();
    const auto responses = get({0, 0, 0, 0}, true, 2);
    const dicom::DimseCommand& last = responses.back().command;
    EXPECT_EQ(last.status, status::kCancelled);
    EXPECT_EQ(last.sub_operations->completed, 2);
    EXPECT_EQ(last.sub_operations->remaining, 2);
    EXPECT_EQ(received.size(), 2u);
}

}  // namespace
}  // namespace lucerna::retrieve
