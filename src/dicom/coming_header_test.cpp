#include "dicom/coming_header.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "dicom/arriving_header.h"
#include "dicom/json.h"
#include "support/other_encodings.h"
#include "support/small_object.h"
#include "support/stored_instance.h"

namespace lucerna::dicom {
namespace {

using test::error_of;
using test::in_big_endian;
using test::in_deflate;
using test::in_fragments;
using test::put_element;

std::string json_of(const DataSet& header) {
    return to_dicom_json(header, {.bulk_data_uri = "b", .inline_limit = 0}) + " " +
           std::to_string(header.pixel_data_offset()) + " " + header.transfer_syntax_uid() + " " +
           std::to_string(header.padding_bytes());
}

/// A file that comes in pieces, of which is overwritten what is needed no more.
struct Coming {
    explicit Coming(Bytes whole, std::size_t budget = std::size_t{64} << 20)
        : file(std::move(whole)), memory(budget) {}

    Coming& in_pieces_of(std::size_t piece) {
        left = file;
        for (std::size_t size = 0; size < file.size();) {
            size = std::min(size + piece, file.size());
            if (!header) header = ComingHeader::begin(ByteView(left).first(size), memory);
            if (!header) continue;
            header->follow(ByteView(left).first(size));
            for (const ByteRange& range : header->take_needless()) forget(range);
            most_inflated = std::max(most_inflated, memory.held());
        }
        return *this;
    }
    void forget(const ByteRange& range) {
        EXPECT_GE(range.begin, end);
        end = range.end;
        forgotten += range.end - range.begin;
        const auto at = [&](std::size_t offset) {
            return left.begin() + static_cast<std::ptrdiff_t>(std::min(offset, left.size()));
        };
        std::fill(at(range.begin), at(range.end), std::uint8_t{0xA5});
    }
    [[nodiscard]] std::string read() const { return json_of(header->header(left)); }

