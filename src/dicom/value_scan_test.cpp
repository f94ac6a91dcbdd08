#include "dicom/value_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "support/small_object.h"

namespace lucerna::dicom {
namespace {

using test::put_element;

constexpr std::uint32_t kUndefined = 0xFFFFFFFF;

void put(Bytes& out, const std::string& bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void put32(Bytes& out, std::uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8)
        out.push_back(static_cast<std::uint8_t>(number >> shift));
}

void put_item(Bytes& out, std::uint16_t element, std::uint32_t length) {
    put(out, std::string("\xFE\xFF", 2));
    out.push_back(static_cast<std::uint8_t>(element & 0xFF));
    out.push_back(static_cast<std::uint8_t>(element >> 8));
    put32(out, length);
}

/// A header of explicit VR with a long length.
void put_long(Bytes& out, std::uint16_t group, std::uint16_t element, const char* vr,
              std::uint32_t length) {
    put_element(out, group, element, "OB", "");
    out.resize(out.size() - 8);
    put(out, vr);
    put32(out, 0);
    out.resize(out.size() - 2);
    put32(out, length);
}

Bytes beginning() {
    Bytes set;
    put_element(set, 0x0008, 0x0016, "UI", "1.2.3");
    put_element(set, 0x0008, 0x0018, "UI", "1.2.3.4");
    put_element(set, 0x0010, 0x0020, "LO", "P1");
    return set;
}

/// What is found when the bytes come in pieces of `piece`; what follows on each other, as one.
struct Found {
    std::vector<ByteRange> large;
    std::optional<std::size_t> identified;
    std::optional<ByteRange> pixels;
    std::optional<PassedFragments> fragments;
    bool lost = false;
};
Found follow(const Bytes& set, std::size_t piece, Encoding encoding = {}) {
    ValueScan scan(0, encoding);
    Found found;
    for (std::size_t size = 0; size < set.size();) {
        size = std::min(size + piece, set.size());
        scan.follow(ByteView(set).first(size));
        for (const ByteRange& value : scan.take_large()) {
            if (!found.large.empty() && found.large.back().end == value.begin)
                found.large.back().end = value.end;
            else
                found.large.push_back(value);
        }
    }
    found.identified = scan.identified();
    found.pixels = scan.native_pixels();
    found.fragments = scan.fragments();
    found.lost = scan.is_lost();
    return found;
}

TEST(ValueScan, FindsPixelsAndPrivateBytesWhateverTheCuts) {
    Bytes set = beginning();
    put_element(set, 0x0009, 0x1001, "UN", std::string(20'000, 'p'));
    const std::size_t after_first = set.size();
    put_element(set, 0x0010, 0x0030, "DA", "19600101");
    const std::size_t identified = set.size();
    put_element(set, 0x0028, 0x0010, "US", std::string("\x10\0", 2));
    put_element(set, 0x7FE0, 0x0010, "OW", std::string(50'000, 'x'));
    const std::size_t after_pixels = set.size();
    put_element(set, 0x7FE1, 0x1001, "OB", std::string(8'191, 'y'));
    put_element(set, 0x7FE1, 0x1002, "OB", std::string(8'190, 'y'));
    for (const std::size_t piece : {1U, 777U, 4096U, 1U << 20}) {
        const Found found = follow(set, piece);
        const std::size_t third = after_pixels + 12;
        EXPECT_EQ(found.large, (std::vector<ByteRange>{{after_first - 20'000, after_first},
                                                       {after_pixels - 50'000, after_pixels},
                                                       {third, third + 8'192}}))
            << piece;
        EXPECT_EQ(found.identified, identified);
        EXPECT_EQ(found.pixels, (ByteRange{after_pixels - 50'000, after_pixels}));
        EXPECT_FALSE(found.lost);
    }
}

TEST(ValueScan, LeavesTextAndWhatTheDictionaryKnows) {
    Bytes set = beginning();
    put_element(set, 0x0008, 0x1140, "UN", std::string(20'000, '\0'));  // a sequence
    put_element(set, 0x0010, 0x4000, "UN", std::string(20'000, 'x'));   // LT
    put_element(set, 0x0028, 0x4000, "LT", std::string(20'000, 'x'));
    const Found found = follow(set, 4096);
    EXPECT_TRUE(found.large.empty());
    EXPECT_FALSE(found.lost);
}

TEST(ValueScan, FindsPixelsWhoseVrIsNotSaid) {
    Bytes set = beginning();
    const std::size_t before = set.size();
    put_element(set, 0x7FE0, 0x0010, "UN", std::string(20'000, 'x'));
    const std::size_t after = set.size();
    put_element(set, 0x7FE1, 0x1001, "OB", "y");
    for (const std::size_t piece : {777U, 1U << 20}) {
        const Found found = follow(set, piece);
        EXPECT_EQ(found.large, (std::vector<ByteRange>{{before + 12, after}}));
        EXPECT_EQ(found.pixels, (ByteRange{before + 12, after}));
        EXPECT_FALSE(found.lost);
    }
}

TEST(ValueScan, FindsFragmentsAndWhatFollowsThem) {
    Bytes set = beginning();
    put_long(set, 0x7FE0, 0x0010, "OB", kUndefined);
    const std::size_t items = set.size();
    put_item(set, 0xE000, 0);
    put_item(set, 0xE000, 30'000);
    set.resize(set.size() + 30'000);
    put_item(set, 0xE000, 10);
    set.resize(set.size() + 10);
    put_item(set, 0xE000, 40'000);
    set.resize(set.size() + 40'000);
    const std::size_t items_end = set.size();
    put_item(set, 0xE0DD, 0);
    put_element(set, 0x7FE1, 0x1001, "UN", std::string(9'000, 'z'));
    const std::size_t end = set.size();
    for (const std::size_t piece : {13U, 5000U}) {
        const Found found = follow(set, piece);
        EXPECT_EQ(found.large, (std::vector<ByteRange>{{items, items_end}, {end - 9'000, end}}));
        EXPECT_FALSE(found.pixels);
        ASSERT_TRUE(found.fragments);
        EXPECT_EQ(found.fragments->begin, items);
        EXPECT_EQ(found.fragments->count, 4U);
        EXPECT_EQ(found.fragments->last.offset, items_end - 40'008);
    }
}

// Whoever reads the header reads them one by one.
TEST(ValueScan, LeavesHeadsOfWhatOnlyLooksLikePixelData) {
    Bytes item;
    put_long(item, 0x7FE0, 0x0010, "OB", kUndefined);
    put_item(item, 0xE000, 0);
    put_item(item, 0xE000, 9'000);
    const std::size_t fragment = item.size();
    item.resize(item.size() + 9'000);
    put_item(item, 0xE0DD, 0);
    Bytes set = beginning();
    put_long(set, 0x0088, 0x0200, "SQ", kUndefined);
    put_item(set, 0xE000, kUndefined);
    const std::size_t icon = set.size() + fragment;
    set.insert(set.end(), item.begin(), item.end());
    put_item(set, 0xE00D, 0);
    put_item(set, 0xE0DD, 0);
    const Found found = follow(set, 1'000);
    EXPECT_EQ(found.large, (std::vector<ByteRange>{{icon, icon + 9'000}}));
    EXPECT_FALSE(found.fragments);
    EXPECT_FALSE(found.lost);
}

TEST(ValueScan, GoesThroughSequencesOfEitherKind) {
    for (const bool undefined : {true, false}) {
        Bytes item;
        put_element(item, 0x0008, 0x1155, "UI", "1.2");
        put_element(item, 0x7FE0, 0x0010, "OW", std::string(10'000, 'i'));
        Bytes sequence;
        put_item(sequence, 0xE000,
                 undefined ? kUndefined : static_cast<std::uint32_t>(item.size()));
        const std::size_t within = sequence.size() + item.size();
        sequence.insert(sequence.end(), item.begin(), item.end());
        if (undefined) put_item(sequence, 0xE00D, 0);
        Bytes set = beginning();
        put_long(set, 0x0088, 0x0200, "SQ",
                 undefined ? kUndefined : static_cast<std::uint32_t>(sequence.size()));
        const std::size_t icon_end = set.size() + within;
        set.insert(set.end(), sequence.begin(), sequence.end());
        if (undefined) put_item(set, 0xE0DD, 0);
        put_element(set, 0x7FE0, 0x0010, "OW", std::string(20'000, 'x'));
        const std::size_t end = set.size();
        const Found found = follow(set, 1000);
        EXPECT_EQ(found.large,
                  (std::vector<ByteRange>{{icon_end - 10'000, icon_end}, {end - 20'000, end}}));
        EXPECT_EQ(found.pixels, (ByteRange{end - 20'000, end})) << "not those of the icon";
    }
}

TEST(ValueScan, IsLostWhereNothingFits) {
    Bytes noise(100'000);
    for (std::size_t i = 0; i < noise.size(); ++i)
        noise[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
    (void)follow(noise, 1000);
    Bytes set = beginning();
    put_item(set, 0xE00D, 0);
    put_element(set, 0x7FE0, 0x0010, "OW", std::string(20'000, 'x'));
    const Found found = follow(set, 1000);
    EXPECT_TRUE(found.lost);
    EXPECT_TRUE(found.large.empty());
}

}  // namespace
}  // namespace lucerna::dicom
