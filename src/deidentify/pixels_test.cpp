#include "deidentify/pixels.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "base/random.h"
#include "deidentify/example_object.h"
#include "deidentify/text_detector.h"
#include "dicom/frames.h"
#include "dicom/supplemental_palette.h"
#include "support/bitmap_text.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
namespace tags = dicom::tags;

constexpr int kRows = 240;
constexpr int kColumns = 320;

/// 8-bit gray frames that a test draws into.
struct Picture {
    int samples = 1;
    std::string photometric = "MONOCHROME2";
    Bytes bytes = Bytes(kRows * kColumns, 20);

    void set(int x, int y, std::uint8_t value) {
        const auto at =
            static_cast<std::size_t>(y * kColumns + x) * static_cast<std::size_t>(samples);
        for (std::size_t s = 0; s < static_cast<std::size_t>(samples); ++s) bytes[at + s] = value;
    }
    void write(std::string_view text, int left, int top, int dot, std::uint8_t value) {
        lucerna::test::draw_text(text, left, top, dot, [&](int x, int y) { set(x, y, value); });
    }
    [[nodiscard]] DataSet object(const char* modality = "OT", int frames = 1) const {
        DataSet d = test::example();
        d.set_text(tags::kModality, modality);
        Bytes all;
        for (int i = 0; i < frames; ++i) all.insert(all.end(), bytes.begin(), bytes.end());
        d.set_pixels({.rows = kRows,
                      .columns = kColumns,
                      .samples_per_pixel = samples,
                      .photometric_interpretation = photometric,
                      .bits_allocated = 8,
                      .bits_stored = 8,
                      .frames = frames},
                     std::move(all));
        return d;
    }
};

/// A soft bright disc with noise, as tissue is.
Picture tissue() {
    Picture picture;
    Random random(3);
    for (int y = 0; y < kRows; ++y)
        for (int x = 0; x < kColumns; ++x) {
            const double distance = std::hypot(x - 100.0, y - 120.0);
            const double bright = distance < 110 ? 190 - distance + random.uniform(-12, 12) : 20;
            picture.set(x, y, static_cast<std::uint8_t>(bright));
        }
    return picture;
}

/// The object as its file has it then.
std::optional<exam::Refusal> clean_pixels(DataSet& object, ObjectReport& report) {
    const auto framed = std::make_shared<dicom::FramedObject>(object.clone());
    CleanPixels pixels;
    DataSet attributes;
    auto refusal = clear_beside_pixels(*framed, pixels);
    if (!refusal) refusal = blank_pixels(*framed, pixels, report);
    if (!refusal) refusal = take_attributes(*framed, pixels, attributes, report);
    if (refusal) return refusal;
    attributes.set_text(dicom::tags::kSopClassUid, dicom::sop_class::kSecondaryCapture);
    attributes.set_text(dicom::tags::kSopInstanceUid, "1.2.3");
    object = DataSet::parse(file_of(attributes, framed, pixels).whole());
    return {};
}

ObjectReport cleaned(DataSet& object) {
    ObjectReport report;
    const auto refusal = clean_pixels(object, report);
    EXPECT_FALSE(refusal) << refusal->what;
    return report;
}

/// The greatest value that is left where text was.
std::int64_t brightest(const DataSet& object, const Box& box, int frame = 0) {
    const auto decoded = dicom::decode_frame(object, frame);
    std::int64_t most = decoded.lowest();
    for (int y = box.y; y < box.y + box.height; ++y)
        for (int x = box.x; x < box.x + box.width; ++x)
            most = std::max(most, decoded.value(static_cast<std::size_t>(
                                      (y * kColumns + x) * decoded.samples_per_pixel)));
    return most;
}

TEST(Pixels, BlanksTextBesideTissueAndNothingElse) {
    const std::pair<int, const char*> sizes[] = {{1, "JANE DOE 1742"}, {2, "JANE 74"}, {4, "DOE"}};
    for (const auto& [dot, text] : sizes) {
        Picture picture = tissue();
        const DataSet before = picture.object();
        picture.write(text, 230, 10, dot, 255);
        DataSet object = picture.object("MG");
        const ObjectReport report = cleaned(object);
        ASSERT_EQ(report.blanked.size(), 1U) << dot;
        EXPECT_EQ(report.blanked[0].rule, "detected-text");
        EXPECT_LT(report.blanked[0].box.height, 7 * dot * 3 + 8);
        EXPECT_EQ(brightest(object, report.blanked[0].box), 20);
        EXPECT_EQ(brightest(object, {0, 60, 200, 180}), brightest(before, {0, 60, 200, 180}));
    }
}

