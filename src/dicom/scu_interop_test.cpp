// StoreScu against DCMTK's storescp, the storage provider that most others are measured by.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "dicom/data_set.h"
#include "dicom/event_report.h"
#include "dicom/scu.h"
#include "dicom/transport.h"
#include "support/child_process.h"
#include "support/self_signed.h"
#include "support/small_object.h"
#include "support/temporary_folder.h"

namespace lucerna::dicom {
namespace {

using namespace std::chrono_literals;
using test::small_object;
using testing::HasSubstr;

class StoreScuToStorescp : public testing::Test {
  protected:
    void SetUp() override {
        if (test::program_path("storescp").empty())
            GTEST_SKIP() << "skipped: DCMTK's storescp is not installed";
        std::filesystem::create_directories(inbox());
    }

    [[nodiscard]] std::filesystem::path inbox() const { return folder_.path() / "inbox"; }

    /// Starts storescp on a free port and returns once it listens.
    void start(const std::vector<std::string>& options) {
        // Nobody else is given this port while it is so fresh.
        port_ = port_of(listen_on("127.0.0.1", 0));
        std::vector<std::string> command = {"storescp", "-v", "-od", inbox().string()};
        command.insert(command.end(), options.begin(), options.end());
        command.push_back(std::to_string(port_));
        storescp_.emplace(command, folder_.path() / "storescp.log");
        for (int attempt = 0; attempt < 1000; ++attempt) {
            try {
                (void)connect_to("127.0.0.1", port_, 1s);
                return;
            } catch (const Error&) {
                std::this_thread::sleep_for(10ms);
            }
        }
        FAIL() << "storescp does not listen: " << storescp_->output();
    }

    [[nodiscard]] ScuOptions options() const {
        ScuOptions options;
        options.port = port_;
        options.called_aet = "STORESCP";
        return options;
    }

    SendOutcome send(ByteView file) {
        const ObjectHead head = split_part10(file).head;
        StoreScu scu(options(), std::span(&head, 1));
        return scu.store(file);
    }

    [[nodiscard]] std::vector<Bytes> received() const {
        std::vector<Bytes> files;
        for (const auto& entry : std::filesystem::directory_iterator(inbox()))
            files.push_back(read_file(entry.path()));
        return files;
    }

