#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "store/index_witness.h"
#include "store/page_cipher.h"
#include "store/schema.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::message_of;
using test::StoredInstance;
using testing::HasSubstr;

StoredInstance numbered(int number) {
    StoredInstance instance;
    instance.patient_id = "PATIENT" + std::to_string(number % 7);
    instance.patient_name = "Geheim^Gerda" + std::to_string(number % 7);
    instance.study = "1.2.3." + std::to_string(number % 7);
    instance.series = instance.study + ".1";
    instance.sop_instance = instance.series + "." + std::to_string(number);
    instance.pixels = 512;
    return instance;
}

void flip(const fs::path& path, std::uintmax_t at, unsigned bit) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(at));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte ^ static_cast<int>(1U << bit)));
}

bool holds(const fs::path& path, std::string_view word) {
    if (!fs::exists(path)) return false;
    const Bytes bytes = read_file(path);
    return as_text(bytes).find(word) != std::string_view::npos;
}

TEST(SealedIndex, ShowsNothingOnTheDisk) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    for (int number = 0; number < 20; ++number) store.archive().keep(numbered(number).file());
    for (const char* word : {"Geheim", "PATIENT", "1.2.3.", "CREATE TABLE", "SQLite format"}) {
        EXPECT_FALSE(holds(store.data() / "index.sqlite", word)) << word;
        EXPECT_FALSE(holds(store.data() / "index.sqlite-wal", word)) << word;
        EXPECT_FALSE(holds(store.data() / "index.sqlite-shm", word)) << word;
    }
    store.open();
    EXPECT_EQ(store.archive().totals().instances, 20U);
    EXPECT_TRUE(store.archive().verify().empty());
}

// A copy of the files as they stand is what a crash leaves: the rows are in the log.
TEST(SealedIndex, IsWholeAfterACrash) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    for (int number = 0; number < 40; ++number) store.archive().keep(numbered(number).file());
    ASSERT_GT(fs::file_size(store.data() / "index.sqlite-wal"), 100000U);
    const fs::path copy = store.folder.path() / "copy";
    fs::copy(store.data(), copy, fs::copy_options::recursive);
    Store again({copy, {}}, store.keys, store.clock);
    EXPECT_EQ(again.archive().totals().instances, 40U);
    EXPECT_TRUE(again.archive().verify().empty());
    EXPECT_EQ(again.archive().object(numbered(11).sop_instance), numbered(11).file());
}

/// What a crash leaves: index and log as they stand.
struct Crashed {
    Crashed() {
        for (int number = 0; number < 8; ++number) store.archive().keep(numbered(number).file());
        fs::copy(store.data(), copy, fs::copy_options::recursive);
        log = read_file(copy / "index.sqlite-wal");
    }
    /// With another log. The index as it was, for opening it takes in the log.
    std::string opening_with(ByteView other_log) {
        fs::remove_all(copy);
        fs::copy(store.data(), copy, fs::copy_options::recursive);
        std::ofstream(copy / "index.sqlite-wal", std::ios::binary) << as_text(other_log);
        std::uint64_t instances = 0;
        const std::string refusal = message_of([&] {
            Store again({copy, {}}, store.keys, store.clock);
            instances = again.archive().totals().instances;
        });
        return refusal.empty() ? std::to_string(instances) + " instances" : refusal;
    }

    TestStore store;
    fs::path copy = store.folder.path() / "copy";
    Bytes log;
};

