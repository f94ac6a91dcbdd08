// PS3.3 C.7.6.1.1.5: what was once compressed with loss says so for ever.
#include "dicom/loss.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "dicom/converted_file.h"
#include "dicom/encoders.h"
#include "dicom/render.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

namespace ts = transfer_syntax;

constexpr int kSide = 32;

PixelLayout layout(int samples = 1) {
    PixelLayout layout;
    layout.rows = layout.columns = kSide;
    layout.samples_per_pixel = samples;
    if (samples == 3) layout.photometric_interpretation = "RGB";
    layout.bits_allocated = layout.bits_stored = 8;
    return layout;
}

DataSet with_codestream(Bytes codestream, std::string_view syntax) {
    DataSet set;
    set.set_text(tags::kSopClassUid, sop_class::kSecondaryCapture);
    set.set_text(tags::kSopInstanceUid, "1.2.3");
    set.set_encapsulated_pixels(layout(), {std::move(codestream)}, syntax);
    return set;
}

Bytes gray_jpeg() {
    return encode_jpeg({kSide, kSide, 1, Bytes(std::size_t{kSide} * kSide, 90)});
}

/// Reversible, as it comes.
Bytes gray_jpeg2000() {
    DecodedFrame frame;
    frame.rows = frame.columns = kSide;
    frame.photometric_interpretation = "MONOCHROME2";
    frame.samples = Bytes(std::size_t{kSide} * kSide, 90);
    return encode_jpeg2000(frame);
}

/// Marked as of the 9-7 wavelet (T.800 Table A.20).
Bytes irreversible(Bytes codestream) {
    constexpr std::array<std::uint8_t, 2> kCodingStyle = {0xFF, 0x52};
    constexpr std::ptrdiff_t kWavelet = 13;
    const auto at =
        std::search(codestream.begin(), codestream.end(), kCodingStyle.begin(), kCodingStyle.end());
    EXPECT_EQ(at[kWavelet], 1);
    at[kWavelet] = 0;
    return codestream;
}

TEST(Loss, StaysSaidInEverySyntax) {
    const Bytes stored = with_codestream(gray_jpeg(), ts::kJpegBaseline).to_part10();
    ASSERT_FALSE(DataSet::parse(stored).has(tags::kLossyImageCompression)) << "as it came";
    for (const std::string_view syntax :
         {ts::kExplicitVrLittleEndian, ts::kImplicitVrLittleEndian, ts::kJpegLsLossless,
          ts::kHtj2kLossless, ts::kRleLossless}) {
        const DataSet whole = DataSet::parse(DataSet::parse(stored).to_part10(syntax));
        ConvertedFile file([&] { return FramedObject(Bytes(stored)); }, syntax);
        Bytes in_parts(static_cast<std::size_t>(file.size()));
        file.read(0, in_parts);
        for (const DataSet& made : {whole.clone(), DataSet::parse(in_parts)}) {
            EXPECT_EQ(made.text_or(tags::kLossyImageCompression, ""), "01") << syntax;
            EXPECT_EQ(made.text_or(tags::kLossyImageCompressionMethod, ""), "ISO_10918_1");
            const double bytes = static_cast<double>(gray_jpeg().size() + gray_jpeg().size() % 2);
            EXPECT_NEAR(made.number(tags::kLossyImageCompressionRatio).value_or(0),
                        kSide * kSide / bytes, 0.01);
        }
    }
}

TEST(Loss, StaysSaidOfACodestreamThatLiesElsewhere) {
    const Bytes jpeg = gray_jpeg();
    DataSet around = DataSet::parse(with_codestream(jpeg, ts::kJpegBaseline).to_part10());
    around.remove(tags::kPixelData);
    around.node().transfer_syntax_uid = ts::kJpegBaseline;
    Bytes pixels(8);
    pixels.insert(pixels.end(), jpeg.begin(), jpeg.end());
    const FragmentPlaces places{{}, {{8, pixels.size()}}};
    const auto read = [&](std::size_t at, std::span<std::uint8_t> into) {
        std::copy_n(pixels.begin() + static_cast<std::ptrdiff_t>(at), into.size(), into.begin());
    };
    ConvertedFile file([&] { return FramedObject(around.to_part10(), places, read); },
                       ts::kExplicitVrLittleEndian);
    Bytes in_parts(static_cast<std::size_t>(file.size()));
    file.read(0, in_parts);
    const DataSet made = DataSet::parse(in_parts);
    EXPECT_EQ(made.text_or(tags::kLossyImageCompression, ""), "01");
    EXPECT_EQ(made.text_or(tags::kLossyImageCompressionMethod, ""), "ISO_10918_1");
}

TEST(Loss, IsReadFromTheCodestream) {
    struct Case {
        const char* what;
        DataSet set;
        const char* said;
        const char* method;
    };
    for (Case& each : std::array{
             Case{"a reversible wavelet", with_codestream(gray_jpeg2000(), ts::kJpeg2000), "", ""},
             Case{"an irreversible one",
                  with_codestream(irreversible(gray_jpeg2000()), ts::kJpeg2000), "01",
                  "ISO_15444_1"},
             Case{"nothing known", with_codestream(Bytes(10, 0), ts::kJpegBaseline), "", ""},
             Case{"no codestream", with_codestream({}, ts::kJpegBaseline), "", ""}}) {
        keep_loss(each.set);
        EXPECT_EQ(each.set.text_or(tags::kLossyImageCompression, ""), each.said) << each.what;
        EXPECT_EQ(each.set.text_or(tags::kLossyImageCompressionMethod, ""), each.method);
    }
}

TEST(Loss, LeavesWhatTheHeaderSaysOfIt) {
    DataSet set = with_codestream(gray_jpeg(), ts::kJpegBaseline);
    set.set_text(tags::kLossyImageCompression, "01");
    set.set_number(tags::kLossyImageCompressionRatio, 7);
    keep_loss(set);
    EXPECT_EQ(set.number(tags::kLossyImageCompressionRatio), 7);
    EXPECT_FALSE(set.has(tags::kLossyImageCompressionMethod));
    // It says no, and the codestream knows better.
    set.set_text(tags::kLossyImageCompression, "00");
    keep_loss(set);
    EXPECT_EQ(set.text_or(tags::kLossyImageCompression, ""), "01");
    EXPECT_EQ(set.number(tags::kLossyImageCompressionRatio), 7);
    EXPECT_EQ(set.text_or(tags::kLossyImageCompressionMethod, ""), "ISO_10918_1");
}

TEST(Loss, IsNothingOfOtherPixels) {
    DataSet set;
    set.set_pixels(layout(), Bytes(std::size_t{kSide} * kSide));
    keep_loss(set);
    EXPECT_FALSE(set.has(tags::kLossyImageCompression));
}

}  // namespace
}  // namespace lucerna::dicom
