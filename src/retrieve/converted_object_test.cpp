#include "retrieve/converted_object.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "dicom/convertible.h"
#include "dicom/decoding_memory.h"
#include "dicom/part10_head.h"
#include "retrieve/archive_for_test.h"
#include "retrieve/held_bytes.h"
#include "retrieve/read_ahead.h"
#include "retrieve/recoded_object.h"
#include "support/other_encodings.h"

namespace lucerna::retrieve {
namespace {

namespace ts = dicom::transfer_syntax;

class Converted : public testing::Test {
  protected:
    /// Of so many frames of 180,000 bytes.
    store::InstanceRow keep(const std::string& uid, int frames) {
        dicom::DataSet set = dicom::DataSet::parse(archive.object("1.2.1.1.1"));
        set.set_text(dicom::tags::kSopInstanceUid, uid);
        Bytes samples(static_cast<std::size_t>(frames) * 300 * 300 * 2);
        for (std::size_t i = 0; i < samples.size(); i += 2)
            samples[i] = static_cast<std::uint8_t>(i / 600 + i % 3);
        set.set_pixels({.rows = 300, .columns = 300, .bits_stored = 12, .frames = frames},
                       std::move(samples));
        archive.keep(set.to_part10());
        return *archive.instance(uid);
    }
    std::shared_ptr<ConvertedObject> converted(const store::InstanceRow& row,
                                               std::string_view syntax) {
        return ConvertedObject::of(archive, row, std::string(syntax), one_after_another);
    }
    static Bytes whole(ConvertedObject& object) {
        Bytes bytes(static_cast<std::size_t>(object.size()));
        object.read(0, bytes);
        return bytes;
    }
    Bytes expected(const store::InstanceRow& row, std::string_view syntax) {
        return dicom::DataSet::parse(archive.object(row.sop_instance_uid)).to_part10(syntax);
    }
    static std::size_t held() { return dicom::converting_memory().held(); }

