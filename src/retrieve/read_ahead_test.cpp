#include "retrieve/read_ahead.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "retrieve/archive_for_test.h"

namespace lucerna::retrieve {
namespace {

/// Twenty turns, of which the fourth asks for what is not there.
class ReadingAhead : public testing::Test {
  protected:
    ReadingAhead() {
        for (std::size_t i = 0; i < 20; ++i) {
            const char* uid = i == 3 ? "1.2.9" : (i % 2 == 0 ? "1.2.1.1.1" : "1.2.2.1.1");
            objects.emplace_back(uid);
        }
    }
    void expect_turn(ReadAhead& reading, std::size_t index) {
        if (index == 3)
            EXPECT_THROW((void)reading.take(index), Error);
        else
            EXPECT_EQ(as_text(reading.take(index).bytes.view()),
                      as_text(archive.object(objects[index])))
                << index;
    }

    TestArchive served;
    store::Archive& archive = served.store.archive();
    std::vector<std::string> objects;
};

TEST_F(ReadingAhead, GivesEachInItsTurn) {
    ReadAhead reading(archive, objects_in(objects), Checked::kBeforeItIsSent);
    std::jthread other([&] { reading.read(); });
    for (std::size_t i = 0; i < objects.size(); ++i) expect_turn(reading, i);
}

TEST_F(ReadingAhead, NeedsNoOtherThread) {
    ReadAhead reading(archive, objects_in(objects), Checked::kBeforeItIsSent);
    for (std::size_t i = 0; i < objects.size(); ++i) expect_turn(reading, i);
    // One that comes late has nothing left to do.
    reading.read();
}

TEST_F(ReadingAhead, BeginsWithTheFirst) {
    ReadAhead reading(archive, objects_in(objects), Checked::kBeforeItIsSent);
    reading.read_first(one_after_another);
    for (std::size_t i = 0; i < objects.size(); ++i) expect_turn(reading, i);
    objects.erase(objects.begin(), objects.begin() + 3);
    ReadAhead missing(archive, objects_in(objects), Checked::kBeforeItIsSent);
    missing.read_first(one_after_another);
    EXPECT_THROW((void)missing.take(0), Error);
}

TEST_F(ReadingAhead, GivesSmallObjectsNoMemoryOfLargeOnes) {
    ReadAhead reading(archive, objects_in(objects), Checked::kBeforeItIsSent);
    for (std::size_t i = 0; i < 3; ++i) {
        reading.give_back({Buffer(std::size_t{20} << 20), nullptr});
        ReadAhead::File file = reading.take(i);
        EXPECT_LT(file.bytes.capacity(), std::size_t{1} << 20) << i;
        reading.give_back(std::move(file));
    }
}

TEST_F(ReadingAhead, GivesNothingThatWasErasedSinceItWasRead) {
    const std::vector<std::string> both = {"1.2.1.1.1", "1.2.2.1.1"};
    for (const std::uint64_t most_held : {ReadAhead::kMostHeld, std::uint64_t{100}}) {
        TestArchive other;
        store::Archive& kept = other.store.archive();
        ReadAhead reading(kept, objects_in(both), Checked::kBeforeItIsSent, most_held);
        reading.read_first(one_after_another);
        // All that follow as well.
        reading.read();
        (void)kept.erase_study("1.2.1");
        try {
            (void)reading.take(0);
            FAIL() << "was given";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kNotFound);
            EXPECT_STREQ(error.what(), "it was erased meanwhile");
        }
        EXPECT_GT(reading.take(1).bytes.size(), 0U) << "another study";
    }
}

TEST_F(ReadingAhead, GivesWhatCameInThePlaceOfWhatItHadRead) {
    ReadAhead reading(archive, objects_in({"1.2.2.1.1"}), Checked::kBeforeItIsSent);
    reading.read_first(one_after_another);
    dicom::DataSet other = dicom::DataSet::parse(archive.object("1.2.2.1.1"));
    (void)archive.erase_study("1.2.2");
    other.set_text(dicom::tags::kManufacturer, "Another");
    archive.keep(other.to_part10());
    EXPECT_EQ(as_text(reading.take(0).bytes.view()), as_text(archive.object("1.2.2.1.1")));
}

TEST_F(ReadingAhead, HoldsTheBeginningOfWhatIsLarge) {
    ReadAhead reading(archive, objects_in(objects), Checked::kBeforeItIsSent, 100);
    reading.read_first(one_after_another);
    std::jthread other([&] { reading.read(); });
    for (std::size_t i = 0; i < 3; ++i) {
        const ReadAhead::File file = reading.take(i);
        ASSERT_TRUE(file.opened) << i;
        const dicom::FileToSend sent = file.to_send();
        const Bytes whole = archive.object(objects[i]);
        ASSERT_EQ(sent.size, whole.size());
        EXPECT_TRUE(as_text(whole).starts_with(as_text(sent.begin)));
        Buffer memory;
        EXPECT_EQ(as_text(sent.whole(memory)), as_text(whole));
    }
    EXPECT_THROW((void)reading.take(3), Error);
    reading.end();
}

TEST_F(ReadingAhead, HoldsNothingLargeThatIsCheckedWhileItIsSent) {
    dicom::DataSet set = dicom::DataSet::parse(archive.object("1.2.1.1.1"));
    set.set_text(dicom::tags::kSopInstanceUid, "1.2.1.1.9");
    set.set_pixels({.rows = 1000, .columns = 1500, .bits_stored = 12}, Bytes(3'000'000, 7));
    archive.keep(set.to_part10());
    const std::string object = archive.instance("1.2.1.1.9")->object;
    Bytes sealed = served.store.sealed(object);
    sealed[sealed.size() - 20] ^= 1;
    served.store.replace(object, sealed);
    const std::vector<std::string> damaged = {"1.2.1.1.9", "1.2.1.1.1"};

    ReadAhead held(archive, objects_in(damaged), Checked::kBeforeItIsSent);
    EXPECT_THROW((void)held.take(0), Error);
    ReadAhead reading(archive, objects_in(damaged), Checked::kWhileItIsSent);
    const ReadAhead::File file = reading.take(0);
    EXPECT_LT(file.bytes.capacity(), std::size_t{1} << 20);
    const dicom::FileToSend sent = file.to_send();
    Bytes piece(1000);
    EXPECT_NO_THROW(sent.read(1'000'000, piece));
    EXPECT_THROW(sent.read(sent.size - piece.size(), piece), Error);
    EXPECT_FALSE(reading.take(1).opened) << "small";
}

TEST_F(ReadingAhead, EndsWhereNoMoreIsTaken) {
    ReadAhead reading(archive, objects_in(objects), Checked::kBeforeItIsSent);
    std::jthread other([&] { reading.read(); });
    for (std::size_t i = 0; i < 5; ++i) expect_turn(reading, i);
    reading.end();
    other.join();
}

}  // namespace
}  // namespace lucerna::retrieve
