// The receiver against DCMTK's echoscu and storescu, and with real objects.
#include "receive/dimse_receiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/guarded.h"
#include "dicom/part10_head.h"
#include "dicom/scu.h"
#include "support/child_process.h"
#include "support/self_signed.h"
#include "support/shared_data.h"
#include "support/small_object.h"
#include "support/temporary_folder.h"

namespace lucerna::receive {
namespace {

using test::small_object;
using testing::HasSubstr;

class FakeSink : public InstanceSink {
  public:
    KeptAs keep(ByteView file, const Origin& origin) override {
        if (full) throw Error(ErrorCode::kOutOfSpace, "the disk is full");
        const std::string uid = dicom::split_part10(file).head.sop_instance_uid;
        return kept_.with([&](auto& kept) {
            last_sender_ = origin.sender;
            return kept.insert_or_assign(uid, Bytes(file.begin(), file.end())).second
                       ? KeptAs::kNew
                       : KeptAs::kAlreadyKept;
        });
    }
    [[nodiscard]] std::optional<Bytes> file(const std::string& uid) {
        return kept_.with([&](auto& kept) -> std::optional<Bytes> {
            const auto found = kept.find(uid);
            if (found == kept.end()) return std::nullopt;
            return found->second;
        });
    }
    [[nodiscard]] std::size_t count() {
        return kept_.with([](auto& kept) { return kept.size(); });
    }
    [[nodiscard]] std::string last_sender() {
        return kept_.with([&](auto&) { return last_sender_; });
    }

    std::atomic<bool> full = false;

  private:
    Guarded<std::map<std::string, Bytes>> kept_;
    std::string last_sender_;
};

dicom::ScpOptions any_port() {
    dicom::ScpOptions options;
    options.port = 0;
    return options;
}

TEST(DimseReceiver, SaysInTheLogWhichContextsWereRefused) {
    FakeSink sink;
    testing::internal::CaptureStderr();
    {
        const DimseReceiver receiver(any_port(), sink);
        dicom::ScuOptions options;
        options.port = receiver.port();
        options.called_aet = "LUCERNA";
        options.calling_aet = "MODALITY";
        const dicom::ObjectHead film{"1.2.840.10008.5.1.1.1", "1.2.3", "1.2.840.10008.1.2.1"};
        EXPECT_NO_THROW(dicom::StoreScu(options, std::span(&film, 1)));
    }
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                HasSubstr(R"("contexts_refused":3,"first_refused":"1.2.840.10008.5.1.1.1",)"));
}

class FromDcmtk : public testing::Test {
  protected:
    void SetUp() override {
        if (test::program_path("storescu").empty() || test::program_path("echoscu").empty())
            GTEST_SKIP() << "skipped: DCMTK's tools are not installed";
    }

    struct Said {
        int exit_status = 0;
        std::string output;
    };
    Said run(std::vector<std::string> command, const DimseReceiver& receiver,
             const std::vector<std::filesystem::path>& files = {}) {
        command.insert(command.end(), {"127.0.0.1", std::to_string(receiver.port())});
        for (const auto& file : files) command.push_back(file.string());
        test::ChildProcess child(command, folder_.path() / "output.log");
        const int status = child.wait();
        return {status, child.output()};
    }
    std::filesystem::path write(const std::string& name, const Bytes& file) {
        const std::filesystem::path path = folder_.path() / name;
        write_file(path, file);
        return path;
    }

