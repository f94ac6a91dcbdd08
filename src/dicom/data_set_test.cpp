#include "dicom/data_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "dicom/frames.h"
#include "dicom/implementation.h"
#include "support/other_encodings.h"
#include "support/temporary_folder.h"

namespace lucerna::dicom {
namespace {

DataSet small_image() {
    DataSet data_set;
    data_set.set_text(kSopClassUid, sop_class::kSecondaryCapture);
    data_set.set_text(kSopInstanceUid, "1.2.3");
    data_set.set_text(kPatientName, "Doe^Jane");
    data_set.set_pixels({.rows = 2, .columns = 3, .bits_stored = 12},
                        {1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0});
    return data_set;
}

ErrorCode code_of(const auto& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::kInternal;
}

TEST(DataSet, ReadsBackWhatWasWritten) {
    DataSet data_set = small_image();
    data_set.set_number(kPatientWeight, 61.5);
    data_set.set_numbers(kPixelSpacing, std::vector{0.07, 1.0 / 3.0});
    data_set.set_integers(kReferencedFrameNumber, std::vector<long long>{1, 22});
    data_set.set_texts(kImageType, std::vector<std::string>{"DERIVED", "", "X"});
    data_set.set_tag(kFrameIncrementPointer, kPixelSpacing);
    data_set.set_empty(kStudyId);
    data_set.set_empty(kReferencedImageSequence);
    DataSet& code = data_set.add_item(kConceptNameCodeSequence);
    code.set_text(kCodeMeaning, "Mass");
    data_set.add_item(kConceptNameCodeSequence).set_text(kCodeMeaning, "Second");
    code.set_text(kCodeValue, "4147007");
    data_set.set_bytes({0x0009, 0x1001}, "OB", {7, 8, 9});

    const DataSet read = DataSet::parse(data_set.to_part10());
    EXPECT_EQ(read.transfer_syntax_uid(), transfer_syntax::kExplicitVrLittleEndian);
    EXPECT_EQ(read.text(kPatientName), "Doe^Jane");
    EXPECT_EQ(read.number(kPatientWeight), 61.5);
    EXPECT_EQ(read.texts(kPixelSpacing), (std::vector<std::string>{"0.07", "0.33333333333333"}));
    EXPECT_EQ(read.integers(kReferencedFrameNumber), (std::vector<long long>{1, 22}));
    EXPECT_EQ(read.texts(kImageType), (std::vector<std::string>{"DERIVED", "", "X"}));
    EXPECT_EQ(read.text(kFrameIncrementPointer), "00280030");
    EXPECT_TRUE(read.has(kStudyId));
    EXPECT_FALSE(read.has_value(kStudyId));
    EXPECT_EQ(read.text(kStudyId), std::nullopt);
    EXPECT_TRUE(read.has(kReferencedImageSequence));
    EXPECT_TRUE(read.items(kReferencedImageSequence).empty());
    ASSERT_EQ(read.items(kConceptNameCodeSequence).size(), 2U);
    EXPECT_EQ(read.items(kConceptNameCodeSequence)[0].text(kCodeValue), "4147007");
    EXPECT_EQ(read.items(kConceptNameCodeSequence)[1].text(kCodeMeaning), "Second");
    EXPECT_EQ(read.bytes({0x0009, 0x1001}).size(), 4U) << "padded to even length";
    EXPECT_EQ(read.vr(kPixelData), "OW");
    EXPECT_EQ(decode_frame(read, 0).value(4), 5);
}

TEST(DataSet, WritesEveryUncompressedLittleEndianSyntax) {
    const DataSet data_set = small_image();
    for (const auto syntax :
         {transfer_syntax::kImplicitVrLittleEndian, transfer_syntax::kExplicitVrLittleEndian,
          transfer_syntax::kDeflatedExplicitVrLittleEndian}) {
        const DataSet read = DataSet::parse(data_set.to_part10(syntax));
        EXPECT_EQ(read.transfer_syntax_uid(), syntax);
        EXPECT_EQ(read.text(kPatientName), "Doe^Jane");
        EXPECT_EQ(decode_frame(read, 0).samples, decode_frame(data_set, 0).samples);
    }
    EXPECT_EQ(code_of([&] { (void)data_set.to_part10(transfer_syntax::kJpegBaseline); }),
              ErrorCode::kUnsupported);
}

TEST(DataSet, KeepsCompressedFramesAsTheyAre) {
    DataSet data_set = small_image();
    const std::vector<Bytes> frames{{0xFF, 0xD8, 1, 2}, {0xFF, 0xD8, 3, 4, 5, 6}};
    data_set.set_encapsulated_pixels({.rows = 2, .columns = 3, .frames = 2}, frames,
                                     transfer_syntax::kHtj2k);
    const DataSet read = DataSet::parse(data_set.to_part10());
    EXPECT_EQ(read.transfer_syntax_uid(), transfer_syntax::kHtj2k);
    EXPECT_EQ(frame_count(read), 2);
    EXPECT_EQ(stored_frame(read, 0), frames[0]);
    EXPECT_EQ(stored_frame(read, 1), frames[1]);
    EXPECT_EQ(read.to_part10(), data_set.to_part10());
}

TEST(DataSet, IsTextInUtf8WhateverItWasStoredIn) {
    struct Case {
        const char* character_set;
        std::string stored;
        std::string expected;
    };
    // PS3.5 H.3.1, H.3.2 and I.2: the standard's own examples, and others.
    for (const Case& one :
         {Case{"ISO_IR 100", "Buc^J\xE9r\xF4me", "Buc^Jérôme"},
          Case{"ISO_IR 192", "Wang^\xE5\xB0\x8F\xE6\x9D\xB1", "Wang^小東"},
          Case{"\\ISO 2022 IR 87",
               "Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^"
               "\x1B$B$?$m$&\x1B(B",
               "Yamada^Tarou=山田^太郎=やまだ^たろう"},
          Case{"\\ISO 2022 IR 149",
               "Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7=\x1B$)C\xC8\xAB^\x1B$)C"
               "\xB1\xE6\xB5\xBF",
               "Hong^Gildong=洪^吉洞=홍^길동"},
          Case{"ISO 2022 IR 13\\ISO 2022 IR 87",
               "\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\x1B$B;3ED\x1B(J^\x1B$BB@O:\x1B(J=\x1B$B$d$^$@"
               "\x1B(J^\x1B$B$?$m$&\x1B(J",
               "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"},
          Case{"ISO_IR 166", "\xB9\xD2^x", "นา^x"}, Case{"no such set", "J\xE9r", "Jér"}}) {
        DataSet data_set = small_image();
        data_set.set_text(kSpecificCharacterSet, one.character_set);
        Bytes name(one.stored.begin(), one.stored.end());
        data_set.set_bytes(kPatientName, "PN", name);
        // Written by hand: to_part10 itself would declare UTF-8.
        Bytes file = data_set.to_part10();
        const std::string utf8 = "ISO_IR 192";
        auto at = std::search(file.begin(), file.end(), utf8.begin(), utf8.end());
        ASSERT_NE(at, file.end());
        std::string declared = one.character_set;
        if (declared.size() % 2 == 1) declared += ' ';
        *(at - 2) = static_cast<std::uint8_t>(declared.size());
        at = file.erase(at, at + static_cast<std::ptrdiff_t>(utf8.size()));
        file.insert(at, declared.begin(), declared.end());

        const DataSet read = DataSet::parse(file);
        EXPECT_EQ(read.text(kPatientName), one.expected) << one.character_set;
        EXPECT_EQ(read.text(kSpecificCharacterSet), "ISO_IR 192");
        EXPECT_EQ(DataSet::parse(read.to_part10()).text(kPatientName), one.expected);
    }
}

TEST(DataSet, DeclaresUtf8OnlyWhereTextNeedsIt) {
    DataSet data_set = small_image();
    EXPECT_FALSE(DataSet::parse(data_set.to_part10()).has(kSpecificCharacterSet));
    data_set.add_item(kConceptNameCodeSequence).set_text(kCodeMeaning, "Läsion");
    const DataSet read = DataSet::parse(data_set.to_part10());
    EXPECT_EQ(read.text(kSpecificCharacterSet), "ISO_IR 192");
    EXPECT_EQ(read.items(kConceptNameCodeSequence)[0].text(kCodeMeaning), "Läsion");
}

TEST(DataSet, SkipsPixelsButKnowsTheyAreThere) {
    const Bytes file = small_image().to_part10();
    const DataSet read = DataSet::parse(ByteView(file), {}, PixelData::kSkip);
    EXPECT_TRUE(read.has(kPixelData));
    EXPECT_EQ(read.text(kPatientName), "Doe^Jane");
    EXPECT_EQ(frame_count(read), 1);
    EXPECT_EQ(code_of([&] { (void)decode_frame(read, 0); }), ErrorCode::kInvalidInput);
    EXPECT_EQ(code_of([&] { (void)read.to_part10(); }), ErrorCode::kInvalidInput);
    ASSERT_GT(read.pixel_data_offset(), 0U);
    const DataSet head = DataSet::parse(ByteView(file).first(read.pixel_data_offset()));
    EXPECT_FALSE(head.has(kPixelData));
    EXPECT_EQ(head.integer(kRows), 2);
}

TEST(DataSet, TellsNoHeaderBeforePixelsThatHoldsNotAllOfIt) {
    const DataSet image = small_image();
    const Bytes whole = image.to_part10();
    const std::size_t pixels = DataSet::header_in(whole).pixel_data_offset();
    // Comes behind Pixel Data by its tag, too.
    Bytes file = whole;
    test::put_element(file, 0xFFFC, 0xFFFC, "OB", "1234");
    EXPECT_EQ(DataSet::header_in(file).pixel_data_offset(), pixels);
    test::put_element(file, 0x0010, 0x0020, "LO", "P1");
    for (const DataSet& read :
         {DataSet::header_in(file), DataSet::outline_in(file), DataSet::parse(ByteView(file)),
          DataSet::parse(ByteView(file), {}, PixelData::kSkip)}) {
        EXPECT_EQ(read.pixel_data_offset(), 0U);
        EXPECT_EQ(read.text(kPatientId), "P1");
        EXPECT_EQ(read.integer(kRows), 2);
    }
}

TEST(DataSet, EndsWithZerosBehindTheLastElement) {
    const Bytes whole = small_image().to_part10();
    const Bytes deflated_one = test::in_deflate(whole);
    for (const std::size_t zeros : {1U, 2U, 7U, 8U, 512U, 65'536U}) {
        Bytes file = whole;
        file.resize(file.size() + zeros);
        // Within what is inflated, and behind that.
        Bytes behind = deflated_one;
        behind.resize(behind.size() + zeros);
        for (const Bytes& padded : {file, test::in_deflate(file), behind}) {
            const DataSet read = DataSet::parse(ByteView(padded));
            EXPECT_EQ(read.to_part10(transfer_syntax::kExplicitVrLittleEndian), whole) << zeros;
            EXPECT_EQ(read.padding_bytes(), padded == behind ? 0U : zeros);
            EXPECT_EQ(read.clone().padding_bytes(), 0U);
            EXPECT_EQ(DataSet::parse(ByteView(padded), {}, PixelData::kSkip).padding_bytes(),
                      read.padding_bytes());
        }
    }
    EXPECT_EQ(DataSet::parse(ByteView(whole)).padding_bytes(), 0U);
}

TEST(DataSet, EndsWithNothingElse) {
    const Bytes whole = small_image().to_part10();
    const auto code_behind = [&](const std::vector<std::uint8_t>& tail) {
        Bytes file = whole;
        file.insert(file.end(), tail.begin(), tail.end());
        return code_of([&] { (void)DataSet::parse(ByteView(file)); });
    };
    EXPECT_EQ(code_behind(Bytes(65'537)), ErrorCode::kInvalidInput);
    EXPECT_EQ(code_behind({0, 1}), ErrorCode::kInvalidInput);
    EXPECT_EQ(code_behind({0, 0, 0, 0, 0, 0, 0, 0, ' '}), ErrorCode::kInvalidInput);
    EXPECT_EQ(code_behind(Bytes(512, 0xFF)), ErrorCode::kInvalidInput);
    // In an item they would hide where it ends.
    Bytes item;
    test::put_element(item, 0x7FE1, 0x1010, "SQ", std::string("\xFE\xFF\0\xE0\2\0\0\0\0\0", 10));
    EXPECT_EQ(code_behind(item), ErrorCode::kInvalidInput);
    // Nothing but zeros is no data set.
    Bytes none(whole.begin(),
               whole.begin() + static_cast<std::ptrdiff_t>(split_part10(whole).data_set_offset));
    none.resize(none.size() + 16);
    EXPECT_EQ(code_of([&] { (void)DataSet::parse(ByteView(none)); }), ErrorCode::kInvalidInput);
}

TEST(DataSet, KeepsItsBytesWhereThereAreNoPixelsToSkip) {
    const Bytes file = small_image().to_part10();
    const std::size_t end = DataSet::parse(ByteView(file)).pixel_data_offset();
    const DataSet head = DataSet::parse(ByteView(file).first(end), {}, PixelData::kSkip);
    // Memory that was given back by mistake is given out again here.
    const std::vector<Bytes> others(100, Bytes(end, 0xAA));
    EXPECT_EQ(head.text(kPatientName), "Doe^Jane");
    EXPECT_EQ(head.integer(kRows), 2);
}

TEST(DataSet, ClonesAreIndependent) {
    DataSet data_set = DataSet::parse(small_image().to_part10());
    data_set.add_item(kConceptNameCodeSequence).set_text(kCodeMeaning, "one");
    DataSet copy = data_set.clone();
    copy.set_text(kPatientName, "Other");
    copy.add_item(kConceptNameCodeSequence);
    data_set = DataSet();
    EXPECT_EQ(copy.text(kPatientName), "Other");
    EXPECT_EQ(copy.items(kConceptNameCodeSequence).size(), 2U);
    EXPECT_EQ(decode_frame(copy, 0).value(5), 6);
}

TEST(DataSet, AbsentOrMalformedValuesAreAbsent) {
    DataSet data_set;
    data_set.set_text(kPatientWeight, "heavy");
    data_set.set_text(kSeriesNumber, "3.5");
    data_set.set_text(kInstanceNumber, " +12 ");
    data_set.set_text(kPixelSpacing, "0.1\\x");
    EXPECT_EQ(data_set.number(kPatientWeight), std::nullopt);
    EXPECT_EQ(data_set.integer(kSeriesNumber), std::nullopt);
    EXPECT_EQ(data_set.integer(kInstanceNumber), 12);
    EXPECT_EQ(data_set.number(kPixelSpacing), 0.1);
    EXPECT_EQ(data_set.number(kPixelSpacing, 1), std::nullopt);
    EXPECT_EQ(data_set.number(kPixelSpacing, 2), std::nullopt);
    EXPECT_TRUE(data_set.numbers(kPixelSpacing).empty());
    EXPECT_EQ(data_set.text(kStudyDate), std::nullopt);
    EXPECT_EQ(data_set.text_or(kStudyDate, "none"), "none");
    EXPECT_TRUE(data_set.items(kContentSequence).empty());
}

TEST(DataSet, TellsOneOfMillionsOfValuesAndListsNone) {
    std::string many = "1.2.3";
    for (std::size_t i = 0; i < kMostListedValues; ++i) many += "\\7";
    DataSet set;
    for (const Tag tag : {tags::kStudyInstanceUid, tags::kWindowCenter, tags::kModality})
        set.set_bytes(tag, set.vr(tag).empty() ? vr_of(tag) : set.vr(tag),
                      {many.begin(), many.end()});
    EXPECT_EQ(set.text(tags::kStudyInstanceUid), "1.2.3");
    EXPECT_EQ(set.value_count(tags::kStudyInstanceUid), kMostListedValues + 1);
    EXPECT_EQ(set.number(tags::kWindowCenter, kMostListedValues), 7);
    EXPECT_EQ(set.number(tags::kWindowCenter, kMostListedValues + 1), std::nullopt);
    for (const Tag tag : {tags::kStudyInstanceUid, tags::kModality})
        EXPECT_EQ(code_of([&] { (void)set.texts(tag); }), ErrorCode::kInvalidInput);
    EXPECT_EQ(code_of([&] { (void)set.numbers(tags::kWindowCenter); }), ErrorCode::kInvalidInput);
    // One fewer is listed.
    many.resize(many.size() - 2);
    set.set_bytes(tags::kModality, "CS", {many.begin(), many.end()});
    EXPECT_EQ(set.texts(tags::kModality).size(), kMostListedValues);
    EXPECT_EQ(set.value_count(tags::kPatientName), 0U);
    set.set_text(tags::kStudyDescription, "");
    EXPECT_EQ(set.value_count(tags::kStudyDescription), 0U);
}

TEST(DataSet, MisuseNamesTheAttribute) {
    DataSet data_set;
    EXPECT_EQ(code_of([&] { data_set.set_text(kRows, "12"); }), ErrorCode::kInternal);
    EXPECT_EQ(code_of([&] { data_set.set_integer(kRows, 70000); }), ErrorCode::kInternal);
    EXPECT_EQ(code_of([&] { data_set.set_text({0x0009, 0x1001}, "x"); }), ErrorCode::kInternal);
    EXPECT_EQ(code_of([&] { (void)data_set.add_item(kRows); }), ErrorCode::kInternal);
    EXPECT_EQ(code_of([&] {
                  data_set.set_pixels({.rows = 2, .columns = 2}, {1, 2});
              }),
              ErrorCode::kInternal);
    EXPECT_EQ(code_of([&] { (void)data_set.to_part10(); }), ErrorCode::kInvalidInput);
    data_set.set_text(kSopClassUid, "1.2");
    data_set.set_text(kSopInstanceUid, "../../etc/passwd");
    EXPECT_EQ(code_of([&] { (void)data_set.to_part10(); }), ErrorCode::kInvalidInput);
}

TEST(DataSet, ComesFromAFile) {
    const test::TemporaryFolder folder;
    EXPECT_EQ(code_of([&] { (void)DataSet::from_file(folder.path() / "none.dcm"); }),
              ErrorCode::kNotFound);
}

}  // namespace
}  // namespace lucerna::dicom