TEST(Pixels, BlanksDarkTextOnBright) {
    Picture picture;
    picture.photometric = "MONOCHROME1";
    std::fill(picture.bytes.begin(), picture.bytes.end(), std::uint8_t{240});
    picture.write("JANE DOE", 200, 200, 2, 0);
    DataSet object = picture.object("CR");
    const ObjectReport report = cleaned(object);
    ASSERT_EQ(report.blanked.size(), 1U);
    const auto frame = dicom::decode_frame(object, 0);
    for (std::size_t i = 0; i < frame.count(); ++i) ASSERT_EQ(frame.value(i), 240);
}

TEST(Pixels, LooksAtAMapThatSaysThatThereIsText) {
    constexpr const char* kParametricMap = "1.2.840.10008.5.1.4.1.1.30";
    const auto blanked = [](const char* burned_in) {
        Picture picture;
        picture.write("JANE DOE", 200, 200, 2, 255);
        DataSet object = picture.object("OT");
        object.set_text(tags::kBurnedInAnnotation, burned_in);
        ObjectReport report;
        report.sop_class_uid = kParametricMap;
        EXPECT_FALSE(clean_pixels(object, report));
        return report.blanked.size();
    };
    EXPECT_EQ(blanked("YES"), 1U);
    EXPECT_EQ(blanked("NO"), 0U);
}

TEST(Pixels, LeavesTissueAlone) {
    DataSet object = tissue().object("MG");
    const Bytes before(object.bytes(tags::kPixelData).begin(),
                       object.bytes(tags::kPixelData).end());
    EXPECT_TRUE(cleaned(object).blanked.empty());
    const ByteView after = object.bytes(tags::kPixelData);
    EXPECT_TRUE(std::equal(after.begin(), after.end(), before.begin(), before.end()));
}

TEST(Pixels, CleansColourAndEveryFrame) {
    Picture picture;
    picture.samples = 3;
    picture.photometric = "RGB";
    picture.bytes = Bytes(kRows * kColumns * 3, 10);
    picture.write("JANE DOE 2", 30, 100, 2, 220);
    DataSet object = picture.object("OT", 3);
    const ObjectReport report = cleaned(object);
    EXPECT_EQ(report.frames_looked_at, 3);
    ASSERT_EQ(report.blanked.size(), 1U);
    for (int frame = 0; frame < 3; ++frame)
        EXPECT_EQ(brightest(object, {0, 0, kColumns, kRows}, frame), 10);
    EXPECT_EQ(dicom::frame_count(object), 3);
}

using Color = std::array<std::uint8_t, 3>;

/// A picture of one color with text of another, and whether that is found.
bool finds_in_color(Color ground, Color text, const char* photometric = "RGB") {
    Bytes bytes(std::size_t{3} * kRows * kColumns);
    const auto paint = [&](int x, int y, const Color& color) {
        std::copy(color.begin(), color.end(), bytes.begin() + 3 * (y * kColumns + x));
    };
    for (int y = 0; y < kRows; ++y)
        for (int x = 0; x < kColumns; ++x) paint(x, y, ground);
    lucerna::test::draw_text("JANE DOE 1742", 30, 100, 2, [&](int x, int y) { paint(x, y, text); });
    DataSet object = test::example();
    object.set_text(tags::kModality, "OT");
    object.set_pixels({.rows = kRows,
                       .columns = kColumns,
                       .samples_per_pixel = 3,
                       .photometric_interpretation = photometric,
                       .bits_allocated = 8,
                       .bits_stored = 8},
                      std::move(bytes));
    return cleaned(object).blanked.size() == 1;
}

