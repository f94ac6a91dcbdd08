#include "dicom/recoded_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "base/error.h"
#include "dicom/converted_file.h"
#include "dicom/finished.h"
#include "dicom/json.h"
#include "dicom/node.h"
#include "dicom/uids.h"
#include "support/other_encodings.h"

namespace lucerna::dicom {
namespace {

namespace ts = transfer_syntax;

constexpr Tag kCreator{0x0043, 0x0010};
constexpr Tag kPrivateSequence{0x0043, 0x1001};
constexpr Tag kPrivateBytes{0x0043, 0x1002};
constexpr Tag kOdd{0x0043, 0x1003};
constexpr Tag kBehind{0x7FE1, 0x1001};
constexpr std::size_t kLarge = FileHeader::kLargeValue;

Bytes noise(std::size_t size) {
    std::minstd_rand random(static_cast<std::uint32_t>(size));
    Bytes bytes(size);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 8);
    return bytes;
}

/// With values that are large: one of its own, one in an item, pixels, and one behind them.
DataSet object() {
    DataSet set;
    set.set_text(tags::kSopClassUid, sop_class::kSecondaryCapture);
    set.set_text(tags::kSopInstanceUid, "1.2.3");
    set.set_text(tags::kPatientId, "P1");
    set.set_text(tags::kStudyDescription, std::string(9'001, 'x'));
    set.set_bytes(kCreator, "LO", Bytes{'L', 'U', 'C', 'E', 'R', 'N', 'A', ' '});
    DataSet& item = set.add_item(tags::kReferencedImageSequence);
    item.set_text(tags::kReferencedSopInstanceUid, "1.2.4");
    item.set_bytes(kCreator, "LO", Bytes{'X', ' '});
    item.set_bytes(kPrivateBytes, "OB", noise(kLarge + 6));
    set.set_bytes(kPrivateBytes, "OB", noise(2 * kLarge));
    set.set_bytes(kOdd, "UN", noise(5'000));
    set.set_pixels({.rows = 1100, .columns = 1000, .bits_allocated = 8, .bits_stored = 8},
                   noise(1'100'000));
    set.set_bytes(kBehind, "OB", noise(kLarge + 4));
    return set;
}

/// A file, and how much of it was read.
struct Source {
    Bytes file;
    std::size_t read = 0;

    FileHeader::Read reader() {
        return [this](std::uint64_t at, std::span<std::uint8_t> into) {
            read += into.size();
            std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(at), into.size(), into.begin());
        };
    }
    FileHeader header(Texts texts = Texts::kAsTheyCame) {
        return FileHeader::of(reader(), file.size(), ValueScan::Items::kHeld, texts);
    }
};

TEST(FileHeader, ReadsAllButLargeValues) {
    for (const std::string_view syntax :
         {ts::kExplicitVrLittleEndian, ts::kImplicitVrLittleEndian}) {
        Source source{object().to_part10(syntax)};
        const FileHeader header = source.header(Texts::kUtf8);
        EXPECT_LT(source.read, std::size_t{2} << 20) << "of " << source.file.size();
        const DataSet whole = DataSet::parse(source.file);
        EXPECT_EQ(header.data_set().text(tags::kPatientId), "P1");
        EXPECT_EQ(to_dicom_json(header.data_set(), {.bulk_data_uri = "u"}),
                  to_dicom_json(whole, {.bulk_data_uri = "u"}));
        for (const std::string path : {"00431002", "7FE11001", "00081140/1/00431002"}) {
            const auto value = bulk_data_at(header.data_set(), path);
            const auto expected = bulk_data_at(whole, path);
            ASSERT_TRUE(value && expected) << path;
            const auto place = header.place_of(*value);
            ASSERT_TRUE(place) << path;
            EXPECT_TRUE(std::ranges::equal(
                ByteView(source.file).subspan(place->begin, place->end - place->begin), *expected))
                << path;
        }
        ASSERT_TRUE(header.native_pixels());
        EXPECT_EQ(header.native_pixels()->end - header.native_pixels()->begin, 1'100'000U);
    }
}

TEST(FileHeader, TellsNoPlaceOfWhatIsNotThereAsItStands) {
    const Bytes file = object().to_part10();
    for (Source source :
         {Source{DataSet::parse(file).to_part10(ts::kDeflatedExplicitVrLittleEndian)},
          Source{test::in_big_endian(file)}}) {
        const FileHeader header = source.header();
        EXPECT_EQ(header.data_set().text(tags::kPatientId), "P1");
        const ByteView value = header.data_set().bytes(kOdd);
        EXPECT_FALSE(header.place_of(value));
        EXPECT_FALSE(header.native_pixels());
    }
    DataSet wide = object();
    wide.set_text(tags::kSpecificCharacterSet, "ISO_IR 100");
    wide.set_bytes(tags::kPatientName, "PN", Bytes{'M', 0xFC});
    wide.node().texts_are_as_they_came = true;
    Source source{wide.to_part10()};
    const FileHeader header = source.header(Texts::kUtf8);
    EXPECT_FALSE(header.place_of(header.data_set().bytes(tags::kPatientName)));
}

TEST(FileHeader, SaysWhatIsWrongAsAWholeWould) {
    Source source{object().to_part10()};
    source.file.resize(source.file.size() - 7);
    EXPECT_THROW((void)source.header(), Error);
    source.file.resize(100);
    EXPECT_THROW((void)source.header(), Error);
}

TEST(RecodedFile, IsWhatWouldBeWrittenWhole) {
    for (const auto& [from, to] :
         {std::pair(ts::kExplicitVrLittleEndian, ts::kImplicitVrLittleEndian),
          {ts::kImplicitVrLittleEndian, ts::kExplicitVrLittleEndian}}) {
        ASSERT_TRUE(is_recodable(from, to));
        DataSet without = object();
        without.remove(tags::kPixelData);
        for (const DataSet& set : {object(), std::move(without)}) {
            Source source{set.to_part10(from)};
            const RecodedFile file(source.header(), to);
            EXPECT_LT(file.held_bytes(), 2'000U);
            const Bytes expected = DataSet::parse(source.file).to_part10(to);
            ASSERT_EQ(file.size(), expected.size());
            for (const std::size_t step : {std::size_t{997}, expected.size()}) {
                Bytes all(expected.size());
                for (std::size_t at = 0; at < all.size(); at += step)
                    file.read(at, std::span(all).subspan(at, std::min(step, all.size() - at)),
                              source.reader());
                EXPECT_TRUE(all == expected) << to << " in steps of " << step;
            }
        }
    }
    EXPECT_FALSE(is_recodable(ts::kExplicitVrLittleEndian, ts::kDeflatedExplicitVrLittleEndian));
    EXPECT_FALSE(is_recodable(ts::kExplicitVrBigEndian, ts::kExplicitVrLittleEndian));
    EXPECT_FALSE(is_recodable(ts::kRleLossless, ts::kExplicitVrLittleEndian));
}

TEST(RecodedFile, RefusesFragmentsInASyntaxThatHasNone) {
    const DataSet compressed = DataSet::parse(object().to_part10(ts::kRleLossless));
    const Bytes file = compressed.to_part10();
    Source source{test::meta_in(file, ts::kExplicitVrLittleEndian)};
    const auto data_set = static_cast<std::ptrdiff_t>(split_part10(file).data_set_offset);
    source.file.insert(source.file.end(), file.begin() + data_set, file.end());
    EXPECT_THROW(RecodedFile(source.header(), ts::kImplicitVrLittleEndian), Error);
    DataSet empty = object();
    empty.set_empty(tags::kPixelData);
    Source without{empty.to_part10()};
    EXPECT_EQ(RecodedFile(without.header(), ts::kImplicitVrLittleEndian).size(),
              DataSet::parse(without.file).to_part10(ts::kImplicitVrLittleEndian).size());
}

// Nobody knows which values of VR UN are texts, for which its Specific Character Set holds as well.
TEST(RecodedFile, LeavesTextsAsTheyCame) {
    const auto latin1 = [](std::string_view text) { return Bytes(text.begin(), text.end()); };
    DataSet set = object();
    set.set_bytes(tags::kSpecificCharacterSet, "CS", latin1("ISO_IR 100"));
    set.set_bytes(tags::kPatientName, "PN", latin1("M\xFCller"));
    set.set_bytes(kPrivateSequence, "UN", latin1("gr\xF6\xDFte"));
    set.node().texts_are_as_they_came = true;
    Source source{set.to_part10()};
    const RecodedFile recoded(source.header(), ts::kImplicitVrLittleEndian);
    Bytes implicit(static_cast<std::size_t>(recoded.size()));
    recoded.read(0, implicit, source.reader());
    ConvertedFile converted([&] { return FramedObject(Bytes(source.file)); }, ts::kRleLossless);
    Bytes compressed(static_cast<std::size_t>(converted.size()));
    converted.read(0, compressed);
    for (const Bytes& file : {implicit, compressed}) {
        for (const char* const text : {"ISO_IR 100", "M\xFCller", "gr\xF6\xDFte"})
            EXPECT_NE(as_text(file).find(text), std::string_view::npos) << text;
        EXPECT_EQ(DataSet::parse(file).text(tags::kPatientName), "Müller");
    }
}

}  // namespace
}  // namespace lucerna::dicom
