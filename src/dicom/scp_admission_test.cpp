#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <thread>
#include <vector>

#include "dicom/dimse_status.h"
#include "dicom/scp_exchange.h"
#include "dicom/scp_test_support.h"

namespace lucerna::dicom {
namespace {

using namespace test_support;
using test::small_object;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST(Scp, RefusesQueriesAndOtherServicesByContext) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate("1.2.840.10008.5.1.4.1.2.2.1");  // Study Root FIND
    ASSERT_EQ(peer.accepted.contexts.size(), 1u);
    EXPECT_EQ(peer.accepted.contexts[0].result, ContextResult::kAbstractSyntaxNotSupported);
}

TEST(Scp, RefusesStorageOfWhatBelongsToNoPatient) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    for (const char* sop_class :
         {"1.2.840.10008.5.1.4.38.1", "1.2.840.10008.5.1.4.39.1", "1.2.840.10008.5.1.4.1.1.200.1",
          "1.2.840.10008.5.1.4.1.1.201.1"}) {
        RawPeer peer(scp);
        peer.associate(sop_class);
        ASSERT_EQ(peer.accepted.contexts.size(), 1u);
        EXPECT_EQ(peer.accepted.contexts[0].result, ContextResult::kAbstractSyntaxNotSupported)
            << sop_class;
    }
    RawPeer peer(scp);
    peer.associate("1.2.840.10008.5.1.4.1.1.200.2");  // CT Performed Procedure Protocol
    EXPECT_EQ(peer.accepted.contexts[0].result, ContextResult::kAccepted);
}

TEST(Scp, StoresWhatLiesOutsideTheBranchOfStorageClasses) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    for (const char* sop_class :
         {"1.2.840.10008.5.1.4.34.1", "1.2.840.10008.5.1.4.34.7", "1.2.840.10008.5.1.4.34.10",
          "1.2.840.10008.5.1.1.27", "1.2.840.10008.5.1.1.29", "1.2.840.10008.5.1.1.30"}) {
        RawPeer peer(scp);
        peer.associate(sop_class);
        ASSERT_EQ(peer.accepted.contexts.size(), 1u);
        EXPECT_EQ(peer.accepted.contexts[0].result, ContextResult::kAccepted) << sop_class;
    }
}

TEST(Scp, AgreesOnNoTransferSyntaxThatIsNoUid) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate_with(
        {{1, test::kMammogramClass, {"1.2.3\r\nX: 1", "a b"}, ContextResult::kAccepted},
         {3, test::kMammogramClass, {"a b", test::kExplicitLittle}, ContextResult::kAccepted},
         {5, test::kMammogramClass, {"1.2.3.4.5"}, ContextResult::kAccepted}});
    ASSERT_EQ(peer.accepted.contexts.size(), 3u);
    EXPECT_EQ(peer.accepted.contexts[0].result, ContextResult::kTransferSyntaxesNotSupported);
    EXPECT_EQ(peer.accepted.contexts[1].transfer_syntaxes.front(), test::kExplicitLittle);
    EXPECT_EQ(peer.accepted.contexts[2].transfer_syntaxes.front(), "1.2.3.4.5")
        << "unknown ones too";
}

TEST(Scp, StoresForNobodyWhoGaveUpTheRoleOfUser) {
    Recorder recorder;
    std::vector<ScpService> services(1);
    services[0] = {"1.2.840.10008.5.1.4.1.2.2.3", command::kGetRequest, {}, [](ScpExchange&) {}};
    const Scp scp(any_port(), recorder, std::move(services));
    RawPeer peer(scp);
    peer.associate_with(
        {{1, test::kMammogramClass, {test::kExplicitLittle}, ContextResult::kAccepted},
         {3, "1.2.840.10008.5.1.4.1.2.2.3", {test::kExplicitLittle}, ContextResult::kAccepted}},
        {{test::kMammogramClass, false, true}, {"1.2.840.10008.5.1.4.1.2.2.3", false, true}});
    EXPECT_EQ(peer.accepted.contexts[0].result, ContextResult::kAccepted);
    EXPECT_EQ(peer.accepted.contexts[1].result, ContextResult::kUserRejection) << "left no role";
    peer.send_store_request("1.2.3.4");
    peer.send_fragment(false, true, data_set_of(small_object("1.2.3.4")));
    EXPECT_EQ(peer.read_response().status, status::kNotAuthorized);
    EXPECT_EQ(recorder.count(), 0u);
}

TEST(Scp, ReportsHowManyContextsItRefusedAndTheFirst) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    {
        RawPeer peer(scp);
        peer.associate_with(
            {{1, test::kMammogramClass, {test::kExplicitLittle}, ContextResult::kAccepted},
             {3, "1.2.840.10008.5.1.4.1.2.2.1", {test::kExplicitLittle}, ContextResult::kAccepted},
             {5, "1.2.840.10008.5.1.4.31", {test::kExplicitLittle}, ContextResult::kAccepted}});
    }
    const AssociationReport report = recorder.wait_for_report();
    EXPECT_EQ(report.refused_contexts, 2U);
    EXPECT_EQ(report.first_refused, "1.2.840.10008.5.1.4.1.2.2.1");
}

