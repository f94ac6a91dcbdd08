// What decoding_memory() is asked for, against what the system sees.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/decoding_memory.h"
#include "dicom/encoders.h"
#include "dicom/frames.h"
#include "dicom/picture8.h"
#include "dicom/render.h"
#include "dicom/viewport.h"

namespace lucerna::dicom {
namespace {

constexpr int kRows = 2000;
constexpr int kColumns = 1536;
constexpr std::size_t kMegabyte = 1'000'000;
/// For what is not counted, beside what comes out: tables, rows, strips.
constexpr std::size_t kBeside = 3 * kMegabyte;

std::size_t kilobytes_of(const std::string& field) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field + ":")) return std::stoul(line.substr(field.size() + 1));
    return 0;
}

/// How far the process grows while it works; 0 where the system does not say.
std::size_t growth_of(const std::function<void()>& work) {
    // What it looks at may have to be read in the first time.
    work();
    malloc_trim(0);
    std::ofstream reset("/proc/self/clear_refs");
    if (!(reset << 5 << std::flush)) return 0;
    const std::size_t before = kilobytes_of("VmRSS");
    work();
    const std::size_t peak = kilobytes_of("VmHWM");
    return peak > before ? (peak - before) * 1024 : 0;
}

/// Beside what it was given before; kept from growing, it says what it wants.
std::size_t counted_for(const std::function<void()>& work) {
    decoding_memory().set_limit(1);
    std::size_t bytes = 0;
    try {
        work();
    } catch (const Error& error) {
        const std::string words = error.what();
        const std::string takes = " takes ";
        bytes = std::stoul(words.substr(words.find(takes) + takes.size()));
    }
    decoding_memory().set_limit(MemoryBudget::kNoLimit);
    return bytes;
}

struct Kind {
    const char* name;
    PixelLayout layout;
    bool has_window = true;
    /// Each bit of a sample is another every few pixels.
    bool is_noisy = false;
    /// Also as compressed as it rarely is.
    bool by_all = false;
};

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all = {
        {"gray, 16 bits, window", {.bits_stored = 12}, true, false, true},
        {"gray, 16 bits, all of them noise", {.bits_stored = 16}, true, true, true},
        {"gray, 16 bits, no window", {.bits_stored = 12}, false},
        {"MONOCHROME1, no window",
         {.photometric_interpretation = "MONOCHROME1", .bits_stored = 12},
         false},
        {"gray, 8 bits", {.bits_allocated = 8, .bits_stored = 8}},
        {"gray, 8 bits, no window", {.bits_allocated = 8, .bits_stored = 8}, false},
        {"palette, 8 bits",
         {.photometric_interpretation = "PALETTE COLOR", .bits_allocated = 8, .bits_stored = 8},
         false,
         false,
         true},
        {"palette, 16 bits",
         {.photometric_interpretation = "PALETTE COLOR", .bits_stored = 12},
         false},
        {"RGB, 8 bits",
         {.samples_per_pixel = 3,
          .photometric_interpretation = "RGB",
          .bits_allocated = 8,
          .bits_stored = 8},
         false,
         false,
         true},
        {"RGB, 16 bits",
         {.samples_per_pixel = 3, .photometric_interpretation = "RGB", .bits_stored = 12},
         false},
        {"YBR_FULL, 8 bits",
         {.samples_per_pixel = 3,
          .photometric_interpretation = "YBR_FULL",
          .bits_allocated = 8,
          .bits_stored = 8},
         false},
    };
    return all;
}

void add_palette(DataSet& image, int bits) {
    const int entries = bits == 8 ? 256 : 4096;
    for (std::uint16_t color = 0; color < 3; ++color) {
        const auto element = static_cast<std::uint16_t>(0x1101 + color);
        image.set_integers({0x0028, element}, std::vector<long long>{entries, 0, 16});
        Bytes data(static_cast<std::size_t>(entries) * 2, static_cast<std::uint8_t>(80 * color));
        image.set_bytes({0x0028, static_cast<std::uint16_t>(0x1201 + color)}, "OW",
                        std::move(data));
    }
}

