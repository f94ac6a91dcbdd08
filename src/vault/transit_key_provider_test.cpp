#include "vault/transit_key_provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <thread>

#include "base/answer_due.h"
#include "base/error.h"
#include "support/temporary_folder.h"
#include "support/transit_stand_in.h"

namespace lucerna::vault {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Refused {
    std::string code = "none";
    std::string message;
};

Refused refusal_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        return {std::string(name_of(error.code())), error.what()};
    }
    return {};
}

TEST(TransitOptions, AreTakenFromTheSetting) {
    const TransitOptions options = transit_options_from(
        "https://vault.example:8200/v1/transit/keys/lucerna?token-file=/run/token&ca=/etc/ca.pem&"
        "namespace=imaging");
    EXPECT_EQ(options.engine, "https://vault.example:8200/v1/transit");
    EXPECT_EQ(options.key, "lucerna");
    EXPECT_EQ(options.token_file, "/run/token");
    EXPECT_EQ(options.authorities, "/etc/ca.pem");
    EXPECT_EQ(options.name_space, "imaging");
}

TEST(TransitOptions, RefuseWhatIsMissingOrUnsafe) {
    const auto words = [](const char* text) {
        const Refused refused = refusal_of([&] { (void)transit_options_from(text); });
        return refused.code == "invalid-input" ? refused.message : refused.code;
    };
    EXPECT_THAT(words("https://h/v1/transit"), HasSubstr("/keys/NAME"));
    EXPECT_THAT(words("https://h/v1/transit/keys/?token-file=t"), HasSubstr("NAME is empty"));
    EXPECT_THAT(words("https://h/v1/transit/keys/k"), HasSubstr("token-file"));
    EXPECT_THAT(words("https://h/v1/transit/keys/k?tokenfile=t"), HasSubstr("tokenfile"));
    EXPECT_THAT(words("http://192.0.2.1/v1/transit/keys/k?token-file=t"), HasSubstr("https://"));
    EXPECT_THAT(words("http://localhost.example/keys/k?token-file=t"), HasSubstr("https://"));
    EXPECT_THAT(words("ftp://h/keys/k?token-file=t"), HasSubstr("https://"));
    EXPECT_EQ(words("http://127.0.0.1:8200/v1/transit/keys/k?token-file=t"), "none");
}

class TransitKeyProviderTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!test::TransitStandIn::can_run(folder.path() / "scratch"))
            GTEST_SKIP() << "skipped: no python3 with cryptography";
        service = std::make_unique<test::TransitStandIn>(folder.path());
        write_token(test::TransitStandIn::kToken);
    }
    void write_token(const std::string& token) const {
        std::ofstream(token_file()) << token << "\n";
        ::chmod(token_file().c_str(), 0600);
    }
    [[nodiscard]] std::filesystem::path token_file() const { return folder.path() / "token"; }
    [[nodiscard]] TransitOptions options(const std::string& key = "lucerna") const {
        TransitOptions options;
        options.engine = service->engine();
        options.key = key;
        options.token_file = token_file();
        return options;
    }

    test::TemporaryFolder folder;
    std::unique_ptr<test::TransitStandIn> service;
};

TEST_F(TransitKeyProviderTest, UnwrapsWhatItWrappedForThatPurposeAlone) {
    TransitKeyProvider provider(options());
    const SecretKey key = SecretKey::random();
    const WrappedKey wrapped = provider.wrap(key, "a purpose");
    EXPECT_EQ(wrapped.provider_key, "transit:lucerna:v1");
    EXPECT_EQ(provider.current_key(), "transit:lucerna:v1");
    EXPECT_TRUE(TransitKeyProvider(options()).unwrap(wrapped, "a purpose") == key);
    EXPECT_EQ(refusal_of([&] { (void)provider.unwrap(wrapped, "another"); }).code, "corrupt");
}

