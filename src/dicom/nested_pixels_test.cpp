#include "dicom/nested_pixels.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/converted_file.h"
#include "dicom/encoders.h"
#include "dicom/file_header.h"
#include "dicom/frames.h"
#include "dicom/json.h"
#include "dicom/node.h"
#include "dicom/recoded_file.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

namespace ts = transfer_syntax;

constexpr int kSide = 24;

Bytes samples_of(int side, int bits) {
    Bytes samples;
    for (int i = 0; i < side * side; ++i) {
        const int value = (i * 7) & ((1 << bits) - 1);
        samples.push_back(static_cast<std::uint8_t>(value));
        if (bits > 8) samples.push_back(static_cast<std::uint8_t>(value >> 8));
    }
    return samples;
}

DataSet picture(int side, int bits, std::string_view syntax) {
    PixelLayout layout{.rows = side, .columns = side};
    layout.bits_allocated = bits > 8 ? 16 : 8;
    layout.bits_stored = bits;
    DataSet set;
    set.set_pixels(layout, samples_of(side, bits));
    return syntax == ts::kExplicitVrLittleEndian ? std::move(set)
                                                 : encoded(set, *find_encoder(syntax));
}

/// An image of 12 bits in that syntax, whose icon of 8 bits is in it, too.
DataSet with_icon(std::string_view syntax) {
    DataSet set = picture(40, 12, syntax);
    set.set_text(tags::kSopClassUid, sop_class::kSecondaryCapture);
    set.set_text(tags::kSopInstanceUid, "1.2.3");
    DataSet& icon = set.add_item(tags::kIconImageSequence);
    icon = picture(kSide, 8, syntax);
    return set;
}

DataSet& icon_of(DataSet& set) {
    return std::get<std::unique_ptr<Items>>(set.node().writable(tags::kIconImageSequence).content)
        ->front();
}

/// The other ways to another syntax: whole, and piece by piece.
std::vector<DataSet> converted(const Bytes& file, std::string_view target) {
    ConvertedFile pieces([&] { return FramedObject(Bytes(file)); }, target);
    Bytes read(static_cast<std::size_t>(pieces.size()));
    pieces.read(0, read);
    std::vector<DataSet> both;
    both.push_back(DataSet::parse(read));
    both.push_back(DataSet::parse(DataSet::parse(file).to_part10(target)));
    return both;
}

TEST(NestedPixels, AreDecodedWhereTheObjectGoesInAnotherSyntax) {
    for (const std::string_view own :
         {ts::kJpeg2000Lossless, ts::kRleLossless, ts::kJpegLsLossless, ts::kJpegLosslessSv1})
        for (const std::string_view target :
             {ts::kExplicitVrLittleEndian, ts::kImplicitVrLittleEndian,
              ts::kDeflatedExplicitVrLittleEndian, ts::kHtj2kLossless, ts::kRleLossless}) {
            if (own == target) continue;
            const Bytes file = with_icon(own).to_part10();
            for (const DataSet& set : converted(file, target)) {
                ASSERT_EQ(set.items(tags::kIconImageSequence).size(), 1U) << own << target;
                const DataSet& icon = set.items(tags::kIconImageSequence).front();
                EXPECT_EQ(icon.node().find(tags::kPixelData)->fragments(), nullptr);
                EXPECT_EQ(icon.bytes(tags::kPixelData).size(), std::size_t{kSide} * kSide);
                const ByteView given = icon.bytes(tags::kPixelData);
                EXPECT_TRUE(Bytes(given.begin(), given.end()) == samples_of(kSide, 8));
                EXPECT_EQ(icon.integer(tags::kBitsAllocated), 8);
                EXPECT_FALSE(icon.has(tags::kLossyImageCompression));
                EXPECT_TRUE(decode_frame(set, 0).samples == samples_of(40, 12)) << target;
            }
        }
}

TEST(NestedPixels, StayAsTheyAreInTheSyntaxOfTheObject) {
    const DataSet set = with_icon(ts::kRleLossless);
    EXPECT_FALSE(with_native_items(set, ts::kRleLossless));
    const DataSet again = DataSet::parse(set.to_part10());
    EXPECT_NE(
        again.items(tags::kIconImageSequence).front().node().find(tags::kPixelData)->fragments(),
        nullptr);
}

TEST(NestedPixels, ThatAreNativeStaySo) {
    DataSet set = with_icon(ts::kRleLossless);
    icon_of(set) = picture(kSide, 8, ts::kExplicitVrLittleEndian);
    EXPECT_FALSE(with_native_items(set, ts::kExplicitVrLittleEndian));
    for (const DataSet& given : converted(set.to_part10(), ts::kHtj2kLossless))
        EXPECT_EQ(given.items(tags::kIconImageSequence).front().bytes(tags::kPixelData).size(),
                  std::size_t{kSide} * kSide);
}

/// What comes of an object whose icon is spoiled so.
template <typename Spoil>
void expect_left_out(const Spoil& spoil) {
    DataSet set = with_icon(ts::kRleLossless);
    spoil(icon_of(set));
    for (const std::string_view target : {ts::kImplicitVrLittleEndian, ts::kJpegLsLossless})
        for (const DataSet& given : converted(set.to_part10(), target)) {
            EXPECT_FALSE(given.has(tags::kIconImageSequence)) << target;
            EXPECT_TRUE(decode_frame(given, 0).samples == samples_of(40, 12)) << target;
        }
}