    Bytes file;
    Bytes left;
    ByteBudget memory;
    std::unique_ptr<ComingHeader> header;
    std::size_t forgotten = 0;
    std::size_t end = 0;
    std::size_t most_inflated = 0;
};

Bytes image(std::size_t pixels = 300'000) {
    Bytes file = test::small_object("1.2.3.4.5", pixels);
    put_element(file, 0x7FE1, 0x0010, "LO", "MINE");
    put_element(file, 0x7FE1, 0x1001, "OW", std::string(20'000, 'y'));
    put_element(file, 0x7FE1, 0x1002, "US", std::string("\x01\x02\x03\x04", 4));
    return file;
}

TEST(ComingHeader, EndsWithZerosBehindTheLastElement) {
    const Bytes implicit_one =
        DataSet::parse(image()).to_part10(transfer_syntax::kImplicitVrLittleEndian);
    for (const Bytes& file :
         {image(), implicit_one, in_big_endian(image()), in_fragments(300, 20)}) {
        for (const std::size_t zeros : {1U, 2U, 8U, 13U, 512U, 65'536U}) {
            Bytes padded = file;
            padded.resize(file.size() + zeros);
            EXPECT_EQ(DataSet::header_in(padded).padding_bytes(), zeros);
            for (const std::size_t piece : {777U, 1U << 30}) {
                const std::string read = Coming(padded).in_pieces_of(piece).read();
                EXPECT_EQ(read, json_of(DataSet::header_in(padded)));
                EXPECT_EQ(read.substr(0, read.rfind(' ')) + " 0",
                          json_of(DataSet::header_in(file)));
            }
        }
    }
}

TEST(ComingHeader, IsThatOfTheWholeFileInEveryEncoding) {
    const Bytes implicit_one =
        DataSet::parse(image()).to_part10(transfer_syntax::kImplicitVrLittleEndian);
    for (const Bytes& file : {image(), implicit_one, in_big_endian(image()), in_deflate(image()),
                              in_fragments(300, 20), in_fragments(3, 50'000)}) {
        const std::string whole = json_of(DataSet::header_in(file));
        for (const std::size_t piece : {777U, 100'000U, 1U << 30})
            EXPECT_EQ(Coming(file).in_pieces_of(piece).read(), whole) << piece;
    }
}

TEST(ComingHeader, BeginsWithWhoseObjectItIs) {
    for (const Bytes& file : {image(), in_big_endian(image()), in_deflate(image())}) {
        Coming coming(file);
        coming.in_pieces_of(1'000);
        ASSERT_TRUE(coming.header->is_identified());
        const DataSet beginning = coming.header->beginning(coming.left);
        EXPECT_EQ(beginning.text(tags::kPatientId), "P1");
        EXPECT_EQ(beginning.text(tags::kSopInstanceUid), "1.2.3.4.5");
        EXPECT_FALSE(beginning.has(tags::kPixelData));
    }
}

TEST(ComingHeader, NeedsNothingForAFragment) {
    const Bytes file = in_fragments(20'000, 30);
    Coming coming(file);
    coming.in_pieces_of(10'000);
    EXPECT_LT(file.size() - coming.forgotten, 1'000U);
    EXPECT_EQ(coming.read(), json_of(DataSet::header_in(file)));
}

TEST(ComingHeader, NeedsNothingForWhatDescribesAFrame) {
    const Bytes frames = test::with_frames(image(), 3'000);
    const Bytes implicit_one =
        DataSet::parse(frames).to_part10(transfer_syntax::kImplicitVrLittleEndian);
    for (const Bytes& file : {frames, implicit_one, in_big_endian(frames), in_deflate(frames)}) {
        const DataSet outline = DataSet::outline_in(file);
        EXPECT_TRUE(outline.has(tags::kPerFrameFunctionalGroupsSequence));
        EXPECT_TRUE(outline.items(tags::kPerFrameFunctionalGroupsSequence).empty());
        EXPECT_EQ(DataSet::header_in(file).items(tags::kPerFrameFunctionalGroupsSequence).size(),
                  3'000U);
        for (const std::size_t piece : {777U, 10'000U, 1U << 30}) {
            Coming coming(file);
            coming.in_pieces_of(piece);
            EXPECT_EQ(coming.read(), json_of(outline)) << piece;
            EXPECT_LT(coming.most_inflated, 150'000U);
            EXPECT_LT(file.size() - coming.forgotten, 70'000U);
        }
    }
}

TEST(ComingHeader, RefusesWhatDescribesAFrameAndGoesWrong) {
    const Bytes whole = test::with_frames(image(), 3'000);
    const std::string twice("\x20\x00\x11\x91SQ", 6);
    const std::string other("\x48\x00\x1A\x02SQ", 6);
    Bytes file = whole;
    const auto at = std::find_end(file.begin(), file.end(), other.begin(), other.end());
    std::copy(twice.begin(), twice.end(), at);
    Coming coming(file);
    coming.in_pieces_of(5'000);
    EXPECT_TRUE(coming.header->is_lost());
    EXPECT_EQ(test::message_of([&] { coming.header->refuse_lost(coming.left); }),
              test::message_of([&] { (void)DataSet::header_in(file); }));
    EXPECT_EQ(error_of([&] { (void)DataSet::outline_in(file); }), "invalid-input");
}

TEST(DataSet, OfFramesNeedsNoMemoryForWhatDescribesThem) {
    const Bytes file = test::with_frames(image(), 100'000);
    EXPECT_EQ(error_of([&] { (void)DataSet::parse(file); }), "invalid-input");
    const DataSet set = DataSet::parse(file, {}, PixelData::kFrames);
    EXPECT_EQ(set.bytes(tags::kPixelData).size(), 300'000U);
    EXPECT_EQ(set.integer(tags::kRows), DataSet::outline_in(file).integer(tags::kRows));
}

TEST(ComingHeader, RefusesFragmentsThatEndOrGoWrong) {
    const Bytes whole = in_fragments(2'000, 30);
    for (const std::size_t missing : {1U, 8U, 9U, 30U, 46U, 10'000U}) {
        const Bytes file(whole.begin(), whole.end() - static_cast<std::ptrdiff_t>(missing));
        EXPECT_EQ(error_of([&] { (void)Coming(file).in_pieces_of(5'000).read(); }), "invalid-input")
            << missing;
    }
    Bytes file = whole;
    file[file.size() - 8 - 38 * 500] = 1;
    EXPECT_EQ(test::message_of([&] { (void)Coming(file).in_pieces_of(5'000).read(); }),
              test::message_of([&] { (void)DataSet::header_in(file); }));
}

TEST(ComingHeader, HoldsLittleOfWhatIsDeflated) {
    Bytes file = image(20'000'000);
    for (std::size_t i = file.size() - 20'000'000; i < file.size() - 30'000; i += 3)
        file[i] = static_cast<std::uint8_t>(i * i >> 7);
    const Bytes deflated = in_deflate(file);
    ASSERT_GT(deflated.size(), 2'000'000U);
    Coming coming(deflated);
    coming.in_pieces_of(200'000);
    EXPECT_LT(coming.most_inflated, 150'000U);
    EXPECT_LT(deflated.size() - coming.forgotten, 70'000U);
    EXPECT_EQ(coming.read(), json_of(DataSet::header_in(deflated)));
}

Bytes many_comments(int count) {
    Bytes file = test::small_object("1.2.3.4.5", 64);
    for (int number = 0; number < count; ++number)
        put_element(file, 0x7FE1, static_cast<std::uint16_t>(0x1000 + number), "LT",
                    std::string(60'000, 'c'));
    return file;
}

TEST(ArrivingHeader, IsHeldByTheBudgetThatIsNamed) {
    const Bytes deflated = in_deflate(many_comments(20));
    ByteBudget too_little(500'000);
    EXPECT_EQ(error_of([&] { (void)header_of_arriving(deflated, too_little); }), "unavailable");
    ByteBudget enough(5'000'000);
    {
        const DataSet header = header_of_arriving(deflated, enough);
        EXPECT_GT(enough.held(), 1'000'000U);
        EXPECT_EQ(json_of(header), json_of(DataSet::header_in(deflated)));
    }
    EXPECT_EQ(enough.held(), 0U);
}

TEST(ArrivingHeader, OfWhatIsKeptTakesNothingFromWhatComesIn) {
    const Bytes deflated = in_deflate(many_comments(20));
    intake_memory().set_limit(500'000);
    EXPECT_EQ(error_of([&] { (void)header_of_arriving(deflated); }), "unavailable");
    EXPECT_EQ(error_of([&] { (void)DataSet::header_in(deflated); }), "none");
    intake_memory().set_limit(ByteBudget::kNoLimit);
}

TEST(ComingHeader, OfADeflatedFileIsHeldByTheBudget) {
    const Bytes file = in_deflate(many_comments(100));
    EXPECT_EQ(error_of([&] { (void)Coming(file).in_pieces_of(5'000).read(); }), "none");
    EXPECT_EQ(error_of([&] { (void)Coming(file, 4'000'000).in_pieces_of(5'000); }), "unavailable");
    EXPECT_EQ(error_of([&] { (void)Coming(in_deflate(many_comments(1'200))).in_pieces_of(5'000); }),
              "unavailable");
}

TEST(ComingHeader, RefusesWhatIsNotDeflatedAsItSays) {
    Bytes file = in_deflate(image());
    const Bytes whole = file;
    file.erase(file.end() - 20, file.end());
    EXPECT_EQ(error_of([&] { (void)Coming(file).in_pieces_of(5'000).read(); }), "invalid-input");
    file = whole;
    std::fill(file.begin() + 2'000, file.begin() + 2'100, std::uint8_t{0xFF});
    EXPECT_EQ(error_of([&] { (void)Coming(file).in_pieces_of(500).read(); }), "invalid-input");
    // Zeros deflate to a thousandth.
    EXPECT_EQ(error_of([&] {
                  Bytes zeros = test::small_object("1.2.3.4.5", 0);
                  put_element(zeros, 0x7FE1, 0x1001, "OB", std::string(80'000'000, '\0'));
                  (void)Coming(in_deflate(zeros)).in_pieces_of(5'000).read();
              }),
              "invalid-input");
    Bytes nonsense = many_comments(2);
    nonsense.insert(nonsense.end(), {0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0});
    nonsense.resize(nonsense.size() + 50'000'000);
    Coming coming(in_deflate(nonsense));
    EXPECT_EQ(error_of([&] { coming.in_pieces_of(5'000); }), "invalid-input");
    EXPECT_LT(coming.memory.held(), 300'000U);
}

TEST(ComingHeader, IsNoneWhereNobodyCanTellTheEncoding) {
    const Bytes file = test::small_object("1.2.3.4.5", 64, "1.2.3.99999");
    Bytes noise = file;
    const std::size_t meta = split_part10(file).data_set_offset;
    std::fill(noise.begin() + static_cast<std::ptrdiff_t>(meta), noise.end(), std::uint8_t{0xA1});
    ByteBudget memory(1 << 20);
    EXPECT_NE(ComingHeader::begin(file, memory), nullptr);
    EXPECT_EQ(ComingHeader::begin(noise, memory), nullptr);
    EXPECT_EQ(ComingHeader::begin(ByteView(file).first(meta + 4), memory), nullptr);
}

}  // namespace
}  // namespace lucerna::dicom
