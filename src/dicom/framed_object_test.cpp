#include "dicom/framed_object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "base/error.h"
#include "dicom/decoding_memory.h"
#include "dicom/frames.h"
#include "dicom/node.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

/// Frame f is full of f + 1, but for its last sample.
DataSet image(int frames, int bits_allocated, int side = 256) {
    PixelLayout layout;
    layout.rows = layout.columns = side;
    layout.bits_allocated = bits_allocated;
    layout.bits_stored = bits_allocated;
    layout.frames = frames;
    const auto frame_bytes = static_cast<std::size_t>(side * side * bits_allocated / 8);
    Bytes samples;
    for (int frame = 0; frame < frames; ++frame) {
        samples.insert(samples.end(), frame_bytes, static_cast<std::uint8_t>(frame + 1));
        samples.back() = 77;
    }
    DataSet set;
    set.set_text(tags::kSopClassUid, "1.2.840.10008.5.1.4.1.1.7");
    set.set_text(tags::kSopInstanceUid, "1.2.3");
    set.set_pixels(layout, std::move(samples));
    return set;
}

TEST(FramedObject, GivesTheFramesOfADeflatedObjectInAnyOrder) {
    const DataSet set = image(20, 16);
    FramedObject framed(set.to_part10(transfer_syntax::kDeflatedExplicitVrLittleEndian));
    EXPECT_EQ(frame_count(framed.header()), 20);
    for (const int frame : {0, 1, 5, 19, 2, 2, 0}) {
        EXPECT_EQ(stored_frame(framed.with_frame(frame), frame), stored_frame(set, frame)) << frame;
        EXPECT_EQ(decode_frame(framed.with_frame(frame), frame).samples,
                  decode_frame(set, frame).samples);
    }
    EXPECT_EQ(framed.header().text_or(tags::kSopInstanceUid, ""), "1.2.3");
}

TEST(FramedObject, CountsTheFrameOfADeflatedObjectThatItHolds) {
    const DataSet set = image(20, 16);
    FramedObject framed(set.to_part10(transfer_syntax::kDeflatedExplicitVrLittleEndian));
    const std::size_t before = frame_memory().held();
    (void)framed.with_frame(3);
    EXPECT_EQ(frame_memory().held(), before + 256 * 256 * 2);
    framed.forget_frame();
    EXPECT_EQ(frame_memory().held(), before);
    EXPECT_EQ(frame_count(framed.header()), 20);
    EXPECT_EQ(stored_frame(framed.with_frame(4), 4), stored_frame(set, 4));
    EXPECT_EQ(frame_memory().held(), before + 256 * 256 * 2);
}