    test::TemporaryFolder folder_;
    std::optional<test::ChildProcess> storescp_;
    std::uint16_t port_ = 0;
};

Bytes data_set_of(ByteView file) {
    const ByteView rest = file.subspan(split_part10(file).data_set_offset);
    return {rest.begin(), rest.end()};
}

TEST_F(StoreScuToStorescp, IsAnsweredOnEcho) {
    start({});
    StoreScu scu(options(), {});
    EXPECT_NO_THROW(scu.echo());
}

TEST_F(StoreScuToStorescp, SendsTheDataSetBitForBit) {
    start({"+xa", "+B"});
    const Bytes file = small_object("1.2.3.4", 300'001, "1.2.840.10008.1.2.1");
    const SendOutcome outcome = send(file);
    EXPECT_EQ(outcome.kind, StatusKind::kSuccess) << outcome.why;
    ASSERT_EQ(received().size(), 1u);
    EXPECT_TRUE(data_set_of(received()[0]) == data_set_of(file));
}

TEST_F(StoreScuToStorescp, SendsACompressedObjectAsItIs) {
    start({"+xa", "+B"});
    const Bytes file = small_object("1.2.3.4", 10'000, "1.2.840.10008.1.2.4.90");
    EXPECT_EQ(send(file).kind, StatusKind::kSuccess);
    ASSERT_EQ(received().size(), 1u);
    EXPECT_EQ(split_part10(received()[0]).head.transfer_syntax_uid, "1.2.840.10008.1.2.4.90");
    EXPECT_TRUE(data_set_of(received()[0]) == data_set_of(file));
}

TEST_F(StoreScuToStorescp, ReencodesForAPeerThatTakesImplicitOnly) {
    start({"+xi", "+B"});
    const Bytes file = small_object("1.2.3.4", 1000);
    const SendOutcome outcome = send(file);
    EXPECT_EQ(outcome.kind, StatusKind::kSuccess) << outcome.why;
    ASSERT_EQ(received().size(), 1u);
    const DataSet there = DataSet::parse(received()[0]);
    const DataSet here = DataSet::parse(file);
    EXPECT_EQ(there.transfer_syntax_uid(), test::kImplicitLittle);
    EXPECT_EQ(there.text(tags::kStudyInstanceUid), here.text(tags::kStudyInstanceUid));
    const ByteView pixels = there.bytes(tags::kPixelData);
    const ByteView original = here.bytes(tags::kPixelData);
    EXPECT_TRUE(std::equal(pixels.begin(), pixels.end(), original.begin(), original.end()));
}

TEST_F(StoreScuToStorescp, ReportsAnObjectThatThePeerHasNoSyntaxFor) {
    start({"+xi"});
    const SendOutcome outcome = send(small_object("1.2.3.4", 1000, "1.2.840.10008.1.2.4.102"));
    EXPECT_EQ(outcome.kind, StatusKind::kPermanentFailure);
    EXPECT_EQ(outcome.status, status::kClassNotSupported);
    EXPECT_THAT(outcome.why, HasSubstr("1.2.840.10008.1.2.4.102"));
}

TEST_F(StoreScuToStorescp, TellsARejection) {
    start({"--refuse"});
    try {
        StoreScu scu(options(), {});
        FAIL() << "was let in";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("rejects the association"));
    }
}

TEST_F(StoreScuToStorescp, MakesNoEventReportForAPeerThatDoesNotLetItIn) {
    start({"--refuse"});
    bool is_made = false;
    const auto report = [&] {
        is_made = true;
        return Question{};
    };
    EXPECT_THROW((void)send_event_report(options(), "1.2.840.10008.1.20.1", report), Error);
    EXPECT_FALSE(is_made);
}

TEST_F(StoreScuToStorescp, TellsALostAssociation) {
    start({"+xa", "--abort-during"});
    try {
        (void)send(small_object("1.2.3.4", 3'000'000));
        FAIL() << "was stored";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    }
}

TEST_F(StoreScuToStorescp, SpeaksTls) {
    test::write_self_signed(folder_.path(), "server");
    test::write_self_signed(folder_.path(), "client");
    const std::string base = folder_.path().string() + "/";
    start({"+tls", base + "server.key", base + "server.crt", "+cf", base + "client.crt", "+xa"});
    ScuOptions secure = options();
    secure.tls = TlsOptions{base + "client.crt", base + "client.key", base + "server.crt",
                            PeerCertificate::kRequired, "server"};
    const Bytes file = small_object("1.2.3.4", 100'000);
    const ObjectHead head = split_part10(file).head;
    StoreScu scu(secure, std::span(&head, 1));
    EXPECT_EQ(scu.store(file).kind, StatusKind::kSuccess) << storescp_->output();
}

TEST(StoreScu, SaysWhereNobodyListens) {
    ScuOptions options;
    options.port = port_of(listen_on("127.0.0.1", 0));
    try {
        StoreScu scu(options, {});
        FAIL() << "somebody answered";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
        EXPECT_THAT(error.what(), HasSubstr("127.0.0.1:" + std::to_string(options.port)));
    }
}

TEST(StoreScu, GivesUpOnAPeerThatNeverAnswers) {
    const Descriptor silent = listen_on("127.0.0.1", 0);
    ScuOptions options;
    options.port = port_of(silent);
    options.association_timeout = 100ms;
    EXPECT_THROW(StoreScu(options, {}), Error);
}

TEST(StoreScu, EndsItsWaitWhenStopped) {
    const Descriptor silent = listen_on("127.0.0.1", 0);
    std::stop_source source;
    ScuOptions options;
    options.port = port_of(silent);
    options.association_timeout = 1h;
    options.stop = source.get_token();
    const std::jthread stopper([&source] {
        std::this_thread::sleep_for(50ms);
        source.request_stop();
    });
    try {
        StoreScu scu(options, {});
        FAIL() << "somebody answered";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kCancelled);
    }
}

TEST(StoreScu, RefusesMoreKindsThanAnAssociationHolds) {
    std::vector<ObjectHead> heads;
    for (int kind = 0; kind < 200; ++kind)
        heads.push_back({"1.2.999." + std::to_string(kind), "1.2.3", "1.2.840.10008.1.2.4.90"});
    const Descriptor silent = listen_on("127.0.0.1", 0);
    ScuOptions options;
    options.port = port_of(silent);
    try {
        StoreScu scu(options, heads);
        FAIL() << "proposed them all";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
    }
}

}  // namespace
}  // namespace lucerna::dicom
