// What lies behind the numbers that an attribute counts, where text stays hidden.
#include "deidentify/tails.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "deidentify/example_object.h"
#include "dicom/render.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
using test::deidentifier;
using test::example;
using test::made;
namespace tags = dicom::tags;

constexpr std::string_view kSecret = "DOE^JANE 19600102 MRN4711 ";
constexpr const char* kProfiles[] = {"basic", "screening"};

Bytes with_secret(Bytes value) {
    value.insert(value.end(), kSecret.begin(), kSecret.end());
    return value;
}
bool has_secret(const DataSet& object) {
    return as_text(object.to_part10()).find("DOE^JANE") != std::string_view::npos;
}

struct Colors {
    Tag descriptor;
    Tag plain;
    Tag segmented;
};
constexpr Colors kColors[] = {
    {tags::kRedPaletteColorLookupTableDescriptor, tags::kRedPaletteColorLookupTableData,
     tags::kSegmentedRedPaletteColorLookupTableData},
    {tags::kGreenPaletteColorLookupTableDescriptor, tags::kGreenPaletteColorLookupTableData,
     tags::kSegmentedGreenPaletteColorLookupTableData},
    {tags::kBluePaletteColorLookupTableDescriptor, tags::kBluePaletteColorLookupTableData,
     tags::kSegmentedBluePaletteColorLookupTableData}};

/// Every index from 0 to 255 once.
DataSet picture_of_indices() {
    DataSet object = example();
    Bytes indices;
    for (int i = 0; i < 256; ++i) indices.push_back(static_cast<std::uint8_t>(i));
    object.set_pixels({.rows = 16, .columns = 16, .bits_allocated = 8, .bits_stored = 8},
                      std::move(indices));
    return object;
}
DataSet with_palette(const std::vector<long long>& descriptor, Tag Colors::*where,
                     const Bytes& value) {
    DataSet object = picture_of_indices();
    object.set_text(tags::kPhotometricInterpretation, "PALETTE COLOR");
    for (const Colors& color : kColors) {
        object.set_integers(color.descriptor, descriptor);
        object.set_bytes(color.*where, "OW", value);
    }
    return object;
}
DataSet with_voi_lut(const std::vector<long long>& descriptor, Bytes value) {
    DataSet object = picture_of_indices();
    DataSet& item = object.add_item(tags::kVoiLutSequence);
    if (!descriptor.empty()) item.set_integers(tags::kLutDescriptor, descriptor);
    item.set_bytes(tags::kLutData, "OW", std::move(value));
    return object;
}

/// Without a secret, and drawn as before.
DataSet cleaned(const DataSet& object, const char* profile) {
    DataSet after = made(deidentifier(profile), object.clone());
    EXPECT_FALSE(has_secret(after)) << profile;
    EXPECT_EQ(dicom::render(after).pixels, dicom::render(object).pixels) << profile;
    return after;
}

const Bytes kEightWords{0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8};

TEST(Tails, OfPlainPalettesGo) {
    for (const char* profile : kProfiles) {
        const DataSet after =
            cleaned(with_palette({8, 0, 16}, &Colors::plain, with_secret(kEightWords)), profile);
        for (const Colors& color : kColors) {
            const ByteView left = after.bytes(color.plain);
            EXPECT_EQ(Bytes(left.begin(), left.end()), kEightWords);
        }
    }
}

TEST(Tails, BehindSegmentsAndBetweenThemGo) {
    // Two entries, the two that stand at 46, and a line of four.
    const Bytes first{0, 0, 2, 0, 0, 0x10, 0, 0x20, 2, 0, 1, 0, 46, 0, 0, 0, 1, 0, 4, 0, 0, 0x50};
    const Bytes last{0, 0, 2, 0, 0, 0x60, 0, 0x70};
    const auto joined = [&](const Bytes& between) {
        Bytes all = first;
        all.insert(all.end(), between.begin(), between.end());
        all.insert(all.end(), last.begin(), last.end());
        return all;
    };
    const Bytes stored = with_secret(joined({kSecret.begin(), kSecret.begin() + 24}));
    for (const char* profile : kProfiles) {
        const DataSet after =
            cleaned(with_palette({8, 0, 16}, &Colors::segmented, stored), profile);
        for (const Colors& color : kColors) {
            const ByteView left = after.bytes(color.segmented);
            EXPECT_EQ(Bytes(left.begin(), left.end()), joined(Bytes(24, 0)));
        }
    }
}