TEST(FramedObject, LeavesFramesThatAreNotThereToWhoLooksForThem) {
    FramedObject framed(image(2, 8).to_part10(transfer_syntax::kDeflatedExplicitVrLittleEndian));
    EXPECT_THROW((void)stored_frame(framed.with_frame(2), 2), Error);
    EXPECT_THROW((void)stored_frame(framed.with_frame(-1), -1), Error);
    DataSet lying = image(1, 8);
    lying.set_integer(tags::kNumberOfFrames, 999'999);
    FramedObject other(lying.to_part10(transfer_syntax::kDeflatedExplicitVrLittleEndian));
    EXPECT_THROW((void)decode_frame(other.with_frame(999'998), 999'998), Error);
    EXPECT_THROW((void)decode_frame(other.with_frame(0), 0), Error);
}

TEST(FramedObject, GivesThoseOfAnyOtherObjectAsTheyAre) {
    const DataSet set = image(3, 8);
    FramedObject framed(set.to_part10());
    EXPECT_EQ(stored_frame(framed.with_frame(2), 2), stored_frame(set, 2));
}

TEST(FramedObject, ReadsOfAnObjectThatLiesElsewhereTheFrameThatIsAskedFor) {
    const DataSet set = image(20, 16);
    const Bytes file = set.to_part10(transfer_syntax::kExplicitVrLittleEndian);
    const std::size_t head = DataSet::header_in(file).pixel_data_offset();
    const ByteView pixels = ByteView(file).subspan(head + 12);
    std::size_t read = 0;
    bool can_be_read = true;
    FramedObject framed({file.begin(), file.begin() + static_cast<std::ptrdiff_t>(head)},
                        pixels.size(), [&](std::size_t at, std::span<std::uint8_t> into) {
                            if (!can_be_read) throw Error(ErrorCode::kCorrupt, "it is torn");
                            std::copy_n(pixels.data() + at, into.size(), into.data());
                            read += into.size();
                        });
    EXPECT_EQ(frame_count(framed.header()), 20);
    EXPECT_EQ(read, 0U);
    for (const int frame : {19, 2, 2, 0})
        EXPECT_EQ(stored_frame(framed.with_frame(frame), frame), stored_frame(set, frame)) << frame;
    EXPECT_EQ(read, 3U * 256 * 256 * 2);
    EXPECT_THROW((void)stored_frame(framed.with_frame(20), 20), Error);
    decoding_memory().set_limit(1000);
    EXPECT_THROW((void)framed.with_frame(5), Error);
    decoding_memory().set_limit(MemoryBudget::kNoLimit);
    EXPECT_EQ(stored_frame(framed.with_frame(5), 5), stored_frame(set, 5));
    EXPECT_EQ(frame_memory().held(), 256U * 256 * 2);
    can_be_read = false;
    EXPECT_THROW((void)framed.with_frame(6), Error);
    EXPECT_EQ(frame_memory().held(), 0U);
}

/// Where the fragments of an object lie in what they are put into, one behind the other.
FragmentPlaces places_of(const DataSet& encapsulated, Bytes& pixels) {
    const Fragments& fragments = *encapsulated.node().find(tags::kPixelData)->fragments();
    FragmentPlaces places;
    places.basic_offset_table = {fragments.basic_offset_table.begin(),
                                 fragments.basic_offset_table.end()};
    for (const ByteView piece : fragments.pieces) {
        pixels.resize(pixels.size() + 8);
        places.fragments.push_back({pixels.size(), pixels.size() + piece.size()});
        pixels.insert(pixels.end(), piece.begin(), piece.end());
    }
    return places;
}

TEST(FramedObject, ReadsFragmentsThatLieElsewhere) {
    const DataSet set = DataSet::parse(image(12, 16).to_part10(transfer_syntax::kRleLossless));
    Bytes pixels;
    const FragmentPlaces places = places_of(set, pixels);
    ASSERT_EQ(places.fragments.size(), 12U);
    DataSet around = set.clone();
    around.remove(tags::kPixelData);
    // It is of the syntax that its frames are of, whatever else is in it.
    around.node().transfer_syntax_uid = transfer_syntax::kRleLossless;
    std::size_t read = 0;
    const auto reads = [&](std::size_t at, std::span<std::uint8_t> into) {
        read += into.size();
        std::copy_n(pixels.begin() + static_cast<std::ptrdiff_t>(at), into.size(), into.begin());
    };
    FramedObject framed(around.to_part10(), places, reads);
    EXPECT_EQ(frame_count(framed.header()), 12);
    EXPECT_EQ(read, 0U);
    for (const int frame : {3, 4, 11, 0}) {
        EXPECT_EQ(stored_frame(framed.with_frame(frame), frame), stored_frame(set, frame)) << frame;
        EXPECT_EQ(decode_frame(framed.with_frame(frame), frame).samples,
                  decode_frame(set, frame).samples);
    }
    EXPECT_LT(read, pixels.size() / 2);
    EXPECT_THROW((void)stored_frame(framed.with_frame(12), 12), Error);
}

TEST(FramedObject, SaysWhetherFramesCanBeToldByWhereTheirFragmentsLie) {
    DataSet header;
    FragmentPlaces places;
    places.fragments = {{8, 20}, {28, 40}, {48, 60}};
    const auto can_tell = [&](int frames) {
        header.set_integer(tags::kNumberOfFrames, frames);
        return FramedObject::can_tell_frames(header, places);
    };
    EXPECT_TRUE(can_tell(1) && can_tell(3));
    EXPECT_FALSE(can_tell(2) || can_tell(4) || can_tell(0));
    places.basic_offset_table = Bytes(8);
    EXPECT_TRUE(can_tell(2));
    places.basic_offset_table = Bytes(12);
    EXPECT_FALSE(can_tell(2));
    places.basic_offset_table.clear();
    header.set_bytes(tags::kExtendedOffsetTable, "OV", Bytes(16));
    EXPECT_TRUE(can_tell(2));
}

TEST(FramedObject, ReadsADeflatedObjectWithoutPixels) {
    DataSet set;
    set.set_text(tags::kSopClassUid, "1.2.840.10008.5.1.4.1.1.88.11");
    set.set_text(tags::kSopInstanceUid, "1.2.3");
    FramedObject framed(set.to_part10(transfer_syntax::kDeflatedExplicitVrLittleEndian));
    EXPECT_EQ(frame_count(framed.header()), 0);
    EXPECT_EQ(framed.with_frame(0).text_or(tags::kSopInstanceUid, ""), "1.2.3");
}

/// What stands around large values, when these are forgotten.
TEST(HeaderIn, ReadsWhatLiesAroundTheLargeValuesOfADeflatedObject) {
    DataSet set = image(300, 16);
    set.set_bytes({0x0009, 0x0010}, "LO", {'M', 'I', 'N', 'E'});
    set.set_bytes({0x0009, 0x1001}, "OB", Bytes(5'000'000, 3));
    set.set_bytes({0x7FE1, 0x0010}, "LO", {'M', 'I', 'N', 'E'});
    set.set_bytes({0x7FE1, 0x1001}, "UN", Bytes(5'000'000, 3));
    set.set_bytes({0x7FE1, 0x1002}, "LO", {'L', 'A', 'S', 'T'});
    const Bytes file = set.to_part10(transfer_syntax::kDeflatedExplicitVrLittleEndian);
    const DataSet header = DataSet::header_in(file);
    EXPECT_EQ(header.text_or(tags::kSopInstanceUid, ""), "1.2.3");
    EXPECT_EQ(header.text_or({0x7FE1, 0x1002}, ""), "LAST");
    EXPECT_EQ(header.bytes({0x0009, 0x1001}).size(), 5'000'000U);
    EXPECT_EQ(header.integer(tags::kRows), 256);
    EXPECT_TRUE(header.has(tags::kPixelData));
    EXPECT_EQ(frame_count(header), 300);
    // With a copy nothing but pixels is left out.
    const DataSet copy = DataSet::parse(file, {}, PixelData::kSkip);
    EXPECT_EQ(copy.bytes({0x0009, 0x1001}).back(), 3);
    EXPECT_EQ(copy.bytes({0x7FE1, 0x1001}).front(), 3);
}

TEST(HeaderIn, LooksIntoTheFileItself) {
    DataSet set = image(2, 16);
    set.set_bytes({0x7FE1, 0x0010}, "LO", {'M', 'I', 'N', 'E'});
    for (const std::string_view syntax :
         {transfer_syntax::kExplicitVrLittleEndian, transfer_syntax::kImplicitVrLittleEndian}) {
        const Bytes file = set.to_part10(syntax);
        const DataSet header = DataSet::header_in(file);
        EXPECT_EQ(header.text_or(tags::kSopInstanceUid, ""), "1.2.3");
        EXPECT_EQ(header.text_or({0x7FE1, 0x0010}, ""), "MINE");
        EXPECT_EQ(frame_count(header), 2);
        EXPECT_EQ(header.pixel_data_offset(), DataSet::parse(file).pixel_data_offset());
        const ByteView uid = header.bytes(tags::kSopInstanceUid);
        EXPECT_TRUE(uid.data() > file.data() && uid.data() < file.data() + file.size());
        EXPECT_THROW((void)decode_frame(header, 0), Error);
    }
}

}  // namespace
}  // namespace lucerna::dicom
