#include "dicom/frames.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "dicom/pixel_layout.h"
#include "dicom/render.h"

namespace lucerna::dicom {
namespace {

ErrorCode code_of(const auto& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::kInternal;
}

TEST(Frames, KeepOnlyStoredBitsAndExtendTheSign) {
    DataSet data_set;
    data_set.set_pixels({.rows = 1, .columns = 3, .bits_stored = 12, .is_signed = true},
                        {0xFF, 0xFF, 0xFF, 0xF7, 0x00, 0x18});
    const DecodedFrame frame = decode_frame(data_set, 0);
    EXPECT_EQ(frame.value(0), -1);
    EXPECT_EQ(frame.value(1), 2047) << "an overlay's bit above is not the value's";
    EXPECT_EQ(frame.value(2), -2048);
    EXPECT_EQ(frame.lowest(), -2048);
    EXPECT_EQ(frame.highest(), 2047);
}

TEST(Frames, ShiftDownValuesThatLieHigh) {
    DataSet data_set;
    data_set.set_pixels({.rows = 1, .columns = 1, .bits_stored = 12}, {0x50, 0x12});
    data_set.set_integer(kHighBit, 15);
    EXPECT_EQ(decode_frame(data_set, 0).value(0), 0x125);
}

TEST(Frames, OfSingleBitsAreNotPadded) {
    DataSet data_set;
    data_set.set_pixels({.rows = 1, .columns = 3, .bits_allocated = 8, .bits_stored = 8},
                        {0, 0, 0});
    data_set.set_integer(kBitsAllocated, 1);
    data_set.set_integer(kBitsStored, 1);
    data_set.set_integer(kHighBit, 0);
    data_set.set_integer(kNumberOfFrames, 3);
    // From the lowest bit up: 101 011 110.
    data_set.set_bytes(kPixelData, "OB", {0b11110101, 0b0});
    EXPECT_EQ(decode_frame(data_set, 0).samples, (Bytes{1, 0, 1}));
    EXPECT_EQ(decode_frame(data_set, 1).samples, (Bytes{0, 1, 1}));
    EXPECT_EQ(decode_frame(data_set, 2).samples, (Bytes{1, 1, 0}));
    EXPECT_EQ(stored_frame(data_set, 0), (Bytes{0b101})) << "without bits of the next";
    EXPECT_EQ(stored_frame(data_set, 1), (Bytes{0b110}));
}

TEST(Frames, OfTwelveBitsAreUnpacked) {
    DataSet data_set;
    data_set.set_pixels({.rows = 1, .columns = 3, .bits_allocated = 8, .bits_stored = 8},
                        {0, 0, 0});
    data_set.set_integer(kBitsAllocated, 12);
    data_set.set_integer(kBitsStored, 12);
    data_set.set_integer(kHighBit, 11);
    data_set.set_integer(kNumberOfFrames, 2);
    // 123H 456H 789H, ABCH DEFH 012H: the second frame begins within a byte.
    const Bytes packed{0x23, 0x61, 0x45, 0x89, 0xC7, 0xAB, 0xEF, 0x2D, 0x01, 0};
    data_set.set_bytes(kPixelData, "OW", packed);
    const DecodedFrame first = decode_frame(data_set, 0);
    EXPECT_EQ(first.bits_allocated, 16);
    EXPECT_EQ(first.bits_stored, 12);
    EXPECT_EQ(first.samples, (Bytes{0x23, 0x01, 0x56, 0x04, 0x89, 0x07}));
    EXPECT_EQ(decode_frame(data_set, 1).samples, (Bytes{0xBC, 0x0A, 0xEF, 0x0D, 0x12, 0x00}));
    EXPECT_EQ(stored_frame(data_set, 0), (Bytes{0x23, 0x61, 0x45, 0x89, 0x07}));
    EXPECT_EQ(stored_frame(data_set, 1), (Bytes{0xBC, 0xFA, 0xDE, 0x12, 0x00}));
    EXPECT_FALSE(native_view(data_set, 0));
    data_set.set_integer(kPixelRepresentation, 1);
    EXPECT_EQ(decode_frame(data_set, 1).value(0), 0xABC - 0x1000);
    data_set.set_integer(kPixelRepresentation, 0);
    data_set.set_integer(kBitsStored, 8);
    EXPECT_EQ(decode_frame(data_set, 0).value(0), 0x12);
    data_set.set_bytes(kPixelData, "OW", Bytes(packed.begin(), packed.end() - 2));
    EXPECT_EQ(code_of([&] { (void)decode_frame(data_set, 1); }), ErrorCode::kInvalidInput);
    data_set.set_encapsulated_pixels({.rows = 1, .columns = 3}, {Bytes(8, 1)},
                                     transfer_syntax::kJpeg2000Lossless);
    data_set.set_integer(kBitsAllocated, 12);
    EXPECT_EQ(code_of([&] { (void)decode_frame(data_set, 0); }), ErrorCode::kUnsupported);
}

TEST(Frames, OfSharedColorsHaveEvenColumnsUnlessTheyAreCompressed) {
    for (const char* kind : {"YBR_FULL_422", "YBR_PARTIAL_422"}) {
        const PixelLayout odd{.rows = 1,
                              .columns = 3,
                              .samples_per_pixel = 3,
                              .photometric_interpretation = kind,
                              .bits_allocated = 8,
                              .bits_stored = 8};
        DataSet data_set;
        data_set.set_encapsulated_pixels(odd, {Bytes(8, 1)}, transfer_syntax::kJpegBaseline);
        EXPECT_EQ(stored_layout_of(data_set).columns, 3) << kind;
        data_set.set_pixels(odd, Bytes(9));
        EXPECT_EQ(code_of([&] { (void)stored_layout_of(data_set); }), ErrorCode::kInvalidInput);
    }
}

TEST(Frames, OfStudioRangeAreStretched) {
    DataSet data_set;
    data_set.set_pixels({.rows = 1, .columns = 4, .bits_allocated = 8, .bits_stored = 8},
                        {16, 235, 128, 128});
    data_set.set_integer(kSamplesPerPixel, 3);
    data_set.set_integer(kColumns, 2);
    data_set.set_text(kPhotometricInterpretation, "YBR_PARTIAL_422");
    EXPECT_EQ(decode_frame(data_set, 0).photometric_interpretation, "YBR_FULL");
    EXPECT_EQ(decode_frame(data_set, 0).samples, (Bytes{0, 128, 128, 255, 128, 128}));
    EXPECT_EQ(render(data_set).pixels, (Bytes{0, 0, 0, 255, 255, 255}));
    EXPECT_EQ(stored_frame(data_set, 0), (Bytes{16, 235, 128, 128}));
    // Pure red by the formulas of the standard: 81, 90, 240 (81.45, 90.21, 239.93).
    data_set.set_bytes(kPixelData, "OB", {81, 81, 90, 240});
    const Bytes red = render(data_set).pixels;
    EXPECT_GE(red[0], 253);
    EXPECT_LE(red[1], 2);
    EXPECT_LE(red[2], 2);
}

TEST(Frames, OfFloatingPointAreGivenAsTheyLie) {
    for (const auto& [tag, vr, size] :
         {std::tuple(kFloatPixelData, "OF", 4), std::tuple(kDoubleFloatPixelData, "OD", 8)}) {
        DataSet data_set;
        data_set.set_integer(kRows, 1);
        data_set.set_integer(kColumns, 2);
        data_set.set_integer(kNumberOfFrames, 2);
        Bytes values(static_cast<std::size_t>(4 * size));
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i);
        data_set.set_bytes(tag, vr, values);
        EXPECT_EQ(stored_frame(data_set, 0), Bytes(values.begin(), values.begin() + 2 * size));
        EXPECT_EQ(stored_frame(data_set, 1), Bytes(values.begin() + 2 * size, values.end()));
        EXPECT_EQ(code_of([&] { (void)stored_frame(data_set, 2); }), ErrorCode::kNotFound);
        EXPECT_EQ(code_of([&] { (void)decode_frame(data_set, 0); }), ErrorCode::kUnsupported);
        data_set.set_integer(kColumns, 3);
        EXPECT_EQ(code_of([&] { (void)stored_frame(data_set, 0); }), ErrorCode::kInvalidInput);
        data_set.remove(kRows);
        EXPECT_EQ(code_of([&] { (void)stored_frame(data_set, 0); }), ErrorCode::kInvalidInput);
    }
}

TEST(Frames, InterleavePlanes) {
    DataSet data_set;
    data_set.set_pixels({.rows = 1,
                         .columns = 2,
                         .samples_per_pixel = 3,
                         .photometric_interpretation = "RGB",
                         .bits_allocated = 8,
                         .bits_stored = 8},
                        {1, 2, 3, 4, 5, 6});
    data_set.set_integer(kPlanarConfiguration, 1);
    EXPECT_EQ(decode_frame(data_set, 0).samples, (Bytes{1, 3, 5, 2, 4, 6}));
}

TEST(Frames, GiveEachPixelItsOwnColors) {
    DataSet data_set;
    data_set.set_pixels({.rows = 1, .columns = 4, .bits_allocated = 8, .bits_stored = 8},
                        {10, 20, 5, 6});
    data_set.set_integer(kColumns, 2);
    data_set.set_integer(kSamplesPerPixel, 3);
    data_set.set_text(kPhotometricInterpretation, "YBR_FULL_422");
    const DecodedFrame frame = decode_frame(data_set, 0);
    EXPECT_EQ(frame.samples, (Bytes{10, 5, 6, 20, 5, 6}));
    EXPECT_EQ(frame.photometric_interpretation, "YBR_FULL");
}

/// Two frames of a JPEG that this program encodes itself, cut into fragments.
DataSet two_jpeg_frames(std::vector<Bytes>& frames) {
    const PixelLayout layout{
        .rows = 16, .columns = 16, .bits_allocated = 8, .bits_stored = 8, .frames = 2};
    for (const std::uint8_t level : Bytes{40, 200}) {
        frames.push_back(encode_jpeg({16, 16, 1, Bytes(256, level)}));
    }
    DataSet data_set;
    data_set.set_encapsulated_pixels(layout, frames, transfer_syntax::kJpegBaseline);
    return data_set;
}

TEST(Frames, OfJpegAreDecoded) {
    std::vector<Bytes> frames;
    const DataSet data_set = two_jpeg_frames(frames);
    EXPECT_EQ(frame_count(data_set), 2);
    EXPECT_EQ(decode_frame(data_set, 0).value(0), 40);
    EXPECT_EQ(decode_frame(data_set, 1).value(255), 200);
    EXPECT_EQ(code_of([&] { (void)decode_frame(data_set, 2); }), ErrorCode::kNotFound);
    EXPECT_EQ(code_of([&] { (void)decode_frame(data_set, -1); }), ErrorCode::kNotFound);
    EXPECT_EQ(code_of([&] { (void)stored_frame(data_set, 2); }), ErrorCode::kNotFound);
}

TEST(Frames, OfJpegHaveTheColorsThatTheirCodestreamSays) {
    Bytes red(std::size_t{3} * 256);
    for (std::size_t i = 0; i < red.size(); i += 3) {
        red[i] = 200;
        red[i + 1] = 30;
        red[i + 2] = 40;
    }
    const Bytes jfif = encode_jpeg({16, 16, 3, red}, 95);
    // The same, said by Adobe's segment not to be transformed: luminance for red.
    std::string plain(as_text(jfif));
    plain.replace(2, 2 + static_cast<std::size_t>(jfif[4] << 8 | jfif[5]),
                  std::string("\xFF\xEE\0\x0E"
                              "Adobe\0\x64\0\0\0\0\0",
                              16));
    const auto first_pixel = [](std::string_view jpeg, const char* photometric) {
        DataSet data_set;
        data_set.set_encapsulated_pixels({.rows = 16,
                                          .columns = 16,
                                          .samples_per_pixel = 3,
                                          .photometric_interpretation = photometric,
                                          .bits_allocated = 8,
                                          .bits_stored = 8},
                                         {Bytes(jpeg.begin(), jpeg.end())},
                                         transfer_syntax::kJpegBaseline);
        const DecodedFrame frame = decode_frame(data_set, 0);
        EXPECT_EQ(frame.photometric_interpretation, "RGB");
        return std::vector<std::int64_t>{frame.value(0), frame.value(1), frame.value(2)};
    };
    const auto is_near = [](const std::vector<std::int64_t>& pixel, int r, int g, int b) {
        return std::abs(pixel[0] - r) < 4 && std::abs(pixel[1] - g) < 4 &&
               std::abs(pixel[2] - b) < 4;
    };
    for (const char* header : {"RGB", "YBR_FULL_422", "YBR_FULL"}) {
        EXPECT_TRUE(is_near(first_pixel(as_text(jfif), header), 200, 30, 40)) << header;
        EXPECT_TRUE(is_near(first_pixel(plain, header), 82, 104, 212)) << header;
    }
}

TEST(Frames, OfLessBitsThanAllocatedAreWidened) {
    DataSet data_set;
    data_set.set_encapsulated_pixels({.rows = 16, .columns = 16, .bits_stored = 8},
                                     {encode_jpeg({16, 16, 1, Bytes(256, 77)})},
                                     transfer_syntax::kJpegBaseline);
    const DecodedFrame frame = decode_frame(data_set, 0);
    EXPECT_EQ(frame.bits_allocated, 16);
    EXPECT_EQ(frame.value(100), 77);
}

TEST(Frames, AreDecompressedForAnUncompressedSyntax) {
    std::vector<Bytes> frames;
    DataSet data_set = two_jpeg_frames(frames);
    data_set.set_text(kSopClassUid, sop_class::kSecondaryCapture);
    data_set.set_text(kSopInstanceUid, "1.2.3");
    const DataSet read =
        DataSet::parse(data_set.to_part10(transfer_syntax::kExplicitVrLittleEndian));
    EXPECT_EQ(read.transfer_syntax_uid(), transfer_syntax::kExplicitVrLittleEndian);
    EXPECT_EQ(frame_count(read), 2);
    EXPECT_EQ(decode_frame(read, 1).samples, decode_frame(data_set, 1).samples);
}

TEST(Frames, LargerThanTheLimitAreNotAllocated) {
    std::vector<Bytes> frames;
    const DataSet data_set = two_jpeg_frames(frames);
    Limits limits;
    limits.max_frame_bytes = 255;
    EXPECT_EQ(code_of([&] { (void)decode_frame(data_set, 0, limits); }), ErrorCode::kInvalidInput);
}

TEST(Frames, OfAnUnknownOrVideoSyntaxAreKeptButNotDecoded) {
    for (const char* syntax : {"1.2.840.10008.1.2.4.102", "1.2.3.4"}) {
        DataSet data_set;
        data_set.set_encapsulated_pixels({.rows = 1, .columns = 1}, {{1, 2, 3, 4}}, syntax);
        EXPECT_EQ(stored_frame(data_set, 0), (Bytes{1, 2, 3, 4}));
        EXPECT_EQ(code_of([&] { (void)decode_frame(data_set, 0); }), ErrorCode::kUnsupported);
    }
}

TEST(Frames, NoneWithoutPixelData) {
    EXPECT_EQ(frame_count(DataSet()), 0);
    EXPECT_EQ(code_of([] { (void)decode_frame(DataSet(), 0); }), ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace lucerna::dicom
