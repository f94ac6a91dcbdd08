#include "dicom/scp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/guarded.h"
#include "dicom/dimse_command.h"
#include "dicom/dimse_status.h"
#include "dicom/pdu.h"
#include "dicom/scu.h"
#include "dicom/transport.h"
#include "support/self_signed.h"
#include "support/small_object.h"
#include "support/temporary_folder.h"

namespace lucerna::dicom {
namespace {

using namespace std::chrono_literals;
using test::small_object;
using testing::HasSubstr;

/// Keeps what comes in, fails when told to, and lets tests wait for the end of associations.
class Recorder : public StoreScpHandler {
  public:
    void object(const ReceivedObject& object, const Sender&) override {
        if (fail_with) throw Error(*fail_with, why);
        kept_.change([&](auto& kept) {
            kept[object.head.sop_instance_uid] = Bytes(object.file.begin(), object.file.end());
        });
    }
    void failed(const StoreFailure& failure, const Sender&) override {
        failures_.change([&](auto& all) { all.push_back(failure); });
    }
    void ended(const AssociationReport& report) override {
        reports_.change([&](auto& all) { all.push_back(report); });
    }

    [[nodiscard]] AssociationReport wait_for_report(std::size_t index = 0) {
        AssociationReport report;
        reports_.when(
            std::stop_token(), [&](const auto& all) { return all.size() > index; },
            [&](const auto& all) { report = all[index]; });
        return report;
    }
    [[nodiscard]] std::optional<Bytes> file(const std::string& uid) {
        return kept_.with([&](const auto& kept) -> std::optional<Bytes> {
            const auto found = kept.find(uid);
            if (found == kept.end()) return std::nullopt;
            return found->second;
        });
    }
    [[nodiscard]] std::size_t count() {
        return kept_.with([](const auto& kept) { return kept.size(); });
    }
    [[nodiscard]] std::vector<StoreFailure> failures() {
        return failures_.with([](const auto& all) { return all; });
    }

    std::optional<ErrorCode> fail_with;
    std::string why = "as the test wants";

  private:
    Guarded<std::map<std::string, Bytes>> kept_;
    Guarded<std::vector<StoreFailure>> failures_;
    Guarded<std::vector<AssociationReport>> reports_;
};

StoreScpOptions any_port() {
    StoreScpOptions options;
    options.port = 0;
    return options;
}

StoreScuOptions to(const StoreScp& scp) {
    StoreScuOptions options;
    options.port = scp.port();
    options.called_aet = "LUCERNA";
    options.calling_aet = "MODALITY";
    return options;
}

SendOutcome send(const StoreScuOptions& options, ByteView file) {
    const ObjectHead head = split_part10(file).head;
    StoreScu scu(options, std::span(&head, 1));
    return scu.store(file);
}

Bytes data_set_of(ByteView file) {
    const ByteView rest = file.subspan(split_part10(file).data_set_offset);
    return {rest.begin(), rest.end()};
}

/// Speaks PDUs by hand, to say what no decent peer would.
class RawPeer {
  public:
    explicit RawPeer(const StoreScp& scp)
        : transport_(connect_to("127.0.0.1", scp.port(), 10s), nullptr) {}

    void send(ByteView bytes) { (void)transport_.write(bytes, Patience{10s}); }

    void associate(const std::string& sop_class = test::kMammogramClass) {
        AssociatePdu request;
        request.called_aet = "LUCERNA";
        request.calling_aet = "RAW";
        request.application_context = kDicomApplicationContext;
        request.contexts = {{1, sop_class, {test::kExplicitLittle}, ContextResult::kAccepted}};
        send(encode_associate(PduType::kAssociateRequest, request));
        accepted = parse_associate(PduType::kAssociateAccept, read(PduType::kAssociateAccept));
    }

    /// One fragment in a PDU of its own.
    void send_fragment(bool is_command, bool is_last, ByteView bytes, std::uint8_t context = 1) {
        const auto header = fragment_header(context, bytes.size(), is_command, is_last);
        Bytes pdu(header.begin(), header.end());
        pdu.insert(pdu.end(), bytes.begin(), bytes.end());
        send(pdu);
    }

    void send_store_request(const std::string& sop_instance,
                            const std::string& sop_class = test::kMammogramClass) {
        DimseCommand request;
        request.field = command::kStoreRequest;
        request.message_id = 1;
        request.has_data_set = true;
        request.affected_sop_class_uid = sop_class;
        request.affected_sop_instance_uid = sop_instance;
        send_fragment(true, true, encode_command(request));
    }

