#include "dicom/scp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dicom/dimse_status.h"
#include "dicom/scp_test_support.h"
#include "support/early_arrival.h"

namespace lucerna::dicom {
namespace {

using namespace test_support;
using test::small_object;
using testing::HasSubstr;

TEST(Scp, AnswersEcho) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    StoreScu scu(to(scp), {});
    EXPECT_NO_THROW(scu.echo());
    EXPECT_NO_THROW(scu.echo());
}

class BitForBit : public testing::TestWithParam<std::string> {};

TEST_P(BitForBit, HandsTheDataSetOnAsItWasSent) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
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

TEST(Scp, TakesPrivateSopClasses) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    const Bytes file = small_object("1.2.3.4.5", 64, test::kExplicitLittle, "1.2.999.1.1");
    EXPECT_EQ(send(to(scp), file).kind, StatusKind::kSuccess);
}

TEST(Scp, TakesManyObjectsOverOneAssociation) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
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

TEST(Scp, TakesWhatIsReadWhileItIsSent) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    const Bytes file = small_object("1.2.3.5", 3'000'000);
    std::size_t largest = 0;
    const FileToSend read(ByteView(file).first(1000), file.size(),
                          [&](std::uint64_t at, std::span<std::uint8_t> into) {
                              largest = std::max(largest, into.size());
                              std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(at),
                                          into.size(), into.begin());
                          });
    const ObjectHead head = split_part10(file).head;
    {
        StoreScu scu(to(scp), std::span(&head, 1));
        EXPECT_EQ(scu.store(read).kind, StatusKind::kSuccess);
    }
    EXPECT_EQ(data_set_of(recorder.file("1.2.3.5").value()), data_set_of(file));
    EXPECT_LT(largest, 1'000'000u);
}

TEST(Scp, KeepsNothingOfWhatIsGivenUpWithinIt) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    const Bytes file = small_object("1.2.3.5", 3'000'000);
    const FileToSend broken(ByteView(file).first(1000), file.size(),
                            [&](std::uint64_t at, std::span<std::uint8_t> into) {
                                if (at > 1'000'000)
                                    throw Error(ErrorCode::kCorrupt, "chunk 20 is not what it was");
                                std::ranges::fill(into, std::uint8_t{0});
                            });
    const ObjectHead head = split_part10(file).head;
    StoreScu scu(to(scp), std::span(&head, 1));
    try {
        (void)scu.store(broken);
        FAIL() << "it was sent";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
        EXPECT_THAT(error.what(), HasSubstr("chunk 20 is not what it was"));
    }
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kAborted);
    EXPECT_EQ(recorder.count(), 0u);
    EXPECT_THROW((void)scu.store(file), Error);
}

TEST(Scp, AnswersEachErrorWithItsStatusAndComment) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
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
    const Scp scp(any_port(), recorder);
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
                    Contradiction{"NoInstanceInData", kClass, "1.2.3.4", kClass, "", 0xC000},
                    Contradiction{"NoClassInData", kClass, "1.2.3.4", "", "1.2.3.4", 0xC000},
                    Contradiction{"PathAsInstance", kClass, "../../etc/passwd", kClass,
                                  "../../etc/passwd", 0x0117},
                    Contradiction{"NoInstance", kClass, "", kClass, "", 0x0117},
                    Contradiction{"ClassOfAnotherContext", "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4",
                                  "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", 0x0122}),
    [](const auto& one) { return one.param.name; });

/// A data set in which the UIDs of the object stand elsewhere than in their place, or so that more
/// than a glance is needed to see them.
struct Disorder {
    const char* name;
    /// Elements that come before the two UIDs.
    std::string before;
    bool instance_first = false;
};
class Disordered : public testing::TestWithParam<Disorder> {};

