#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

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

/// Twice, the second time offering what the first was given (RFC 8446 2.2, RFC 5077 3.1).
TEST_F(ScpTls, GivesNoTicketThatItWouldNotTake) {
    const Scp scp(server(), recorder_);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_max_proto_version(context, version);
        const TlsOptions own = tls("client", "server");
        SSL_CTX_use_certificate_chain_file(context, own.certificate_file.c_str());
        SSL_CTX_use_PrivateKey_file(context, own.key_file.c_str(), SSL_FILETYPE_PEM);
        SSL_SESSION* session = nullptr;
        for (int time = 0; time < 2; ++time) {
            BIO* const peer = BIO_new_ssl_connect(context);
            SSL* ssl = nullptr;
            BIO_get_ssl(peer, &ssl);
            BIO_set_conn_hostname(peer, ("127.0.0.1:" + std::to_string(scp.port())).c_str());
            if (session != nullptr) SSL_set_session(ssl, session);
            EXPECT_EQ(BIO_do_handshake(peer), 1) << version << ", time " << time;
            // No PDU: the answer is an abort, behind whatever tickets there are.
            const Bytes none(10, 0x7F);
            BIO_write(peer, none.data(), static_cast<int>(none.size()));
            Bytes abort(10);
            EXPECT_GT(BIO_read(peer, abort.data(), static_cast<int>(abort.size())), 0);
            EXPECT_FALSE(SSL_session_reused(ssl));
            SSL_SESSION_free(session);
            session = SSL_get1_session(ssl);
            EXPECT_FALSE(SSL_SESSION_is_resumable(session)) << version;
            BIO_free_all(peer);
        }
        SSL_SESSION_free(session);
        SSL_CTX_free(context);
    }
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

/// Records of new keys one after another (RFC 8446 4.6.3), and no byte of a PDU.
std::jthread renew_keys(std::uint16_t port, const TlsOptions& own) {
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to where nobody listens any more
    return std::jthread([port, own](const std::stop_token& stop) {
        SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
        SSL_CTX_use_certificate_chain_file(context, own.certificate_file.c_str());
        SSL_CTX_use_PrivateKey_file(context, own.key_file.c_str(), SSL_FILETYPE_PEM);
        BIO* const peer = BIO_new_ssl_connect(context);
        SSL* ssl = nullptr;
        BIO_get_ssl(peer, &ssl);
        BIO_set_conn_hostname(peer, ("127.0.0.1:" + std::to_string(port)).c_str());
        EXPECT_EQ(BIO_do_handshake(peer), 1);
        while (!stop.stop_requested() && SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
               SSL_do_handshake(ssl) == 1) {
        }
        BIO_free_all(peer);
        SSL_CTX_free(context);
    });
}

TEST_F(ScpTls, DropsAPeerThatRenewsItsKeysAndSaysNothing) {
    ScpOptions options = server();
    options.artim = 300ms;
    const Scp scp(options, recorder_);
    const std::jthread peer = renew_keys(scp.port(), tls("client", "server"));
    EXPECT_EQ(recorder_.wait_for_report().end, AssociationEnd::kTimedOut);
}

TEST_F(ScpTls, StopsBesideAPeerThatRenewsItsKeys) {
    std::optional<Scp> scp(std::in_place, server(), recorder_);
    const std::jthread peer = renew_keys(scp->port(), tls("client", "server"));
    std::this_thread::sleep_for(300ms);
    scp.reset();
    EXPECT_EQ(recorder_.wait_for_report().end, AssociationEnd::kStopped);
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
