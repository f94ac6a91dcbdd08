#include "dicom/stored_bits.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/encoders.h"
#include "dicom/grayscale.h"
#include "dicom/render.h"

namespace lucerna::dicom {
namespace {

constexpr int kRows = 12;
constexpr int kColumns = 20;
constexpr std::uint16_t kOverlay = 0x1000;

/// What the cells of an image hold and what its header says of them.
struct Cells {
    std::vector<std::uint16_t> words;
    int bits_stored = 12;
    int high_bit = 11;
    bool is_signed = false;
};

/// From the least value of 12 bits to the greatest, without its sign above them.
Cells slope(bool is_signed = false) {
    Cells cells;
    cells.is_signed = is_signed;
    for (int i = 0; i < kRows * kColumns; ++i) {
        const int value = i * 4095 / (kRows * kColumns - 1) - (is_signed ? 2048 : 0);
        cells.words.push_back(static_cast<std::uint16_t>(value & 0xFFF));
    }
    return cells;
}

void mark_some(Cells& cells, std::uint16_t bits) {
    for (std::size_t i = 0; i < cells.words.size(); i += 3) cells.words[i] |= bits;
}

void declare_overlay(DataSet& image, int bit) {
    image.set_integer(tags::kOverlayRows, kRows);
    image.set_integer(tags::kOverlayColumns, kColumns);
    image.set_integer(tags::kOverlayBitsAllocated, 16);
    image.set_integer(tags::kOverlayBitPosition, bit);
}

DataSet native(const Cells& cells) {
    Bytes samples;
    for (const std::uint16_t word : cells.words) {
        samples.push_back(static_cast<std::uint8_t>(word & 0xFF));
        samples.push_back(static_cast<std::uint8_t>(word >> 8));
    }
    DataSet image;
    image.set_text(tags::kSopClassUid, sop_class::kSecondaryCapture);
    image.set_text(tags::kSopInstanceUid, "1.2.3");
    image.set_pixels({.rows = kRows, .columns = kColumns, .is_signed = cells.is_signed}, samples);
    image.set_integer(tags::kBitsStored, cells.bits_stored);
    image.set_integer(tags::kHighBit, cells.high_bit);
    return image;
}

Bytes codestream_of(const DataSet& image, const Encoder& encoder, int precision) {
    DecodedFrame frame;
    frame.rows = kRows;
    frame.columns = kColumns;
    frame.bits_allocated = 16;
    frame.bits_stored = precision;
    frame.photometric_interpretation = "MONOCHROME2";
    const ByteView bytes = image.bytes(tags::kPixelData);
    frame.samples.assign(bytes.begin(), bytes.end());
    return encoder.encode(frame);
}

/// Whole cells in the codestream, as DCMTK and GDCM write it, or so many of their bits.
DataSet compressed(const Cells& cells, const Encoder& encoder, int precision = 16) {
    const DataSet image = native(cells);
    DataSet out = image.clone();
    out.set_encapsulated_pixels({.rows = kRows, .columns = kColumns, .is_signed = cells.is_signed},
                                {codestream_of(image, encoder, precision)},
                                encoder.transfer_syntax_uid);
    out.set_integer(tags::kBitsStored, cells.bits_stored);
    out.set_integer(tags::kHighBit, cells.high_bit);
    return out;
}

std::vector<std::int64_t> values_of(const DataSet& image, int number = 0) {
    const DecodedFrame frame = decode_frame(image, number);
    std::vector<std::int64_t> values;
    for (std::size_t i = 0; i < frame.count(); ++i) values.push_back(frame.value(i));
    return values;
}

DataSet written_in(const DataSet& image, std::string_view syntax) {
    return DataSet::parse(image.to_part10(syntax));
}

Bytes cells_of(const DataSet& image) {
    const DataSet plain = written_in(image, transfer_syntax::kExplicitVrLittleEndian);
    const ByteView bytes = plain.bytes(tags::kPixelData);
    return {bytes.begin(), bytes.end()};
}

std::vector<std::string> every_syntax() {
    std::vector<std::string> all{std::string(transfer_syntax::kExplicitVrLittleEndian)};
    for (const Encoder& encoder : encoders()) all.emplace_back(encoder.transfer_syntax_uid);
    return all;
}

TEST(StoredBits, EndAtHighBitInCodestreamsOfWholeCells) {
    const std::vector<std::int64_t> expected = values_of(native(slope(true)));
    EXPECT_EQ(expected.front(), -2048);
    EXPECT_EQ(expected.back(), 2047);
    for (const Encoder& encoder : encoders()) {
        const DataSet image = compressed(slope(true), encoder);
        EXPECT_EQ(values_of(image), expected) << encoder.transfer_syntax_uid;
        EXPECT_EQ(decode_frame(image, 0).bits_stored, 12);
        for (const std::string& syntax : every_syntax()) {
            const DataSet again = written_in(image, syntax);
            const std::string what = std::string(encoder.transfer_syntax_uid) + " to " + syntax;
            EXPECT_EQ(values_of(again), expected) << what;
            EXPECT_EQ(again.integer(tags::kBitsStored), 12) << what;
            EXPECT_EQ(again.integer(tags::kHighBit), 11) << what;
            EXPECT_FALSE(has_bits_beside_values(again, 0)) << what;
        }
    }
}

TEST(StoredBits, MayLieHighInCodestreamsOfWholeCells) {
    Cells high = slope();
    high.high_bit = 15;
    for (std::uint16_t& word : high.words) word = static_cast<std::uint16_t>(word << 4);
    for (const Encoder& encoder : encoders()) {
        const DataSet image = compressed(high, encoder);
        EXPECT_EQ(values_of(image), values_of(native(slope()))) << encoder.transfer_syntax_uid;
        EXPECT_EQ(
            written_in(image, transfer_syntax::kExplicitVrLittleEndian).integer(tags::kHighBit),
            11);
    }
    // Twelve bits of a codestream are the value, wherever the header had it.
    Cells low = slope();
    low.high_bit = 15;
    for (const std::string_view syntax :
         {transfer_syntax::kJpegLsLossless, transfer_syntax::kJpeg2000Lossless})
        EXPECT_EQ(values_of(compressed(low, *find_encoder(syntax), 12)), values_of(native(slope())))
            << syntax;
}

TEST(StoredBits, LeaveOverlaysOutOfValuesAndPictures) {
    const RenderOptions options{.window = VoiWindow{2048, 4096, VoiFunction::kLinear, ""}};
    Cells cells = slope();
    const std::vector<std::int64_t> expected = values_of(native(cells));
    const Bytes shown = render(native(cells), 0, options).pixels;
    const Bytes small = render(native(cells), 0, {.window = options.window, .max_width = 5}).pixels;
    mark_some(cells, kOverlay);
    for (const Encoder& encoder : encoders()) {
        DataSet image = compressed(cells, encoder);
        declare_overlay(image, 12);
        EXPECT_EQ(values_of(image), expected) << encoder.transfer_syntax_uid;
        EXPECT_EQ(render(image, 0, options).pixels, shown) << encoder.transfer_syntax_uid;
        EXPECT_EQ(render(image, 0, {.window = options.window, .max_width = 5}).pixels, small)
            << "of a lower resolution, where overlays are averaged too: "
            << encoder.transfer_syntax_uid;
        EXPECT_TRUE(has_bits_beside_values(image, 0)) << encoder.transfer_syntax_uid;
    }
}

TEST(StoredBits, KeepTheirOverlaysInEverySyntax) {
    for (const bool is_signed : {false, true})
        for (const bool is_declared : {true, false}) {
            Cells cells = slope(is_signed);
            mark_some(cells, kOverlay);
            const DataSet plain = native(cells);
            const ByteView expected = plain.bytes(tags::kPixelData);
            std::vector<DataSet> stored;
            stored.push_back(plain.clone());
            for (const Encoder& encoder : encoders()) stored.push_back(compressed(cells, encoder));
            for (DataSet& image : stored) {
                if (is_declared) declare_overlay(image, 12);
                for (const std::string& syntax : every_syntax()) {
                    const DataSet again = written_in(image, syntax);
                    const std::string what = image.transfer_syntax_uid() + " to " + syntax;
                    EXPECT_EQ(as_text(cells_of(again)), as_text(expected)) << what;
                    EXPECT_EQ(values_of(again), values_of(plain)) << what;
                    EXPECT_EQ(again.integer(tags::kBitsStored), 12) << what;
                    EXPECT_EQ(again.integer(tags::kHighBit), 11) << what;
                }
            }
        }
}

TEST(StoredBits, KeepOverlaysBelowThem) {
    Cells cells = slope();
    cells.high_bit = 15;
    for (std::uint16_t& word : cells.words) word = static_cast<std::uint16_t>(word << 4);
    mark_some(cells, 0x0001);
    DataSet image = native(cells);
    declare_overlay(image, 0);
    for (const std::string& syntax : every_syntax()) {
        const DataSet again = written_in(image, syntax);
        EXPECT_EQ(as_text(cells_of(again)), as_text(image.bytes(tags::kPixelData))) << syntax;
        EXPECT_EQ(values_of(again), values_of(native(slope()))) << syntax;
        EXPECT_EQ(again.integer(tags::kHighBit), 15) << syntax;
    }
}

TEST(StoredBits, GiveWayToNarrowerCodestreamsThatPassThem) {
    // PS3.5 8.2: what the codestream says of itself counts. None that is 12 bits wide has overlays
    // unless the header says so.
    Cells cells = slope();
    cells.bits_stored = 8;
    cells.high_bit = 7;
    const Encoder& encoder = *find_encoder(transfer_syntax::kJpeg2000Lossless);
    DataSet image = compressed(cells, encoder, 12);
    EXPECT_EQ(values_of(image), values_of(native(slope())));
    EXPECT_TRUE(has_bits_beside_values(image, 0));
    EXPECT_EQ(
        written_in(image, transfer_syntax::kExplicitVrLittleEndian).integer(tags::kBitsStored), 12);
    declare_overlay(image, 9);
    EXPECT_EQ(values_of(image)[100], slope().words[100] & 0xFF);
}

TEST(StoredBits, AreThoseOfTheFrameThatHasMost) {
    Cells low = slope();
    for (std::uint16_t& word : low.words) word &= 0xFF;
    low.bits_stored = 8;
    low.high_bit = 7;
    const Encoder& encoder = *find_encoder(transfer_syntax::kJpeg2000Lossless);
    DataSet image = native(low);
    image.set_encapsulated_pixels(
        {.rows = kRows, .columns = kColumns, .frames = 2},
        {codestream_of(native(low), encoder, 12), codestream_of(native(slope()), encoder, 12)},
        encoder.transfer_syntax_uid);
    image.set_integer(tags::kBitsStored, 8);
    image.set_integer(tags::kHighBit, 7);
    for (const std::string_view syntax :
         {transfer_syntax::kExplicitVrLittleEndian, transfer_syntax::kRleLossless}) {
        const DataSet again = written_in(image, syntax);
        EXPECT_EQ(again.integer(tags::kBitsStored), 12) << syntax;
        EXPECT_EQ(values_of(again, 0), values_of(native(low))) << syntax;
        EXPECT_EQ(values_of(again, 1), values_of(native(slope()))) << syntax;
    }
}

TEST(StoredBits, HaveAnOverlayBesideThemWhereTheHeaderSaysSo) {
    const auto is_embedded = [](DataSet image) {
        return has_embedded_overlay(image, stored_layout_of(image));
    };
    const auto with = [](int bit) {
        DataSet image = native(slope());
        declare_overlay(image, bit);
        return image;
    };
    EXPECT_FALSE(is_embedded(native(slope())));
    EXPECT_TRUE(is_embedded(with(12)));
    EXPECT_TRUE(is_embedded(with(15)));
    EXPECT_FALSE(is_embedded(with(11))) << "among the values";
    EXPECT_FALSE(is_embedded(with(16))) << "nowhere";
    DataSet apart = with(12);
    apart.set_bytes(tags::kOverlayData, "OW", Bytes(kRows * kColumns / 8, 1));
    EXPECT_FALSE(is_embedded(std::move(apart)));
    DataSet last = native(slope());
    last.set_integer({0x601E, 0x0102}, 13);
    EXPECT_TRUE(is_embedded(std::move(last)));
}

}  // namespace
}  // namespace lucerna::dicom