TEST(Tails, BehindSegmentsOfEightBitsGo) {
    // A value and a line of 255, as the palettes of the standard are (PS3.6 B); of odd length, with
    // the segment at 3 twice.
    const std::pair<std::vector<long long>, Bytes> kCases[] = {
        {{256, 0, 8}, {0, 1, 255, 1, 255, 255}},
        {{5, 0, 8}, {0, 1, 9, 0, 2, 7, 7, 2, 1, 3, 0, 0, 0}}};
    for (const char* profile : kProfiles)
        for (const auto& [descriptor, segments] : kCases) {
            DataSet object = with_palette(descriptor, &Colors::segmented, with_secret(segments));
            object.set_text(tags::kPhotometricInterpretation, "MONOCHROME2");
            const DataSet after = cleaned(object, profile);
            for (const Colors& color : kColors) {
                const ByteView left = after.bytes(color.segmented);
                Bytes expected = segments;
                expected.resize((segments.size() + 1) / 2 * 2, 0);
                EXPECT_EQ(Bytes(left.begin(), left.end()), expected);
            }
            Steps steps;
            object = after.clone();
            cut_tails(object, "", steps);
            EXPECT_TRUE(steps.listed().empty());
        }
}

TEST(Tails, SegmentsThatMakeNoTableGo) {
    const std::vector<long long> descriptor{8, 0, 16};
    for (const char* profile : kProfiles)
        for (const auto& [said, value] :
             {std::pair{descriptor, Bytes(kSecret.begin(), kSecret.end())},
              {descriptor, with_secret({0, 0, 2, 0, 1, 1, 2, 2})},
              {{256, 0, 8}, with_secret({0, 2, 1, 1, 2, 2})},
              {{8, 0, 12}, with_secret({0, 0, 1, 0, 1, 1, 1, 0, 7, 0, 2, 2})},
              {{8, 0}, with_secret({0, 0, 8, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8})},
              {{}, Bytes(kSecret.begin(), kSecret.end())}}) {
            DataSet object = with_palette(descriptor, &Colors::segmented, value);
            for (const Colors& color : kColors) {
                object.remove(color.descriptor);
                if (!said.empty()) object.set_integers(color.descriptor, said);
            }
            object.set_text(tags::kPhotometricInterpretation, "MONOCHROME2");
            const DataSet after = cleaned(object, profile);
            for (const Colors& color : kColors) EXPECT_FALSE(after.has(color.segmented));
        }
}

TEST(Tails, OfEntriesOfEightBitsGo) {
    Bytes bytes, words, twice;
    for (int i = 0; i < 256; ++i) {
        const auto entry = static_cast<std::uint8_t>(255 - i);
        bytes.push_back(entry);
        words.insert(words.end(), {entry, 0});
        twice.insert(twice.end(), {entry, entry});
    }
    Bytes with_text = words;
    for (std::size_t i = 0; i < 256; ++i)
        with_text[2 * i + 1] = static_cast<std::uint8_t>(kSecret[i % 26]);
    const std::pair<Bytes, Bytes> kCases[] = {{with_secret(bytes), bytes},
                                              {with_secret(words), words},
                                              {with_text, words},
                                              {twice, twice}};
    for (const char* profile : kProfiles)
        for (const auto& [stored, left] : kCases) {
            const DataSet after =
                cleaned(with_palette({256, 0, 8}, &Colors::plain, stored), profile);
            for (const Colors& color : kColors) {
                const ByteView is = after.bytes(color.plain);
                EXPECT_EQ(Bytes(is.begin(), is.end()), left);
            }
        }
    // As the standard has it, an odd number of bytes has one that makes it even.
    bytes.pop_back();
    const DataSet odd = cleaned(with_palette({255, 0, 8}, &Colors::plain, bytes), "basic");
    EXPECT_EQ(odd.bytes(kColors[0].plain).size(), 256U);
}

TEST(Tails, OfLookupTablesGo) {
    Bytes bytes, words;
    for (int i = 0; i < 256; ++i) {
        bytes.push_back(static_cast<std::uint8_t>(255 - i));
        words.insert(words.end(), {static_cast<std::uint8_t>(255 - i), 0});
    }
    Bytes half_text = words;
    std::copy(kSecret.begin(), kSecret.end(), half_text.begin() + 256);
    for (const char* profile : kProfiles) {
        for (const auto& [bits, stored, size] : {std::tuple{16, with_secret(words), 512U},
                                                 {8, with_secret(words), 512U},
                                                 {8, half_text, 512U},
                                                 {8, with_secret(bytes), 256U}}) {
            const DataSet after = cleaned(with_voi_lut({256, 0, bits}, stored), profile);
            EXPECT_EQ(after.items(tags::kVoiLutSequence)[0].bytes(tags::kLutData).size(), size);
        }
    }
}

TEST(Tails, TablesThatNothingDescribesGo) {
    const Bytes secret(kSecret.begin(), kSecret.end());
    for (const char* profile : kProfiles) {
        for (const std::vector<long long>& descriptor :
             {std::vector<long long>{}, {4, 0}, {0, 0, 16}, {27, 0, 8}}) {
            const DataSet after = made(deidentifier(profile), with_voi_lut(descriptor, secret));
            EXPECT_FALSE(after.items(tags::kVoiLutSequence)[0].has(tags::kLutData)) << profile;
        }
        // Alpha, its segments, blending and weighting.
        for (const Tag tag :
             {Tag{0x0028, 0x1204}, Tag{0x0028, 0x1224}, Tag{0x0028, 0x1408}, Tag{0x0070, 0x1808}}) {
            DataSet object = example();
            object.set_bytes(tag, "OW", secret);
            EXPECT_FALSE(made(deidentifier(profile), std::move(object)).has(tag))
                << dicom::describe(tag);
        }
    }
}