    TestArchive served;
    store::Archive& archive = served.store.archive();
};

TEST_F(Converted, HoldsWhatItNeedsUntilItIsAskedToLetGo) {
    for (const int frames : {1, 3}) {
        const store::InstanceRow row = keep("1.2.1.1." + std::to_string(10 + frames), frames);
        for (const std::string_view syntax :
             {ts::kRleLossless, ts::kImplicitVrLittleEndian, ts::kDeflatedExplicitVrLittleEndian}) {
            auto object = converted(row, syntax);
            EXPECT_GT(held(), 0U);
            EXPECT_LE(held(), row.size + 400'000U);
            EXPECT_TRUE(whole(*object) == expected(row, syntax)) << frames << " " << syntax;
            EXPECT_TRUE(object->let_go());
            EXPECT_EQ(held(), 0U);
            EXPECT_TRUE(whole(*object) == expected(row, syntax)) << "made again";
            // Deflated, it is less than one step's.
            EXPECT_TRUE(held() > 0 || syntax == ts::kDeflatedExplicitVrLittleEndian);
            object.reset();
            EXPECT_EQ(held(), 0U);
        }
    }
}

TEST_F(Converted, IsLetGoForWhoeverWaits) {
    const store::InstanceRow row = keep("1.2.1.1.20", 3);
    const auto object = converted(row, ts::kRleLossless);
    MemoryBudget& memory = dicom::converting_memory();
    // Of another thread, as another request would be.
    std::size_t taken = 0;
    std::thread([&] {
        const auto all = memory.take(memory.limit(), "all");
        taken = memory.held();
    }).join();
    EXPECT_EQ(taken, memory.limit()) << "nothing else was held";
    EXPECT_TRUE(whole(*object) == expected(row, ts::kRleLossless));
}

TEST_F(Converted, IsNothingForAnObjectWithoutPixels) {
    EXPECT_EQ(converted(*archive.instance("1.2.1.2.1"), ts::kImplicitVrLittleEndian), nullptr);
}

TEST_F(Converted, IsSentByWhoReadsAhead) {
    const store::InstanceRow row = keep("1.2.1.1.30", 3);
    const std::vector<std::string> objects{row.sop_instance_uid};
    // What is on its way to others leaves no room, or some.
    for (const std::size_t others : {std::size_t{40} << 20, std::size_t{1}}) {
        const auto room = room_to_send_at_once(others);
        ASSERT_TRUE(room);
        ReadAhead reading(archive, objects_in(objects), Checked::kBeforeItIsSent);
        const ReadAhead::File file = reading.take(0);
        EXPECT_EQ(file.opened != nullptr, others > 1) << "read while it is sent";
        const dicom::FileToSend sent = file.to_send();
        Buffer memory;
        EXPECT_EQ(as_text(sent.whole(memory)), as_text(archive.object(row.sop_instance_uid)));
        const auto other = sent.in_syntax(std::string(ts::kRleLossless));
        ASSERT_TRUE(other);
        Bytes bytes(static_cast<std::size_t>(other->size));
        other->read(0, bytes);
        EXPECT_TRUE(bytes == expected(row, ts::kRleLossless));
    }
}

TEST_F(Converted, LeavesOutZerosBehindTheLastElement) {
    dicom::DataSet set = dicom::DataSet::parse(archive.object("1.2.1.1.1"));
    for (const std::string_view own : {ts::kImplicitVrLittleEndian, ts::kExplicitVrLittleEndian,
                                       ts::kDeflatedExplicitVrLittleEndian}) {
        const std::string uid = "1.2.1.1.8" + std::to_string(own.size());
        set.set_text(dicom::tags::kSopInstanceUid, uid);
        const bool is_deflated = own == ts::kDeflatedExplicitVrLittleEndian;
        Bytes padded =
            set.to_part10(is_deflated ? std::string_view(ts::kExplicitVrLittleEndian) : own);
        padded.resize(padded.size() + 100);
        archive.keep(is_deflated ? test::in_deflate(padded) : padded);
        const store::InstanceRow row = *archive.instance(uid);
        EXPECT_TRUE(whole(*converted(row, ts::kRleLossless)) == expected(row, ts::kRleLossless));
        for (const std::string_view syntax :
             {ts::kImplicitVrLittleEndian, ts::kExplicitVrLittleEndian}) {
            if (syntax == own) continue;
            const auto pieces = recoded_object(archive, row, std::string(syntax));
            ASSERT_TRUE(pieces);
            EXPECT_TRUE(pieces->read(0, pieces->size) == expected(row, syntax))
                << own << " as " << syntax;
        }
    }
}

// An object without pixels that is held as a whole, of which others may be sent at the same time.
TEST_F(Converted, OfWhatHasNoPixelsLeavesRoomForOthers) {
    dicom::DataSet set = dicom::DataSet::parse(archive.object("1.2.1.2.1"));
    ASSERT_FALSE(set.has(dicom::tags::kPixelData));
    set.set_text(dicom::tags::kSopInstanceUid, "1.2.1.2.70");
    // Uncompressed in name, too, it would be sent from where it lies.
    std::minstd_rand random(1);
    std::string text(4 << 20, ' ');
    for (char& letter : text) letter = static_cast<char>('!' + random() % 90);
    set.set_text(dicom::tags::kTextValue, text);
    const Bytes plain = set.to_part10(ts::kExplicitVrLittleEndian);
    const dicom::Part10Parts parts = dicom::split_part10(plain);
    dicom::ObjectHead head = parts.head;
    head.transfer_syntax_uid = ts::kRleLossless;
    Bytes in_name = dicom::part10_head(head, "");
    in_name.insert(in_name.end(),
                   plain.begin() + static_cast<std::ptrdiff_t>(parts.data_set_offset), plain.end());
    archive.keep(in_name);
    const store::InstanceRow row = *archive.instance("1.2.1.2.70");
    const std::vector<std::string> objects{row.sop_instance_uid};
    ReadAhead reading(archive, objects_in(objects), Checked::kWhileItIsSent);
    const ReadAhead::File file = reading.take(0);
    ASSERT_TRUE(file.opened) << "read while it is sent";
    MemoryBudget& memory = dicom::converting_memory();
    const std::string syntax(ts::kImplicitVrLittleEndian);
    {
        const dicom::ConvertedToSend converted(file.to_send(), syntax);
        Buffer bytes;
        EXPECT_EQ(as_text(converted.file().whole(bytes)), as_text(expected(row, syntax)));
        const dicom::ConvertedToSend waits(file.to_send(), syntax);
        EXPECT_GE(memory.held(), std::size_t{3} << 20) << "while the receiver takes it";
        std::thread([&] { (void)memory.take(memory.limit(), "all"); }).join();
        EXPECT_EQ(memory.held(), 0U) << "it is made again";
        EXPECT_EQ(as_text(waits.file().whole(bytes)), as_text(expected(row, syntax)));
    }
    EXPECT_EQ(memory.held(), 0U);
}

TEST_F(Converted, GivesBackTheRoomOfWhatWasSent) {
    std::vector<std::string> objects;
    for (int i = 40; i < 44; ++i)
        objects.push_back(keep("1.2.1.1." + std::to_string(i), 3).sop_instance_uid);
    {
        ReadAhead reading(archive, objects_in(objects), Checked::kBeforeItIsSent);
        for (std::size_t i = 0; i < objects.size(); ++i) {
            ReadAhead::File file = reading.take(i);
            EXPECT_FALSE(file.opened) << i;
            reading.give_back(std::move(file));
        }
        EXPECT_EQ(room_to_send_at_once(std::size_t{40} << 20), nullptr)
            << "the last one's memory is kept for the next";
    }
    EXPECT_NE(room_to_send_at_once(std::size_t{40} << 20), nullptr);
}

}  // namespace
}  // namespace lucerna::retrieve