TEST(SealedIndex, TellsAFlippedBitInTheLogFromACut) {
    LUCERNA_NEEDS_SQLITE();
    Crashed crashed;
    constexpr std::size_t kFrame = 24 + kPageBytes;
    const std::size_t frames = (crashed.log.size() - 32) / kFrame;
    ASSERT_GT(frames, 30U);
    EXPECT_EQ(crashed.opening_with(crashed.log), "8 instances");
    const auto opening_with_flipped = [&](std::size_t at) {
        Bytes altered = crashed.log;
        altered[at] ^= 1;
        return crashed.opening_with(altered);
    };
    for (const std::size_t at : {0U, 5U, 9U, 17U, 31U})
        EXPECT_THAT(opening_with_flipped(at), HasSubstr("the header of index.sqlite-wal")) << at;
    // Broken off at its very beginning: it holds nothing yet, and what stood before counts.
    Bytes begun(32 + kFrame, 0x5a);
    EXPECT_EQ(crashed.opening_with(begun), "0 instances");
    EXPECT_EQ(crashed.opening_with(ByteView(begun).first(32)), "0 instances");
    // Page number, size after commit, salt, checksum, page, tag.
    std::size_t within = 0;
    constexpr std::size_t kPlaces[] = {3, 7, 10, 20, 24, 2000, 24 + 4060, 24 + 4090};
    // The last transaction is of a few pages more than the half of what each keep writes.
    for (std::size_t frame = 0; frame + 20 < frames; frame += 3) {
        const std::size_t place = kPlaces[within++ % std::size(kPlaces)];
        EXPECT_THAT(opening_with_flipped(32 + frame * kFrame + place),
                    HasSubstr("frame " + std::to_string(frame + 1) + " of index.sqlite-wal"))
            << place;
    }
    // Cut anywhere: the transactions that are whole count.
    for (const std::size_t size : {crashed.log.size() - 1, crashed.log.size() - kFrame - 5,
                                   crashed.log.size() / 2, std::size_t{40}, std::size_t{20}})
        EXPECT_THAT(crashed.opening_with(ByteView(crashed.log).first(size)),
                    testing::EndsWith(" instances"));
}

// A power cut while the log is taken over: part of the page is of before, part of it new.
TEST(SealedIndex, TakesTheFirstPageFromTheLogWhereItIsHalfWritten) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    store.archive().keep(numbered(1).file());
    store.open();
    for (int number = 2; number < 40; ++number) store.archive().keep(numbered(number).file());
    const fs::path copy = store.folder.path() / "copy";
    fs::copy(store.data(), copy, fs::copy_options::recursive);
    const fs::path path = copy / "index.sqlite";
    std::fstream(path, std::ios::binary | std::ios::in | std::ios::out)
        << std::string(kPageBytes / 2, 'x');
    {
        Store again({copy, {}}, store.keys, store.clock);
        EXPECT_EQ(again.archive().totals().instances, 39U);
        EXPECT_TRUE(again.archive().verify().empty());
    }
    // Without the log there is nothing to take it from.
    ASSERT_FALSE(fs::exists(path.string() + "-wal") && fs::file_size(path.string() + "-wal") > 0);
    flip(path, 100, 3);
    EXPECT_THAT(message_of([&] {
                    Store again({copy, {}}, store.keys, store.clock);
                }),
                HasSubstr("page 1 is not what was stored"));
}

TEST(SealedIndex, TakesBackATransactionLargerThanAnyCache) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    store.archive().keep(numbered(1).file());
    store.close();
    OpenedIndex index(store);
    index.connection.execute("PRAGMA cache_size = 10; BEGIN IMMEDIATE; SAVEPOINT one");
    const std::string text(3000, 'x');
    for (int i = 0; i < 2000; ++i)
        index.connection.prepare("INSERT INTO findings (study_instance_uid, finding) VALUES (?, ?)")
            .bind(std::to_string(i))
            .bind(text)
            .run();
    index.connection.execute("ROLLBACK TO one; RELEASE one; COMMIT");
    EXPECT_EQ(index.connection.number("SELECT count(*) FROM findings"), 0);
    EXPECT_EQ(index.connection.number("SELECT count(*) FROM instances"), 1);
}

TEST(SealedIndex, NamesThePageInWhichABitWasFlipped) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    for (int number = 0; number < 20; ++number) store.archive().keep(numbered(number).file());
    store.close();
    const fs::path path = store.data() / "index.sqlite";
    const Bytes whole = read_file(path);
    for (std::uintmax_t page = 0; page < whole.size() / kPageBytes; ++page) {
        const std::uintmax_t at = page * kPageBytes + page * 131 % kPageBytes;
        flip(path, at, static_cast<unsigned>(page % 8));
        const std::string name = "page " + std::to_string(page + 1) + " ";
        const std::string opening = message_of([&] { store.open(); });
        std::vector<std::string> found;
        if (opening.empty())
            for (const Damage& damage : store.archive().verify()) found.push_back(damage.what);
        if (opening.empty())
            EXPECT_THAT(found, testing::Contains(HasSubstr(name + "of index.sqlite")));
        else
            EXPECT_THAT(opening, HasSubstr(name + "is not what was stored"));
        store.close();
        std::ofstream(path, std::ios::binary) << as_text(whole);
        for (const char* beside : {"-wal", "-shm"}) fs::remove(path.string() + beside);
    }
    store.open();
    EXPECT_TRUE(store.archive().verify().empty());
}

