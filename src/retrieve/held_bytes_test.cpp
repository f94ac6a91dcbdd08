#include "retrieve/held_bytes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/decoding_memory.h"
#include "dicom/encoders.h"
#include "dicom/node.h"
#include "http/message.h"
#include "retrieve/archive_for_test.h"
#include "retrieve/kept_object.h"

namespace lucerna::retrieve {
namespace {

constexpr int kSide = 1500;
constexpr std::size_t kFrameBytes = std::size_t{2} * kSide * kSide;
const std::string kSeries = "/dicom-web/studies/1.2.1/series/1.2.1.1/instances/";
const std::string kRle(dicom::transfer_syntax::kRleLossless);
const std::string kJpegLs(dicom::transfer_syntax::kJpegLsLossless);

/// A limit for one test.
class Limited {
  public:
    explicit Limited(std::size_t bytes) { dicom::decoding_memory().set_limit(bytes); }
    ~Limited() { dicom::decoding_memory().set_limit(MemoryBudget::kNoLimit); }
    Limited(const Limited&) = delete;
    Limited& operator=(const Limited&) = delete;
};

Bytes large_frames(int frames) {
    Bytes samples(kFrameBytes * static_cast<std::size_t>(frames));
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] =
            static_cast<std::uint8_t>((i / 64 + i / kFrameBytes) & (i % 2 == 0 ? 0xFF : 3));
    return samples;
}

void keep_large(TestArchive& archive, const std::string& uid, const std::string& syntax,
                int frames = 1, Bytes more_elements = {}) {
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.1.1"));
    set.set_text(dicom::tags::kSopInstanceUid, uid);
    set.set_pixels({.rows = kSide, .columns = kSide, .bits_stored = 10, .frames = frames},
                   large_frames(frames));
    if (const dicom::Encoder* encoder = dicom::find_encoder(syntax))
        set = dicom::encoded(set, *encoder);
    Bytes file = set.to_part10();
    file.insert(file.end(), more_elements.begin(), more_elements.end());
    archive.store.archive().keep(file);
}

std::string text_of(const Bytes& bytes) {
    return {bytes.begin(), bytes.end()};
}

/// What a client has taken of an answer so far.
class SlowClient {
  public:
    explicit SlowClient(http::Response response) : response_(std::move(response)) {}

    /// False once it has all.
    bool take_some() {
        const http::Chunk chunk = std::get<http::Stream>(response_.body).next();
        text.append(chunk.bytes.begin(), chunk.bytes.end());
        return !chunk.last;
    }
    std::string take_all() {
        while (take_some()) continue;
        return text;
    }

    std::string text;