TEST(NestedPixels, ThatCannotBeDecodedAreLeftOut) {
    expect_left_out([](DataSet& icon) { icon.set_integer(tags::kRows, 0xFFFF); });
    expect_left_out([](DataSet& icon) {
        icon.set_integer(tags::kRows, 0xFFFF);
        icon.set_integer(tags::kColumns, 0xFFFF);
    });
    expect_left_out([](DataSet& icon) { icon.set_integer(tags::kNumberOfFrames, 1'000'000'000); });
    expect_left_out([](DataSet& icon) { icon.remove(tags::kColumns); });
    expect_left_out([](DataSet& icon) { icon.set_integer(tags::kBitsAllocated, 7); });
    expect_left_out([](DataSet& icon) {
        const std::vector<ByteView> none{ByteView()};
        (void)icon.node().put(tags::kPixelData, vr::kOb, fragments_of(none));
    });
    expect_left_out([](DataSet& icon) {
        const Bytes noise(400, 0x5A);
        const std::vector<ByteView> one{noise};
        (void)icon.node().put(tags::kPixelData, vr::kOb, fragments_of(one));
    });
}

TEST(NestedPixels, LeaveOutTheirOwnSequenceAlone) {
    DataSet set = with_icon(ts::kRleLossless);
    DataSet& reference = set.add_item(tags::kReferencedImageSequence);
    reference.set_text(tags::kReferencedSopInstanceUid, "1.2.4");
    DataSet& icon = reference.add_item(tags::kIconImageSequence);
    icon = picture(kSide, 8, ts::kRleLossless);
    icon.set_integer(tags::kRows, 1000);
    for (const DataSet& given : converted(set.to_part10(), ts::kExplicitVrLittleEndian)) {
        EXPECT_EQ(given.items(tags::kIconImageSequence).size(), 1U);
        ASSERT_EQ(given.items(tags::kReferencedImageSequence).size(), 1U);
        const DataSet& item = given.items(tags::kReferencedImageSequence).front();
        EXPECT_EQ(item.text(tags::kReferencedSopInstanceUid), "1.2.4");
        EXPECT_FALSE(item.has(tags::kIconImageSequence));
    }
}

TEST(NestedPixels, AreDecodedUpToABoundForAllOfAnObject) {
    DataSet set = with_icon(ts::kRleLossless);
    set.remove(tags::kIconImageSequence);
    // Large and small ones, of which each has its own sequence.
    for (int i = 0; i < 6; ++i)
        set.add_item(tags::kReferencedImageSequence).add_item(tags::kIconImageSequence) =
            picture(1000, 8, ts::kRleLossless);
    const auto native = with_native_items(set, ts::kExplicitVrLittleEndian);
    ASSERT_TRUE(native);
    int kept = 0;
    for (const DataSet& item : native->items(tags::kReferencedImageSequence))
        kept += item.has(tags::kIconImageSequence) ? 1 : 0;
    EXPECT_EQ(kept, 4);
}

/// Against PS3.5 A.4: no syntax says how they are compressed.
TEST(NestedPixels, WithinAnUncompressedObjectAreLeftOutInAnotherSyntax) {
    DataSet set = with_icon(ts::kRleLossless);
    DataSet native = picture(40, 12, ts::kExplicitVrLittleEndian);
    native.set_text(tags::kSopClassUid, sop_class::kSecondaryCapture);
    native.set_text(tags::kSopInstanceUid, "1.2.3");
    native.add_item(tags::kIconImageSequence) = icon_of(set).clone();
    const Bytes file = native.to_part10();
    EXPECT_TRUE(DataSet::parse(file).has(tags::kIconImageSequence)) << "as it came";
    for (const DataSet& given : converted(file, ts::kImplicitVrLittleEndian))
        EXPECT_FALSE(given.has(tags::kIconImageSequence));
    const FileHeader::Read read = [&](std::uint64_t at, std::span<std::uint8_t> into) {
        std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(at), into.size(), into.begin());
    };
    const RecodedFile recoded(FileHeader::of(read, file.size()), ts::kImplicitVrLittleEndian);
    Bytes given(static_cast<std::size_t>(recoded.size()));
    recoded.read(0, given, read);
    EXPECT_TRUE(given == DataSet::parse(file).to_part10(ts::kImplicitVrLittleEndian));
}

TEST(NestedPixels, AreGivenByThemselves) {
    const DataSet set = with_icon(ts::kRleLossless);
    const std::string path = "00880200/1/7FE00010";
    const DataSet* const item = item_with_fragments(set, path);
    ASSERT_EQ(item, &set.items(tags::kIconImageSequence).front());
    EXPECT_EQ(item_with_fragments(set, "7FE00010"), nullptr) << "the object's own";
    EXPECT_EQ(item_with_fragments(set, "00880200/2/7FE00010"), nullptr);
    EXPECT_EQ(item_with_fragments(set, "00880200/1/00280010"), nullptr);
    EXPECT_FALSE(bulk_data_at(set, path));
    EXPECT_TRUE(decoded_pixels_of_item(*item, ts::kRleLossless) == samples_of(kSide, 8));
    const ByteView piece = item->node().find(tags::kPixelData)->fragments()->pieces.front();
    EXPECT_TRUE(codestream_of_item(*item, ts::kRleLossless) == Bytes(piece.begin(), piece.end()));
    EXPECT_THROW((void)decoded_pixels_of_item(*item, ts::kJpegLsLossless), Error);
}

TEST(NestedPixels, ThatAreLargeAreNotGivenByThemselves) {
    DataSet set = with_icon(ts::kRleLossless);
    icon_of(set).set_integer(tags::kRows, 0xFFFF);
    icon_of(set).set_integer(tags::kColumns, 0xFFFF);
    const DataSet& item = set.items(tags::kIconImageSequence).front();
    EXPECT_THROW((void)decoded_pixels_of_item(item, ts::kRleLossless), Error);
    EXPECT_THROW((void)codestream_of_item(item, ts::kRleLossless), Error);
}

}  // namespace
}  // namespace lucerna::dicom