    [[nodiscard]] Bytes read(PduType expected) {
        std::array<std::uint8_t, kPduHeaderBytes> bytes{};
        if (transport_.read(bytes, Patience{10s}) != Io::kDone) return {};
        const PduHeader header = parse_pdu_header(bytes);
        EXPECT_EQ(header.type, static_cast<std::uint8_t>(expected));
        Bytes body(header.length);
        EXPECT_EQ(transport_.read(body, Patience{10s}), Io::kDone);
        return body;
    }

    [[nodiscard]] DimseCommand read_response() {
        const Bytes body = read(PduType::kData);
        if (body.size() < 6) return {};
        return parse_command(ByteView(body).subspan(6));
    }

    AssociatePdu accepted;

  private:
    Transport transport_;
};

TEST(StoreScp, AnswersEcho) {
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    StoreScu scu(to(scp), {});
    EXPECT_NO_THROW(scu.echo());
    EXPECT_NO_THROW(scu.echo());
}

class BitForBit : public testing::TestWithParam<std::string> {};

TEST_P(BitForBit, HandsTheDataSetOnAsItWasSent) {
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    // More than two PDUs, and not a multiple of anything.
    const Bytes file = small_object("1.2.3.4.5", 300'001, GetParam());
    const SendOutcome outcome = send(to(scp), file);
    EXPECT_EQ(outcome.kind, StatusKind::kSuccess) << outcome.why;
    const std::optional<Bytes> kept = recorder.file("1.2.3.4.5");
    ASSERT_TRUE(kept);
    EXPECT_EQ(split_part10(*kept).head.transfer_syntax_uid, GetParam());
    EXPECT_TRUE(data_set_of(*kept) == data_set_of(file));
}

INSTANTIATE_TEST_SUITE_P(TransferSyntaxes, BitForBit,
                         testing::Values("1.2.840.10008.1.2.1",        // explicit little endian
                                         "1.2.840.10008.1.2.4.90",     // JPEG 2000
                                         "1.2.840.10008.1.2.4.201",    // HTJ2K
                                         "1.2.840.10008.1.2.4.99999",  // not yet standardised
                                         "1.2.999.7"));                // private

TEST(StoreScp, TakesPrivateSopClasses) {
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    const Bytes file = small_object("1.2.3.4.5", 64, test::kExplicitLittle, "1.2.999.1.1");
    EXPECT_EQ(send(to(scp), file).kind, StatusKind::kSuccess);
}

TEST(StoreScp, TakesManyObjectsOverOneAssociation) {
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    std::vector<Bytes> files;
    std::vector<ObjectHead> heads;
    for (int number = 1; number <= 50; ++number) {
        files.push_back(small_object("1.2.3." + std::to_string(number), 1000));
        heads.push_back(split_part10(files.back()).head);
    }
    {
        StoreScu scu(to(scp), heads);
        for (const Bytes& file : files) EXPECT_EQ(scu.store(file).kind, StatusKind::kSuccess);
    }
    EXPECT_EQ(recorder.count(), 50u);
    const AssociationReport report = recorder.wait_for_report();
    EXPECT_EQ(report.end, AssociationEnd::kReleased);
    EXPECT_EQ(report.stored, 50u);
    EXPECT_EQ(report.failed, 0u);
    EXPECT_EQ(report.sender.calling_aet, "MODALITY");
    EXPECT_EQ(report.sender.address, "127.0.0.1");
    EXPECT_GT(report.bytes, 50'000u);
}

TEST(StoreScp, RefusesQueriesAndOtherServicesByContext) {
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate("1.2.840.10008.5.1.4.1.2.2.1");  // Study Root FIND
    ASSERT_EQ(peer.accepted.contexts.size(), 1u);
    EXPECT_EQ(peer.accepted.contexts[0].result, ContextResult::kAbstractSyntaxNotSupported);
}

TEST(StoreScp, RejectsTitlesThatAreNotOnTheLists) {
    Recorder recorder;
    StoreScpOptions options = any_port();
    options.called_aets = {"LUCERNA"};
    options.calling_aets = {"MODALITY"};
    const StoreScp scp(options, recorder);
    EXPECT_NO_THROW(StoreScu(to(scp), {}));

    StoreScuOptions wrong_called = to(scp);
    wrong_called.called_aet = "OTHER";
    try {
        StoreScu scu(wrong_called, {});
        FAIL() << "was let in";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
        EXPECT_THAT(error.what(), HasSubstr("called AE title not recognized"));
    }
    StoreScuOptions wrong_calling = to(scp);
    wrong_calling.calling_aet = "STRANGER";
    try {
        StoreScu scu(wrong_calling, {});
        FAIL() << "was let in";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("calling AE title not recognized"));
    }
}

TEST(StoreScp, RejectsAssociationsBeyondTheBoundUntilOneEnds) {
    Recorder recorder;
    StoreScpOptions options = any_port();
    options.max_associations = 2;
    const StoreScp scp(options, recorder);
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

TEST(StoreScp, ServesOthersWhileManyConnectionsSayNothing) {
    Recorder recorder;
    StoreScpOptions options = any_port();
    options.max_associations = 4;
    const StoreScp scp(options, recorder);
    std::vector<std::unique_ptr<RawPeer>> silent;
    for (int number = 0; number < 60; ++number) silent.push_back(std::make_unique<RawPeer>(scp));
    EXPECT_EQ(send(to(scp), small_object("1.2.3")).kind, StatusKind::kSuccess);
}

TEST(StoreScp, TurnsAwayAFloodOfConnections) {
    Recorder recorder;
    StoreScpOptions options = any_port();
    options.max_associations = 1;
    options.artim = 300ms;
    const StoreScp scp(options, recorder);
    std::vector<std::unique_ptr<RawPeer>> flood;
    for (int number = 0; number < 200; ++number) flood.push_back(std::make_unique<RawPeer>(scp));
    // All of them end: some are turned away, the others run into the ARTIM time.
    for (std::size_t number = 0; number < 200; ++number) {
        const AssociationEnd end = recorder.wait_for_report(number).end;
        EXPECT_TRUE(end == AssociationEnd::kRejected || end == AssociationEnd::kTimedOut)
            << name_of(end);
    }
    EXPECT_EQ(send(to(scp), small_object("1.2.3")).kind, StatusKind::kSuccess);
}

TEST(StoreScp, DropsAPeerThatNeverAsks) {
    Recorder recorder;
    StoreScpOptions options = any_port();
    options.artim = 100ms;
    const StoreScp scp(options, recorder);
    const RawPeer peer(scp);
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kTimedOut);
}

TEST(StoreScp, DropsAnIdlePeer) {
    Recorder recorder;
    StoreScpOptions options = any_port();
    options.idle = 100ms;
    const StoreScp scp(options, recorder);
    RawPeer peer(scp);
    peer.associate();
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kTimedOut);
    EXPECT_EQ(scp.associations(), 0u);
}

TEST(StoreScp, DropsAPeerThatStallsInMidPduAndFreesItsSlot) {
    Recorder recorder;
    StoreScpOptions options = any_port();
    options.max_associations = 1;
    options.stall = 200ms;
    const StoreScp scp(options, recorder);
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

TEST(StoreScp, DropsAPeerThatTricklesBytes) {
    Recorder recorder;
    StoreScpOptions options = any_port();
    options.stall = 200ms;
    options.min_bytes_per_second = 100'000;
    const StoreScp scp(options, recorder);
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

TEST(StoreScp, AnswersEachErrorWithItsStatusAndComment) {
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    const std::vector<std::pair<ErrorCode, std::uint16_t>> expected = {
        {ErrorCode::kOutOfSpace, 0xA700},  {ErrorCode::kInvalidInput, 0xC000},
        {ErrorCode::kConflict, 0x0111},    {ErrorCode::kIo, 0x0110},
        {ErrorCode::kUnsupported, 0xC000},
    };
    const Bytes file = small_object("1.2.3.4");
    const ObjectHead head = split_part10(file).head;
    StoreScu scu(to(scp), std::span(&head, 1));
    for (const auto& [code, status] : expected) {
        recorder.fail_with = code;
        recorder.why = "the reason is " + std::string(name_of(code));
        const SendOutcome outcome = scu.store(file);
        EXPECT_EQ(outcome.status, status);
        EXPECT_THAT(outcome.why, HasSubstr(recorder.why));
    }
    // The association survives all of it.
    recorder.fail_with.reset();
    EXPECT_EQ(scu.store(file).kind, StatusKind::kSuccess);
    ASSERT_EQ(recorder.failures().size(), expected.size());
    EXPECT_EQ(recorder.failures()[0].status, 0xA700);
    EXPECT_EQ(recorder.failures()[0].head.sop_instance_uid, "1.2.3.4");
}

struct Contradiction {
    const char* name;
    std::string command_class;
    std::string command_instance;
    std::string data_class;
    std::string data_instance;
    std::uint16_t status;
};
class Contradicted : public testing::TestWithParam<Contradiction> {};

TEST_P(Contradicted, IsRefusedAndTheAssociationGoesOn) {
    const Contradiction& wrong = GetParam();
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate();
    peer.send_store_request(wrong.command_instance, wrong.command_class);
    peer.send_fragment(false, true, test::small_data_set(wrong.data_class, wrong.data_instance));
    const DimseCommand response = peer.read_response();
    EXPECT_EQ(response.field, command::kStoreResponse);
    EXPECT_EQ(response.status, wrong.status);
    EXPECT_NE(response.error_comment, "");
    EXPECT_EQ(recorder.count(), 0u);

    peer.send_store_request("1.2.3.4");
    peer.send_fragment(false, true, test::small_data_set(test::kMammogramClass, "1.2.3.4"));
    EXPECT_EQ(peer.read_response().status, status::kSuccess);
}

const std::string kClass = test::kMammogramClass;
INSTANTIATE_TEST_SUITE_P(
    Requests, Contradicted,
    testing::Values(Contradiction{"OtherInstance", kClass, "1.2.3.4", kClass, "1.2.3.5", 0xA900},
                    Contradiction{"OtherClass", kClass, "1.2.3.4", "1.2.840.10008.5.1.4.1.1.2",
                                  "1.2.3.4", 0xA900},
                    Contradiction{"NoInstanceInData", kClass, "1.2.3.4", kClass, "", 0xA900},
                    Contradiction{"PathAsInstance", kClass, "../../etc/passwd", kClass,
                                  "../../etc/passwd", 0x0117},
                    Contradiction{"NoInstance", kClass, "", kClass, "", 0x0117},
                    Contradiction{"ClassOfAnotherContext", "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4",
                                  "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", 0x0122}),
    [](const auto& one) { return one.param.name; });

TEST(StoreScp, RefusesADataSetThatCannotBeRead) {
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate();
    peer.send_store_request("1.2.3.4");
    peer.send_fragment(false, true, Bytes(100, 0x01));
    EXPECT_EQ(peer.read_response().status, status::kCannotUnderstand);
}

TEST(StoreScp, RefusesAnObjectThatIsTooLargeAndTakesTheNext) {
    Recorder recorder;
    StoreScpOptions options = any_port();
    options.max_object_bytes = 100'000;
    const StoreScp scp(options, recorder);
    const Bytes large = small_object("1.2.3.4", 150'000);
    const Bytes small = small_object("1.2.3.5", 1'000);
    const ObjectHead heads[] = {split_part10(large).head, split_part10(small).head};
    StoreScu scu(to(scp), heads);
    const SendOutcome outcome = scu.store(large);
    EXPECT_EQ(outcome.status, status::kOutOfResources);
    EXPECT_THAT(outcome.why, HasSubstr("100000"));
    EXPECT_EQ(scu.store(small).kind, StatusKind::kSuccess);
}

TEST(StoreScp, CutsOffASenderThatDoesNotStop) {
    Recorder recorder;
    StoreScpOptions options = any_port();
    options.max_object_bytes = 100'000;
    const StoreScp scp(options, recorder);
    EXPECT_THROW((void)send(to(scp), small_object("1.2.3.4", 4'000'000)), Error);
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kProtocolError);
}

TEST(StoreScp, RefusesObjectsBeyondWhatMayBeInFlightTogether) {
    Recorder recorder;
    StoreScpOptions options = any_port();
    options.max_bytes_in_flight = 200'000;
    const StoreScp scp(options, recorder);
    RawPeer holder(scp);
    holder.associate();
    holder.send_store_request("1.2.3.4");
    holder.send_fragment(false, false, Bytes(130'000, 0));
    // The holder's bytes are in once its share of the budget is gone, which another one notices.
    std::uint16_t status = status::kSuccess;
    for (int attempt = 0; attempt < 200 && status == status::kSuccess; ++attempt) {
        status = send(to(scp), small_object("1.2.3.5", 100'000)).status;
        if (status == status::kSuccess) std::this_thread::sleep_for(10ms);
    }
    EXPECT_EQ(status, status::kOutOfResources);
}

TEST(StoreScp, AnswersAnUnknownOperation) {
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate();
    DimseCommand request;
    request.field = 0x0020;  // C-FIND-RQ
    request.message_id = 3;
    request.has_data_set = true;
    peer.send_fragment(true, true, encode_command(request));
    peer.send_fragment(false, true, Bytes(10, 0));
    const DimseCommand response = peer.read_response();
    EXPECT_EQ(response.field, 0x8020);
    EXPECT_EQ(response.message_id, 3);
    EXPECT_EQ(response.status, status::kUnrecognizedOperation);
}

TEST(StoreScp, KeepsNothingOfAnObjectThatWasCutOff) {
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    {
        RawPeer peer(scp);
        peer.associate();
        peer.send_store_request("1.2.3.4");
        peer.send_fragment(false, false, Bytes(5000, 0));
    }
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kLost);
    EXPECT_EQ(recorder.count(), 0u);
}

TEST(StoreScp, NoticesAnAbort) {
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate();
    peer.send(encode_abort(AbortSource::kServiceUser, AbortReason::kNotSpecified));
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kAborted);
}

TEST(StoreScp, AbortsWhatIsNoDicom) {
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.send(as_byte_view("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    (void)peer.read(PduType::kAbort);
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kProtocolError);
    EXPECT_NO_THROW(StoreScu(to(scp), {}).echo());
}

TEST(StoreScp, AbortsAnAssociationRequestOfAbsurdLength) {
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.send(Bytes{1, 0, 0xFF, 0xFF, 0xFF, 0xFF});
    (void)peer.read(PduType::kAbort);
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kProtocolError);
}

struct Malformed {
    const char* name;
    std::function<void(RawPeer&)> say;
};
class AfterAssociating : public testing::TestWithParam<Malformed> {};

TEST_P(AfterAssociating, AbortsAndGoesOnServingOthers) {
    Recorder recorder;
    const StoreScp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate();
    GetParam().say(peer);
    (void)peer.read(PduType::kAbort);
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kProtocolError);
    EXPECT_EQ(recorder.count(), 0u);
    EXPECT_NO_THROW(StoreScu(to(scp), {}).echo());
}

INSTANTIATE_TEST_SUITE_P(
    Malformed, AfterAssociating,
    testing::Values(
        Malformed{"PduLongerThanAgreed",
                  [](RawPeer& peer) {
                      peer.send(Bytes{4, 0, 0x7F, 0xFF, 0xFF, 0xFF});
                  }},
        Malformed{"EmptyPdu",
                  [](RawPeer& peer) {
                      peer.send(Bytes{4, 0, 0, 0, 0, 0});
                  }},
        Malformed{"PdvLongerThanItsPdu",
                  [](RawPeer& peer) {
                      peer.send(Bytes{4, 0, 0, 0, 0, 8, 0, 0, 0, 100, 1, 3, 0, 0});
                  }},
        Malformed{"PdvOfNoLength",
                  [](RawPeer& peer) {
                      peer.send(Bytes{4, 0, 0, 0, 0, 6, 0, 0, 0, 0, 1, 3});
                  }},
        Malformed{"UnknownPduType",
                  [](RawPeer& peer) {
                      peer.send(Bytes{0x42, 0, 0, 0, 0, 0});
                  }},
        Malformed{"ContextThatWasNotAgreed",
                  [](RawPeer& peer) { peer.send_fragment(true, true, Bytes(10, 0), 5); }},
        Malformed{"DataSetWithoutCommand",
                  [](RawPeer& peer) { peer.send_fragment(false, true, Bytes(10, 0)); }},
        Malformed{"CommandInsteadOfDataSet",
                  [](RawPeer& peer) {
                      peer.send_store_request("1.2.3");
                      peer.send_store_request("1.2.3");
                  }},
        Malformed{"CommandThatIsNone",
                  [](RawPeer& peer) { peer.send_fragment(true, true, Bytes(10, 0xFF)); }},
        Malformed{"CommandWithoutEnd",
                  [](RawPeer& peer) {
                      for (int part = 0; part < 20; ++part)
                          peer.send_fragment(true, false, Bytes(4000, 0));
                  }},
        Malformed{"SecondAssociationRequest",
                  [](RawPeer& peer) {
                      peer.send(Bytes{1, 0, 0, 0, 0, 4, 0, 0, 0, 0});
                  }},
        Malformed{"ResponseThatNobodyAskedFor",
                  [](RawPeer& peer) {
                      DimseCommand response;
                      response.field = command::kStoreResponse;
                      response.status = 0;
                      peer.send_fragment(true, true, encode_command(response));
                  }}),
    [](const auto& one) { return one.param.name; });

TEST(StoreScp, AbortsOpenAssociationsWhenItStops) {
    Recorder recorder;
    auto scp = std::make_unique<StoreScp>(any_port(), recorder);
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

TEST(StoreScp, SaysThatThePortIsTaken) {
    Recorder recorder;
    const StoreScp first(any_port(), recorder);
    StoreScpOptions options;
    options.port = first.port();
    try {
        StoreScp second(options, recorder);
        FAIL() << "listens twice";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
        EXPECT_THAT(error.what(), HasSubstr(std::to_string(first.port())));
    }
}

class StoreScpTls : public testing::Test {
  protected:
    StoreScpTls() {
        for (const char* name : {"server", "client", "stranger"})
            test::write_self_signed(folder_.path(), name);
    }
    [[nodiscard]] TlsOptions tls(const std::string& own, const std::string& trusted) const {
        TlsOptions options;
        options.certificate_file = folder_.path() / (own + ".crt");
        options.key_file = folder_.path() / (own + ".key");
        options.trusted_file = folder_.path() / (trusted + ".crt");
        return options;
    }
    [[nodiscard]] StoreScpOptions server() const {
        StoreScpOptions options = any_port();
        options.tls = tls("server", "client");
        return options;
    }

    test::TemporaryFolder folder_;
    Recorder recorder_;
};

TEST_F(StoreScpTls, TakesObjectsFromAClientThatItTrusts) {
    const StoreScp scp(server(), recorder_);
    StoreScuOptions options = to(scp);
    options.tls = tls("client", "server");
    options.tls->expected_host = "server";
    EXPECT_EQ(send(options, small_object("1.2.3.4", 500'000)).kind, StatusKind::kSuccess);
    EXPECT_EQ(recorder_.count(), 1u);
}

TEST_F(StoreScpTls, TurnsAwayAClientThatItDoesNotTrust) {
    const StoreScp scp(server(), recorder_);
    StoreScuOptions options = to(scp);
    options.tls = tls("stranger", "server");
    EXPECT_THROW(StoreScu(options, {}).echo(), Error);
    const AssociationReport report = recorder_.wait_for_report();
    EXPECT_EQ(report.end, AssociationEnd::kLost);
    EXPECT_THAT(report.why, HasSubstr("TLS"));
}

TEST_F(StoreScpTls, TurnsAwayAClientWithoutTls) {
    StoreScpOptions options = server();
    const StoreScp scp(options, recorder_);
    EXPECT_THROW(StoreScu(to(scp), {}), Error);
    EXPECT_EQ(recorder_.wait_for_report().end, AssociationEnd::kLost);
}

TEST_F(StoreScpTls, ClientRefusesAServerThatItDoesNotTrust) {
    const StoreScp scp(server(), recorder_);
    StoreScuOptions options = to(scp);
    options.tls = tls("client", "stranger");
    EXPECT_THROW(StoreScu(options, {}), Error);
    options.tls = tls("client", "server");
    options.tls->expected_host = "another-host";
    EXPECT_THROW(StoreScu(options, {}), Error);
}

TEST_F(StoreScpTls, DropsAPeerThatStallsInTheHandshake) {
    StoreScpOptions options = server();
    options.artim = 100ms;
    const StoreScp scp(options, recorder_);
    RawPeer peer(scp);
    peer.send(Bytes{0x16, 0x03, 0x01});
    EXPECT_EQ(recorder_.wait_for_report().end, AssociationEnd::kTimedOut);
}

TEST_F(StoreScpTls, NamesTheFileThatCannotBeUsed) {
    StoreScpOptions options = server();
    options.tls->key_file = folder_.path() / "absent.key";
    try {
        StoreScp scp(options, recorder_);
        FAIL() << "starts without a key";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        EXPECT_THAT(error.what(), HasSubstr("absent.key"));
    }
}

}  // namespace
}  // namespace lucerna::dicom
