#include "dicom/decoding_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/error.h"
#include "dicom/encoders.h"
#include "dicom/frames.h"
#include "dicom/render.h"

namespace lucerna::dicom {
namespace {

/// What is thrown, in words; `code` has to be its code.
std::string words_of(ErrorCode code, const auto& work) {
    try {
        work();
    } catch (const Error& error) {
        EXPECT_EQ(name_of(error.code()), name_of(code)) << error.what();
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

/// A limit for one test.
class Limited {
  public:
    explicit Limited(std::size_t bytes) { decoding_memory().set_limit(bytes); }
    ~Limited() { decoding_memory().set_limit(MemoryBudget::kNoLimit); }
    Limited(const Limited&) = delete;
    Limited& operator=(const Limited&) = delete;
};

/// Hills of 12 bits, and edges in them.
DataSet hills(int rows, int columns, int samples_per_pixel = 1) {
    const int bytes = samples_per_pixel == 1 ? 2 : 1;
    Bytes samples;
    for (int y = 0; y < rows; ++y)
        for (int x = 0; x < columns * samples_per_pixel; ++x) {
            const int value = (x * 7 + y * 5) % 3000 + ((x / 40 + y / 40) % 2) * 900;
            samples.push_back(static_cast<std::uint8_t>(bytes == 1 ? value >> 4 : value & 0xFF));
            if (bytes == 2) samples.push_back(static_cast<std::uint8_t>(value >> 8));
        }
    DataSet image;
    image.set_text(kSopClassUid, sop_class::kSecondaryCapture);
    image.set_text(kSopInstanceUid, "1.2.3");
    image.set_pixels({.rows = rows,
                      .columns = columns,
                      .samples_per_pixel = samples_per_pixel,
                      .photometric_interpretation = samples_per_pixel == 1 ? "MONOCHROME2" : "RGB",
                      .bits_allocated = 8 * bytes,
                      .bits_stored = samples_per_pixel == 1 ? 12 : 8},
                     std::move(samples));
    if (samples_per_pixel == 1) {
        image.set_number(kWindowCenter, 2048);
        image.set_number(kWindowWidth, 4096);
    }
    return image;
}

DataSet compressed(const DataSet& image, std::string_view syntax) {
    return encoded(image, *find_encoder(syntax));
}

double mean_difference(const Picture8& one, const Picture8& other) {
    EXPECT_EQ(one.width, other.width);
    EXPECT_EQ(one.height, other.height);
    EXPECT_EQ(one.channels, other.channels);
    if (one.pixels.size() != other.pixels.size()) return 255;
    double sum = 0;
    for (std::size_t i = 0; i < one.pixels.size(); ++i)
        sum += std::abs(one.pixels[i] - other.pixels[i]);
    return sum / static_cast<double>(one.pixels.size());
}

// Rows, Columns and Bits Allocated of a JPEG 2000 that has nothing behind its header.
DataSet jpeg2000_head(int side, std::uint8_t block_exponent) {
    const auto high = static_cast<std::uint8_t>(side >> 8);
    const auto low = static_cast<std::uint8_t>(side & 0xFF);
    const Bytes codestream{0xFF,
                           0x4F,
                           0xFF,
                           0x51,
                           0,
                           0x29,
                           0,
                           0,
                           0,
                           0,
                           high,
                           low,
                           0,
                           0,
                           high,
                           low,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           high,
                           low,
                           0,
                           0,
                           high,
                           low,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           0,
                           1,
                           0x0F,
                           1,
                           1,
                           0xFF,
                           0x52,
                           0,
                           0x0C,
                           0,
                           0,
                           0,
                           1,
                           0,
                           5,
                           block_exponent,
                           block_exponent,
                           0,
                           1};
    DataSet image;
    image.set_encapsulated_pixels({.rows = side, .columns = side}, {codestream},
                                  transfer_syntax::kJpeg2000);
    return image;
}

TEST(DecodingMemory, IsHeldAsLongAsAFrame) {
    const DataSet image = compressed(hills(64, 64), transfer_syntax::kJpeg2000Lossless);
    {
        const DecodedFrame frame = decode_frame(image, 0);
        EXPECT_GE(decoding_memory().held(), frame.samples.size());
        const DecodedFrame copy = frame;
        EXPECT_GE(decoding_memory().held(), frame.samples.size());
    }
    EXPECT_EQ(decoding_memory().held(), 0U);
}

TEST(DecodingMemory, RefusesAFrameThatIsMoreThanAll) {
    for (const Encoder& encoder : encoders()) {
        const DataSet image = compressed(hills(200, 200), encoder.transfer_syntax_uid);
        const Limited limited(std::size_t{64} << 10);
        const std::string words =
            words_of(ErrorCode::kUnsupported, [&] { (void)decode_frame(image, 0); });
        EXPECT_NE(words.find("200 x 200"), std::string::npos) << words;
        EXPECT_NE(words.find("65536"), std::string::npos) << words;
        EXPECT_NE(words.find("decoding_mib"), std::string::npos) << words;
    }
    EXPECT_EQ(decoding_memory().held(), 0U);
}

TEST(DecodingMemory, CountsTheCodeBlocksThatADecoderLists) {
    const Limited limited(std::size_t{256} << 20);
    // 0 is a code-block of 4 x 4, 4 one of 64 x 64.
    EXPECT_NE(
        words_of(ErrorCode::kUnsupported, [&] { (void)decode_frame(jpeg2000_head(3000, 0), 0); })
            .find("decoding_mib"),
        std::string::npos);
    EXPECT_EQ(
        words_of(ErrorCode::kInvalidInput, [&] { (void)decode_frame(jpeg2000_head(3000, 4), 0); })
            .find("decoding_mib"),
        std::string::npos);
}

TEST(DecodingMemory, IsNotGivenToAPictureOfAlmostNothing) {
    EXPECT_NE(
        words_of(ErrorCode::kUnsupported, [&] { (void)decode_frame(jpeg2000_head(12000, 4), 0); })
            .find("300 times its codestream"),
        std::string::npos);
}

TEST(Frames, ComeAtALowerResolution) {
    const DataSet image = compressed(hills(301, 202), transfer_syntax::kJpeg2000Lossless);
    const auto quarter = decode_smaller(image, 0, 50, 75);
    ASSERT_TRUE(quarter);
    EXPECT_EQ(quarter->columns, 51);
    EXPECT_EQ(quarter->rows, 76);
    EXPECT_EQ(quarter->samples.size(), std::size_t{51} * 76 * 2);
    EXPECT_EQ(quarter->bits_stored, 12);
    EXPECT_FALSE(decode_smaller(image, 0, 102, 100)) << "no half has so many columns";
    EXPECT_FALSE(decode_smaller(hills(300, 200), 0, 50, 75)) << "not compressed";
    EXPECT_FALSE(
        decode_smaller(compressed(hills(300, 200), transfer_syntax::kRleLossless), 0, 9, 9));
}

TEST(Frames, OfRleComeRowByRow) {
    for (const int samples : {1, 3}) {
        const DataSet image = compressed(hills(50, 70, samples), transfer_syntax::kRleLossless);
        const Bytes whole = decode_frame(hills(50, 70, samples), 0).samples;
        EXPECT_EQ(decode_frame(image, 0).samples, whole);
        const auto rows = compressed_rows(image, 0);
        ASSERT_TRUE(rows);
        EXPECT_EQ(rows->rows, 50);
        Bytes row(whole.size() / 50);
        for (std::size_t y = 0; y < 50; ++y) {
            rows->next(row);
            EXPECT_TRUE(std::equal(row.begin(), row.end(),
                                   whole.begin() + static_cast<std::ptrdiff_t>(y * row.size())))
                << y;
        }
        words_of(ErrorCode::kInvalidInput, [&] {
            for (int more = 0; more < 3; ++more) rows->next(row);
        });
    }
    EXPECT_FALSE(compressed_rows(hills(50, 70), 0));
}

TEST(Frames, OfRleMayHaveRunsOverSeveralRows) {
    // PS3.5 G.5: one segment. Then 257 - 249 = 8 times 7, and 4 bytes as they are.
    Bytes codestream(64);
    codestream[0] = 1;
    codestream[4] = 64;
    codestream.insert(codestream.end(), {249, 7, 128, 3, 1, 2, 3, 4});
    DataSet image;
    image.set_encapsulated_pixels({.rows = 4, .columns = 3, .bits_allocated = 8, .bits_stored = 8},
                                  {codestream}, transfer_syntax::kRleLossless);
    EXPECT_EQ(decode_frame(image, 0).samples, (Bytes{7, 7, 7, 7, 7, 7, 7, 7, 1, 2, 3, 4}));
}

// What is shrunk while it is decoded looks as what is shrunk after that.
TEST(Render, ShrinksWhatIsDecodedInPart) {
    const RenderOptions small{.max_width = 60, .max_height = 60};
    for (const int samples : {1, 3}) {
        const DataSet image = hills(701, 502, samples);
        const Picture8 expected = render(image, 0, small);
        for (const Encoder& encoder : encoders())
            EXPECT_LE(
                mean_difference(render(compressed(image, encoder.transfer_syntax_uid), 0, small),
                                expected),
                4)
                << encoder.transfer_syntax_uid << ", " << samples;
    }
}

TEST(Render, ShrinksInLessMemoryThanAFrameTakes) {
    const DataSet image = hills(1024, 1024);
    for (const std::string_view syntax :
         {transfer_syntax::kJpeg2000Lossless, transfer_syntax::kRleLossless}) {
        const DataSet small = compressed(image, syntax);
        const Limited limited(std::size_t{1} << 20);
        words_of(ErrorCode::kUnsupported, [&] { (void)render(small); });
        EXPECT_EQ(render(small, 0, {.max_width = 64, .max_height = 64}).width, 64) << syntax;
    }
}

TEST(Render, CountsWhatIsMadeOfAPicture) {
    const DataSet gray = hills(256, 256);
    const DataSet color = hills(256, 256, 3);
    const DataSet small = compressed(color, transfer_syntax::kRleLossless);
    for (const DataSet* image : {&gray, &color, &small}) {
        {
            const PictureRows rows = render_rows(*image, 0, {.beside_bytes = 1 << 20});
            EXPECT_GE(decoding_memory().held(), std::size_t{1} << 20);
        }
        EXPECT_EQ(decoding_memory().held(), 0U);
        const Limited limited(std::size_t{1} << 20);
        words_of(ErrorCode::kUnsupported,
                 [&] { (void)render_rows(*image, 0, {.beside_bytes = (1 << 20) + 1}); });
    }
}

TEST(Render, EnlargesInLittleMoreMemoryThanThePictureTakes) {
    const DataSet image = hills(32, 32, 3);
    const RenderOptions larger{.max_width = 4096, .max_height = 4096, .enlarged = true};
    const Limited limited(std::size_t{64} << 10);
    const PictureRows rows = render_rows(image, 0, larger);
    EXPECT_EQ(rows.width, 4096);
    Bytes row(rows.row_bytes());
    rows.rows(4095, row);
    EXPECT_EQ(row.front(), decode_frame(image, 0).samples[std::size_t{31} * 32 * 3]);
}

/// So many items without anything in them.
Bytes with_items(std::size_t count) {
    DataSet image = hills(2, 2);
    const Bytes head = image.to_part10();
    Bytes file(head.begin(), head.end());
    const auto length = static_cast<std::uint32_t>(8 * count);
    Bytes element{0xE1, 0x7F, 0x10, 0x10, 'S', 'Q', 0, 0};
    for (int shift = 0; shift < 32; shift += 8)
        element.push_back(static_cast<std::uint8_t>(length >> shift));
    file.insert(file.end(), element.begin(), element.end());
    for (std::size_t i = 0; i < count; ++i)
        file.insert(file.end(), {0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0});
    return file;
}

TEST(ParsingMemory, IsNotGivenToMillionsOfItems) {
    EXPECT_NE(
        words_of(ErrorCode::kInvalidInput, [] { (void)DataSet::parse(with_items(1'900'000)); })
            .find("bytes of memory"),
        std::string::npos);
    EXPECT_EQ(parsing_memory().held(), 0U);
}

TEST(ParsingMemory, IsHeldByOneOfManyElementsAtATime) {
    std::optional<DataSet> many = DataSet::parse(with_items(100'000));
    EXPECT_EQ(many->items({0x7FE1, 0x1010}).size(), 100'000U);
    EXPECT_GT(parsing_memory().held(), 0U);
    DataSet copy = many->clone();
    many.reset();
    EXPECT_GT(parsing_memory().held(), 0U) << "a copy has as many";
    std::jthread([] {
        (void)DataSet::parse(with_items(1000));  // what is small does not wait
        words_of(ErrorCode::kUnavailable, [] { (void)DataSet::parse(with_items(100'000)); });
    }).join();
    copy = DataSet();
    EXPECT_EQ(parsing_memory().held(), 0U);
    std::jthread([] { (void)DataSet::parse(with_items(100'000)); }).join();
}

}  // namespace
}  // namespace lucerna::dicom