TEST(Scp, RejectsTitlesThatAreNotOnTheLists) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.called_aets = {"LUCERNA"};
    options.calling_aets = {"MODALITY"};
    const Scp scp(options, recorder);
    EXPECT_NO_THROW(StoreScu(to(scp), {}));

    ScuOptions wrong_called = to(scp);
    wrong_called.called_aet = "OTHER";
    try {
        StoreScu scu(wrong_called, {});
        FAIL() << "was let in";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
        EXPECT_THAT(error.what(), HasSubstr("called AE title not recognized"));
    }
    ScuOptions wrong_calling = to(scp);
    wrong_calling.calling_aet = "STRANGER";
    try {
        StoreScu scu(wrong_calling, {});
        FAIL() << "was let in";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("calling AE title not recognized"));
    }
}

TEST(Scp, RejectsAssociationsBeyondTheBoundUntilOneEnds) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.max_associations = 2;
    const Scp scp(options, recorder);
    auto first = std::make_unique<StoreScu>(to(scp), std::span<const ObjectHead>());
    const StoreScu second(to(scp), {});
    EXPECT_EQ(scp.associations(), 2u);
    try {
        StoreScu third(to(scp), {});
        FAIL() << "was let in";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
        EXPECT_THAT(error.what(), HasSubstr("transient: local limit exceeded"));
    }
    EXPECT_EQ(recorder.wait_for_report(0).end, AssociationEnd::kRejected);
    first.reset();
    EXPECT_EQ(recorder.wait_for_report(1).end, AssociationEnd::kReleased);
    EXPECT_NO_THROW(StoreScu(to(scp), {}).echo());
}

TEST(Scp, EndsAnAssociationThatRestsForWhoeverComes) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.max_associations = 2;
    options.rest_where_others_wait = std::chrono::milliseconds(0);
    const Scp scp(options, recorder);
    const StoreScu silent(to(scp), {});
    const StoreScu silent_too(to(scp), {});
    for (int i = 0; i < 3; ++i) {
        std::unique_ptr<StoreScu> other;
        // Between its being established and its waiting for a message a moment passes, which is
        // long on a busy machine.
        for (int tries = 0; other == nullptr && tries < 500; ++tries) {
            try {
                other = std::make_unique<StoreScu>(to(scp), std::span<const ObjectHead>());
            } catch (const Error& error) {
                ASSERT_EQ(error.code(), ErrorCode::kUnavailable) << error.what();
                std::this_thread::sleep_for(10ms);
            }
        }
        EXPECT_TRUE(other);
        EXPECT_LE(scp.associations(), 2u);
    }
    // That of one of the others, which ended by itself, may come before it.
    const auto is_ended = [&](std::size_t index) {
        const AssociationEnd end = recorder.wait_for_report(index).end;
        return end == AssociationEnd::kTimedOut || end == AssociationEnd::kRejected;
    };
    EXPECT_TRUE(is_ended(0) || is_ended(1));
}

TEST(Scp, EndsAnAssociationThatIsNeverWaitedFor) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.max_associations = 2;
    std::vector<ScpService> services(1);
    services[0] = {"1.2.840.10008.5.1.4.1.2.2.3", command::kGetRequest, {}, [](ScpExchange& one) {
                       std::this_thread::sleep_for(100ms);
                       one.answer({status::kSuccess, ""});
                   }};
    const Scp scp(options, recorder, std::move(services));
    DimseCommand request;
    request.field = command::kGetRequest;
    request.affected_sop_class_uid = "1.2.840.10008.5.1.4.1.2.2.3";
    std::vector<std::unique_ptr<RawPeer>> crowd;
    for (int number = 0; number < 2; ++number) {
        RawPeer& peer = *crowd.emplace_back(std::make_unique<RawPeer>(scp, "127.0.0.2"));
        peer.associate(request.affected_sop_class_uid);
        // More than are answered while another waits for the place, all of them there already.
        for (int asked = 0; asked < 100; ++asked) peer.send_request(request);
    }
    EXPECT_EQ(send(to(scp), small_object("1.2.3")).kind, StatusKind::kSuccess);
    EXPECT_THAT((std::array{recorder.wait_for_report(0).end, recorder.wait_for_report(1).end}),
                UnorderedElementsAre(AssociationEnd::kTimedOut, AssociationEnd::kReleased));
}

TEST(Scp, ServesOthersWhileManyConnectionsSayNothing) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.max_associations = 4;
    const Scp scp(options, recorder);
    std::vector<std::unique_ptr<RawPeer>> silent;
    for (int number = 0; number < 60; ++number) silent.push_back(std::make_unique<RawPeer>(scp));
    EXPECT_EQ(send(to(scp), small_object("1.2.3")).kind, StatusKind::kSuccess);
}