  private:
    http::Response response_;
};

TEST(HeldBytes, AreMadeAgainOnceTheyHadToBeLetGo) {
    int calls = 0;
    const auto make = [&] {
        ++calls;
        return HeldBytes::Made{{1, 2, 3, 4, 5}};
    };
    const http::Pieces pieces = HeldBytes::pieces_of(make(), make);
    EXPECT_EQ(pieces.size, 5U);
    EXPECT_EQ(dicom::decoding_memory().held(), 5U);
    EXPECT_EQ(pieces.read(0, 2), (Bytes{1, 2}));
    {
        // All that there is.
        const Limited limited(5);
        const auto others = dicom::decoding_memory().take(5, "a frame");
    }
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(dicom::decoding_memory().held(), 0U);
    EXPECT_EQ(pieces.read(2, 2), (Bytes{3, 4}));
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(pieces.read(4, 1), (Bytes{5}));
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(dicom::decoding_memory().held(), 0U) << "all of it is sent";
}

TEST(HeldBytes, AreKeptForWhoTakesSomeAndNotForWhoTakesNothing) {
    using std::chrono::milliseconds;
    MemoryBudget memory("the test's", 6, std::chrono::minutes(1), std::chrono::seconds(10));
    std::atomic<int> made = 0;
    const auto make = [&] {
        ++made;
        return HeldBytes::Made{{1, 2, 3}};
    };
    const http::Pieces taken = HeldBytes::pieces_of(make(), make, memory);
    const http::Pieces left = HeldBytes::pieces_of(make(), make, memory);
    std::jthread client([&](const std::stop_token& stop) {
        for (; !stop.stop_requested(); std::this_thread::sleep_for(milliseconds(5)))
            (void)taken.read(0, 1);
    });
    MemoryBudget::begin_task();
    const auto others = memory.take(3, "a frame");
    EXPECT_EQ(memory.held(), 6U) << "one of them had to go";
    EXPECT_FALSE(memory.waiting());
    client.request_stop();
    client.join();
    EXPECT_EQ(made, 2) << "none was made again";
}

TEST(HeldBytes, AreNotSentAsTheRestOfOthers) {
    Bytes bytes{1, 2, 3};
    const auto make = [&] { return HeldBytes::Made{bytes}; };
    const http::Pieces pieces = HeldBytes::pieces_of(make(), make);
    EXPECT_EQ(pieces.read(0, 3).size(), 3U);
    bytes.push_back(4);
    EXPECT_THROW((void)pieces.read(0, 1), Error);
}

// Frames and objects that are decoded, and frames that are not.
TEST(HeldBytes, OfSlowClientsKeepNobodyFromDecoding) {
    TestArchive archive;
    keep_large(archive, "1.2.1.1.8", kRle);
    keep_large(archive, "1.2.1.1.9", {});
    const std::string expected = text_of(large_frames(1));
    const Limited limited(std::size_t{19} << 20);
    const auto all_room = room_to_send_at_once(std::size_t{40} << 20);
    ASSERT_TRUE(all_room);
    std::vector<SlowClient> clients;
    for (const auto& [path, accept] :
         {std::pair("1.2.1.1.8/frames/1", "application/octet-stream"),
          {"1.2.1.1.8", "application/dicom"},
          {"1.2.1.1.9/frames/1", "multipart/related; type=\"application/octet-stream\""}}) {
        http::Response response = archive.get(kSeries + path, accept);
        ASSERT_EQ(response.status, 200) << path;
        ASSERT_TRUE(std::holds_alternative<http::Stream>(response.body)) << path;
        clients.emplace_back(std::move(response));
        EXPECT_TRUE(clients.back().take_some());
    }
    EXPECT_GE(dicom::decoding_memory().held(), 2 * kFrameBytes);
    EXPECT_GE(dicom::converting_memory().held(), kFrameBytes);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(archive.status(kSeries + "1.2.1.1.8/rendered"), 200);
    // Turn by turn they get what they asked for.
    EXPECT_TRUE(clients[1].take_some());
    EXPECT_TRUE(clients[0].take_some());
    EXPECT_TRUE(clients[0].take_all() == expected);
    EXPECT_NE(clients[1].take_all().find(expected), std::string::npos);
    EXPECT_NE(clients[2].take_all().find(expected), std::string::npos);
    EXPECT_EQ(dicom::decoding_memory().held(), 0U);
}

/// Others hold all of decoding_memory() but what one codestream takes, and this thread may
/// not wait.
class LittleIsFree {
  public:
    explicit LittleIsFree(std::size_t bytes) {
        MemoryBudget::begin_task();
        others_ = dicom::decoding_memory().take(limited_.kBytes - bytes, "others");
        MemoryBudget::begin_task(&may_not_);
    }
    ~LittleIsFree() { MemoryBudget::begin_task(); }
    LittleIsFree(const LittleIsFree&) = delete;
    LittleIsFree& operator=(const LittleIsFree&) = delete;

