#include "deidentify/actions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "support/shared_data.h"

namespace lucerna::deidentify {
namespace {

using dicom::Tag;

TEST(Actions, FollowTheTypeOfTheAttribute) {
    struct Case {
        Basic basic;
        std::string_view by_type[3];
    };
    // PS3.15 E.1: "X unless Z or D is required to maintain IOD conformance", and so on.
    const Case cases[] = {{Basic::kD, {"D", "D", "D"}},   {Basic::kZ, {"D", "Z", "Z"}},
                          {Basic::kX, {"X", "X", "X"}},   {Basic::kU, {"U", "U", "U"}},
                          {Basic::kXD, {"D", "D", "X"}},  {Basic::kXZ, {"Z", "Z", "X"}},
                          {Basic::kXZD, {"D", "Z", "X"}}, {Basic::kZD, {"D", "Z", "Z"}},
                          {Basic::kXZU, {"U", "U", "U"}}};
    for (const Case& one : cases)
        for (int type = 1; type <= 3; ++type)
            EXPECT_EQ(letter_of(action_of(one.basic, type)), one.by_type[type - 1])
                << static_cast<int>(one.basic) << " of type " << type;
}

TEST(Actions, KnowTheTypeByClassAndSequence) {
    constexpr std::string_view kMammogram = "1.2.840.10008.5.1.4.1.1.1.2";
    constexpr std::string_view kEnhancedCt = "1.2.840.10008.5.1.4.1.1.2.1";
    const Tag device_serial_number{0x0018, 0x1000};
    EXPECT_EQ(type_of(device_serial_number, {}, kMammogram), 3);
    EXPECT_EQ(type_of(device_serial_number, {}, kEnhancedCt), 1);
    // A Type 2 that a sequence asks for, and none at the top.
    const Tag requested_procedure_description{0x0032, 0x1060};
    EXPECT_EQ(type_of(requested_procedure_description, {0x0040, 0xA370}, "1.2.3"), 2);
    EXPECT_EQ(type_of(requested_procedure_description, {}, "1.2.3"), 3);
    EXPECT_EQ(type_of({0x0008, 0x1030}, {}, kMammogram), 3);
}

TEST(Actions, FindRangesAndPrivateAttributes) {
    ASSERT_NE(rule_for({0x0010, 0x0010}), nullptr);
    EXPECT_EQ(rule_for({0x0010, 0x0010})->basic, Basic::kZ);
    ASSERT_NE(rule_for({0x5010, 0x3000}), nullptr);
    ASSERT_NE(rule_for({0x601E, 0x3000}), nullptr);
    EXPECT_EQ(rule_for({0x601E, 0x0010}), nullptr);
    ASSERT_NE(rule_for({0x0009, 0x1001}), nullptr);
    EXPECT_EQ(rule_for({0x0009, 0x1001}), rule_for({0x5001, 0x1001}));
    EXPECT_EQ(rule_for({0x0028, 0x0010}), nullptr);
}

/// Every row of the standard's table, by its own words.
TEST(Actions, AreAllThatTheStandardHas) {
    LUCERNA_NEEDS_SHARED_DATA("dicom-standard");
    const auto path =
        lucerna::test::shared_data() / "dicom-standard" / "confidentiality_profile_attributes.json";
    const auto rows = nlohmann::json::parse(std::ifstream(path));
    const std::map<std::string, Basic> codes{
        {"D", Basic::kD},       {"Z", Basic::kZ},    {"X", Basic::kX},
        {"U", Basic::kU},       {"X/D", Basic::kXD}, {"X/Z", Basic::kXZ},
        {"X/Z/D", Basic::kXZD}, {"Z/D", Basic::kZD}, {"X/Z/U*", Basic::kXZU}};
    const char* const columns[] = {"rtnSafePrivOpt",       "rtnUIDsOpt",     "rtnDevIdOpt",
                                   "rtnInstIdOpt",         "rtnPatCharsOpt", "rtnLongFullDatesOpt",
                                   "rtnLongModifDatesOpt", "cleanDescOpt",   "cleanStructContOpt",
                                   "cleanGraphOpt"};
    EXPECT_EQ(rows.size(), confidentiality_table().size());
    for (const auto& row : rows) {
        std::string digits = row.at("id");
        if (digits.find("where") != std::string::npos) digits = "00091001";
        std::replace(digits.begin(), digits.end(), 'x', '0');
        const auto tag = dicom::tag_from(digits);
        ASSERT_TRUE(tag) << digits;
        const AttributeRule* const rule = rule_for(*tag);
        ASSERT_NE(rule, nullptr) << row;
        EXPECT_EQ(rule->basic, codes.at(row.at("basicProfile"))) << row;
        std::string options;
        for (const char* column : columns) options += row.value(column, std::string("-"));
        EXPECT_EQ(rule->options, options) << row;
    }
}

}  // namespace
}  // namespace lucerna::deidentify