TEST(Pixels, SeesTextOfAnotherColorThatIsAsBright) {
    const Color white = {255, 255, 255}, blue = {0, 0, 255}, red = {255, 0, 0}, green = {0, 255, 0},
                cyan = {0, 255, 255}, title = {0, 60, 220};
    EXPECT_TRUE(finds_in_color(blue, white));
    EXPECT_TRUE(finds_in_color(white, blue));
    EXPECT_TRUE(finds_in_color(red, white));
    EXPECT_TRUE(finds_in_color(green, cyan));
    EXPECT_TRUE(finds_in_color(blue, red));
    EXPECT_TRUE(finds_in_color(title, {235, 240, 255}));
    EXPECT_TRUE(finds_in_color({120, 128, 128}, {120, 60, 200}, "YBR_FULL")) << "as bright";
    EXPECT_FALSE(finds_in_color(title, title));
}

/// Text of an index beside that of its ground, where all indices are used.
DataSet with_text_in_a_palette(const char* photometric, long long first_mapped) {
    Picture picture;
    picture.photometric = photometric;
    std::fill(picture.bytes.begin(), picture.bytes.end(), std::uint8_t{100});
    for (int i = 0; i < 256; ++i) picture.set(i, 0, static_cast<std::uint8_t>(i));
    picture.write("JANE DOE 1742", 30, 100, 2, 101);
    DataSet object = picture.object();
    const std::vector<long long> descriptor = {256 - first_mapped, first_mapped, 16};
    Bytes table(static_cast<std::size_t>(2 * descriptor[0]), 0);
    const auto text = static_cast<std::size_t>(2 * (101 - first_mapped));
    table[text] = table[text + 1] = 0xFF;
    for (const Tag tag : {Tag{0x0028, 0x1101}, Tag{0x0028, 0x1102}, Tag{0x0028, 0x1103}})
        object.set_integers(tag, descriptor);
    for (const Tag tag : {Tag{0x0028, 0x1201}, Tag{0x0028, 0x1202}, Tag{0x0028, 0x1203}})
        object.set_bytes(tag, "OW", table);
    return object;
}

TEST(Pixels, SeesTheColorsOfAPaletteNotItsIndices) {
    DataSet object = with_text_in_a_palette("PALETTE COLOR", 0);
    EXPECT_EQ(cleaned(object).blanked.size(), 1U);
}

TEST(Pixels, SeesTheColorsOfASupplementalPalette) {
    DataSet object = with_text_in_a_palette("MONOCHROME2", 50);
    EXPECT_TRUE(cleaned(object).blanked.empty()) << "gray, and it is not to be seen";
    object.set_text(dicom::kPixelPresentation, "COLOR");
    EXPECT_EQ(cleaned(object).blanked.size(), 1U);
}

using Window = std::optional<std::pair<double, double>>;

/// 16-bit gray.
DataSet gray(const std::vector<std::uint16_t>& values, const Window& window) {
    Bytes bytes(values.size() * 2);
    std::memcpy(bytes.data(), values.data(), bytes.size());
    DataSet object = test::example();
    object.set_text(tags::kModality, "MG");
    object.set_pixels({.rows = kRows,
                       .columns = kColumns,
                       .photometric_interpretation = "MONOCHROME2",
                       .bits_allocated = 16,
                       .bits_stored = 16},
                      std::move(bytes));
    object.remove(tags::kWindowCenter);
    object.remove(tags::kWindowWidth);
    if (window) {
        object.set_number(tags::kWindowCenter, window->first);
        object.set_number(tags::kWindowWidth, window->second);
    }
    return object;
}
std::size_t found_in(const std::vector<std::uint16_t>& values, const Window& window) {
    DataSet object = gray(values, window);
    return cleaned(object).blanked.size();
}

void write(std::vector<std::uint16_t>& values, std::uint16_t text) {
    lucerna::test::draw_text("JANE DOE 1742", 30, 100, 2, [&](int x, int y) {
        values[static_cast<std::size_t>(y * kColumns + x)] = text;
    });
}

/// Text on one value, and one pixel, or some rows, of `odd`.
std::size_t found_beside(std::uint16_t ground, std::uint16_t text, std::uint16_t odd,
                         int odd_rows = 0) {
    std::vector<std::uint16_t> values(std::size_t{kRows} * kColumns, ground);
    write(values, text);
    values[0] = odd;
    std::fill_n(values.begin(), odd_rows * kColumns, odd);
    return found_in(values, {});
}