  private:
    struct MayNot final : MemoryBudget::Waiting {
        bool begin(bool /*again*/) noexcept override { return false; }
        void end() noexcept override {}
    } may_not_;
    struct All : Limited {
        static constexpr std::size_t kBytes = 100 * kFrameBytes;
        All() : Limited(kBytes) {}
    } limited_;
    MemoryBudget::Share others_;
};

TEST(HeldBytes, OfFramesThatAreReadAloneWaitAsAllOthers) {
    TestArchive archive;
    constexpr int kFrames = 40;
    keep_large(archive, "1.2.1.1.8", kRle, kFrames);
    const std::size_t size = archive.store.archive().instance("1.2.1.1.8")->size;
    ASSERT_GT(size, kHeldFreely);
    ASSERT_LT(size / kFrames, kFrameBytes / 4);
    keep_large(archive, "1.2.1.1.9", {}, 8);
    const auto answers = [&](int status) {
        for (const auto& [path, accept] : {std::pair("1.2.1.1.8/rendered", "image/jpeg"),
                                           {"1.2.1.1.9/rendered", "image/png"},
                                           {"1.2.1.1.8/frames/2", "application/octet-stream"}})
            EXPECT_EQ(archive.status(kSeries + path, accept), status) << path;
    };
    answers(200);
    {
        const LittleIsFree little(size / kFrames);
        answers(503);
        EXPECT_EQ(dicom::frame_memory().held(), 0U);
    }
    answers(200);
}

TEST(HeldBytes, ThatWouldLeaveLittleToDecodersAreReadWhileTheyAreSent) {
    TestArchive archive;
    keep_large(archive, "1.2.1.1.9", {}, 2);
    const Limited limited(kFrameBytes);
    http::Response response =
        archive.get(kSeries + "1.2.1.1.9/frames/2", "application/octet-stream");
    EXPECT_EQ(dicom::decoding_memory().held(), 0U);
    EXPECT_TRUE(SlowClient(std::move(response)).take_all() ==
                text_of(large_frames(2)).substr(kFrameBytes));
    const std::string object = archive.store.archive().instance("1.2.1.1.9")->object;
    Bytes sealed = archive.store.sealed(object);
    sealed[sealed.size() - 20] ^= 1;
    archive.store.replace(object, sealed);
    EXPECT_EQ(archive.status(kSeries + "1.2.1.1.9/frames/2", "application/octet-stream"), 500)
        << "before its head is sent";
}

/// Two fragments a frame and no table: which are a frame's has to be looked for in all of them.
void split_fragments(dicom::DataSet& encapsulated) {
    const dicom::Fragments& whole = *encapsulated.node().find(dicom::tags::kPixelData)->fragments();
    auto halves = std::make_unique<dicom::Fragments>();
    halves->owner = whole.owner;
    std::size_t offset = 0;
    for (const ByteView piece : whole.pieces) {
        const std::size_t half = piece.size() / 4 * 2;
        for (const ByteView part : {piece.first(half), piece.subspan(half)}) {
            halves->pieces.push_back(part);
            halves->offsets.push_back(offset);
            offset += 8 + part.size();
        }
    }
    (void)encapsulated.node().put(dicom::tags::kPixelData, dicom::vr::kOb, std::move(halves));
}

enum class Fragmented { kNo, kYes };
/// Of so many bytes, in which compression finds nothing to gain.
void keep_noise(TestArchive& archive, const std::string& uid, int frames,
                Fragmented fragmented = Fragmented::kNo) {
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.1.1"));
    set.set_text(dicom::tags::kSopInstanceUid, uid);
    Bytes samples(kFrameBytes * static_cast<std::size_t>(frames));
    std::uint32_t state = 1;
    for (std::uint8_t& sample : samples) {
        state = state * 1664525U + 1013904223U;
        sample = static_cast<std::uint8_t>(state >> 24);
    }
    set.set_pixels({.rows = kSide, .columns = kSide, .bits_stored = 16, .frames = frames}, samples);
    const std::string& syntax = fragmented == Fragmented::kYes ? kJpegLs : kRle;
    dicom::DataSet kept = dicom::encoded(set, *dicom::find_encoder(syntax));
    if (fragmented == Fragmented::kYes) split_fragments(kept);
    archive.store.archive().keep(kept.to_part10());
}

/// A limit of kept_files() for one test.
class FewKept {
  public:
    explicit FewKept(std::size_t bytes) { kept_files().set_limit(bytes); }
    ~FewKept() { kept_files().set_limit(before_); }
    FewKept(const FewKept&) = delete;
    FewKept& operator=(const FewKept&) = delete;

