#include "dicom/bare_pixels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "dicom/encoders.h"
#include "dicom/frames.h"
#include "dicom/node.h"
#include "support/stripped_pixels.h"

namespace lucerna::dicom {
namespace {

namespace ts = transfer_syntax;

constexpr std::string_view kSecret = "SECRET^NAME 1234";

Bytes concat(std::initializer_list<ByteView> parts) {
    Bytes all;
    for (const ByteView part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

/// With marker, length and the secret behind `before`.
Bytes segment(std::uint8_t marker, std::string_view before = {}) {
    const std::string content = std::string(before) + std::string(kSecret);
    const Bytes head{0xFF, marker, 0, static_cast<std::uint8_t>(2 + content.size())};
    return concat({head, as_byte_view(content)});
}

Bytes with(const Bytes& codestream, std::size_t at, ByteView inserted) {
    const ByteView all(codestream);
    return concat({all.first(at), inserted, all.subspan(at)});
}

PixelLayout layout_for(int frames) {
    PixelLayout layout;
    layout.rows = 24;
    layout.columns = 20;
    layout.bits_allocated = 16;
    layout.bits_stored = 12;
    layout.frames = frames;
    return layout;
}

DataSet image(int frames = 1) {
    Bytes samples;
    for (int i = 0; i < 24 * 20 * frames; ++i) {
        samples.push_back(static_cast<std::uint8_t>(i * 7 % 251));
        samples.push_back(static_cast<std::uint8_t>(i % 16));
    }
    DataSet made;
    made.set_text(tags::kSopClassUid, sop_class::kSecondaryCapture);
    made.set_text(tags::kSopInstanceUid, "1.2.3");
    made.set_pixels(layout_for(frames), std::move(samples));
    return made;
}

/// `image` with its frames in that syntax, each changed by `change`.
template <typename Change>
DataSet compressed(std::string_view syntax, int frames, const Change& change) {
    const DataSet plain = image(frames);
    std::vector<Bytes> codestreams;
    for (int i = 0; i < frames; ++i)
        codestreams.push_back(change(encoded_frame(plain, i, *find_encoder(syntax))));
    DataSet made = plain.clone();
    made.set_encapsulated_pixels(layout_for(frames), std::move(codestreams), syntax);
    return made;
}

bool holds_secret(const DataSet& object) {
    return as_text(object.to_part10()).find(kSecret) != std::string_view::npos;
}

/// Strips, and looks whether the secret was there, is gone, and all else is what it was.
std::vector<LeftOut> stripped(DataSet object, int frames = 1) {
    EXPECT_TRUE(holds_secret(object));
    std::vector<LeftOut> left_out = strip_pixels(object);
    EXPECT_FALSE(holds_secret(object));
    const DataSet read_back = DataSet::parse(object.to_part10());
    const DataSet plain = image(frames);
    EXPECT_EQ(frame_count(read_back), frames);
    for (int i = 0; i < frames; ++i)
        EXPECT_EQ(decode_frame(read_back, i).samples, decode_frame(plain, i).samples) << i;
    EXPECT_TRUE(strip_pixels(object).empty());
    return left_out;
}

void expect_one(const std::vector<LeftOut>& left_out, std::string_view what, std::size_t bytes) {
    ASSERT_EQ(left_out.size(), 1U);
    EXPECT_EQ(left_out[0].what, what);
    EXPECT_EQ(left_out[0].bytes, bytes);
}

constexpr std::string_view kJpegs[] = {ts::kJpegLosslessSv1, ts::kJpegLsLossless};

TEST(BarePixels, TakesCommentsOutOfJpegAndJpegLs) {
    for (const std::string_view syntax : kJpegs)
        expect_one(
            stripped(
                compressed(syntax, 3, [](const Bytes& one) { return with(one, 2, segment(0xFE)); }),
                3),
            "comment", 60);
}

TEST(BarePixels, TakesApplicationDataOutOfJpegAndJpegLs) {
    for (const std::string_view syntax : kJpegs)
        for (std::uint8_t marker = 0xE0; marker <= 0xEF; ++marker)
            expect_one(stripped(compressed(syntax, 1,
                                           [&](const Bytes& one) {
                                               return with(one, 2, segment(marker, "Exif"));
                                           })),
                       "application-data", 24);
}

TEST(BarePixels, KeepsOfApplicationDataWhatDecodersGoBy) {
    using namespace std::string_literals;
    const std::string jfif = "JFIF\0\1\1\0\0\1\0\1"s;
    const std::pair<std::uint8_t, std::string> kinds[] = {{0xE0, jfif + "\2\2"},
                                                          {0xEE, "Adobe\0\x64\0\0\0\0\0"s}};
    for (const auto& [marker, head] : kinds) {
        DataSet object = compressed(ts::kJpegLosslessSv1, 1, [&](const Bytes& one) {
            return with(one, 2, segment(marker, head));
        });
        expect_one(strip_pixels(object), "application-data", kSecret.size());
        const Bytes bare = stored_frame(object, 0);
        const std::string kept = marker == 0xE0 ? jfif + "\0\0"s : head;
        EXPECT_EQ(as_text(bare).substr(6, kept.size()), kept);
        EXPECT_EQ(bare[5], 2 + kept.size());
        EXPECT_EQ(decode_frame(object, 0).samples, decode_frame(image(), 0).samples);
    }
}

TEST(BarePixels, CutsBehindTheEnd) {
    for (const std::string_view syntax :
         {ts::kJpegLosslessSv1, ts::kJpegLsLossless, ts::kJpeg2000Lossless, ts::kHtj2kLossless}) {
        const auto behind = [](const Bytes& one) { return concat({one, as_byte_view(kSecret)}); };
        const auto left_out = stripped(compressed(syntax, 2, behind), 2);
        EXPECT_TRUE(std::any_of(left_out.begin(), left_out.end(), [](const LeftOut& one) {
            return one.what == "after-the-end" && one.bytes >= 2 * kSecret.size();
        })) << syntax;
    }
}

TEST(BarePixels, TakesCommentsAndBoxesOutOfJpeg2000) {
    const auto comment_at = [](std::size_t at) {
        return [at](const Bytes& one) { return with(one, at, segment(0x64, {"\0\1", 2})); };
    };
    for (const std::string_view syntax : {ts::kJpeg2000Lossless, ts::kHtj2kLossless}) {
        const Bytes one = encoded_frame(image(), 0, *find_encoder(syntax));
        const std::size_t after_size = 4 + 2 + std::size_t{one[5]} - 2;
        const auto left_out = stripped(compressed(syntax, 1, comment_at(after_size)));
        ASSERT_EQ(left_out.size(), 1U);
        EXPECT_EQ(left_out[0].what, "comment");
    }
    const auto boxed = [](const Bytes& one) {
        const Bytes signature = from_hex("0000000c6a5020200d0a870a");
        const std::string free_box = std::string("\0\0\0\x18uuid", 8) + std::string(kSecret);
        const Bytes codestream_box = from_hex("000000006a703263");
        return concat({signature, as_byte_view(free_box), codestream_box, one});
    };
    const auto left_out = stripped(compressed(ts::kJpeg2000Lossless, 1, boxed));
    EXPECT_TRUE(std::any_of(left_out.begin(), left_out.end(), [](const LeftOut& one) {
        return one.what == "boxes" && one.bytes == 12 + 24 + 8;
    }));
}

/// `inserted` in the header of the first tile-part of JPEG 2000.
Bytes with_in_tile(const Bytes& one, ByteView inserted) {
    const std::size_t sot = as_text(one).find("\xFF\x90");
    Bytes made = with(one, sot + 12, inserted);
    // Psot counts it.
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | made[sot + 6 + i];
    if (length > 0) length += inserted.size();
    for (std::size_t i = 0; i < 4; ++i)
        made[sot + 6 + i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
    return made;
}

/// In its main header.
Bytes with_in_main(const Bytes& one, ByteView inserted) {
    return with(one, 4 + 2 + std::size_t{one[5]} - 2, inserted);
}

TEST(BarePixels, BlanksACommentInATilePart) {
    const auto in_tile = [](const Bytes& one) {
        return with_in_tile(one, segment(0x64, {"\0\1", 2}));
    };
    EXPECT_FALSE(stripped(compressed(ts::kJpeg2000Lossless, 1, in_tile)).empty());
}

/// Beside the comment that encoders write.
std::size_t segments_left_out(const std::vector<LeftOut>& left_out) {
    std::size_t bytes = 0;
    for (const LeftOut& one : left_out)
        if (one.what == "marker-segments") bytes += one.bytes;
    return bytes;
}

TEST(BarePixels, TakesSegmentsThatNoDecoderGoesByOutOfJpeg2000) {
    const auto in_main = [](std::uint8_t marker) {
        return [=](const Bytes& one) { return with_in_main(one, segment(marker, {"\0\0", 2})); };
    };
    const auto in_tile = [](const Bytes& one) {
        return with_in_tile(one, segment(0x58, {"\0", 1}));
    };
    for (const std::string_view syntax : {ts::kJpeg2000Lossless, ts::kHtj2kLossless}) {
        // CAP, TLM, PRF, PLM, CPF, PLT.
        for (const std::uint8_t marker :
             std::initializer_list<std::uint8_t>{0x50, 0x55, 0x56, 0x57, 0x59})
            EXPECT_GE(segments_left_out(stripped(compressed(syntax, 2, in_main(marker)), 2)),
                      2 * (6 + kSecret.size()))
                << int{marker};
        // CRG of one component.
        DataSet object = compressed(syntax, 1, [](const Bytes& one) {
            return with_in_main(one, from_hex("ff630006444f455e"));
        });
        EXPECT_GE(segments_left_out(strip_pixels(object)), 8U);
        EXPECT_GE(segments_left_out(stripped(compressed(syntax, 2, in_tile), 2)),
                  2 * (5 + kSecret.size()));
    }
}

TEST(BarePixels, KeepsLengthsOfTilePartsAndPacketsThatAreRight) {
    const auto with_lengths = [](const Bytes& one) {
        const std::size_t sot = as_text(one).find("\xFF\x90");
        const std::size_t data = one.size() - 2 - as_text(one).find("\xFF\x93") - 2;
        // One packet of it all, in two bytes of seven bits.
        EXPECT_LT(data, std::size_t{1} << 14);
        const Bytes lengths{0xFF,
                            0x58,
                            0,
                            5,
                            0,
                            static_cast<std::uint8_t>(0x80 | data >> 7),
                            static_cast<std::uint8_t>(data & 0x7F)};
        const Bytes longer = with_in_tile(one, lengths);
        const std::size_t whole = longer.size() - 2 - sot;
        return with_in_main(longer,
                            Bytes{0xFF, 0x55, 0, 6, 0, 0, static_cast<std::uint8_t>(whole >> 8),
                                  static_cast<std::uint8_t>(whole)});
    };
    DataSet object = compressed(ts::kJpeg2000Lossless, 1, with_lengths);
    const Bytes before = stored_frame(object, 0);
    (void)strip_pixels(object);
    EXPECT_NE(as_text(stored_frame(object, 0)).find("\xFF\x55"), std::string_view::npos);
    EXPECT_NE(as_text(stored_frame(object, 0)).find("\xFF\x58"), std::string_view::npos);
    EXPECT_TRUE(strip_pixels(object).empty());
}

TEST(BarePixels, BlanksStepsOfLevelsThatThereAreNot) {
    const auto with_steps = [](const Bytes& one) {
        const std::size_t at = as_text(one).find("\xFF\x5C");
        const std::size_t size = one[at + 3];
        Bytes longer = with(one, at + 2 + size, as_byte_view(kSecret.substr(0, 15)));
        longer[at + 3] = static_cast<std::uint8_t>(size + 15);
        return longer;
    };
    DataSet object = compressed(ts::kJpeg2000Lossless, 1, with_steps);
    EXPECT_GT(segments_left_out(strip_pixels(object)), 0U);
    EXPECT_EQ(as_text(stored_frame(object, 0)).find(kSecret.substr(0, 15)), std::string_view::npos);
}

TEST(BarePixels, RefusesSegmentsOfJpeg2000ThatItCannotJudge) {
    const auto refuses = [](const auto& change) {
        DataSet object = compressed(ts::kJpeg2000Lossless, 1, change);
        EXPECT_THROW((void)strip_pixels(object), Error);
    };
    // Packed headers, those of Part 2, and a second COD with something else in it.
    for (const std::uint8_t marker : std::initializer_list<std::uint8_t>{
             0x60, 0x72, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x52, 0x5F})
        refuses([&](const Bytes& one) { return with_in_main(one, segment(marker)); });
    for (const std::uint8_t marker : std::initializer_list<std::uint8_t>{0x61, 0x57, 0x74})
        refuses([&](const Bytes& one) { return with_in_tile(one, segment(marker)); });
    // A tile-part more than its tile has.
    refuses([](const Bytes& one) {
        const Bytes head{0xFF, 0x90, 0, 10, 0, 0, 0, 0, 0, 14 + 16, 1, 2, 0xFF, 0x93};
        return with(one, one.size() - 2, concat({head, as_byte_view(kSecret)}));
    });
}

TEST(BarePixels, TakesConditioningOutOfJpegThatHasNoArithmeticCoding) {
    const auto left_out = stripped(compressed(
        ts::kJpegLosslessSv1, 1, [](const Bytes& one) { return with(one, 2, segment(0xCC)); }));
    expect_one(left_out, "marker-segments", 20);
}

TEST(BarePixels, LeavesNoByteInRleThatGivesNoSample) {
    const auto behind = [](Bytes one) { return concat({one, as_byte_view(kSecret)}); };
    expect_one(stripped(compressed(ts::kRleLossless, 2, behind), 2), "rle-surplus",
               2 * kSecret.size());
    const auto in_header = [](Bytes one) {
        std::copy(kSecret.begin(), kSecret.end(), one.begin() + 40);
        return one;
    };
    expect_one(stripped(compressed(ts::kRleLossless, 1, in_header)), "rle-surplus", kSecret.size());
    const auto before_segments = [](Bytes one) {
        for (const std::size_t at : {std::size_t{4}, std::size_t{8}}) {
            const std::uint32_t moved = u32(one, at) + static_cast<std::uint32_t>(kSecret.size());
            for (std::size_t i = 0; i < 4; ++i)
                one[at + i] = static_cast<std::uint8_t>(moved >> (8 * i));
        }
        return with(one, 64, as_byte_view(kSecret));
    };
    expect_one(stripped(compressed(ts::kRleLossless, 1, before_segments)), "rle-surplus",
               kSecret.size());
}

TEST(BarePixels, KeepsOnlyFragmentsOfFrames) {
    DataSet object = compressed(ts::kJpegLsLossless, 1, [](const Bytes& one) { return one; });
    const Bytes frame = stored_frame(object, 0);
    (void)object.node().put(tags::kPixelData, vr::kOb,
                            fragments_of(std::vector<ByteView>{frame, as_byte_view(kSecret)}));
    const auto left_out = stripped(std::move(object));
    ASSERT_EQ(left_out.size(), 2U);
    EXPECT_EQ(left_out[0].what, "after-the-end");
    EXPECT_GE(left_out[0].bytes, kSecret.size());
    // It spoke of two fragments.
    EXPECT_EQ(left_out[1].what, "offset-table");
}

TEST(BarePixels, RefusesAFragmentBeforeTheFirstFrame) {
    for (const std::string_view syntax : kJpegs) {
        DataSet object = compressed(syntax, 2, [](const Bytes& one) { return one; });
        const Bytes first = stored_frame(object, 0);
        const Bytes second = stored_frame(object, 1);
        auto fragments = fragments_of(std::vector<ByteView>{as_byte_view(kSecret), first, second});
        fragments->basic_offset_table = {};
        (void)object.node().put(tags::kPixelData, vr::kOb, std::move(fragments));
        EXPECT_THROW((void)strip_pixels(object), Error) << syntax;
    }
}

TEST(BarePixels, CutsNativePixelsToTheirSize) {
    DataSet object = image(2);
    const ByteView value = object.bytes(tags::kPixelData);
    object.set_bytes(tags::kPixelData, "OW", concat({value, as_byte_view(kSecret)}));
    expect_one(stripped(std::move(object), 2), "surplus-bytes", kSecret.size());
}

TEST(BarePixels, RemovesOffsetTablesOfNativePixels) {
    DataSet object = image();
    const ByteView secret = as_byte_view(kSecret);
    object.set_bytes(tags::kExtendedOffsetTable, "OV", Bytes(secret.begin(), secret.end()));
    expect_one(stripped(std::move(object)), "offset-table", kSecret.size());
}

TEST(BarePixels, CutsFloatPixelsToTheirSize) {
    DataSet object;
    object.set_text(tags::kSopClassUid, "1.2.840.10008.5.1.4.1.1.30");
    object.set_text(tags::kSopInstanceUid, "1.2.3");
    object.set_integer(tags::kRows, 2);
    object.set_integer(tags::kColumns, 2);
    object.set_bytes(tags::kFloatPixelData, "OF", concat({Bytes(16, 1), as_byte_view(kSecret)}));
    expect_one(strip_pixels(object), "surplus-bytes", kSecret.size());
    EXPECT_EQ(object.bytes(tags::kFloatPixelData).size(), 16U);
    object.set_integer(tags::kRows, 3);
    EXPECT_THROW((void)strip_pixels(object), Error);
}

TEST(BarePixels, LeavesAloneWhatHasNothingBeside) {
    for (const Encoder& encoder : encoders()) {
        DataSet object =
            compressed(encoder.transfer_syntax_uid, 3, [](const Bytes& one) { return one; });
        (void)strip_pixels(object);
        const Bytes before = object.to_part10();
        EXPECT_TRUE(strip_pixels(object).empty()) << encoder.transfer_syntax_uid;
        EXPECT_EQ(object.to_part10(), before) << encoder.transfer_syntax_uid;
    }
    DataSet native = image(3);
    const Bytes before = native.to_part10();
    EXPECT_TRUE(strip_pixels(native).empty());
    EXPECT_EQ(native.to_part10(), before);
}

TEST(BarePixels, WritesAnOffsetTableThatIsNoneAnew) {
    DataSet object = compressed(ts::kJpegLsLossless, 1, [](const Bytes& one) { return one; });
    const Bytes frame = stored_frame(object, 0);
    auto fragments = fragments_of(std::vector<ByteView>{frame});
    fragments->basic_offset_table = as_byte_view(kSecret);
    (void)object.node().put(tags::kPixelData, vr::kOb, std::move(fragments));
    expect_one(stripped(object.clone()), "offset-table", kSecret.size());
    // The extended one goes where frames are laid out anew.
    object = compressed(ts::kJpegLsLossless, 2,
                        [](const Bytes& one) { return with(one, 2, segment(0xFE)); });
    object.set_bytes(tags::kExtendedOffsetTable, "OV", Bytes(16, 0));
    object.set_bytes(tags::kExtendedOffsetTableLengths, "OV", Bytes(16, 0));
    (void)strip_pixels(object);
    EXPECT_FALSE(object.has(tags::kExtendedOffsetTable));
    EXPECT_FALSE(object.has(tags::kExtendedOffsetTableLengths));
    const Fragments& made = *object.node().find(tags::kPixelData)->fragments();
    EXPECT_EQ(u32(made.basic_offset_table, 0), 0U);
    EXPECT_EQ(u32(made.basic_offset_table, 4), made.offsets.at(1));
}

TEST(BarePixels, KeepsAnExtendedOffsetTableThatIsRight) {
    DataSet object = compressed(ts::kRleLossless, 2, [](const Bytes& one) { return one; });
    (void)strip_pixels(object);
    const Fragments& held = *object.node().find(tags::kPixelData)->fragments();
    Bytes offsets(16, 0);
    Bytes lengths(16, 0);
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t byte = 0; byte < 4; ++byte) {
            offsets[8 * i + byte] = static_cast<std::uint8_t>(held.offsets[i] >> (8 * byte));
            lengths[8 * i + byte] = static_cast<std::uint8_t>(held.pieces[i].size() >> (8 * byte));
        }
    object.set_bytes(tags::kExtendedOffsetTable, "OV", std::move(offsets));
    object.set_bytes(tags::kExtendedOffsetTableLengths, "OV", std::move(lengths));
    EXPECT_TRUE(strip_pixels(object).empty());
    EXPECT_TRUE(object.has(tags::kExtendedOffsetTable));
}

TEST(BarePixels, RefusesWhatItCannotWalkThrough) {
    const auto refuses = [](DataSet object) { EXPECT_THROW((void)strip_pixels(object), Error); };
    for (const std::string_view syntax : kJpegs) {
        // No end, a segment past its end, a marker of no known form, tables with something behind.
        refuses(compressed(syntax, 1, [](Bytes one) {
            while (one.back() != 0xFF) one.pop_back();
            one.pop_back();
            return one;
        }));
        refuses(compressed(syntax, 1, [](const Bytes& one) {
            return with(one, 2, Bytes{0xFF, 0xFE, 0xFF, 0xFF});
        }));
        refuses(
            compressed(syntax, 1, [](const Bytes& one) { return with(one, 2, segment(0xF0)); }));
        refuses(
            compressed(syntax, 1, [](const Bytes& one) { return with(one, 2, segment(0xDB)); }));
        // Mapping tables and oversize dimensions of JPEG-LS; of JPEG no marker.
        for (const std::string_view kind : {"\2", "\4"})
            refuses(compressed(
                syntax, 1, [&](const Bytes& one) { return with(one, 2, segment(0xF8, kind)); }));
    }
    refuses(compressed(ts::kJpeg2000Lossless, 1, [](Bytes one) {
        one.resize(one.size() - 20);
        return one;
    }));
    refuses(compressed(ts::kRleLossless, 1, [](Bytes one) {
        one.resize(80);
        return one;
    }));
    DataSet unknown = compressed(ts::kRleLossless, 1, [](const Bytes& one) { return one; });
    unknown.set_encapsulated_pixels(layout_for(1), {Bytes(20, 1)}, "1.2.840.10008.1.2.4.110");
    refuses(std::move(unknown));
}

}  // namespace
}  // namespace lucerna::dicom
