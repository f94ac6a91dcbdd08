#include "deidentify/icc_profile.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "deidentify/example_object.h"

namespace lucerna::deidentify {
namespace {

using namespace std::string_literals;

std::string big(std::size_t number, std::size_t bytes) {
    std::string text;
    for (std::size_t i = bytes; i-- > 0;) text += static_cast<char>(number >> 8 * i & 0xFF);
    return text;
}

using Tags = std::vector<std::pair<std::string, std::string>>;

/// A profile of these tags, with a secret wherever its header has room for one.
std::string profile_of(const Tags& tags, int version = 2) {
    std::string data;
    std::string table;
    for (const auto& [signature, element] : tags) {
        table +=
            signature + big(128 + 4 + 12 * tags.size() + data.size(), 4) + big(element.size(), 4);
        data += element;
        data.resize((data.size() + 3) / 4 * 4, '\0');
    }
    std::string header =
        "\0\0\0\0JANE"s + static_cast<char>(version) + "\x10\0\0"s + "scnrRGB XYZ ";
    header += "\x07\xA9\0\2\0\3\0\4\0\5\0\6"s + "acspAPPL" + "\0\0\0\0"s + "JANEJANE";
    header += std::string(8, '\0') + big(1, 4) + "\0\0\xF6\xD6\0\1\0\0\0\0\xD3\x2D"s + "JANE" +
              "JANE DOE, 1961.." + "JANE";
    header.resize(128, '\0');
    std::string all = header + big(tags.size(), 4) + table + data;
    all.replace(0, 4, big(all.size(), 4));
    return all;
}

const std::string kXyz = "XYZ \0\0\0\0\0\0\x6F\xA2\0\0\x38\xF5\0\0\3\x90"s;
const std::string kCurve = "curv\0\0\0\0\0\0\0\2\0\0\xFF\xFF"s;

std::string cleaned(const std::string& profile) {
    const auto made = clean_icc_profile(as_byte_view(profile));
    return made ? std::string(as_text(*made)) : "none";
}

/// The data of a tag; "none" where it has none.
std::string tag_of(const std::string& profile, const std::string& signature) {
    const auto number = [&](std::size_t at) {
        std::size_t value = 0;
        for (std::size_t i = 0; i < 4; ++i)
            value = value << 8 | static_cast<std::uint8_t>(profile.at(at + i));
        return value;
    };
    for (std::size_t i = 0; i < number(128); ++i)
        if (profile.substr(132 + 12 * i, 4) == signature)
            return profile.substr(number(136 + 12 * i), number(140 + 12 * i));
    return "none";
}

TEST(IccProfile, KeepsColorsAndNoText) {
    for (const int version : {2, 4}) {
        const std::string secret = "Scanner of Jane Doe";
        const std::string before =
            profile_of({{"desc", "desc\0\0\0\0\0\0\0\x14"s + secret + std::string(80, '\0')},
                        {"cprt", "text\0\0\0\0"s + secret},
                        {"rXYZ", kXyz},
                        {"rTRC", kCurve + "Jane behind it"},
                        {"dmnd", "desc\0\0\0\0\0\0\0\x14"s + secret + std::string(80, '\0')},
                        {"JANE", "JANE\0\0\0\0Jane"s}},
                       version);
        const std::string after = cleaned(before + "Jane at the end");
        EXPECT_EQ(after.find("Jane"), std::string::npos);
        EXPECT_EQ(after.find("JANE"), std::string::npos);
        EXPECT_EQ(tag_of(after, "rXYZ"), kXyz);
        EXPECT_EQ(tag_of(after, "rTRC"), kCurve);
        EXPECT_EQ(tag_of(after, "dmnd"), "none");
        const std::string text = version == 4 ? "r\0e\0m\0o\0v\0e\0d"s : "removed"s;
        EXPECT_NE(tag_of(after, "desc").find(text), std::string::npos);
        EXPECT_NE(tag_of(after, "cprt").find(text), std::string::npos);
        EXPECT_EQ(after.substr(0, 4), big(after.size(), 4));
        EXPECT_EQ(after.substr(8, 2), before.substr(8, 2));
        EXPECT_EQ(after.substr(12, 12), "scnrRGB XYZ ");
        EXPECT_EQ(after.substr(64, 16), before.substr(64, 16));
        EXPECT_EQ(cleaned(after), after);
    }
}

TEST(IccProfile, KeepsTablesAndNothingBetweenTheirParts) {
    // lut16Type: 3 to 3 by a grid of 2, tables of 2 entries; 36 bytes of matrix.
    const std::string lut16 = "mft2\0\0\0\0\3\3\2\0"s + std::string(36, '\1') + "\0\2\0\2"s +
                              std::string(2 * (3 * 2 + 8 * 3 + 3 * 2), '\7');
    // lut8Type: 1 to 1.
    const std::string lut8 =
        "mft1\0\0\0\0\1\1\2\0"s + std::string(36, '\1') + std::string(256 + 2 + 256, '\7');
    // lutAToBType: B curves, CLUT of 8 bits, A curves, with gaps.
    const std::string curves = kCurve + kCurve + kCurve;
    const std::string table =
        "\2\2\2"s + std::string(13, '\0') + "\1\0\0\0"s + std::string(24, '\7');
    const auto parts = [&](const std::string& gap) {
        const std::size_t b = 32 + gap.size();
        const std::size_t clut = b + curves.size() + gap.size();
        const std::size_t a = clut + table.size() + gap.size();
        return "mAB \0\0\0\0\3\3\0\0"s + big(b, 4) + big(0, 4) + big(0, 4) + big(clut, 4) +
               big(a, 4) + gap + curves + gap + table + gap + curves;
    };
    const std::string after =
        cleaned(profile_of({{"A2B0", lut16 + "Jane"},
                            {"A2B1", lut8 + "Jane"},
                            {"A2B2", parts("JaneDoe.")},
                            {"chad", "sf32\0\0\0\0"s + std::string(36, '\3')}},
                           4));
    EXPECT_EQ(tag_of(after, "A2B0"), lut16);
    EXPECT_EQ(tag_of(after, "A2B1"), lut8);
    EXPECT_EQ(tag_of(after, "A2B2"), parts(std::string(8, '\0')));
    EXPECT_EQ(after.find("Jane"), std::string::npos);
}

TEST(IccProfile, IsNoneWhereItIsNotPutTogetherAsOne) {
    const std::string good = profile_of({{"rTRC", kCurve}});
    EXPECT_NE(cleaned(good), "none");
    EXPECT_EQ(cleaned("Jane Doe"), "none");
    EXPECT_EQ(cleaned(good.substr(0, good.size() - 5)), "none");
    EXPECT_EQ(cleaned(profile_of({{"rTRC", "curv\0\0\0\0\xFF\xFF\xFF\xFF"s}})), "none");
    EXPECT_EQ(cleaned(profile_of({{"rTRC", "text\0\0\0\0Jane"s}})), "none");
    EXPECT_EQ(cleaned(profile_of({{"A2B0", "mft2\0\0\0\0\xF\xF\xFF\0"s + kXyz + kXyz + kXyz}})),
              "none");
    std::string many = good;
    many.replace(128, 4, big(0xFFFFFFFF, 4));
    EXPECT_EQ(cleaned(many), "none");
    std::string unknown_class = good;
    unknown_class.replace(12, 4, "JANE");
    EXPECT_EQ(cleaned(unknown_class), "none");
}

TEST(IccProfile, IsNoneWhereItIsLargerThanAny) {
    const auto with_table = [](int grid) {
        const std::size_t points = static_cast<std::size_t>(grid) * static_cast<std::size_t>(grid) *
                                   static_cast<std::size_t>(grid);
        return profile_of({{"A2B0", "mft2\0\0\0\0\3\3"s + static_cast<char>(grid) + "\0"s +
                                        std::string(36, '\1') + "\0\2\0\2"s +
                                        std::string(2 * (3 * 2 + points * 3 + 3 * 2), '\7')}});
    };
    EXPECT_EQ(cleaned(with_table(80)).size() / 1'000'000, 3U);
    EXPECT_EQ(cleaned(with_table(90)), "none");
}

TEST(IccProfile, OfAnObjectIsCleanedOrRemoved) {
    const dicom::Tag tag{0x0028, 0x2000};
    const auto with = [&](const std::string& profile, const char* how) {
        dicom::DataSet object = test::example();
        object.set_bytes(tag, "OB", {profile.begin(), profile.end()});
        return test::made(test::deidentifier(how), std::move(object));
    };
    for (const char* const how : {"basic", "screening"}) {
        const std::string profile = profile_of({{"rTRC", kCurve}, {"cprt", "text\0\0\0\0Jane"s}});
        const dicom::DataSet d = with(profile, how);
        EXPECT_EQ(as_text(d.bytes(tag)), cleaned(profile));
        EXPECT_FALSE(with("Jane Doe was here", how).has(tag));
    }
}

}  // namespace
}  // namespace lucerna::deidentify