TEST(Pixels, SeesTextThatAFewOtherValuesTakeTheRangeFrom) {
    EXPECT_EQ(found_beside(0, 4095, 65535), 1U) << "a defect, metal";
    EXPECT_EQ(found_beside(0, 4095, 32767, 40), 1U) << "padding";
    EXPECT_EQ(found_beside(0, 1400, 4095), 1U) << "a third of the range";
    EXPECT_EQ(found_beside(2600, 4095, 0), 1U);
    EXPECT_EQ(found_beside(4095, 2700, 0), 1U);
}

/// Every value from 0 to 65535 occurs, text and ground among them; between 29900 and 30900 a table
/// has its whole range.
DataSet with_modality_lut() {
    std::vector<std::uint16_t> values(std::size_t{kRows} * kColumns, 30000);
    const std::size_t first = values.size() / 2;
    for (std::size_t i = first; i < values.size(); ++i)
        values[i] = static_cast<std::uint16_t>((i - first) * 65535 / (values.size() - first));
    lucerna::test::draw_text("JANE DOE 1742", 30, 30, 2, [&](int x, int y) {
        values[static_cast<std::size_t>(y * kColumns + x)] = 30800;
    });
    DataSet object = gray(values, {});
    DataSet& table = object.add_item(tags::kModalityLutSequence);
    const std::vector<long long> descriptor = {1000, 29900, 16};
    table.set_integers(tags::kLutDescriptor, descriptor);
    Bytes data;
    for (int i = 0; i < 1000; ++i) {
        data.push_back(static_cast<std::uint8_t>(i * 65));
        data.push_back(static_cast<std::uint8_t>(i * 65 >> 8));
    }
    table.set_bytes(tags::kLutData, "OW", std::move(data));
    return object;
}

TEST(Pixels, SeesTextThatAModalityLutBringsOut) {
    DataSet object = with_modality_lut();
    EXPECT_EQ(cleaned(object).blanked.size(), 1U);
}

TEST(Pixels, SeesTextThatTheFifthWindowShows) {
    DataSet object = with_modality_lut();
    object.remove(tags::kModalityLutSequence);
    EXPECT_EQ(cleaned(object).blanked.size(), 0U) << "nothing shows it";
    const std::vector<double> centers = {100, 9000, 20000, 50000, 30400};
    const std::vector<double> widths = {1000, 1000, 1000, 1000, 1000};
    object = with_modality_lut();
    object.remove(tags::kModalityLutSequence);
    object.set_numbers(tags::kWindowCenter, centers);
    object.set_numbers(tags::kWindowWidth, widths);
    EXPECT_EQ(cleaned(object).blanked.size(), 1U);
}

TEST(Pixels, SeesTextThatAVoiLutShows) {
    struct Case {
        double slope;
        double intercept;
        bool turned;
    };
    // What they make of stored values is 0 to 65535; the first that the table maps is beyond 32767.
    constexpr Case kCases[] = {{1, 0, false}, {-1, 65535, true}};
    for (const Case& one : kCases) {
        // Every value occurs; the table has its whole range between text and ground.
        std::vector<std::uint16_t> values(std::size_t{kRows} * kColumns, 40000);
        const std::size_t first = values.size() / 2;
        for (std::size_t i = first; i < values.size(); ++i)
            values[i] = static_cast<std::uint16_t>((i - first) * 65535 / (values.size() - first));
        lucerna::test::draw_text("JANE DOE 1742", 30, 30, 2, [&](int x, int y) {
            values[static_cast<std::size_t>(y * kColumns + x)] = 40800;
        });
        if (one.turned)
            for (std::uint16_t& value : values) value = static_cast<std::uint16_t>(65535 - value);
        DataSet object = gray(values, {});
        object.set_number(tags::kRescaleSlope, one.slope);
        object.set_number(tags::kRescaleIntercept, one.intercept);
        DataSet nothing_shows_it = object.clone();
        EXPECT_EQ(cleaned(nothing_shows_it).blanked.size(), 0U) << one.slope;
        DataSet& table = object.add_item(tags::kVoiLutSequence);
        const std::vector<long long> descriptor = {1000, 39900, 16};
        table.set_integers(tags::kLutDescriptor, descriptor);
        Bytes data;
        for (int i = 0; i < 1000; ++i) {
            data.push_back(static_cast<std::uint8_t>(i * 65));
            data.push_back(static_cast<std::uint8_t>(i * 65 >> 8));
        }
        table.set_bytes(tags::kLutData, "OW", std::move(data));
        EXPECT_EQ(cleaned(object).blanked.size(), 1U) << one.slope;
    }
}