  private:
    const std::size_t before_ = kept_files().limit();
};

TEST(KeptFiles, OfSlowClientsAreNoMoreThanTheirLimit) {
    TestArchive archive;
    keep_noise(archive, "1.2.1.1.8", 3, Fragmented::kYes);
    const std::size_t size = archive.store.archive().instance("1.2.1.1.8")->size;
    ASSERT_GT(size, std::size_t{12} << 20) << "noise is not compressed";
    const FewKept room_for_two(2 * size);
    const std::string octets =
        "multipart/related; type=\"application/octet-stream\"; transfer-syntax=" + kJpegLs;
    const std::string path = kSeries + "1.2.1.1.8/frames/1,2,3";
    std::vector<SlowClient> clients;
    for (int i = 0; i < 4; ++i) {
        MemoryBudget::begin_task();
        clients.emplace_back(archive.get(path, octets));
        EXPECT_TRUE(clients.back().take_some());
        EXPECT_LE(kept_files().held(), 2 * size);
    }
    EXPECT_EQ(kept_files().held(), 2 * size) << "of the last two";
    // Those that had to let go read it again.
    for (SlowClient& client : clients) {
        MemoryBudget::begin_task();
        client.take_all();
        EXPECT_LE(kept_files().held(), 2 * size);
    }
    for (const SlowClient& client : clients) EXPECT_EQ(client.text.size(), clients[0].text.size());
    EXPECT_GT(clients[0].text.size(), size);
    clients.clear();
    EXPECT_EQ(kept_files().held(), 0U);
    EXPECT_EQ(dicom::decoding_memory().held(), 0U);
}

TEST(KeptFiles, AreNoneWhereFramesAreFoundWithoutTheOthers) {
    TestArchive archive;
    keep_noise(archive, "1.2.1.1.8", 3);
    SlowClient client(archive.get(
        kSeries + "1.2.1.1.8/frames/1,2,3",
        "multipart/related; type=\"application/octet-stream\"; transfer-syntax=" + kRle));
    EXPECT_TRUE(client.take_some());
    EXPECT_EQ(kept_files().held(), 0U);
    EXPECT_GT(client.take_all().size(), 3 * kFrameBytes);
    EXPECT_EQ(dicom::decoding_memory().held(), 0U);
}

TEST(KeptFiles, OfOneFrameAreNone) {
    TestArchive archive;
    keep_noise(archive, "1.2.1.1.8", 2);
    SlowClient client(archive.get(kSeries + "1.2.1.1.8/frames/2",
                                  "application/octet-stream; transfer-syntax=" + kRle));
    EXPECT_TRUE(client.take_some());
    EXPECT_EQ(kept_files().held(), 0U);
    EXPECT_GT(dicom::decoding_memory().held(), kFrameBytes / 2) << "but the frame, as it is stored";
    client.take_all();
    EXPECT_EQ(dicom::decoding_memory().held(), 0U);
}

TEST(KeptFiles, ThatAreLargerThanTheLimitAreKeptAlone) {
    TestArchive archive;
    keep_noise(archive, "1.2.1.1.8", 2, Fragmented::kYes);
    const FewKept little(std::size_t{5} << 20);
    SlowClient client(archive.get(kSeries + "1.2.1.1.8/frames/1,2",
                                  "multipart/related; type=\"application/octet-stream\""));
    EXPECT_TRUE(client.take_some());
    EXPECT_EQ(kept_files().held(), kept_files().limit());
    EXPECT_GT(client.take_all().size(), 2 * kFrameBytes);
}

/// A sequence of so many items without anything in them.
Bytes items(std::size_t count) {
    Bytes element{0xE1, 0x7F, 0x10, 0x10, 'S', 'Q', 0, 0};
    for (int shift = 0; shift < 32; shift += 8)
        element.push_back(static_cast<std::uint8_t>(8 * count >> shift));
    for (std::size_t i = 0; i < count; ++i)
        element.insert(element.end(), {0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0});
    return element;
}

TEST(HeldBytes, ElementsOfWhatASlowClientReadsKeepNobodyFromReading) {
    TestArchive archive;
    keep_large(archive, "1.2.1.1.8", kRle, 2, items(100'000));
    const std::string octets = "multipart/related; type=\"application/octet-stream\"";
    for (const char* path : {"1.2.1.1.8/frames/1,2", "1.2.1.1.8/bulkdata"}) {
        SlowClient slow(archive.get(kSeries + path, octets));
        EXPECT_TRUE(slow.take_some());
        EXPECT_GT(dicom::parsing_memory().held(), 0U) << "they are kept for the next frame";
        MemoryBudget::begin_task();
        EXPECT_EQ(archive.status(kSeries + "1.2.1.1.8/metadata"), 200) << path;
        EXPECT_EQ(archive.status(kSeries + "1.2.1.1.8/rendered"), 200) << path;
        EXPECT_EQ(dicom::parsing_memory().held(), 0U) << "it was let go";
        EXPECT_NE(slow.take_all().find(text_of(large_frames(2)).substr(kFrameBytes)),
                  std::string::npos)
            << path;
    }
    EXPECT_EQ(dicom::parsing_memory().held(), 0U);
}

/// In a series of its own.
void keep_small(TestArchive& archive) {
    constexpr int kSmallSide = 1400;
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.1.1"));
    set.set_text(dicom::tags::kSeriesInstanceUid, "1.2.1.9");
    set.set_text(dicom::tags::kSopInstanceUid, "1.2.1.9.1");
    Bytes samples = large_frames(1);
    constexpr std::size_t kSmallFrame = std::size_t{2} * kSmallSide * kSmallSide;
    ASSERT_LT(kSmallFrame, kHeldFreely);
    samples.resize(2 * kSmallFrame);
    set.set_pixels({.rows = kSmallSide, .columns = kSmallSide, .bits_stored = 10, .frames = 2},
                   std::move(samples));
    set.set_bytes(dicom::Tag{0x0042, 0x0011}, "OB", Bytes(std::size_t{3} << 20, 7));
    archive.store.archive().keep(set.to_part10());
}

// Dozens that are made while an object store is waited for, and hundreds whose clients are slow.
TEST(HeldBytes, CountAnswersOfAnySize) {
    TestArchive archive;
    keep_small(archive);
    const std::string series = "/dicom-web/studies/1.2.1/series/1.2.1.9";
    const std::string octets = "multipart/related; type=\"application/octet-stream\"";
    constexpr std::size_t kAllRoom = std::size_t{40} << 20;
    for (const auto& [path, accept] : {std::pair("/instances/1.2.1.9.1/frames/1", octets),
                                       {"/instances/1.2.1.9.1/frames/1,2", octets},
                                       {"/rendered", "multipart/related; type=\"image/jpeg\""}}) {
        std::size_t size = 0;
        {
            const http::Response response = archive.get(series + path, accept);
            ASSERT_EQ(response.status, 200) << path;
            EXPECT_FALSE(room_to_send_at_once(kAllRoom)) << path;
            size = TestArchive::body(response).size();
        }
        const auto all_room = room_to_send_at_once(kAllRoom);
        ASSERT_TRUE(all_room) << path;
        MemoryBudget::begin_task();
        const http::Response response = archive.get(series + path, accept);
        EXPECT_GT(dicom::decoding_memory().held(), std::size_t{300} << 10) << path;
        EXPECT_EQ(TestArchive::body(response).size(), size) << path;
    }
    for (const auto& [path, accept] : {std::pair("/instances/1.2.1.9.1/bulkdata/00420011", "*/*"),
                                       {"/bulkdata", octets.c_str()}}) {
        const http::Response value = archive.get(series + path, accept);
        EXPECT_EQ(dicom::decoding_memory().held(), 0U) << "it is sent from where it lies";
        EXPECT_GE(TestArchive::body(value).size(), std::size_t{3} << 20);
    }
    EXPECT_EQ(dicom::decoding_memory().held(), 0U);
    EXPECT_EQ(kept_files().held(), 0U);
}

TEST(RoomToSendAtOnce, IsForAFewLargeAnswers) {
    constexpr std::size_t kMammogram = std::size_t{17} << 20;
    auto first = room_to_send_at_once(kMammogram);
    const auto second = room_to_send_at_once(kMammogram);
    ASSERT_TRUE(first && second);
    EXPECT_FALSE(room_to_send_at_once(kMammogram));
    EXPECT_TRUE(room_to_send_at_once(std::size_t{1} << 20));
    first.reset();
    EXPECT_TRUE(room_to_send_at_once(kMammogram));
    EXPECT_FALSE(room_to_send_at_once(std::size_t{1} << 40));
}

}  // namespace
}  // namespace lucerna::retrieve