TEST(SealedIndex, SealsOneThatAnEarlierProgramLeft) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    for (int number = 0; number < 5; ++number) store.archive().keep(numbered(number).file());
    store.queue().enqueue({"deliver", "k", "payload", {}, "1.2.3.1"});
    store.close();
    const fs::path path = store.data() / "index.sqlite";
    {
        // As it was written before: the same tables, in SQLite's own file.
        OpenedIndex index(store);
        index.connection.reserve_bytes(0);
        const std::string plain = "file:" + path.string() + ".plain?vfs=unix";
        index.connection.execute(("VACUUM INTO '" + plain + "'").c_str());
    }
    fs::rename(path.string() + ".plain", path);
    fs::remove(store.data() / "keys" / std::string(32, '0'));
    ASSERT_TRUE(holds(path, "Geheim"));
    store.open();
    EXPECT_FALSE(holds(path, "Geheim"));
    EXPECT_TRUE(store.archive().verify().empty());
    EXPECT_EQ(store.archive().object(numbered(3).sop_instance), numbered(3).file());
    EXPECT_EQ(store.queue().list("deliver").size(), 1U);
    EXPECT_EQ(store.archive().keep(numbered(9).file()), Kept::kNew);
    store.open();
    EXPECT_TRUE(store.archive().verify().empty());
}

TEST(SealedIndex, SaysThatItsKeyIsGone) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    store.archive().keep(numbered(1).file());
    store.close();
    fs::remove(store.data() / "keys" / std::string(32, '0'));
    EXPECT_EQ(error_of([&] { store.open(); }), "not-found");
    EXPECT_THAT(message_of([&] { store.open(); }), HasSubstr("the key of the index"));
    fs::remove(store.data() / "index.sqlite");
    store.open();
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_EQ(store.archive().object(numbered(1).sop_instance), numbered(1).file());
}

/// Kept at two moments, and the index as it was at each, with nothing in its log.
struct TwoMoments {
    TwoMoments() {
        for (int number = 0; number < 30; ++number) store.archive().keep(numbered(number).file());
        store.close();
        early = read_file(index);
        store.open();
        for (int number = 30; number < 70; ++number) store.archive().keep(numbered(number).file());
        store.close();
        late = read_file(index);
        // That would say that it was put back.
        fs::remove(store.data() / "index.witness");
    }
    /// Of the late one, with the pages of the early one for which `is_early`, counted from 0.
    template <typename IsEarly>
    [[nodiscard]] Bytes mixed(const IsEarly& is_early) const {
        Bytes bytes = late;
        for (std::size_t page = 0; page < early.size() / kPageBytes; ++page)
            if (is_early(page))
                std::copy_n(early.begin() + static_cast<std::ptrdiff_t>(page * kPageBytes),
                            kPageBytes,
                            bytes.begin() + static_cast<std::ptrdiff_t>(page * kPageBytes));
        return bytes;
    }

    TestStore store;
    const fs::path index = store.data() / "index.sqlite";
    Bytes early, late;
};

// As a copy is that was made while a server was at work.
TEST(SealedIndex, IsRefusedAsACopyWithPagesOfDifferentMoments) {
    LUCERNA_NEEDS_SQLITE();
    TwoMoments two;
    const fs::path copy = two.store.folder.path() / "copy";
    two.store.open();
    fs::copy(two.store.data(), copy, fs::copy_options::recursive);
    two.store.close();
    const auto open = [&] { Store({copy, {}}, two.store.keys, two.store.clock); };
    fs::remove(copy / "index.sqlite-wal");
    const Bytes mixed = two.mixed([](std::size_t page) { return page % 2 == 1; });
    write_file(copy / "index.sqlite", mixed);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(error_of(open), "corrupt");
        EXPECT_THAT(message_of(open), HasSubstr("lucerna reindex"));
        EXPECT_EQ(read_file(copy / "index.sqlite"), mixed);
    }
    write_file(copy / "index.sqlite", two.late);
    EXPECT_EQ(error_of(open), "none") << "this one is whole";
    fs::remove(copy / "index.sqlite");
    Store again({copy, {}}, two.store.keys, two.store.clock);
    EXPECT_TRUE(again.archive().reindex().empty());
    EXPECT_EQ(again.archive().totals().instances, 70U);
}

