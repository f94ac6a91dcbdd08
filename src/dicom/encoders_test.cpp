#include "dicom/encoders.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/error.h"
#include "dicom/convertible.h"
#include "dicom/node.h"

namespace lucerna::dicom {
namespace {

/// Slopes with noise on them and the extremes among them, so that every bit is used.
Bytes samples_of(const PixelLayout& layout) {
    std::mt19937 random(static_cast<std::uint32_t>(layout.bits_stored * 100 + layout.columns));
    const std::int64_t least =
        layout.is_signed ? -(std::int64_t{1} << (layout.bits_stored - 1)) : 0;
    const std::int64_t values = std::int64_t{1} << layout.bits_stored;
    Bytes out;
    const int all = layout.rows * layout.columns * layout.samples_per_pixel * layout.frames;
    for (int i = 0; i < all; ++i) {
        const std::int64_t slope = (i * values / all + static_cast<int>(random() % 5)) % values;
        const std::int64_t value =
            i % 17 == 0 ? least : (i % 19 == 0 ? least + values - 1 : least + slope);
        out.push_back(static_cast<std::uint8_t>(value & 0xFF));
        if (layout.bits_allocated == 16)
            out.push_back(static_cast<std::uint8_t>((value >> 8) & 0xFF));
    }
    return out;
}

DataSet image_of(const PixelLayout& layout) {
    DataSet image;
    image.set_text(tags::kSopClassUid, sop_class::kSecondaryCapture);
    image.set_text(tags::kSopInstanceUid, "1.2.3");
    image.set_pixels(layout, samples_of(layout));
    return image;
}

std::vector<PixelLayout> layouts() {
    std::vector<PixelLayout> all;
    const auto add = [&](int samples, const char* kind, int bits, bool is_signed, int frames = 1,
                         int rows = 13, int columns = 7) {
        all.push_back({rows, columns, samples, kind, bits > 8 ? 16 : 8, bits, is_signed, frames});
    };
    for (int bits = 1; bits <= 16; ++bits) {
        add(1, "MONOCHROME2", bits, false);
        if (bits > 1) add(1, "MONOCHROME2", bits, true);
    }
    for (const char* kind : {"MONOCHROME1", "PALETTE COLOR"}) add(1, kind, 8, false, 3);
    add(1, "MONOCHROME1", 12, false, 3, 64, 65);
    add(1, "MONOCHROME2", 16, true, 3, 65, 64);
    add(1, "PALETTE COLOR", 16, false);
    for (const char* kind : {"RGB", "YBR_FULL"}) {
        add(3, kind, 8, false);
        add(3, kind, 8, false, 3, 33, 31);
        add(3, kind, 16, false);
    }
    for (const auto& [rows, columns] : {std::pair(1, 1), std::pair(1, 300), std::pair(300, 1)})
        add(1, "MONOCHROME2", 10, false, 1, rows, columns);
    // Few bits in wide samples.
    all.push_back({9, 5, 1, "MONOCHROME2", 16, 6, false, 2});
    all.push_back({9, 5, 1, "MONOCHROME2", 16, 6, true, 2});
    return all;
}

/// As hard to compress as any.
DataSet noise_of(const PixelLayout& layout) {
    std::mt19937 random(1);
    Bytes samples(static_cast<std::size_t>(layout.rows * layout.columns * layout.samples_per_pixel *
                                           layout.bits_allocated / 8));
    for (std::uint8_t& byte : samples) byte = static_cast<std::uint8_t>(random());
    DataSet image = image_of(layout);
    image.set_pixels(layout, samples);
    return image;
}

std::string name_of(const PixelLayout& layout, const Encoder& encoder) {
    return std::string(encoder.transfer_syntax_uid) + ", " + layout.photometric_interpretation +
           ", " + std::to_string(layout.rows) + " x " + std::to_string(layout.columns) + ", " +
           std::to_string(layout.bits_stored) + " of " + std::to_string(layout.bits_allocated) +
           (layout.is_signed ? " signed bits" : " bits");
}

void expect_same_pixels(const DataSet& one, const DataSet& other) {
    ASSERT_EQ(frame_count(one), frame_count(other));
    for (int i = 0; i < frame_count(one); ++i) {
        const DecodedFrame expected = decode_frame(one, i);
        const DecodedFrame actual = decode_frame(other, i);
        EXPECT_EQ(actual.samples, expected.samples) << "frame " << i;
        EXPECT_EQ(actual.photometric_interpretation, expected.photometric_interpretation);
        EXPECT_EQ(actual.is_signed, expected.is_signed);
    }
}

TEST(Encoders, GiveBackEveryBit) {
    for (const Encoder& encoder : encoders()) {
        for (const PixelLayout& layout : layouts()) {
            SCOPED_TRACE(name_of(layout, encoder));
            const DataSet image = image_of(layout);
            const Bytes file = image.to_part10(encoder.transfer_syntax_uid);
            const DataSet back = DataSet::parse(file);
            ASSERT_EQ(back.transfer_syntax_uid(), encoder.transfer_syntax_uid);
            EXPECT_EQ(back.integer(tags::kBitsStored), layout.bits_stored);
            expect_same_pixels(image, back);
            expect_same_pixels(
                image, DataSet::parse(back.to_part10(transfer_syntax::kExplicitVrLittleEndian)));
        }
    }
}

TEST(Encoders, TakeNoiseThatGrows) {
    for (const Encoder& encoder : encoders())
        for (const PixelLayout& layout :
             {PixelLayout{300, 300}, PixelLayout{300, 300, 1, "MONOCHROME2", 8, 8},
              PixelLayout{200, 200, 3, "RGB", 8, 8}}) {
            SCOPED_TRACE(name_of(layout, encoder));
            const DataSet image = noise_of(layout);
            expect_same_pixels(image, DataSet::parse(image.to_part10(encoder.transfer_syntax_uid)));
        }
}

TEST(Decoders, ReadJpegLsWithoutAnEndAndGiveUpWhereMoreIsMissing) {
    const PixelLayout layout{20, 30, 1, "MONOCHROME2", 8, 8};
    const DataSet image = image_of(layout);
    const DataSet whole = DataSet::parse(image.to_part10(transfer_syntax::kJpegLsLossless));
    Bytes frame = stored_frame(whole, 0);
    while (frame.back() != 0xD9) frame.pop_back();
    frame.resize(frame.size() - 2);
    DataSet cut = image_of(layout);
    cut.set_encapsulated_pixels(layout, {frame}, transfer_syntax::kJpegLsLossless);
    EXPECT_EQ(decode_cells(cut, 0).samples, decode_cells(image, 0).samples);
    // Here CharLS went on for seconds before it gave up.
    cut.set_encapsulated_pixels(
        layout, {from_hex("ffd8fff7000b080014001e01011100ffda0008010100000000012a")},
        transfer_syntax::kJpegLsLossless);
    EXPECT_THROW((void)decode_cells(cut, 0), Error);
}

// OpenJPEG 2.5.0 asserts that no byte above 8F follows FF in some places of HTJ2K.
TEST(Decoders, EndByAnErrorWhereACodecWouldEndTheProcess) {
    const PixelLayout layout{32, 32, 1, "MONOCHROME2", 8, 8};
    const DataSet image = image_of(layout);
    for (const Encoder& encoder : encoders()) {
        const DataSet whole = DataSet::parse(image.to_part10(encoder.transfer_syntax_uid));
        const Bytes frame = stored_frame(whole, 0);
        std::size_t refused = 0;
        for (std::size_t at = 2; at + 1 < frame.size(); ++at) {
            Bytes damaged = frame;
            damaged[at] = damaged[at + 1] = 0xFF;
            DataSet object = image_of(layout);
            object.set_encapsulated_pixels(layout, {damaged}, encoder.transfer_syntax_uid);
            try {
                (void)decode_cells(object, 0);
            } catch (const Error&) {
                ++refused;
            }
        }
        EXPECT_GT(refused, 0U) << encoder.transfer_syntax_uid;
    }
}

TEST(Encoders, TurnOneCompressedSyntaxIntoAnother) {
    const DataSet image = image_of({20, 30, 1, "MONOCHROME2", 16, 12, false, 2});
    for (const Encoder& from : encoders()) {
        const DataSet compressed = DataSet::parse(image.to_part10(from.transfer_syntax_uid));
        for (const Encoder& to : encoders()) {
            SCOPED_TRACE(std::string(from.transfer_syntax_uid) + " to " +
                         std::string(to.transfer_syntax_uid));
            expect_same_pixels(image, DataSet::parse(compressed.to_part10(to.transfer_syntax_uid)));
        }
    }
}

TEST(Encoders, WriteOneFragmentAFrameBehindATrueOffsetTable) {
    for (const Encoder& encoder : encoders()) {
        SCOPED_TRACE(encoder.transfer_syntax_uid);
        DataSet image = image_of({21, 11, 1, "MONOCHROME2", 8, 8, false, 3});
        image.set_bytes(tags::kExtendedOffsetTable, "OV", Bytes(24));
        const DataSet back = DataSet::parse(image.to_part10(encoder.transfer_syntax_uid));
        EXPECT_FALSE(back.has(tags::kExtendedOffsetTable)) << "it is not true any more";
        const Fragments* const fragments = back.node().find(tags::kPixelData)->fragments();
        ASSERT_NE(fragments, nullptr);
        ASSERT_EQ(fragments->pieces.size(), 3U);
        ASSERT_EQ(fragments->basic_offset_table.size(), 12U);
        for (std::size_t i = 0; i < 3; ++i) {
            EXPECT_EQ(u32(fragments->basic_offset_table, 4 * i), fragments->offsets[i]);
            EXPECT_EQ(fragments->pieces[i].size() % 2, 0U);
        }
    }
}

TEST(Encoders, CallRgbByTheColorTransformThatItWentThrough) {
    const DataSet image = image_of({8, 8, 3, "RGB", 8, 8, false, 1});
    const auto kind_in = [&](std::string_view syntax) {
        return DataSet::parse(image.to_part10(syntax))
            .text_or(tags::kPhotometricInterpretation, "");
    };
    EXPECT_EQ(kind_in(transfer_syntax::kJpeg2000Lossless), "YBR_RCT");
    EXPECT_EQ(kind_in(transfer_syntax::kHtj2kLossless), "YBR_RCT");
    EXPECT_EQ(kind_in(transfer_syntax::kJpegLsLossless), "RGB");
    EXPECT_EQ(kind_in(transfer_syntax::kRleLossless), "RGB");
}

TEST(Encoders, ShrinkASmoothPicture) {
    PixelLayout layout{64, 64, 1, "MONOCHROME2", 16, 12, false, 1};
    Bytes samples;
    for (int i = 0; i < 64 * 64; ++i) {
        samples.push_back(static_cast<std::uint8_t>(i / 64 + i % 64));
        samples.push_back(0);
    }
    DataSet image = image_of(layout);
    image.set_pixels(layout, samples);
    for (const Encoder& encoder : encoders())
        EXPECT_LT(encoded_frame(image, 0, encoder).size(), samples.size() * 3 / 4)
            << encoder.transfer_syntax_uid;
}

TEST(Encoders, RefuseWhatNoneOfTheirSyntaxesTakes) {
    DataSet report;
    report.set_text(tags::kSopClassUid, sop_class::kBasicTextSr);
    report.set_text(tags::kSopInstanceUid, "1.2.3");
    DataSet bits = image_of({8, 8, 1, "MONOCHROME2", 8, 8, false, 1});
    bits.set_integer(tags::kBitsAllocated, 1);
    bits.set_integer(tags::kBitsStored, 1);
    bits.set_integer(tags::kHighBit, 0);
    const DataSet wide = [] {
        DataSet image = image_of({2, 2, 1, "MONOCHROME2", 16, 16, false, 1});
        image.set_pixels({2, 2, 1, "MONOCHROME2", 32, 32, false, 1}, Bytes(16));
        return image;
    }();
    for (const DataSet* refused : std::initializer_list<const DataSet*>{&report, &bits, &wide}) {
        EXPECT_FALSE(has_encodable_pixels(*refused));
        for (const Encoder& encoder : encoders()) {
            try {
                (void)refused->to_part10(encoder.transfer_syntax_uid);
                ADD_FAILURE() << "written in " << encoder.transfer_syntax_uid;
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), ErrorCode::kUnsupported) << error.what();
            }
        }
    }
    EXPECT_EQ(find_encoder(transfer_syntax::kJpegBaseline), nullptr) << "it loses";
}

TEST(Encoders, AreWhatIsSentWhereAPeerTakesNothingElse) {
    const auto sent_to = [](const std::string& own, std::vector<std::string_view> taken) {
        return syntax_to_send(own, [&](const std::string& one) {
            return std::find(taken.begin(), taken.end(), one) != taken.end();
        });
    };
    const std::string native(transfer_syntax::kExplicitVrLittleEndian);
    EXPECT_EQ(sent_to(native, {transfer_syntax::kJpeg2000Lossless}),
              transfer_syntax::kJpeg2000Lossless);
    EXPECT_EQ(sent_to(std::string(transfer_syntax::kJpegBaseline),
                      {transfer_syntax::kRleLossless, transfer_syntax::kImplicitVrLittleEndian}),
              transfer_syntax::kImplicitVrLittleEndian)
        << "uncompressed goes first";
    EXPECT_EQ(sent_to(native, {transfer_syntax::kJpeg2000}), "") << "it would lose";
    EXPECT_EQ(sent_to("1.2.840.10008.1.2.4.103", {transfer_syntax::kJpegLsLossless}), "");
}

}  // namespace
}  // namespace lucerna::dicom