/// As a scanner or a smaller size does it: each pixel the mean of those around it.
void soften(Picture& picture, int radius) {
    const Bytes sharp = picture.bytes;
    for (int y = 0; y < kRows; ++y)
        for (int x = 0; x < kColumns; ++x) {
            int sum = 0, count = 0;
            for (int v = std::max(y - radius, 0); v <= std::min(y + radius, kRows - 1); ++v)
                for (int u = std::max(x - radius, 0); u <= std::min(x + radius, kColumns - 1);
                     ++u, ++count)
                    sum += sharp[static_cast<std::size_t>(v * kColumns + u)];
            picture.bytes[static_cast<std::size_t>(y * kColumns + x)] =
                static_cast<std::uint8_t>(sum / count);
        }
}

TEST(Pixels, SeesSoftLetters) {
    for (const auto& [dot, times] : {std::pair(2, 2), std::pair(2, 4), std::pair(3, 8)}) {
        Picture picture;
        std::fill(picture.bytes.begin(), picture.bytes.end(), std::uint8_t{4});
        picture.write("JANE DOE 1742", 10, 100, dot, 200);
        for (int i = 0; i < times; ++i) soften(picture, 1);
        picture.set(0, 0, 255);
        DataSet object = picture.object("MG");
        EXPECT_EQ(cleaned(object).blanked.size(), 1U) << dot << " " << times;
    }
}

TEST(Pixels, SeesLargeLettersAndThoseFarApart) {
    for (const int dot : {5, 8, 10}) {
        Picture picture;
        picture.write("DOE", 10, 20, dot, 240);
        DataSet object = picture.object("CR");
        ObjectReport report;
        // What covers most of the picture is refused as a page.
        const auto refusal = clean_pixels(object, report);
        EXPECT_TRUE(refusal ? refusal->reason == exam::RefusalReason::kUnreadable
                            : report.blanked.size() == 1)
            << dot;
    }
    Picture apart;
    int x = 10;
    for (const char* letter : {"J", "A", "N", "E"}) apart.write(letter, x += 30, 50, 2, 240);
    DataSet object = apart.object("CR");
    EXPECT_EQ(cleaned(object).blanked.size(), 1U);
}

TEST(Pixels, LeavesLargeShapesOfManyValues) {
    Picture picture;
    for (const int left : {20, 110, 200})
        for (int y = 60; y < 180; ++y)
            for (int x = left; x < left + 60; ++x)
                if (std::hypot(x - left - 30, (y - 120) / 2.0) < 30)
                    picture.set(x, y, static_cast<std::uint8_t>(120 + (x * 7 + y * 3) % 100));
    DataSet object = picture.object("CT");
    EXPECT_TRUE(cleaned(object).blanked.empty());
}

TEST(Pixels, SeesTextBesidePaddingThoughNoiseSpreadsIt) {
    Random random(5);
    std::vector<std::uint16_t> values(std::size_t{kRows} * kColumns, 200);
    write(values, 4000);
    for (std::uint16_t& value : values)
        value = static_cast<std::uint16_t>(value + random.uniform(-30, 30));
    std::fill_n(values.end() - 20 * kColumns, 20 * kColumns, std::uint16_t{65535});
    EXPECT_EQ(found_in(values, {{2048, 4096}}), 1U);
}

TEST(Pixels, SeesTextAsTheHeaderShowsIt) {
    // So many other values that text and ground are next to each other, whatever is left out.
    std::vector<std::uint16_t> values(std::size_t{kRows} * kColumns, 100);
    for (int y = 150; y < kRows; ++y)
        for (int x = 0; x < kColumns; ++x)
            values[static_cast<std::size_t>(y * kColumns + x)] =
                static_cast<std::uint16_t>((y - 150) * 700 + x * 2);
    write(values, 900);
    EXPECT_EQ(found_in(values, {}), 0U);
    EXPECT_EQ(found_in(values, {{500, 1000}}), 1U);
}