    test::TemporaryFolder folder_;
    FakeSink sink_;
};

TEST_F(FromDcmtk, AnswersEchoscu) {
    const DimseReceiver receiver(any_port(), sink_);
    const Said said = run({"echoscu", "-aec", "LUCERNA"}, receiver);
    EXPECT_EQ(said.exit_status, 0) << said.output;
}

TEST_F(FromDcmtk, RejectsAWrongTitle) {
    dicom::ScpOptions options = any_port();
    options.called_aets = {"LUCERNA"};
    const DimseReceiver receiver(options, sink_);
    const Said said = run({"echoscu", "-v", "-aec", "SOMEBODY"}, receiver);
    EXPECT_NE(said.exit_status, 0);
    EXPECT_THAT(said.output, HasSubstr("Called AE Title Not Recognized"));
}

TEST_F(FromDcmtk, StoresWhatStorescuSends) {
    const DimseReceiver receiver(any_port(), sink_);
    const auto first = write("1.dcm", small_object("1.2.3.1", 400'000));
    const auto second = write("2.dcm", small_object("1.2.3.2", 40));
    const Said said = run({"storescu", "-aet", "MODALITY"}, receiver, {first, second});
    EXPECT_EQ(said.exit_status, 0) << said.output;
    EXPECT_EQ(sink_.count(), 2u);
    EXPECT_EQ(sink_.last_sender(), "MODALITY");
    // storescu keeps element values; the encoding is its own.
    EXPECT_EQ(dicom::split_part10(*sink_.file("1.2.3.1")).head.sop_class_uid,
              test::kMammogramClass);
}

TEST_F(FromDcmtk, TellsStorescuThatTheDiskIsFull) {
    const DimseReceiver receiver(any_port(), sink_);
    sink_.full = true;
    const auto file = write("1.dcm", small_object("1.2.3.1"));
    const Said said = run({"storescu", "-d"}, receiver, {file});
    EXPECT_NE(said.exit_status, 0);
    // Not HasSubstr: the output is pages long.
    EXPECT_NE(said.output.find("0xa700: Refused: Out of resources"), std::string::npos);
    EXPECT_NE(said.output.find("the disk is full"), std::string::npos);
    sink_.full = false;
    EXPECT_EQ(run({"storescu"}, receiver, {file}).exit_status, 0);
    EXPECT_EQ(sink_.count(), 1u);
}

TEST_F(FromDcmtk, StoresOverTls) {
    test::write_self_signed(folder_.path(), "server");
    test::write_self_signed(folder_.path(), "client");
    const std::string base = folder_.path().string() + "/";
    dicom::ScpOptions options = any_port();
    options.tls = dicom::TlsOptions{base + "server.crt", base + "server.key", base + "client.crt",
                                    dicom::PeerCertificate::kRequired, ""};
    const DimseReceiver receiver(options, sink_);
    const auto file = write("1.dcm", small_object("1.2.3.1", 400'000));
    const Said said = run({"storescu", "-v", "+tls", base + "client.key", base + "client.crt",
                           "+cf", base + "server.crt"},
                          receiver, {file});
    EXPECT_EQ(said.exit_status, 0) << said.output;
    EXPECT_EQ(sink_.count(), 1u);
    EXPECT_NE(run({"storescu", "-ta", "5"}, receiver, {file}).exit_status, 0);
}

TEST_F(FromDcmtk, TakesAnObjectInTinyPdus) {
    const DimseReceiver receiver(any_port(), sink_);
    const auto file = write("1.dcm", small_object("1.2.3.1", 300'000));
    const Said said = run({"storescu", "--max-send-pdu", "4096"}, receiver, {file});
    EXPECT_EQ(said.exit_status, 0) << said.output;
    EXPECT_EQ(sink_.count(), 1u);
}

// Every SOP class and transfer syntax that the collection has, those that no DICOM library here
// knows too: what is kept is what was sent.
TEST(DimseReceiver, KeepsRealObjectsBitForBit) {
    LUCERNA_NEEDS_SHARED_DATA("dicom");
    FakeSink sink;
    const DimseReceiver receiver(any_port(), sink);
    dicom::ScuOptions options;
    options.port = receiver.port();
    std::size_t sent = 0;
    std::map<std::string, std::size_t> syntaxes;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(test::shared_data() / "dicom")) {
        if (!entry.is_regular_file()) continue;
        const Bytes file = read_file(entry.path());
        dicom::Part10Parts parts;
        try {
            parts = dicom::split_part10(file);
        } catch (const Error&) {
            continue;  // no DICOM file, or one without its UIDs
        }
        dicom::StoreScu scu(options, std::span(&parts.head, 1));
        const dicom::SendOutcome outcome = scu.store(file);
        if (outcome.kind != dicom::StatusKind::kSuccess) {
            // Only objects that contradict themselves are refused.
            EXPECT_TRUE(outcome.status == dicom::status::kDoesNotMatchClass ||
                        outcome.status == dicom::status::kInvalidInstance ||
                        outcome.status == dicom::status::kCannotUnderstand ||
                        outcome.status == dicom::status::kClassNotSupported)
                << entry.path() << ": " << outcome.why;
            continue;
        }
        const std::optional<Bytes> kept = sink.file(parts.head.sop_instance_uid);
        ASSERT_TRUE(kept) << entry.path();
        const dicom::Part10Parts kept_parts = dicom::split_part10(*kept);
        EXPECT_EQ(kept_parts.head, parts.head);
        const ByteView before = ByteView(file).subspan(parts.data_set_offset);
        const ByteView after = ByteView(*kept).subspan(kept_parts.data_set_offset);
        EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin(), after.end()))
            << entry.path();
        ++sent;
        ++syntaxes[parts.head.transfer_syntax_uid];
    }
    EXPECT_GT(sent, 50u);
    EXPECT_GT(syntaxes.size(), 8u);
    EXPECT_TRUE(syntaxes.contains("1.2.840.10008.1.2.1.99"));
    EXPECT_TRUE(syntaxes.contains("1.2.840.10008.1.2.4.90"));
}

}  // namespace
}  // namespace lucerna::receive
