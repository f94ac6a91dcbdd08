#include "vault/passphrase_key_provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "support/temporary_folder.h"

namespace lucerna::vault {
namespace {

constexpr std::string_view kPassphrase = "correct horse battery staple";
// Enough to pass through every step; the default makes each opening take a third of a second.
constexpr ScryptCost kCheap{16, 8, 1};

std::string code_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        return std::string(name_of(error.code()));
    }
    return "none";
}

class PassphraseKeyProviderTest : public testing::Test {
  protected:
    [[nodiscard]] std::string code_of_opening(std::string_view passphrase) const {
        return code_of([&] { const PassphraseKeyProvider provider(path, passphrase, kCheap); });
    }

    test::TemporaryFolder folder;
    std::filesystem::path path = folder.path() / "passphrase.keys";
};

TEST_F(PassphraseKeyProviderTest, UnwrapsAfterAReopenWhatItWrapped) {
    const SecretKey key = SecretKey::random();
    const WrappedKey wrapped = PassphraseKeyProvider(path, kPassphrase, kCheap).wrap(key, "p");
    PassphraseKeyProvider again(path, kPassphrase, kCheap);
    EXPECT_TRUE(again.unwrap(wrapped, "p") == key);
    EXPECT_EQ(code_of([&] { (void)again.unwrap(wrapped, "q"); }), "corrupt");
}

TEST_F(PassphraseKeyProviderTest, TellsAWrongPassphraseFromAnAlteredFile) {
    { const PassphraseKeyProvider provider(path, kPassphrase, kCheap); }
    EXPECT_EQ(code_of_opening("correct horse battery stable"), "invalid-input");
    const Bytes whole = read_file(path);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        Bytes altered = whole;
        altered[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
        std::ofstream(path, std::ios::binary) << as_text(altered);
        EXPECT_EQ(code_of_opening(kPassphrase), "corrupt") << at;
    }
    std::ofstream(path, std::ios::binary) << as_text(whole);
    EXPECT_EQ(code_of_opening(kPassphrase), "none");
}

TEST_F(PassphraseKeyProviderTest, SealsTheSameKeysUnderAnotherPassphrase) {
    PassphraseKeyProvider provider(path, kPassphrase, kCheap);
    const SecretKey key = SecretKey::random();
    const WrappedKey wrapped = provider.wrap(key, "p");
    provider.change_passphrase("another horse, another staple");
    EXPECT_EQ(code_of_opening(kPassphrase), "invalid-input");
    provider.rotate();
    PassphraseKeyProvider again(path, "another horse, another staple", kCheap);
    EXPECT_EQ(again.keys().size(), 2U);
    EXPECT_TRUE(again.unwrap(wrapped, "p") == key);
    again.forget_older(again.current_key());
    EXPECT_EQ(code_of([&] { (void)again.unwrap(wrapped, "p"); }), "not-found");
}

TEST_F(PassphraseKeyProviderTest, RefusesAShortPassphraseAndAnOpenFile) {
    EXPECT_EQ(code_of_opening("short"), "invalid-input");
    EXPECT_FALSE(std::filesystem::exists(path));
    const auto file = folder.path() / "passphrase";
    std::ofstream(file) << kPassphrase << "\n";
    ::chmod(file.c_str(), 0640);
    EXPECT_EQ(code_of([&] { (void)read_passphrase(file); }), "invalid-input");
    ::chmod(file.c_str(), 0600);
    EXPECT_EQ(read_passphrase(file), kPassphrase);
    EXPECT_EQ(code_of([&] { (void)read_passphrase(folder.path() / "none"); }), "not-found");
}

TEST_F(PassphraseKeyProviderTest, IsOpenedByTheSettingAtItsRealCost) {
    const auto file = folder.path() / "passphrase";
    std::ofstream(file) << kPassphrase << "\r\nsecond line\n";
    ::chmod(file.c_str(), 0600);
    const auto provider = open_key_provider("passphrase:" + file.string(), folder.path());
    EXPECT_FALSE(provider->current_key().empty());
    const Bytes written = read_file(path);
    EXPECT_THAT(std::string(as_text(written)), testing::HasSubstr("scrypt 65536 8 2 "));
    EXPECT_EQ(code_of([&] { (void)open_key_provider("paper:x", folder.path()); }), "invalid-input");
}

}  // namespace
}  // namespace lucerna::vault