DataSet image_of(const Kind& kind) {
    PixelLayout layout = kind.layout;
    layout.rows = kRows;
    layout.columns = kColumns;
    const std::size_t samples =
        std::size_t{kRows} * kColumns * static_cast<std::size_t>(layout.samples_per_pixel);
    Bytes bytes;
    bytes.reserve(samples * static_cast<std::size_t>(layout.bits_allocated / 8));
    std::uint32_t noise = 1;
    for (std::size_t i = 0; i < samples; ++i) {
        noise = noise * 1664525 + 1013904223;
        const std::size_t hill = (i / 7 + i / kColumns) % 1500 + noise % 16;
        const std::size_t value =
            (kind.is_noisy ? noise >> 16 : hill) & ((std::size_t{1} << layout.bits_stored) - 1);
        bytes.push_back(static_cast<std::uint8_t>(value));
        if (layout.bits_allocated == 16) bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    }
    DataSet image;
    image.set_text(kSopClassUid, sop_class::kSecondaryCapture);
    image.set_text(kSopInstanceUid, "1.2.3");
    image.set_pixels(layout, std::move(bytes));
    if (layout.photometric_interpretation == "PALETTE COLOR")
        add_palette(image, layout.bits_allocated);
    if (kind.has_window) {
        image.set_number(kWindowCenter, 1000);
        image.set_number(kWindowWidth, 1000);
    }
    return image;
}

class PictureMemory : public testing::Test {
  protected:
    void SetUp() override {
        // Or what one frees another gets, without the system seeing it.
        mallopt(M_MMAP_THRESHOLD, 64 * 1024);
        const auto touch = [] { (void)Bytes(32 * kMegabyte, 1).size(); };
        if (growth_of(touch) < 30 * kMegabyte)
            GTEST_SKIP() << "the system does not say what a process takes";
    }

    static void expect_counted(const std::string& name, const std::function<void()>& work) {
        const std::size_t counted = counted_for(work);
        const std::size_t held = growth_of(work);
        const double pixels = double{kRows} * kColumns;
        std::printf("%-62s %5.2f %5.2f\n", name.c_str(), static_cast<double>(counted) / pixels,
                    static_cast<double>(held) / pixels);
        // A quarter for what malloc keeps of what it was given back.
        EXPECT_LE(held, counted + counted / 4 + kBeside) << name;
    }
};

enum class Format { kJpeg, kPng, kGif };

/// As an answer does it.
void draw(const DataSet& image, RenderOptions options = {}, Format format = Format::kJpeg) {
    const Picture8 size = without_pixels(image, options);
    switch (format) {
        case Format::kJpeg:
            options.beside_bytes =
                2 * most_jpeg_bytes(size.width, size.height, size.channels, options.quality);
            (void)encode_jpeg_rows(render_rows(image, 0, options), options.quality);
            return;
        case Format::kPng:
            options.beside_bytes = most_png_bytes(size.width, size.height, size.channels);
            (void)encode_png_rows(render_rows(image, 0, options));
            return;
        case Format::kGif:
            options.beside_bytes = most_gif_bytes(size.width, size.height, size.channels);
            (void)encode_gif_rows(render_rows(image, 0, options));
            return;
    }
}

void append(Bytes& bytes, std::size_t count, std::size_t number) {
    for (std::size_t i = count; i > 0; --i)
        bytes.push_back(static_cast<std::uint8_t>(number >> 8 * (i - 1)));
}

/// Of every 8 x 8 pixels each coefficient is as large as any other.
std::uint8_t of_all_frequencies(std::size_t x, std::size_t y) {
    const std::size_t both = x & y & 7;
    return (both ^ both >> 1 ^ both >> 2) & 1 ? 255 : 0;
}

TEST(JpegBytes, AreNoMoreThanIsCounted) {
    std::uint32_t state = 1;
    const auto noise = [&](std::size_t, std::size_t) -> std::uint8_t {
        state = state * 1664525U + 1013904223U;
        return state >> 31 ? 255 : 0;
    };
    constexpr int kWide = 2048, kHigh = 512;
    for (const int channels : {1, 3})
        for (const bool is_noise : {true, false}) {
            Picture8 picture{kWide, kHigh, channels, {}};
            for (std::size_t y = 0; y < kHigh; ++y)
                for (std::size_t x = 0; x < kWide; ++x)
                    for (int channel = 0; channel < channels; ++channel)
                        picture.pixels.push_back(is_noise ? noise(x, y) : of_all_frequencies(x, y));
            for (const int quality : {50, 90, 95, 100})
                EXPECT_LE(encode_jpeg_rows(rows_of(picture), quality).size(),
                          most_jpeg_bytes(kWide, kHigh, channels, quality))
                    << quality << ", " << channels << (is_noise ? ", noise" : "");
        }
}