TEST(Tails, BytesThatAreCalledWordsStay) {
    const Bytes bytes(kEightWords.begin(), kEightWords.begin() + 8);
    const DataSet after = made(deidentifier("basic"), with_voi_lut({7, 0, 16}, bytes));
    EXPECT_EQ(after.items(tags::kVoiLutSequence)[0].bytes(tags::kLutData).size(), 8U);
}

TEST(Tails, SaysWhatItDid) {
    DataSet object = with_palette({8, 0, 16}, &Colors::plain, kEightWords);
    Steps none;
    cut_tails(object, "", none);
    EXPECT_TRUE(none.listed().empty());
    object.set_bytes(kColors[0].plain, "OW", with_secret(kEightWords));
    object.remove(kColors[1].descriptor);
    Steps steps;
    cut_tails(object, "00083010[*].", steps);
    ASSERT_EQ(steps.listed().size(), 2U);
    EXPECT_EQ(steps.listed()[0].path, "00083010[*].00281201");
    EXPECT_EQ(steps.listed()[0].action, Action::kClean);
    EXPECT_EQ(steps.listed()[1].action, Action::kRemove);
}

/// Of one level, by its count, `bytes` stay.
void expect_left(const DataSet& object, Tag tag, std::size_t bytes) {
    for (const char* profile : kProfiles) {
        const DataSet after = made(deidentifier(profile), object.clone());
        EXPECT_EQ(after.bytes(tag).size(), bytes) << dicom::describe(tag) << " " << profile;
        EXPECT_FALSE(has_secret(after)) << dicom::describe(tag) << " " << profile;
    }
}

TEST(Tails, OfNumbersThatAreCountedGo) {
    struct Case {
        Tag tag;
        Tag count;
        std::vector<long long> said;
        std::size_t bytes;
    };
    const Case kCases[] = {{{0x0018, 0x6052}, {0x0018, 0x6050}, {2}, 8},
                           {{0x0054, 0x0010}, tags::kNumberOfFrames, {1}, 2},
                           {{0x0060, 0x3020}, {0x0060, 0x3002}, {4}, 16},
                           {{0x0064, 0x0009}, {0x0064, 0x0007}, {2, 1, 2}, 48},
                           {{0x0066, 0x0016}, {0x0066, 0x0015}, {3}, 36},
                           {{0x0070, 0x150D}, {0x0070, 0x150C}, {1}, 24}};
    for (const Case& one : kCases) {
        const std::string vr = dicom::vr_of(one.tag);
        const Bytes counted(one.bytes, 1);
        Bytes all = with_secret(counted);
        // Whole numbers of eight bytes.
        all.resize(all.size() + (8 - all.size() % 8) % 8, ' ');
        DataSet object = example();
        object.set_bytes(one.tag, vr, all);
        object.set_integers(one.count, one.said);
        expect_left(object, one.tag, one.bytes);
        object.set_bytes(one.tag, vr, counted);
        expect_left(object, one.tag, one.bytes);
    }
    DataSet uncounted = example();
    uncounted.set_bytes(Tag{0x0060, 0x3020}, "UL", Bytes(16, 'X'));
    expect_left(uncounted, {0x0060, 0x3020}, 0);
    DataSet tracks = example();
    tracks.set_bytes(Tag{0x0066, 0x0016}, "OF", Bytes(24, 1));
    expect_left(tracks, {0x0066, 0x0016}, 24);
}

TEST(Tails, OfRealWorldValuesAndSpectraGo) {
    const Tag values{0x0040, 0x9212}, spectra{0x5600, 0x0020};
    DataSet object = example();
    Bytes all = with_secret(Bytes(24, 1));
    all.resize(56, ' ');
    object.set_bytes(values, "FD", all);
    object.set_bytes(Tag{0x0040, 0x9216}, "US", {0xFF, 0xFF});
    object.set_bytes(Tag{0x0040, 0x9211}, "SS", {1, 0});
    expect_left(object, values, 24);
    object.remove(values);
    object.set_bytes(spectra, "OF", with_secret(Bytes(16 * 16 * 2 * 8, 1)));
    object.set_integer(Tag{0x0028, 0x9001}, 1);
    object.set_integer(Tag{0x0028, 0x9002}, 2);
    object.set_text(Tag{0x0028, 0x9108}, "COMPLEX");
    expect_left(object, spectra, 16 * 16 * 2 * 8);
}

}  // namespace
}  // namespace lucerna::deidentify
