#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dicom/scp_test_support.h"
#include "support/self_signed.h"
#include "support/temporary_folder.h"

namespace lucerna::dicom {
namespace {

using namespace test_support;
using test::small_object;
using testing::HasSubstr;

class ScpTls : public testing::Test {
  protected:
    ScpTls() {
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
    [[nodiscard]] ScpOptions server() const {
        ScpOptions options = any_port();
        options.tls = tls("server", "client");
        return options;
    }

    test::TemporaryFolder folder_;
    Recorder recorder_;
};

TEST_F(ScpTls, TakesObjectsFromAClientThatItTrusts) {
    const Scp scp(server(), recorder_);
    ScuOptions options = to(scp);
    options.tls = tls("client", "server");
    options.tls->expected_host = "server";
    EXPECT_EQ(send(options, small_object("1.2.3.4", 500'000)).kind, StatusKind::kSuccess);
    EXPECT_EQ(recorder_.count(), 1u);
}

TEST_F(ScpTls, TurnsAwayAClientThatItDoesNotTrust) {
    const Scp scp(server(), recorder_);
    ScuOptions options = to(scp);
    options.tls = tls("stranger", "server");
    EXPECT_THROW(StoreScu(options, {}).echo(), Error);
    const AssociationReport report = recorder_.wait_for_report();
    EXPECT_EQ(report.end, AssociationEnd::kLost);
    EXPECT_THAT(report.why, HasSubstr("TLS"));
}

TEST_F(ScpTls, TurnsAwayAClientWithoutTls) {
    ScpOptions options = server();
    const Scp scp(options, recorder_);
    EXPECT_THROW(StoreScu(to(scp), {}), Error);
    EXPECT_EQ(recorder_.wait_for_report().end, AssociationEnd::kLost);
}

TEST_F(ScpTls, ClientRefusesAServerThatItDoesNotTrust) {
    const Scp scp(server(), recorder_);
    ScuOptions options = to(scp);
    options.tls = tls("client", "stranger");
    EXPECT_THROW(StoreScu(options, {}), Error);
    options.tls = tls("client", "server");
    options.tls->expected_host = "another-host";
    EXPECT_THROW(StoreScu(options, {}), Error);
}

TEST_F(ScpTls, DropsAPeerThatStallsInTheHandshake) {
    ScpOptions options = server();
    options.artim = 100ms;
    const Scp scp(options, recorder_);
    RawPeer peer(scp);
    peer.send(Bytes{0x16, 0x03, 0x01});
    EXPECT_EQ(recorder_.wait_for_report().end, AssociationEnd::kTimedOut);
}

TEST_F(ScpTls, NamesTheFileThatCannotBeUsed) {
    ScpOptions options = server();
    options.tls->key_file = folder_.path() / "absent.key";
    try {
        Scp scp(options, recorder_);
        FAIL() << "starts without a key";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        EXPECT_THAT(error.what(), HasSubstr("absent.key"));
    }
}

}  // namespace
}  // namespace lucerna::dicom