TEST_P(Disordered, IsKept) {
    const Disorder& disorder = GetParam();
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate();
    Bytes data_set(disorder.before.begin(), disorder.before.end());
    const auto put_class = [&] { test::put_element(data_set, 0x0008, 0x0016, "UI", kClass); };
    if (!disorder.instance_first) put_class();
    test::put_element(data_set, 0x0008, 0x0018, "UI", "1.2.3.4");
    if (disorder.instance_first) put_class();
    test::put_element(data_set, 0x0010, 0x0020, "LO", "P1");
    peer.send_store_request("1.2.3.4");
    peer.send_fragment(false, true, data_set);
    const DimseCommand response = peer.read_response();
    EXPECT_EQ(response.status, status::kSuccess) << response.error_comment;
    ASSERT_TRUE(recorder.file("1.2.3.4"));
    EXPECT_EQ(data_set_of(*recorder.file("1.2.3.4")), data_set);

    peer.send_store_request("1.2.3.5");
    peer.send_fragment(false, true, data_set);
    EXPECT_EQ(peer.read_response().status, 0xA900) << "another object than was said";
}

INSTANTIATE_TEST_SUITE_P(
    Objects, Disordered,
    testing::Values(Disorder{"Instance", "", true},
                    Disorder{"Study", std::string("\x20\0\x0D\0UI\4\0001.2\0", 12)},
                    Disorder{"Pixels", std::string("\xE0\x7F\x10\0OW\0\0\4\0\0\0\1\2\3\4", 16)},
                    // Some writers leave a VR out where they do not know it.
                    Disorder{"NoVr", std::string("\x08\0\1\0\0\0\2\0A ", 10)},
                    // PS3.5 6.2.2, note 2.
                    Disorder{"SequenceOfUnknownVr",
                             std::string("\x08\0\x06\0UN\0\0\xFF\xFF\xFF\xFF"
                                         "\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF\x08\0\0\1\2\0\0\0A "
                                         "\xFE\xFF\x0D\xE0\0\0\0\0\xFE\xFF\xDD\xE0\0\0\0\0",
                                         46)}),
    [](const auto& one) { return one.param.name; });

/// One item that is another at a glance: `hidden` comes behind what is a sequence in explicit VR.
TEST(Scp, SeesTheUidThatIsRead) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate();
    const std::string end("\xFE\xFF\x0D\xE0\0\0\0\0\xFE\xFF\xDD\xE0\0\0\0\0", 16);
    Bytes hidden;
    test::put_element(hidden, 0x0008, 0x0016, "UI", kClass);
    test::put_element(hidden, 0x0008, 0x0018, "UI", "1.2.3.4");
    std::string value = std::string(4, '\0') + end + std::string(hidden.begin(), hidden.end());
    value.resize(0x4E55);
    const std::string un = std::string("\x08\0\x06\0UN\0\0\xFF\xFF\xFF\xFF", 12) +
                           std::string("\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF\x08\0\0\1UN\0\0", 16) +
                           value + end;
    Bytes data_set(un.begin(), un.end());
    test::put_element(data_set, 0x0008, 0x0016, "UI", kClass);
    test::put_element(data_set, 0x0008, 0x0018, "UI", "1.2.3.5");
    peer.send_store_request("1.2.3.4");
    peer.send_fragment(false, true, data_set);
    EXPECT_EQ(peer.read_response().status, 0xA900);
    EXPECT_FALSE(recorder.file("1.2.3.4"));
}

TEST(Scp, RefusesADataSetThatBeginsWithFileMetaInformation) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate();
    Bytes data_set;
    test::put_element(data_set, 0x0002, 0x0003, "UI", "9.9.9.9");
    test::put_element(data_set, 0x0002, 0x0010, "UI", "1.2.840.10008.1.2.4.50");
    test::put_element(data_set, 0x0008, 0x0016, "UI", kClass);
    test::put_element(data_set, 0x0008, 0x0018, "UI", "1.2.3.4");
    peer.send_store_request("1.2.3.4");
    peer.send_fragment(false, true, data_set);
    EXPECT_EQ(peer.read_response().status, status::kCannotUnderstand);
    EXPECT_FALSE(recorder.file("1.2.3.4"));
}

TEST(Scp, RefusesADataSetThatCannotBeRead) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate();
    peer.send_store_request("1.2.3.4");
    peer.send_fragment(false, true, Bytes(100, 0x01));
    EXPECT_EQ(peer.read_response().status, status::kCannotUnderstand);
}