/// A gray of 16 bits in tiles of so many columns, with nothing in any packet (T.800 A, B.10).
DataSet tiled(std::size_t tile_columns) {
    constexpr std::size_t kLevels = 5;
    Bytes bytes;
    append(bytes, 4, 0xFF4FFF51);
    for (const std::size_t field : {41, 0}) append(bytes, 2, field);
    for (const std::size_t field :
         {std::size_t{kColumns}, std::size_t{kRows}, std::size_t{0}, std::size_t{0}, tile_columns,
          std::size_t{kRows}, std::size_t{0}, std::size_t{0}})
        append(bytes, 4, field);
    append(bytes, 2, 1);
    append(bytes, 3, 0x0F0101);
    append(bytes, 4, 0xFF52000C);
    for (const std::size_t field :
         {std::size_t{0}, std::size_t{0}, std::size_t{0}, std::size_t{1}, std::size_t{0}, kLevels,
          std::size_t{4}, std::size_t{4}, std::size_t{0}, std::size_t{1}})
        append(bytes, 1, field);
    append(bytes, 2, 0xFF5C);
    append(bytes, 2, 3 + 3 * kLevels + 1);
    append(bytes, 1, 0x40);
    for (std::size_t i = 0; i < 3 * kLevels + 1; ++i) append(bytes, 1, 17 << 3);
    for (std::size_t tile = 0; tile * tile_columns < kColumns; ++tile) {
        append(bytes, 4, 0xFF90000A);
        append(bytes, 2, tile);
        append(bytes, 4, 14 + kLevels + 1);
        append(bytes, 4, 0x0001FF93);
        append(bytes, kLevels + 1, 0);
    }
    append(bytes, 2, 0xFFD9);
    DataSet image;
    image.set_encapsulated_pixels({.rows = kRows, .columns = kColumns}, {bytes},
                                  transfer_syntax::kJpeg2000Lossless);
    return image;
}

TEST_F(PictureMemory, IsCountedForWhateverIsDrawn) {
    std::printf("%-62s counted held, bytes a pixel\n", "");
    for (const Kind& kind : kinds()) {
        const DataSet image = image_of(kind);
        expect_counted(std::string(kind.name) + ", not compressed", [&] { return draw(image); });
        for (const Encoder& encoder : encoders()) {
            const bool is_usual = encoder.transfer_syntax_uid == transfer_syntax::kRleLossless ||
                                  encoder.transfer_syntax_uid == transfer_syntax::kJpeg2000Lossless;
            if (!has_encodable_pixels(image) || !(kind.by_all || is_usual)) continue;
            const DataSet compressed = encoded(image, encoder);
            const auto* syntax = find_transfer_syntax(encoder.transfer_syntax_uid);
            expect_counted(std::string(kind.name) + ", " + std::string(syntax->name),
                           [&] { return draw(compressed); });
        }
    }
}

TEST_F(PictureMemory, IsCountedForAPartAndForOneThatIsTurned) {
    const DataSet image =
        encoded(image_of(kinds().front()), *find_encoder(transfer_syntax::kRleLossless));
    expect_counted("turned", [&] {
        return draw(image, {.region = SourceRegion{.flipped_horizontally = true,
                                                   .flipped_vertically = true}});
    });
}

TEST_F(PictureMemory, IsCountedForWhateverItIsMadeInto) {
    const std::vector<Kind> noise = {
        {"gray noise", {.bits_allocated = 8, .bits_stored = 8}, false, true},
        {"noise in color",
         {.samples_per_pixel = 3,
          .photometric_interpretation = "RGB",
          .bits_allocated = 8,
          .bits_stored = 8},
         false,
         true}};
    const RenderOptions larger{.max_width = 2200, .max_height = 2800, .enlarged = true};
    const RenderOptions best{.quality = 100};
    for (const Kind& kind : noise) {
        const DataSet image = image_of(kind);
        const DataSet compressed = encoded(image, *find_encoder(transfer_syntax::kRleLossless));
        const std::string name = kind.name;
        expect_counted(name + ", JPEG as good as can be", [&] { draw(image, best); });
        for (const auto& [format, as] : {std::pair(Format::kJpeg, ", JPEG"),
                                         {Format::kPng, ", PNG"},
                                         {Format::kGif, ", GIF"}}) {
            expect_counted(name + as, [&] { draw(image, {}, format); });
            expect_counted(name + as + ", enlarged", [&] { draw(image, larger, format); });
            expect_counted(name + as + ", of RLE", [&] { draw(compressed, {}, format); });
        }
    }
}

TEST_F(PictureMemory, IsCountedForTiles) {
    for (const std::size_t columns :
         {std::size_t{kColumns}, std::size_t{kColumns / 2 + 1}, std::size_t{100}}) {
        const DataSet image = tiled(columns);
        expect_counted("JPEG 2000, tiles of " + std::to_string(columns) + " columns",
                       [&] { return draw(image); });
    }
}

}  // namespace
}  // namespace lucerna::dicom
