#include "dicom/converted_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "dicom/encoders.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

namespace ts = transfer_syntax;

/// With elements on both sides of the pixels, one of them wide.
DataSet image(int frames, int bits, int samples = 1, int side = 61) {
    PixelLayout layout;
    layout.rows = side;
    layout.columns = side + 2;
    layout.samples_per_pixel = samples;
    layout.photometric_interpretation = samples == 3 ? "RGB" : "MONOCHROME2";
    layout.bits_allocated = bits > 8 ? 16 : 8;
    layout.bits_stored = bits;
    layout.frames = frames;
    std::mt19937 random(static_cast<std::uint32_t>(frames * 100 + bits));
    Bytes pixels;
    const int all = side * (side + 2) * samples * frames;
    for (int i = 0; i < all; ++i) {
        const std::uint32_t value =
            (static_cast<std::uint32_t>(i) / 7 + static_cast<std::uint32_t>(random() % 3)) &
            ((std::uint32_t{1} << bits) - 1);
        pixels.push_back(static_cast<std::uint8_t>(value));
        if (bits > 8) pixels.push_back(static_cast<std::uint8_t>(value >> 8));
    }
    DataSet set;
    set.set_text(tags::kSopClassUid, sop_class::kSecondaryCapture);
    set.set_text(tags::kSopInstanceUid, "1.2.3");
    set.set_text(tags::kPatientName, "Müller");
    set.set_pixels(layout, std::move(pixels));
    set.set_bytes(Tag{0x7FE1, 0x0010}, "LO", Bytes{'L', 'U', 'C', 'E', 'R', 'N', 'A', ' '});
    set.set_bytes(Tag{0x7FE1, 0x1001}, "OB", Bytes(3, 9));
    return set;
}

Bytes read_all(ConvertedFile& file, std::size_t step) {
    Bytes all(static_cast<std::size_t>(file.size()));
    for (std::size_t at = 0; at < all.size(); at += step)
        file.read(at, std::span(all).subspan(at, std::min(step, all.size() - at)));
    return all;
}

struct Conversion {
    std::string_view from;
    std::string_view to;
};

std::vector<Conversion> conversions() {
    std::vector<Conversion> all;
    for (const std::string_view from : {ts::kExplicitVrLittleEndian, ts::kImplicitVrLittleEndian,
                                        ts::kDeflatedExplicitVrLittleEndian, ts::kJpegLsLossless,
                                        ts::kJpeg2000Lossless, ts::kRleLossless})
        for (const std::string_view to : {ts::kExplicitVrLittleEndian, ts::kImplicitVrLittleEndian,
                                          ts::kDeflatedExplicitVrLittleEndian, ts::kJpegLsLossless,
                                          ts::kHtj2kLossless, ts::kRleLossless})
            if (from != to) all.push_back({from, to});
    return all;
}