TEST(Scp, RefusesAnObjectThatIsTooLargeAndTakesTheNext) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.max_object_bytes = 100'000;
    const Scp scp(options, recorder);
    const Bytes large = small_object("1.2.3.4", 150'000);
    const Bytes small = small_object("1.2.3.5", 1'000);
    const ObjectHead heads[] = {split_part10(large).head, split_part10(small).head};
    StoreScu scu(to(scp), heads);
    const SendOutcome outcome = scu.store(large);
    EXPECT_EQ(outcome.status, status::kOutOfResources);
    EXPECT_THAT(outcome.why, HasSubstr("100000"));
    EXPECT_EQ(scu.store(small).kind, StatusKind::kSuccess);
}

TEST(Scp, CutsOffASenderThatDoesNotStop) {
    Recorder recorder;
    ScpOptions options = any_port();
    options.max_object_bytes = 100'000;
    const Scp scp(options, recorder);
    EXPECT_THROW((void)send(to(scp), small_object("1.2.3.4", 4'000'000)), Error);
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kProtocolError);
}

TEST(Scp, RefusesObjectsBeyondWhatMayBeInFlightTogether) {
    Recorder recorder;
    // Of which one host has half.
    ByteBudget intake(600'000);
    ScpOptions options = any_port();
    options.intake = &intake;
    const Scp scp(options, recorder);
    RawPeer holder(scp);
    holder.associate();
    holder.send_store_request("1.2.3.4");
    for (int i = 0; i < 2; ++i) holder.send_fragment(false, false, Bytes(125'000, 0));
    // The holder's bytes are in once its share of the budget is gone, which another one notices.
    std::uint16_t status = status::kSuccess;
    for (int attempt = 0; attempt < 200 && status == status::kSuccess; ++attempt) {
        status = send(to(scp), small_object("1.2.3.5", 100'000)).status;
        if (status == status::kSuccess) std::this_thread::sleep_for(10ms);
    }
    EXPECT_EQ(status, status::kOutOfResources);
    // Another host has room, and is told what is wrong with what it sends.
    RawPeer other(scp, "127.0.0.2");
    other.associate();
    other.send_store_request("1.2.3.5");
    other.send_fragment(false, true, Bytes(100'000, 0));
    EXPECT_EQ(other.read_response().status, status::kCannotUnderstand);
}

/// Takes large objects while they come.
class EarlyTaker final : public Recorder {
  public:
    std::unique_ptr<Arrival> arriving(const ObjectHead& head, const Sender&) override {
        if (full) throw Error(ErrorCode::kOutOfSpace, "no space");
        early_head = head;
        return std::make_unique<test::EarlyArrival>([this](const Bytes& file) { early = file; });
    }
    void object(const ReceivedObject& object, const Sender& sender) override {
        if (object.arrival == nullptr)
            Recorder::object(object, sender);
        else
            object.arrival->keep(object.file);
    }

    bool full = false;
    ObjectHead early_head;
    Bytes early;
};

TEST(Scp, HandsALargeObjectOverWhileItComes) {
    EarlyTaker taker;
    const Scp scp(any_port(), taker);
    const Bytes large = small_object("1.2.3.4", 3'000'001);
    const Bytes small = small_object("1.2.3.5", 1'000);
    EXPECT_EQ(send(to(scp), large).kind, StatusKind::kSuccess);
    EXPECT_EQ(taker.early_head.sop_instance_uid, "1.2.3.4");
    EXPECT_TRUE(data_set_of(taker.early) == data_set_of(large));
    EXPECT_EQ(send(to(scp), small).kind, StatusKind::kSuccess);
    EXPECT_TRUE(taker.file("1.2.3.5"));
}

TEST(Scp, SaysWhyALargeObjectCannotBeTaken) {
    EarlyTaker taker;
    taker.full = true;
    const Scp scp(any_port(), taker);
    const SendOutcome outcome = send(to(scp), small_object("1.2.3.4", 3'000'000));
    EXPECT_EQ(outcome.status, status::kOutOfResources);
    EXPECT_THAT(outcome.why, HasSubstr("no space"));
}

TEST(Scp, KeepsNothingOfAnObjectThatWasCutOff) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    {
        RawPeer peer(scp);
        peer.associate();
        peer.send_store_request("1.2.3.4");
        peer.send_fragment(false, false, Bytes(5000, 0));
    }
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kLost);
    EXPECT_EQ(recorder.count(), 0u);
}

}  // namespace
}  // namespace lucerna::dicom