TEST(SealedIndex, IsRefusedWhereOneOfDifferentMomentsIsPutBackBesideTheMarkOfAnother) {
    LUCERNA_NEEDS_SQLITE();
    for (const bool in_place : {false, true}) {
        TwoMoments two;
        const Bytes mixed = two.mixed([](std::size_t page) { return page % 2 == 1; });
        if (in_place) {
            // It is the file that was opened here; that it is behind tells it.
            std::ofstream(two.index, std::ios::binary) << as_text(mixed);
            IndexWitness(two.store.data()).note(100000, two.store.clock.now());
        } else {
            write_file(two.index.string() + ".new", mixed);
            fs::rename(two.index.string() + ".new", two.index);
        }
        EXPECT_EQ(error_of([&] { two.store.open(); }), "corrupt") << in_place;
    }
}

TEST(SealedIndex, IsLookedThroughBeforeItIsSealedAnew) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    for (int number = 0; number < 30; ++number) store.archive().keep(numbered(number).file());
    store.close();
    const Bytes early = read_file(store.data() / "index.sqlite");
    store.open();
    for (int number = 30; number < 70; ++number) store.archive().keep(numbered(number).file());
    store.close();
    store.open();
    for (int number = 70; number < 75; ++number) store.archive().keep(numbered(number).file());
    store.archive().rotate_keys("someone");
    const fs::path copy = store.folder.path() / "copy";
    fs::copy(store.data(), copy, fs::copy_options::recursive);
    store.close();
    fs::remove(copy / "index.witness");
    // Its log is a later one's.
    write_file(copy / "index.sqlite", early);
    const std::uintmax_t log = fs::file_size(copy / "index.sqlite-wal");
    ASSERT_GT(log, 0U);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(error_of([&] { Store({copy, {}}, store.keys, store.clock); }), "corrupt");
        EXPECT_EQ(fs::file_size(copy / "index.sqlite-wal"), log) << "nothing is lost of it";
    }
}

TEST(SealedIndex, IsLookedThroughWhereItWasWrittenOverUnderALeftLog) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    const fs::path index = store.data() / "index.sqlite", log = store.data() / "index.sqlite-wal";
    const auto write = [](const fs::path& file, const Bytes& bytes) {
        std::ofstream(file, std::ios::binary | std::ios::trunc) << as_text(bytes);
    };
    const auto keep = [&](int from, int to) {
        for (int number = from; number < to; ++number)
            store.archive().keep(numbered(number).file());
    };
    keep(0, 200);
    store.close();
    const Bytes early = read_file(index);
    store.open();
    keep(200, 500);
    store.close();
    store.open();
    keep(500, 530);
    const Bytes at_the_kill = read_file(index), left = read_file(log);
    store.close();
    write(index, at_the_kill);
    write(log, left);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // a file's times go by ticks
    write(index, early);
    EXPECT_EQ(error_of([&] { store.open(); }), "corrupt");
    write(index, at_the_kill);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    write(log, left);
    store.open();
    EXPECT_TRUE(store.archive().instance(numbered(529).sop_instance));
}

TEST(SealedIndex, ReindexRemovesNothingByOneWithAPageOfAnotherMoment) {
    LUCERNA_NEEDS_SQLITE();
    TwoMoments two;
    const auto objects = two.store.objects();
    std::size_t differing = 0;
    for (std::size_t page = 0; page < two.early.size() / kPageBytes; ++page) {
        const Bytes mixed = two.mixed([&](std::size_t one) { return one == page; });
        if (mixed == two.late) continue;
        ++differing;
        // The same file, as it was looked through before.
        std::fstream(two.index, std::ios::binary | std::ios::in | std::ios::out)
            .write(reinterpret_cast<const char*>(mixed.data()),
                   static_cast<std::streamsize>(mixed.size()));
        (void)error_of([&] {
            two.store.open();
            (void)two.store.archive().reindex();
        });
        two.store.close();
        ASSERT_EQ(two.store.objects(), objects) << "page " << page + 1;
        fs::resize_file(two.index, 0);
        std::fstream(two.index, std::ios::binary | std::ios::in | std::ios::out)
            .write(reinterpret_cast<const char*>(two.late.data()),
                   static_cast<std::streamsize>(two.late.size()));
    }
    EXPECT_GT(differing, 10U);
}

}  // namespace
}  // namespace lucerna::store
