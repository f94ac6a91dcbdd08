#include "vault/file_key_provider.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "base/answer_due.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "support/no_descriptors.h"
#include "vault/held_keys.h"

namespace lucerna::vault {
namespace {

class FileKeyProviderTest : public testing::Test {
  protected:
    FileKeyProviderTest()
        : folder(std::filesystem::temp_directory_path() / ("lucerna-keys-" + random_hex(8))),
          path(folder / "keys") {}
    ~FileKeyProviderTest() override { std::filesystem::remove_all(folder); }

    [[nodiscard]] ErrorCode code_of_opening() const {
        try {
            const FileKeyProvider provider(path);
        } catch (const Error& error) {
            return error.code();
        }
        return ErrorCode::kInternal;
    }
    void write(const std::string& text) const {
        std::filesystem::create_directories(folder);
        std::ofstream(path) << text;
        ::chmod(path.c_str(), 0600);
    }

    std::filesystem::path folder;
    std::filesystem::path path;
};

ErrorCode code_of_unwrapping(FileKeyProvider& provider, const WrappedKey& wrapped,
                             std::string_view purpose) {
    try {
        (void)provider.unwrap(wrapped, purpose);
    } catch (const Error& error) {
        return error.code();
    }
    return ErrorCode::kInternal;
}

TEST_F(FileKeyProviderTest, IsToBeAskedLaterWhereThereAreNoDescriptors) {
    { const FileKeyProvider made(path); }
    {
        const test::NoDescriptors none;
        EXPECT_EQ(code_of_opening(), ErrorCode::kUnavailable);
    }
    const FileKeyProvider provider(path);
    EXPECT_EQ(provider.keys().size(), 1U);
}

TEST_F(FileKeyProviderTest, MakesAFileThatOnlyItsOwnerMayRead) {
    const FileKeyProvider provider(path);
    struct stat about {};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600U);
    EXPECT_EQ(provider.keys().size(), 1U);
}

TEST_F(FileKeyProviderTest, MakesNoneWhereTheOneThatWasUsedIsMissing) {
    const auto refused = [](const auto& open) {
        try {
            open();
        } catch (const Error& error) {
            return std::string(name_of(error.code())) + ": " + error.what();
        }
        return std::string("opened");
    };
    const IsUsed is_used = [] { return true; };
    const std::string why = refused([&] { FileKeyProvider(path, is_used); });
    EXPECT_TRUE(why.starts_with("not-found: the key file " + path.string() + " is missing")) << why;
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_FALSE(std::filesystem::exists(path.parent_path()));
    const std::string kept = FileKeyProvider(path).current_key();
    EXPECT_EQ(FileKeyProvider(path, is_used).current_key(), kept) << "asked only where none is";
    // The file in the data folder, and the one under a passphrase.
    std::filesystem::create_directories(folder / "data");
    write("a passphrase that is long");
    for (const std::string& setting : {std::string(), "passphrase:" + path.string()})
        EXPECT_TRUE(refused([&] {
                        (void)open_key_provider(setting, folder / "data", is_used);
                    }).starts_with("not-found: the key file " + (folder / "data").string()))
            << setting;
    EXPECT_TRUE(std::filesystem::is_empty(folder / "data"));
    const auto made = open_key_provider("", folder / "data", [] { return false; });
    EXPECT_EQ(open_key_provider("", folder / "data", is_used)->current_key(), made->current_key());
}

TEST_F(FileKeyProviderTest, KeepsTheKeysOfWhoWasFirst) {
    // Programs that begin at once on a new folder: all must end with the keys that stay on the
    // disk.
    constexpr int kPrograms = 8;
    std::vector<std::string> current(kPrograms);
    {
        std::vector<std::jthread> programs;
        for (int i = 0; i < kPrograms; ++i)
            programs.emplace_back([&, i] {
                current[static_cast<std::size_t>(i)] = FileKeyProvider(path).current_key();
            });
    }
    const std::string kept = FileKeyProvider(path).current_key();
    for (const std::string& name : current) EXPECT_EQ(name, kept);
    EXPECT_FALSE(create_secretly(path, "others"));
    EXPECT_EQ(FileKeyProvider(path).current_key(), kept);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST_F(FileKeyProviderTest, UnwrapsAfterAReopenWhatItWrapped) {
    const SecretKey key = SecretKey::random();
    const WrappedKey wrapped = FileKeyProvider(path).wrap(key, "a purpose");
    FileKeyProvider again(path);
    EXPECT_TRUE(again.unwrap(wrapped, "a purpose") == key);
    EXPECT_EQ(code_of_unwrapping(again, wrapped, "another"), ErrorCode::kCorrupt);
}

TEST_F(FileKeyProviderTest, RefusesAnAlteredOrShortenedKey) {
    FileKeyProvider provider(path);
    WrappedKey wrapped = provider.wrap(SecretKey::random(), "p");
    WrappedKey altered = wrapped;
    altered.bytes[20] ^= 1;
    EXPECT_EQ(code_of_unwrapping(provider, altered, "p"), ErrorCode::kCorrupt);
    wrapped.bytes.pop_back();
    EXPECT_EQ(code_of_unwrapping(provider, wrapped, "p"), ErrorCode::kCorrupt);
}

TEST_F(FileKeyProviderTest, RotationKeepsTheOlderUntilTheyAreForgotten) {
    FileKeyProvider provider(path);
    const SecretKey key = SecretKey::random();
    const WrappedKey before = provider.wrap(key, "p");
    provider.rotate();
    EXPECT_NE(provider.current_key(), before.provider_key);
    EXPECT_TRUE(FileKeyProvider(path).unwrap(before, "p") == key);
    const WrappedKey after = provider.wrap(key, "p");
    provider.rotate();
    provider.forget_older(after.provider_key);
    EXPECT_EQ(provider.keys().size(), 2U) << "a newer one stays";
    EXPECT_THROW(provider.forget_older("nobodys"), Error);
    EXPECT_EQ(code_of_unwrapping(provider, before, "p"), ErrorCode::kNotFound);
    EXPECT_TRUE(FileKeyProvider(path).unwrap(after, "p") == key);
}

TEST_F(FileKeyProviderTest, RefusesAFileThatOthersMayRead) {
    { const FileKeyProvider provider(path); }
    ::chmod(path.c_str(), 0640);
    EXPECT_EQ(code_of_opening(), ErrorCode::kInvalidInput);
}

TEST_F(FileKeyProviderTest, RefusesWhatIsNoKeyFile) {
    for (const char* text :
         {"", "hello\n", "lucerna-key-encryption-keys/1\n", "lucerna-key-encryption-keys/1\nname\n",
          "lucerna-key-encryption-keys/1\nname AAAA\n",
          "lucerna-key-encryption-keys/2\nname AAAA\n", "lucerna-key-encryption-keys/3\n"}) {
        write(text);
        EXPECT_EQ(code_of_opening(), ErrorCode::kCorrupt) << text;
    }
}

TEST_F(FileKeyProviderTest, FindsAFlippedBitAnywhereInItsFile) {
    { const FileKeyProvider provider(path); }
    const Bytes whole = read_file(path);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        Bytes altered = whole;
        altered[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
        write(std::string(as_text(altered)));
        EXPECT_EQ(code_of_opening(), ErrorCode::kCorrupt) << at;
    }
}

TEST_F(FileKeyProviderTest, ReadsAFileOfTheFirstVersion) {
    const SecretKey key = SecretKey::random();
    write("lucerna-key-encryption-keys/1\nold " + to_base64(key.bytes()) + "\n");
    FileKeyProvider provider(path);
    EXPECT_EQ(provider.current_key(), "old");
    provider.rotate();
    EXPECT_EQ(FileKeyProvider(path).keys().size(), 2U);
}

ErrorCode code_of_looking(FileKeyProvider& provider, std::chrono::milliseconds patience) {
    const AnswerDue due(patience);
    try {
        provider.require_kept();
    } catch (const Error& error) {
        return error.code();
    }
    return ErrorCode::kInternal;
}

// As one on a network mount whose server is away. Whoever waits for more than he may waits for
// ever.
TEST_F(FileKeyProviderTest, IsNotWaitedForWhereItsDeviceIsSilent) {
    using namespace std::chrono_literals;
    FileKeyProvider provider(path);
    const auto away = folder / "away";
    std::filesystem::rename(path, away);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_EQ(code_of_looking(provider, 10ms), ErrorCode::kUnavailable);
    EXPECT_EQ(code_of_looking(provider, 10ms), ErrorCode::kUnavailable) << "the first still looks";
    // It answers.
    std::ofstream(path) << "nothing";
    std::filesystem::rename(away, path);
    provider.require_kept();
}

}  // namespace
}  // namespace lucerna::vault