TEST(ConvertedFile, IsWhatWouldBeWrittenWhole) {
    for (const auto& [frames, bits, samples] :
         {std::tuple(1, 8, 1), std::tuple(3, 8, 1), std::tuple(3, 12, 1), std::tuple(2, 16, 1),
          std::tuple(3, 8, 3)}) {
        const DataSet original = image(frames, bits, samples);
        for (const auto& [from, to] : conversions()) {
            const Bytes stored = original.to_part10(from);
            const Bytes expected = DataSet::parse(stored).to_part10(to);
            ConvertedFile file([&] { return FramedObject(Bytes(stored)); }, to);
            EXPECT_EQ(file.size(), expected.size());
            EXPECT_TRUE(read_all(file, 10'007) == expected)
                << frames << " frames of " << bits << " bits from " << from << " to " << to;
            file.let_go();
            EXPECT_TRUE(read_all(file, 1 << 20) == expected) << "once more";
            int given_way = 0;
            ConvertedFile gives_way([&] { return FramedObject(Bytes(stored)); }, to,
                                    {[] { return true; }, [&] { ++given_way; }});
            const bool are_made = find_transfer_syntax(from)->encapsulated() ||
                                  find_transfer_syntax(to)->encapsulated();
            EXPECT_GE(given_way, are_made ? frames - 1 : 0);
            // Measured and deflated: not for each piece of a frame, which is made again then.
            if (are_made) {
                EXPECT_LE(given_way, 2 * frames);
            }
            EXPECT_TRUE(read_all(gives_way, 10'007) == expected) << "giving way between frames";
        }
    }
}

TEST(ConvertedFile, IsReadFromAnywhere) {
    const Bytes stored = image(4, 12).to_part10(ts::kJpegLsLossless);
    for (const std::string_view to :
         {ts::kExplicitVrLittleEndian, ts::kRleLossless, ts::kDeflatedExplicitVrLittleEndian}) {
        ConvertedFile file([&] { return FramedObject(Bytes(stored)); }, to);
        const Bytes whole = DataSet::parse(stored).to_part10(to);
        std::mt19937 random(1);
        for (int i = 0; i < 50; ++i) {
            const std::size_t at = random() % whole.size();
            Bytes part(std::min<std::size_t>(random() % 9'000, whole.size() - at));
            file.read(at, part);
            ASSERT_TRUE(std::equal(part.begin(), part.end(),
                                   whole.begin() + static_cast<std::ptrdiff_t>(at)))
                << to << " from " << at;
        }
    }
}

TEST(ConvertedFile, TakesPixelsThatLieElsewhere) {
    const DataSet original = image(5, 16);
    DataSet around = original.clone();
    around.remove(tags::kPixelData);
    const Bytes pixels(original.bytes(tags::kPixelData).begin(),
                       original.bytes(tags::kPixelData).end());
    std::size_t most = 0;
    const auto open = [&] {
        return FramedObject(around.to_part10(), pixels.size(),
                            [&](std::size_t at, std::span<std::uint8_t> into) {
                                most = std::max(most, into.size());
                                std::copy_n(pixels.begin() + static_cast<std::ptrdiff_t>(at),
                                            into.size(), into.begin());
                            });
    };
    for (const std::string_view to : {ts::kImplicitVrLittleEndian, ts::kHtj2kLossless}) {
        ConvertedFile file(open, to);
        EXPECT_TRUE(read_all(file, 5'000) == original.to_part10(to)) << to;
    }
    EXPECT_EQ(most, pixels.size() / 5) << "never more than a frame";
}

TEST(ConvertedFile, RefusesAsAWholeWouldBe) {
    const auto code = [](const Bytes& stored, std::string_view to) -> std::optional<ErrorCode> {
        try {
            const ConvertedFile file([&] { return FramedObject(Bytes(stored)); }, to);
            return std::nullopt;
        } catch (const Error& error) {
            return error.code();
        }
    };
    const Bytes stored = image(2, 8).to_part10(ts::kJpegLsLossless);
    EXPECT_EQ(code(stored, ts::kExplicitVrBigEndian), ErrorCode::kUnsupported);
    EXPECT_EQ(code(stored, "1.2.3"), ErrorCode::kUnsupported);
    Bytes damaged = stored;
    std::fill(damaged.end() - 900, damaged.end() - 600, std::uint8_t{0xFF});
    EXPECT_EQ(code(damaged, ts::kExplicitVrLittleEndian), ErrorCode::kInvalidInput);
    DataSet none = image(1, 8);
    none.remove(tags::kPixelData);
    EXPECT_EQ(code(none.to_part10(), ts::kImplicitVrLittleEndian), ErrorCode::kUnsupported);
}

TEST(ConvertedFile, TakesPixelsAsTheyLieWhateverTheHeaderSays) {
    DataSet lying = image(3, 8);
    Bytes pixels(lying.bytes(tags::kPixelData).begin(), lying.bytes(tags::kPixelData).end());
    pixels.resize(pixels.size() - 1001);
    lying.set_bytes(tags::kPixelData, "OB", std::move(pixels));
    DataSet odd = image(1, 8);
    odd.set_integer(tags::kBitsAllocated, 24);
    for (const DataSet* set : {&lying, &odd}) {
        const Bytes stored = set->to_part10(ts::kImplicitVrLittleEndian);
        ConvertedFile file([&] { return FramedObject(Bytes(stored)); },
                           ts::kExplicitVrLittleEndian);
        EXPECT_TRUE(read_all(file, 1'000) ==
                    DataSet::parse(stored).to_part10(ts::kExplicitVrLittleEndian));
        EXPECT_THROW(ConvertedFile([&] { return FramedObject(Bytes(stored)); }, ts::kRleLossless),
                     Error);
    }
}

TEST(ConvertedFile, SaysThatAFrameIsAnotherThanItWas) {
    const Bytes stored = image(2, 8).to_part10();
    const Bytes other = image(2, 7).to_part10();
    const Bytes* now = &stored;
    ConvertedFile file([&] { return FramedObject(Bytes(*now)); }, ts::kRleLossless);
    file.let_go();
    now = &other;
    EXPECT_THROW((void)read_all(file, 1'000), Error);
}

}  // namespace
}  // namespace lucerna::dicom