TEST_F(TransitKeyProviderTest, FindsAFlippedBitAnywhereInAWrappedKey) {
    TransitKeyProvider provider(options());
    const WrappedKey wrapped = provider.wrap(SecretKey::random(), "p");
    for (std::size_t at = 0; at < wrapped.bytes.size(); ++at) {
        WrappedKey altered = wrapped;
        altered.bytes[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
        EXPECT_EQ(refusal_of([&] { (void)provider.unwrap(altered, "p"); }).code, "corrupt") << at;
    }
    WrappedKey other = wrapped;
    other.provider_key = "transit:lucerna:v2";
    EXPECT_EQ(refusal_of([&] { (void)provider.unwrap(other, "p"); }).code, "corrupt");
    other.provider_key = "0123";
    EXPECT_EQ(refusal_of([&] { (void)provider.unwrap(other, "p"); }).code, "not-found");
}

TEST_F(TransitKeyProviderTest, RotationKeepsTheOlderUntilTheyAreForgotten) {
    TransitKeyProvider provider(options());
    const SecretKey key = SecretKey::random();
    const WrappedKey before = provider.wrap(key, "p");
    provider.rotate();
    EXPECT_EQ(provider.current_key(), "transit:lucerna:v2");
    EXPECT_TRUE(provider.unwrap(before, "p") == key);
    const WrappedKey after = provider.rewrap(before, "p");
    EXPECT_EQ(after.provider_key, "transit:lucerna:v2");
    // Somebody else rotates before the older ones are ended: what is in use is not among them.
    TransitKeyProvider(options()).rotate();
    provider.forget_older(after.provider_key);
    EXPECT_EQ(provider.current_key(), "transit:lucerna:v3");
    EXPECT_EQ(refusal_of([&] { provider.forget_older("transit:other:v1"); }).code, "not-found");
    EXPECT_EQ(refusal_of([&] { provider.forget_older("transit:lucerna:v"); }).code, "not-found");
    const Refused refused = refusal_of([&] { (void)provider.unwrap(before, "p"); });
    EXPECT_EQ(refused.code, "not-found");
    EXPECT_THAT(refused.message, HasSubstr("too old"));
    EXPECT_TRUE(provider.unwrap(after, "p") == key);
}

TEST_F(TransitKeyProviderTest, MovesBetweenServicesWhoseKeysHaveTheSameName) {
    const test::TemporaryFolder other_folder;
    const test::TransitStandIn other_service(other_folder.path());
    TransitOptions other_options = options();
    other_options.engine = other_service.engine();
    TransitKeyProvider from(options());
    TransitKeyProvider to(other_options);
    MovingKeyProvider moving(from, to);
    const SecretKey key = SecretKey::random();
    const WrappedKey before = from.wrap(key, "p");
    ASSERT_EQ(before.provider_key, to.current_key());
    // Of a version that the other service does not have.
    to.rotate();
    EXPECT_NE(moving.current_key(), before.provider_key) << "it is not taken for moved already";
    const WrappedKey after = moving.rewrap(before, "p");
    EXPECT_TRUE(to.unwrap(after, "p") == key);
    // Broken off and begun again: what was moved opens as well.
    EXPECT_TRUE(moving.unwrap(moving.rewrap(after, "p"), "p") == key);
    WrappedKey altered = after;
    altered.bytes.back() ^= 1;
    EXPECT_EQ(refusal_of([&] { (void)moving.unwrap(altered, "p"); }).code, "unavailable")
        << "of the one it may be of, which has no such version yet";
    from.rotate();
    from.rotate();
    EXPECT_EQ(refusal_of([&] { (void)moving.unwrap(altered, "p"); }).code, "corrupt");
}

// Whoever waits for longer than is said here waits for an hour.
TEST_F(TransitKeyProviderTest, GivesUpASilentServiceWhenAnAnswerIsDue) {
    TransitOptions patient = options();
    patient.patience.whole = 1h;
    patient.patience.telling = 1ms;
    patient.patience.silence = 1h;
    TransitKeyProvider provider(patient);
    const auto wrap_within = [&](std::chrono::milliseconds time) {
        const AnswerDue due(time);
        return refusal_of([&] { (void)provider.wrap(SecretKey::random(), "p"); });
    };
    service->fall_silent();
    EXPECT_EQ(wrap_within(1s).code, "unavailable");
    const Refused next = wrap_within(1h);
    EXPECT_EQ(next.code, "unavailable");
    EXPECT_THAT(next.message, HasSubstr("left others without an answer"));
    service->speak_again();
    // Who has the time asks nevertheless, and all learn of the answer.
    EXPECT_EQ(provider.current_key(), "transit:lucerna:v1");
    EXPECT_EQ(wrap_within(1h).code, "none");
}

TEST_F(TransitKeyProviderTest, IsAskedAgainAfterAWhile) {
    TransitOptions patient = options();
    patient.patience.whole = 1h;
    patient.patience.telling = 1ms;
    patient.patience.silence = 1ms;
    TransitKeyProvider provider(patient);
    service->fall_silent();
    {
        const AnswerDue due(1s);
        EXPECT_EQ(refusal_of([&] { (void)provider.current_key(); }).code, "unavailable");
    }
    service->speak_again();
    std::this_thread::sleep_for(2ms);
    const AnswerDue due(1h);
    EXPECT_EQ(provider.current_key(), "transit:lucerna:v1");
}

// Who came late to the service, as others kept him, learns nothing of it.
TEST_F(TransitKeyProviderTest, IsAskedByOthersAfterOneWhoHadNoTime) {
    TransitKeyProvider provider(options());
    service->fall_silent();
    {
        const AnswerDue due(10ms);
        EXPECT_EQ(refusal_of([&] { (void)provider.current_key(); }).code, "unavailable");
    }
    service->speak_again();
    EXPECT_EQ(provider.current_key(), "transit:lucerna:v1");
}

// Whoever waits for longer than that waits for an hour.
TEST_F(TransitKeyProviderTest, WaitsForLittleOnceTheProgramEnds) {
    TransitOptions patient = options();
    patient.patience.whole = 1h;
    TransitKeyProvider provider(patient);
    service->fall_silent();
    std::string code;
    const auto wrap = [&] {
        code = refusal_of([&] { (void)provider.wrap(SecretKey::random(), "p"); }).code;
    };
    std::jthread waits(wrap);
    std::this_thread::sleep_for(500ms);
    provider.end_waits();
    waits.join();
    EXPECT_EQ(code, "unavailable");
    wrap();
    EXPECT_EQ(code, "unavailable");
}

TEST_F(TransitKeyProviderTest, FinishesWhatIsInHandOnceTheProgramEnds) {
    TransitOptions patient = options();
    patient.patience.ending = 1h;
    TransitKeyProvider provider(patient);
    provider.end_waits();
    EXPECT_EQ(refusal_of([&] { (void)provider.wrap(SecretKey::random(), "p"); }).code, "none");
}

// Whoever has something to be kept may send it again.
TEST_F(TransitKeyProviderTest, IsAwayWhereTheServiceWrapsNothing) {
    TransitKeyProvider provider(options());
    const WrappedKey wrapped = provider.wrap(SecretKey::random(), "p");
    const auto data = [](const std::string& ciphertext) {
        return R"({"data":{"ciphertext":")" + ciphertext + R"("}})";
    };
    const std::string sealed(std::string(as_text(wrapped.bytes)).substr(9));
    const std::pair<int, std::string> answers[] = {
        {200, data("")},
        {200, data("vault")},
        {200, data("vault:v1")},
        {200, data("vault:v1:")},
        {200, data("vault::" + sealed)},
        {200, data("vault:v:" + sealed)},
        {200, data("vault:v1x:" + sealed)},
        {200, data(":v1:" + sealed)},
        {200, data("vault:v1:*" + sealed.substr(1))},
        {200, data("vault:v1:" + sealed.substr(0, 40))},
        {200, R"({"data":{"ciphertext":7}})"},
        {200, "<html>"},
        {200, ""},
        {400, "<html>"},
        {404, "<html>"},
        {404, R"({"errors":[]})"},
        {400, R"({"errors":["encryption key not found"]})"},
        {400, R"({"errors":["invalid plaintext"]})"}};
    for (const auto& [status, body] : answers) {
        service->answer_all_with(status, body);
        const Refused refused = refusal_of([&] { (void)provider.wrap(SecretKey::random(), "p"); });
        EXPECT_EQ(refused.code, "unavailable") << status << " " << body;
        EXPECT_THAT(refused.message, HasSubstr(service->engine())) << status << " " << body;
    }
    service->answer_all_with(0, "");
    EXPECT_EQ(provider.wrap(SecretKey::random(), "p").provider_key, "transit:lucerna:v1");
}

TEST_F(TransitKeyProviderTest, WrapsNothingThatDoesNotOpen) {
    TransitKeyProvider provider(options());
    const WrappedKey wrapped = provider.wrap(SecretKey::random(), "p");
    service->answer_with(
        "encrypt", 200,
        R"({"data":{"ciphertext":")" + std::string(as_text(wrapped.bytes)) + R"("}})");
    const SecretKey another = SecretKey::random();
    for (const char* purpose : {"p", "another"}) {
        const Refused refused = refusal_of([&] { (void)provider.wrap(another, purpose); });
        EXPECT_EQ(refused.code, "unavailable") << purpose;
    }
    EXPECT_EQ(refusal_of([&] { (void)provider.rewrap(wrapped, "p"); }).code, "none") << "it opens";
    service->answer_with("encrypt", 0, "");
    provider.rotate();
    const WrappedKey newer = provider.wrap(another, "p");
    EXPECT_EQ(provider.current_key(), newer.provider_key);
    service->answer_with(
        "encrypt", 200,
        R"({"data":{"ciphertext":")" + std::string(as_text(wrapped.bytes)) + R"("}})");
    EXPECT_EQ(refusal_of([&] { (void)provider.rewrap(wrapped, "p"); }).code, "unavailable")
        << "by one that is behind: that version is to end";
}

TEST_F(TransitKeyProviderTest, TellsNonsenseFromWhatIsSaidOfAWrappedKey) {
    TransitKeyProvider provider(options());
    const WrappedKey wrapped = provider.wrap(SecretKey::random(), "p");
    const auto code_at = [&](int status, const std::string& body) {
        service->answer_all_with(status, body);
        return refusal_of([&] { (void)provider.unwrap(wrapped, "p"); }).code;
    };
    EXPECT_EQ(code_at(200, "<html>"), "unavailable");
    EXPECT_EQ(code_at(200, R"({"data":{}})"), "unavailable");
    EXPECT_EQ(code_at(200, R"({"data":{"plaintext":""}})"), "unavailable");
    EXPECT_EQ(code_at(200, R"({"data":{"plaintext":"no base64"}})"), "unavailable");
    EXPECT_EQ(code_at(400, "<html>"), "unavailable") << "of whatever stands before the service";
    EXPECT_EQ(code_at(404, "<html>"), "unavailable");
    EXPECT_EQ(code_at(502, "<html>"), "unavailable");
    EXPECT_EQ(code_at(400, R"({"errors":["cipher: message authentication failed"]})"), "corrupt");
    EXPECT_EQ(code_at(400, R"({"errors":["invalid ciphertext: no prefix"]})"), "corrupt");
    EXPECT_EQ(code_at(400, R"({"errors":["invalid ciphertext: version is too new"]})"),
              "unavailable")
        << "of one that is behind";
    EXPECT_EQ(code_at(400, R"({"errors":["invalid request"]})"), "unavailable");
    EXPECT_EQ(code_at(200, R"({"data":{"plaintext":"AAAA"}})"), "corrupt") << "another's";
    EXPECT_EQ(code_at(404, R"({"errors":["no handler for route"]})"), "unavailable")
        << "it may be mounted in a moment";
    EXPECT_EQ(code_at(400, R"({"errors":["encryption key not found"]})"), "unavailable");
    for (const char* version : {"null", "0", "\"1\""}) {
        service->answer_all_with(200,
                                 std::string(R"({"data":{"latest_version":)") + version + "}}");
        EXPECT_EQ(refusal_of([&] { (void)provider.current_key(); }).code, "unavailable") << version;
    }
}

TEST_F(TransitKeyProviderTest, SaysWhatIsWrongWithTheService) {
    TransitKeyProvider provider(options());
    const WrappedKey wrapped = provider.wrap(SecretKey::random(), "p");
    const auto unwrapping = [&] { (void)provider.unwrap(wrapped, "p"); };

    std::ofstream(service->state().string() + ".sealed") << "";
    EXPECT_EQ(refusal_of(unwrapping).code, "unavailable");
    EXPECT_THAT(refusal_of(unwrapping).message, HasSubstr("Vault is sealed"));
    std::filesystem::remove(service->state().string() + ".sealed");

    write_token("s.another");
    EXPECT_EQ(refusal_of(unwrapping).code, "unavailable");
    EXPECT_THAT(refusal_of(unwrapping).message, HasSubstr("permission denied"));
    std::filesystem::remove(token_file());
    EXPECT_THAT(refusal_of(unwrapping).message, HasSubstr(token_file().string()));
    write_token(test::TransitStandIn::kToken);

    const Refused unknown = refusal_of([&] { const TransitKeyProvider other(options("nobodys")); });
    EXPECT_EQ(unknown.code, "not-found");
    EXPECT_THAT(unknown.message, HasSubstr("/keys/nobodys"));

    service->stop();
    EXPECT_EQ(refusal_of(unwrapping).code, "unavailable");
    EXPECT_THAT(refusal_of(unwrapping).message, HasSubstr(service->engine()));
    EXPECT_EQ(refusal_of([&] { const TransitKeyProvider late(options()); }).code, "unavailable");
    service->start_again();
    EXPECT_EQ(refusal_of(unwrapping).code, "none") << "and goes on when it is back";
}

}  // namespace
}  // namespace lucerna::vault