TEST(Scp, TurnsAwayAFloodOfConnections) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.max_associations = 1;
    options.artim = 300ms;
    const Scp scp(options, recorder);
    std::vector<std::unique_ptr<RawPeer>> flood;
    for (int number = 0; number < 200; ++number) flood.push_back(std::make_unique<RawPeer>(scp));
    // All of them end: some are turned away or given up for others, the rest runs into the ARTIM
    // time.
    for (std::size_t number = 0; number < 200; ++number) {
        const AssociationEnd end = recorder.wait_for_report(number).end;
        EXPECT_TRUE(end == AssociationEnd::kRejected || end == AssociationEnd::kTimedOut ||
                    end == AssociationEnd::kLost)
            << name_of(end);
    }
    EXPECT_EQ(send(to(scp), small_object("1.2.3")).kind, StatusKind::kSuccess);
}

TEST(Scp, GivesUpSilentConnectionsForWhoeverComes) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.max_associations = 2;
    options.artim = 60s;
    const Scp scp(options, recorder);
    RawPeer first(scp);
    first.associate();
    std::vector<std::unique_ptr<RawPeer>> silent;
    for (int number = 0; number < 80; ++number) silent.push_back(std::make_unique<RawPeer>(scp));
    for (int number = 0; number < 5; ++number)
        EXPECT_EQ(send(to(scp), small_object("1.2.3." + std::to_string(number))).kind,
                  StatusKind::kSuccess);
    // Whoever has an association is none of them.
    first.send_store_request("1.2.4");
    first.send_fragment(false, true, data_set_of(small_object("1.2.4")));
    EXPECT_EQ(first.read_response().status, status::kSuccess);
}

TEST(Scp, GivesUpNoneForACrowdOfAnotherAddress) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.max_associations = 2;
    options.artim = 60s;
    const Scp scp(options, recorder);
    // It has yet to ask, as one does that needs two round trips for TLS before that.
    RawPeer first(scp, "127.0.0.2");
    std::vector<std::unique_ptr<RawPeer>> silent;
    for (int number = 0; number < 200; ++number) silent.push_back(std::make_unique<RawPeer>(scp));
    first.associate();
    first.send_store_request("1.2.4");
    first.send_fragment(false, true, data_set_of(small_object("1.2.4")));
    EXPECT_EQ(first.read_response().status, status::kSuccess);
}

TEST(Scp, DropsAPeerThatNeverAsks) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.artim = 100ms;
    const Scp scp(options, recorder);
    const RawPeer peer(scp);
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kTimedOut);
}

TEST(Scp, DropsAnIdlePeer) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.idle = 100ms;
    const Scp scp(options, recorder);
    RawPeer peer(scp);
    peer.associate();
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kTimedOut);
    EXPECT_EQ(scp.associations(), 0u);
}

TEST(Scp, DropsAPeerThatStallsInMidPduAndFreesItsSlot) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.max_associations = 1;
    options.stall = 200ms;
    const Scp scp(options, recorder);
    RawPeer peer(scp);
    peer.associate();
    peer.send_store_request("1.2.3.4");
    const auto header = fragment_header(1, 1000, false, true);
    peer.send(header);
    peer.send(Bytes(10, 0));
    const AssociationReport report = recorder.wait_for_report();
    EXPECT_EQ(report.end, AssociationEnd::kTimedOut);
    EXPECT_EQ(report.stored, 0u);
    EXPECT_EQ(recorder.count(), 0u);
    (void)peer.read(PduType::kAbort);
    EXPECT_EQ(send(to(scp), small_object("1.2.3.4")).kind, StatusKind::kSuccess);
}

TEST(Scp, DropsAPeerThatTricklesBytes) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.stall = 200ms;
    options.min_bytes_per_second = 100'000;
    const Scp scp(options, recorder);
    RawPeer peer(scp);
    peer.associate();
    peer.send_store_request("1.2.3.4");
    peer.send(fragment_header(1, 1000, false, true));
    // Never silent for as long as `stall`; without a bound on the rate it would stay for a minute.
    const std::jthread trickle([&peer](const std::stop_token& stop) {
        for (int sent = 0; sent < 999 && !stop.stop_requested(); ++sent) {
            peer.send(Bytes(1, 0));
            std::this_thread::sleep_for(60ms);
        }
    });
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kTimedOut);
}

TEST(Scp, AbortsOpenAssociationsWhenItStops) {
    Recorder recorder;
    auto scp = std::make_unique<Scp>(any_port(), recorder);
    RawPeer idle(*scp);
    idle.associate();
    RawPeer sending(*scp);
    sending.associate();
    sending.send_store_request("1.2.3.4");
    RawPeer silent(*scp);
    scp.reset();
    for (std::size_t index = 0; index < 2; ++index)
        EXPECT_EQ(recorder.wait_for_report(index).end, AssociationEnd::kStopped);
    (void)idle.read(PduType::kAbort);
}

TEST(Scp, SaysThatThePortIsTaken) {
    Recorder recorder;
    const Scp first(any_port(), recorder);
    ScpOptions options;
    options.port = first.port();
    try {
        Scp second(options, recorder);
        FAIL() << "listens twice";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
        EXPECT_THAT(error.what(), HasSubstr(std::to_string(first.port())));
    }
}

}  // namespace
}  // namespace lucerna::dicom
