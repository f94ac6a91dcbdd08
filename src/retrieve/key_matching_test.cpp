#include "retrieve/key_matching.h"

#include <gtest/gtest.h>

#include "dicom/tags.h"
#include "retrieve/dimse_for_test.h"
#include "retrieve/order_tags.h"

namespace lucerna::retrieve {
namespace {

namespace tags = dicom::tags;
using dicom::DataSet;
using dicom::Tag;

/// One key against one value.
bool meets(Tag tag, const std::string& key, const std::string& value) {
    return match_keys(identifier_of({{tag, key}}), identifier_of({{tag, value}})).matches;
}

TEST(KeyMatching, MatchesSingleValuesAndWildcards) {
    EXPECT_TRUE(meets(tags::kPatientId, "P1", "P1"));
    EXPECT_FALSE(meets(tags::kPatientId, "P1", "P12"));
    EXPECT_FALSE(meets(tags::kPatientId, "p1", "P1")) << "but for names, case counts";
    EXPECT_TRUE(meets(tags::kPatientId, "P*2", "P1112"));
    EXPECT_TRUE(meets(tags::kPatientId, "*1*1*", "P1x1y"));
    EXPECT_FALSE(meets(tags::kPatientId, "P?", "P12"));
    EXPECT_TRUE(meets(tags::kPatientId, "M?ller", "M\xC3\xBCller")) << "one character of UTF-8";
    EXPECT_TRUE(meets(tags::kPatientId, "", "P1"));
    EXPECT_TRUE(meets(tags::kPatientId, "**", ""));
    EXPECT_FALSE(meets(tags::kPatientId, "P1", ""));
    EXPECT_TRUE(meets(tags::kModality, "US\\MG", "MG"));
    EXPECT_TRUE(meets(tags::kStudyInstanceUid, "1.2\\1.3", "1.3"));
}

TEST(KeyMatching, MatchesNamesInAnyGroupWhateverTheirCase) {
    const std::string name = "Yamada^Tarou=\xE5\xB1\xB1\xE7\x94\xB0^\xE5\xA4\xAA\xE9\x83\x8E";
    EXPECT_TRUE(meets(tags::kPatientName, "YAMADA^tarou", name));
    EXPECT_TRUE(meets(tags::kPatientName, "\xE5\xB1\xB1\xE7\x94\xB0*", name));
    EXPECT_TRUE(meets(tags::kPatientName, "Yama*=\xE5\xB1\xB1*", name));
    EXPECT_FALSE(meets(tags::kPatientName, "Yama*=Other*", name));
    EXPECT_TRUE(meets(tags::kPatientName, "Doe", "Doe^^"));
}

TEST(KeyMatching, MatchesRanges) {
    EXPECT_TRUE(meets(tags::kStudyDate, "20260301-20260303", "20260302"));
    EXPECT_TRUE(meets(tags::kStudyDate, "-20260303", "20260302"));
    EXPECT_FALSE(meets(tags::kStudyDate, "-20260303", "")) << "what has no value is in no range";
    EXPECT_FALSE(meets(tags::kStudyDate, "20260303-", "20260302"));
    EXPECT_TRUE(meets(tags::kStudyTime, "0930", "093000"));
    EXPECT_TRUE(meets(tags::kStudyTime, "08-09", "0959"));
    EXPECT_FALSE(meets(tags::kStudyTime, "08-09", "1000"));
    EXPECT_EQ(test::error_of([] { meets(tags::kStudyDate, "soon", ""); }), "invalid-input");
    EXPECT_EQ(test::error_of([] { meets(tags::kStudyTime, "9", ""); }), "invalid-input");
}

TEST(KeyMatching, MatchesDatesWithTimes) {
    EXPECT_TRUE(meets(tags::kAcquisitionDateTime, "20240101-2024", "20240115103000"));
    EXPECT_FALSE(meets(tags::kAcquisitionDateTime, "20240101-2024", "20250115"));
    EXPECT_EQ(test::error_of([] { meets(tags::kAcquisitionDateTime, "soon", "2024"); }),
              "invalid-input");
}

TEST(KeyMatching, WhatIsNotThereIsEmptyOrUnknown) {
    const Tag regions{0x0008, 0x2218}, code{0x0008, 0x0100};
    DataSet keys, with, without;
    keys.add_item(regions).set_text(code, "BREAST");
    with.add_item(regions).set_text(code, "BREAST");
    without.add_item(regions).set_text({0x0008, 0x0104}, "Breast");
    for (const Absent absent : {Absent::kEmpty, Absent::kUnknown})
        EXPECT_TRUE(match_keys(keys, with, absent).matches);
    EXPECT_FALSE(match_keys(keys, without, Absent::kEmpty).matches);
    EXPECT_FALSE(match_keys(keys, DataSet(), Absent::kEmpty).matches);
    EXPECT_TRUE(match_keys(keys, without, Absent::kUnknown).matches);
    EXPECT_TRUE(match_keys(keys, without, Absent::kUnknown).ignores_some);
}

DataSet step_of(const std::string& date, const std::string& time) {
    DataSet entity;
    DataSet& step = entity.add_item(order_tags::kStepSequence);
    step.set_text(order_tags::kStepStartDate, date);
    step.set_text(order_tags::kStepStartTime, time);
    step.set_text(tags::kModality, "MG");
    return entity;
}
bool meets_moment(const std::string& dates, const std::string& times, const std::string& date,
                  const std::string& time) {
    return match_keys(step_of(dates, times), step_of(date, time)).matches;
}

TEST(KeyMatching, TakesADateRangeAndATimeRangeForOneRange) {
    EXPECT_TRUE(meets_moment("20260301-20260303", "1800-0900", "20260302", "0600"));
    EXPECT_FALSE(meets_moment("20260301-20260303", "1800-0900", "20260301", "1200"));
    EXPECT_FALSE(meets_moment("20260301-20260303", "1800-0900", "20260303", "0901"));
    EXPECT_TRUE(meets_moment("20260301-", "1800-", "20260302", "0600"));
    EXPECT_FALSE(meets_moment("20260302", "0800-0900", "20260302", "0600")) << "one day only";
}

TEST(KeyMatching, TakesBothRangesApartWhereItWasNotNegotiated) {
    const DataSet keys = step_of("20260301-20260303", "0900-1800");
    const DataSet held = step_of("20260302", "0600");
    EXPECT_TRUE(match_keys(keys, held).matches);
    EXPECT_FALSE(match_keys(keys, held, Absent::kUnknown, DateAndTime::kApart).matches);
    EXPECT_FALSE(match_keys(step_of("-20260303", "-1800"), step_of("", "")).matches)
        << "what has no value is in no range";
    EXPECT_FALSE(meets_moment("20260301-", "0900-", "", "2100")) << "of no known day";
}

TEST(KeyMatching, KnowsWhatIsNoKey) {
    const auto is_key = [](std::string_view vr, std::string_view key) {
        return test::error_of([&] { require_key(tags::kStudyDate, vr, key); }) != "invalid-input";
    };
    for (const auto& [vr, key] : {std::pair("DA", "20260301"),
                                  {"DA", "-20260301"},
                                  {"DA", "20260301\\20260302"},
                                  {"DA", "*"},
                                  {"DA", ""},
                                  {"TM", "08-0930"},
                                  {"DT", "2026-202603"},
                                  {"LO", "anything"}})
        EXPECT_TRUE(is_key(vr, key)) << vr << " " << key;
    for (const auto& [vr, key] : {std::pair("DA", "soon"),
                                  {"DA", "20260301-soon"},
                                  {"DA", "2026*"},
                                  {"TM", "x"},
                                  {"TM", "9"},
                                  {"TM", "99"},
                                  {"TM", "10-2561"},
                                  {"DT", "today"},
                                  {"DA", "20260301\\x"}})
        EXPECT_FALSE(is_key(vr, key)) << vr << " " << key;
}

TEST(KeyMatching, OneItemMeetsAllKeysOfASequence) {
    const DataSet keys = step_of("20260302", "");
    EXPECT_TRUE(match_keys(keys, step_of("20260302", "10")).matches);
    EXPECT_FALSE(match_keys(keys, step_of("20260303", "10")).matches);
    DataSet any;
    any.set_empty(order_tags::kStepSequence);
    EXPECT_TRUE(match_keys(any, step_of("20260303", "10")).matches);
    EXPECT_FALSE(match_keys(keys,
                            [] {
                                DataSet none;
                                none.set_empty(order_tags::kStepSequence);
                                return none;
                            }())
                     .matches);
}

TEST(KeyMatching, TellsOfKeysThatDoNotCount) {
    const DataSet entity = identifier_of({{tags::kPatientId, "P1"}});
    const KeyMatch match =
        match_keys(identifier_of({{tags::kPatientId, "P1"}, {tags::kKvp, "28"}}), entity);
    EXPECT_TRUE(match.matches);
    EXPECT_TRUE(match.ignores_some);
    EXPECT_FALSE(match_keys(identifier_of({{tags::kKvp, ""}}), entity).ignores_some);
}

TEST(AskedFor, GivesTheKeysAndNoOthers) {
    DataSet keys = identifier_of({{tags::kPatientId, ""}, {tags::kKvp, ""}});
    keys.add_item(order_tags::kStepSequence).set_empty(tags::kModality);
    DataSet entity = step_of("20260302", "10");
    entity.set_text(tags::kPatientId, "P1");
    entity.set_text(tags::kPatientName, "Doe");
    const DataSet answer = asked_for(keys, entity);
    EXPECT_EQ(answer.text_or(tags::kPatientId, ""), "P1");
    EXPECT_FALSE(answer.has(tags::kPatientName));
    EXPECT_TRUE(answer.has(tags::kKvp)) << "without a value";
    const DataSet& step = answer.items(order_tags::kStepSequence).at(0);
    EXPECT_EQ(step.text_or(tags::kModality, ""), "MG");
    EXPECT_FALSE(step.has(order_tags::kStepStartDate));
    DataSet whole;
    whole.set_empty(order_tags::kStepSequence);
    EXPECT_TRUE(asked_for(whole, entity)
                    .items(order_tags::kStepSequence)
                    .at(0)
                    .has(order_tags::kStepStartDate));
}

}  // namespace
}  // namespace lucerna::retrieve