TEST(Pixels, CleansPackedSamplesOfTwelveBits) {
    Picture picture;
    picture.write("JANE DOE 2", 30, 100, 2, 220);
    DataSet object = picture.object();
    Bytes packed;
    for (std::size_t i = 0; i + 1 < picture.bytes.size(); i += 2) {
        const unsigned two = picture.bytes[i] * 16U | picture.bytes[i + 1] * 16U << 12;
        for (const int shift : {0, 8, 16})
            packed.push_back(static_cast<std::uint8_t>(two >> shift & 0xFF));
    }
    object.set_integer(tags::kBitsAllocated, 12);
    object.set_integer(tags::kBitsStored, 12);
    object.set_integer(tags::kHighBit, 11);
    object.set_bytes(tags::kPixelData, "OW", packed);
    EXPECT_EQ(brightest(object, {0, 0, kColumns, kRows}), 220 * 16);
    ASSERT_EQ(cleaned(object).blanked.size(), 1U);
    EXPECT_EQ(brightest(object, {0, 0, kColumns, kRows}), 20 * 16);
    EXPECT_EQ(object.integer(tags::kBitsAllocated), 16);
}

TEST(Pixels, BlanksAroundUltrasoundRegions) {
    Picture picture;
    std::fill(picture.bytes.begin(), picture.bytes.end(), std::uint8_t{77});
    DataSet object = picture.object("US");
    DataSet& region = object.add_item({0x0018, 0x6011});
    region.set_integer({0x0018, 0x6018}, 40);
    region.set_integer({0x0018, 0x601A}, 50);
    region.set_integer({0x0018, 0x601C}, 279);
    region.set_integer({0x0018, 0x601E}, 199);
    picture.bytes[0] = 0;
    object.set_pixels({.rows = kRows, .columns = kColumns, .bits_allocated = 8, .bits_stored = 8},
                      Bytes(picture.bytes));
    const ObjectReport report = cleaned(object);
    EXPECT_EQ(report.blanked.size(), 4U);
    const auto frame = dicom::decode_frame(object, 0);
    for (int y = 0; y < kRows; ++y)
        for (int x = 0; x < kColumns; ++x) {
            const bool inside = x >= 40 && x <= 279 && y >= 50 && y <= 199;
            ASSERT_EQ(frame.value(static_cast<std::size_t>(y * kColumns + x)), inside ? 77 : 0)
                << x << " " << y;
        }
}

TEST(Pixels, BlanksTheBarOfUltrasoundWithoutRegions) {
    DataSet object = tissue().object("US");
    const ObjectReport report = cleaned(object);
    ASSERT_EQ(report.blanked.size(), 1U);
    EXPECT_EQ(report.blanked[0].rule, "ultrasound-top-bar");
    EXPECT_EQ(report.blanked[0].box, (Box{0, 0, kColumns, 24}));
}

TEST(Pixels, RefusesAPageOfText) {
    Picture picture;
    for (int y = 4; y + 20 < kRows; y += 22) picture.write("JANE DOE 4711 ROAD 24", 10, y, 2, 230);
    DataSet object = picture.object();
    ObjectReport report;
    const auto refusal = clean_pixels(object, report);
    ASSERT_TRUE(refusal);
    EXPECT_NE(refusal->what.find("text is all over"), std::string::npos);
}

TEST(Pixels, RefusesADrawingOfFindingsWhoseWordsItWouldBlank) {
    Picture picture = tissue();
    picture.write("PRELIMINARY 1742", 230, 10, 2, 255);
    DataSet object = picture.object("OT");
    object.set_text({0x0008, 0x0070}, "Lucerna");
    object.set_text({0x0008, 0x1090}, "Lucerna");
    ObjectReport report;
    const auto refusal = clean_pixels(object, report);
    ASSERT_TRUE(refusal);
    EXPECT_NE(refusal->what.find("words"), std::string::npos) << refusal->what;
}

TEST(Pixels, RefusesWhatContradictsItself) {
    DataSet object = tissue().object();
    object.set_integer(tags::kRows, 5000);
    ObjectReport report;
    const auto refusal = clean_pixels(object, report);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->reason, exam::RefusalReason::kBadPixelDescription);
}

}  // namespace
}  // namespace lucerna::deidentify
