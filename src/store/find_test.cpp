#include "store/find.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using test::error_of;
using test::message_of;
using test::StoredInstance;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr dicom::Tag kPatientName{0x0010, 0x0010};
constexpr dicom::Tag kPatientId{0x0010, 0x0020};
constexpr dicom::Tag kBirthDate{0x0010, 0x0030};
constexpr dicom::Tag kStudyDate{0x0008, 0x0020};
constexpr dicom::Tag kStudyTime{0x0008, 0x0030};
constexpr dicom::Tag kAccession{0x0008, 0x0050};
constexpr dicom::Tag kModality{0x0008, 0x0060};
constexpr dicom::Tag kModalities{0x0008, 0x0061};
constexpr dicom::Tag kDescription{0x0008, 0x1030};
constexpr dicom::Tag kStudyUid{0x0020, 0x000D};
constexpr dicom::Tag kSeriesUid{0x0020, 0x000E};
constexpr dicom::Tag kSopUid{0x0008, 0x0018};
constexpr dicom::Tag kSopClass{0x0008, 0x0016};
constexpr dicom::Tag kSeriesNumber{0x0020, 0x0011};
constexpr dicom::Tag kInstanceNumber{0x0020, 0x0013};
constexpr dicom::Tag kRows{0x0028, 0x0010};
constexpr dicom::Tag kStudySeries{0x0020, 0x1206};
constexpr dicom::Tag kStudyInstances{0x0020, 0x1208};
constexpr dicom::Tag kSeriesInstances{0x0020, 0x1209};

/// An index that notes what it is asked, and answers nothing.
class AskedIndex final : public Connection {
  public:
    std::string text;

    Statement prepare(std::string_view sql) override {
        text = sql;
        return Statement(std::make_unique<Silent>());
    }
    void execute(const char*) override {}
    std::int64_t last_row() const override { return 0; }
    std::int64_t changes() const override { return 0; }
    bool in_transaction() const override { return false; }

  private:
    class Silent final : public StatementPort {
      public:
        void bind(int, std::int64_t) override {}
        void bind(int, double) override {}
        void bind(int, std::string_view) override {}
        void bind_null(int) override {}
        bool step() override { return false; }
        bool is_null(int) const override { return true; }
        std::int64_t integer(int) const override { return 0; }
        double number(int) const override { return 0; }
        std::string text(int) const override { return {}; }
    };
};

/// Four studies:
///   1.1  Doe^Jane      P1  2024-01-15 10:30:00   MG (2 images) + SR
///   1.2  DOE^JOHN^^^   P2  2024-02-01 23:59:30.5 CT
///   1.3  Müller^Änne   P3  2023-12-31 08         MG
///   1.4  Yamada^Tarou=山田^太郎=やまだ^たろう  P[4]  no date
class FindTest : public testing::Test {
  protected:
    FindTest() {
        StoredInstance one = in_study("1.1");
        keep(one);
        one.sop_instance = "1.1.1.2";
        one.instance_number = "2";
        one.laterality = "L";
        keep(one);
        one.series = "1.1.2";
        one.sop_instance = "1.1.2.1";
        one.modality = "SR";
        one.sop_class = "1.2.840.10008.5.1.4.1.1.88.50";
        one.series_number = "2";
        one.picture = false;
        keep(one);

        StoredInstance two = in_study("1.2");
        two.patient_name = "DOE^JOHN^^^";
        two.patient_id = "P2";
        two.modality = "CT";
        two.study_date = "20240201";
        two.study_time = "235930.5";
        two.study_description = "Chest [low dose]";
        two.accession_number = "B-2";
        keep(two);

        StoredInstance three = in_study("1.3");
        three.patient_name = "M\xC3\xBCller^\xC3\x84nne";
        three.patient_id = "P3";
        three.study_date = "20231231";
        three.study_time = "08";
        keep(three);

        StoredInstance four = in_study("1.4");
        four.patient_name =
            "Yamada^Tarou=\xE5\xB1\xB1\xE7\x94\xB0^\xE5\xA4\xAA\xE9\x83\x8E="
            "\xE3\x82\x84\xE3\x81\xBE\xE3\x81\xA0^\xE3\x81\x9F\xE3\x82\x8D\xE3\x81\x86";
        four.patient_id = "P[4]";
        four.study_date = "";
        four.study_time = "";
        keep(four);
    }

    static StoredInstance in_study(const std::string& study) {
        StoredInstance instance;
        instance.study = study;
        instance.series = study + ".1";
        instance.sop_instance = study + ".1.1";
        return instance;
    }
    void keep(const StoredInstance& instance) { store.archive().keep(instance.file()); }

    std::vector<std::string> studies(std::vector<Key> keys) {
        std::vector<std::string> uids;
        for (const Match& match : store.archive().find({Level::kStudy, std::move(keys)}))
            uids.push_back(match.study_instance_uid);
        return uids;
    }

    TestStore store;
};

TEST_F(FindTest, MatchesNamesFuzzilyWhereAsked) {
    const auto named = [&](const std::string& name, bool fuzzy = true) {
        Query query;
        query.keys = {{kPatientName, name}};
        query.fuzzy_names = fuzzy;
        std::vector<std::string> found;
        for (const Match& match : store.archive().find(query))
            found.push_back(match.study_instance_uid);
        return found;
    };
    EXPECT_THAT(named("jane", false), IsEmpty());
    EXPECT_THAT(named("jane"), UnorderedElementsAre("1.1", "1.2"));  // John sounds like it
    EXPECT_THAT(named("Jane Do*"), UnorderedElementsAre("1.1", "1.2"));
    EXPECT_THAT(named("Mueller"), ElementsAre("1.3"));
    EXPECT_THAT(named("mul"), ElementsAre("1.3"));
    EXPECT_THAT(named("\u041C\u044E\u043B\u043B\u0435\u0440"), ElementsAre("1.3"));
    EXPECT_THAT(named("Yamata"), ElementsAre("1.4"));
    EXPECT_THAT(named("\u5C71\u7530"), ElementsAre("1.4"));
    EXPECT_THAT(named("*ller*"), ElementsAre("1.3"));  // a pattern, matched literally
    EXPECT_THAT(named("*hn"), ElementsAre("1.2"));
    EXPECT_THAT(named("Schmidt"), IsEmpty());
    EXPECT_THAT(named("Doe Maria"), IsEmpty());
}

TEST_F(FindTest, WithoutKeysGivesAllNewestFirst) {
    EXPECT_THAT(studies({}), ElementsAre("1.2", "1.1", "1.3", "1.4"));
    EXPECT_THAT(studies({{kPatientName, "*"}, {kPatientId, ""}}),
                ElementsAre("1.2", "1.1", "1.3", "1.4"));
}

TEST_F(FindTest, PagesFitTogether) {
    std::vector<std::string> all;
    for (std::size_t offset = 0; offset < 6; ++offset)
        for (const Match& match : store.archive().find({Level::kStudy, {}, 1, offset}))
            all.push_back(match.study_instance_uid);
    EXPECT_THAT(all, ElementsAre("1.2", "1.1", "1.3", "1.4"));
    EXPECT_THAT(store.archive().find({Level::kStudy, {}, 0}), IsEmpty());
}

TEST_F(FindTest, CountsWhatMatchesUpToABound) {
    for (const Level level : {Level::kPatient, Level::kStudy, Level::kSeries, Level::kInstance}) {
        Query all{level, {}};
        const std::size_t there = store.archive().find(all).size();
        ASSERT_GT(there, 2U);
        all.limit = 1;
        all.offset = 1;
        EXPECT_EQ(store.archive().count(all, 1000), there);
        EXPECT_EQ(store.archive().count(all, there - 1), there - 1);
    }
    const Query narrow{Level::kSeries, {{{0x0008, 0x0060}, "MG"}}};
    EXPECT_EQ(store.archive().count(narrow, 1000), store.archive().find(narrow).size());
}

TEST_F(FindTest, MatchesExactlyWhereThereIsNoWildcard) {
    EXPECT_THAT(studies({{kPatientId, "P1"}}), ElementsAre("1.1"));
    EXPECT_THAT(studies({{kPatientId, "p1"}}), IsEmpty());
    EXPECT_THAT(studies({{kPatientId, "P[4]"}}), ElementsAre("1.4"));
    EXPECT_THAT(studies({{kAccession, "B-2"}}), ElementsAre("1.2")) << "a hyphen is no range here";
    EXPECT_THAT(studies({{kPatientId, "P1' OR '1'='1"}}), IsEmpty());
}

TEST_F(FindTest, RefusesMoreValuesThanAnExpressionHolds) {
    const auto list = [](const std::string& value, int count) {
        std::string all = value;
        for (int i = 1; i < count; ++i) all += "\\" + value;
        return all;
    };
    EXPECT_NO_THROW((void)studies({{kModalities, list("MG", 200)}}));
    EXPECT_THROW((void)studies({{kModalities, list("MG", 201)}}), Error);
    EXPECT_THROW((void)studies({{kModalities, list("CT", 3000)}}), Error);
    EXPECT_THAT(studies({{kStudyUid, list("1.1", 30'000)}}), ElementsAre("1.1"));
    EXPECT_THROW((void)studies({{kStudyUid, list("1.1", 30'001)}}), Error);
}

TEST_F(FindTest, TakesWildcardsAndNothingElseAsPattern) {
    EXPECT_THAT(studies({{kPatientId, "P?"}}), UnorderedElementsAre("1.1", "1.2", "1.3"));
    EXPECT_THAT(studies({{kPatientId, "P*"}}), UnorderedElementsAre("1.1", "1.2", "1.3", "1.4"));
    EXPECT_THAT(studies({{kPatientId, "P[1-4]*"}}), IsEmpty());
    EXPECT_THAT(studies({{kPatientId, "P[4*"}}), ElementsAre("1.4"));
    EXPECT_THAT(studies({{kDescription, "*[low*"}}), ElementsAre("1.2"));
    EXPECT_THAT(studies({{kDescription, "screening"}}), IsEmpty());
}

TEST_F(FindTest, NamesMatchWhateverTheirCase) {
    EXPECT_THAT(studies({{kPatientName, "doe^jane"}}), ElementsAre("1.1"));
    EXPECT_THAT(studies({{kPatientName, "DOE^*"}}), ElementsAre("1.2", "1.1"));
    EXPECT_THAT(studies({{kPatientName, "Doe^John"}}), ElementsAre("1.2")) << "empty components";
    EXPECT_THAT(studies({{kPatientName, "M\xC3\x9CLLER*"}}), ElementsAre("1.3"));
    EXPECT_THAT(studies({{kPatientName, "m?ller^\xC3\xA4nne"}}), ElementsAre("1.3"));
    EXPECT_THAT(studies({{kPatientName, "Doe"}}), IsEmpty());
}

TEST_F(FindTest, NamesMatchWhateverTheirWidthAndComposition) {
    int number = 10;
    for (const char* name : {"\uFF21\uFF22^c", "\u01C4^x", "e\u0301mile^x", "Stra\u00DFe^A"}) {
        StoredInstance wide = in_study("2." + std::to_string(number++));
        wide.patient_name = name;
        keep(wide);
    }
    EXPECT_THAT(studies({{kPatientName, "\uFF41\uFF42*"}}), ElementsAre("2.10"));
    EXPECT_THAT(studies({{kPatientName, "AB^C"}}), ElementsAre("2.10"));
    EXPECT_THAT(studies({{kPatientName, "\u01C6*"}}), ElementsAre("2.11"));
    EXPECT_THAT(studies({{kPatientName, "\u00C9*"}}), ElementsAre("2.12"));
    EXPECT_THAT(studies({{kPatientName, "?mile^x"}}), ElementsAre("2.12"));
    EXPECT_THAT(studies({{kPatientName, "STRASSE^*"}}), ElementsAre("2.13"));
}

TEST_F(FindTest, NamesMatchByAnyComponentGroup) {
    EXPECT_THAT(studies({{kPatientName, "\xE5\xB1\xB1\xE7\x94\xB0^*"}}), ElementsAre("1.4"));
    EXPECT_THAT(studies({{kPatientName, "yamada^tarou"}}), ElementsAre("1.4"));
    EXPECT_THAT(studies({{kPatientName, "Yamada*=\xE5\xB1\xB1*"}}), ElementsAre("1.4"));
    EXPECT_THAT(studies({{kPatientName, "Yamada*=X*"}}), IsEmpty());
}

TEST_F(FindTest, MatchesDatesAndRangesOfThem) {
    EXPECT_THAT(studies({{kStudyDate, "20240115"}}), ElementsAre("1.1"));
    EXPECT_THAT(studies({{kStudyDate, "2024.01.15"}}), ElementsAre("1.1"));
    EXPECT_THAT(studies({{kStudyDate, "20240101-20240131"}}), ElementsAre("1.1"));
    EXPECT_THAT(studies({{kStudyDate, "20240115-"}}), ElementsAre("1.2", "1.1"));
    EXPECT_THAT(studies({{kStudyDate, "-20240115"}}), ElementsAre("1.1", "1.3"))
        << "what has no date lies in no range";
    EXPECT_THAT(studies({{kBirthDate, "19601231"}}).size(), 4U);
    for (const char* wrong : {"2024", "yesterday", "20240101-x", "20240101-20240102-20240103"}) {
        EXPECT_EQ(error_of([&] { (void)studies({{kStudyDate, wrong}}); }), "invalid-input");
        EXPECT_THAT(message_of([&] {
                        (void)studies({{kStudyDate, wrong}});
                    }),
                    HasSubstr("(0008,0020)"));
    }
}

TEST_F(FindTest, MatchesTimesToThePrecisionGiven) {
    EXPECT_THAT(studies({{kStudyTime, "1030"}}), ElementsAre("1.1"));
    EXPECT_THAT(studies({{kStudyTime, "08-1030"}}), ElementsAre("1.1", "1.3"));
    EXPECT_THAT(studies({{kStudyTime, "-235930"}}), ElementsAre("1.2", "1.1", "1.3"))
        << "the second 30 lasts until 30.999999";
    EXPECT_THAT(studies({{kStudyTime, "235930.6-"}}), IsEmpty());
    for (const char* wrong : {"noon", "99", "1060", "10-99", "99-"})
        EXPECT_EQ(error_of([&] {
                      (void)studies({{kStudyTime, wrong}});
                  }),
                  "invalid-input")
            << wrong;
}

TEST_F(FindTest, MatchesListsOfUids) {
    EXPECT_THAT(studies({{kStudyUid, "1.1"}}), ElementsAre("1.1"));
    EXPECT_THAT(studies({{kStudyUid, "1.1,1.3"}}), ElementsAre("1.1", "1.3"));
    EXPECT_THAT(studies({{kStudyUid, "1.1\\1.3\\9.9"}}), ElementsAre("1.1", "1.3"));
    EXPECT_EQ(error_of([&] { (void)studies({{kStudyUid, "1.*"}}); }), "invalid-input");
}

TEST_F(FindTest, MatchesListsOfUidsOfEachLevelAtTheOthers) {
    EXPECT_THAT(studies({{kSeriesUid, "1.1.2\\1.3.1"}}), ElementsAre("1.1", "1.3"));
    for (const Level level : {Level::kSeries, Level::kInstance}) {
        EXPECT_EQ(store.archive().find({level, {{kStudyUid, "1.2,1.3"}}}).size(), 2U);
        EXPECT_EQ(store.archive().find({level, {{kSeriesUid, "1.1.2,9.9"}}}).size(), 1U);
    }
    EXPECT_EQ(store.archive().find({Level::kInstance, {{kSopUid, "1.1.2.1,1.1.1.2,9"}}}).size(),
              2U);
}

TEST_F(FindTest, HasOneStatementForListsOfAnyLength) {
    AskedIndex index;
    (void)find_rows(index, {Level::kStudy, {{kStudyUid, "1,2"}}});
    const std::string two = index.text;
    (void)find_rows(index, {Level::kStudy, {{kStudyUid, "1,2,3,4"}}});
    EXPECT_EQ(index.text, two);
}

TEST_F(FindTest, MatchesStudiesByTheirModalities) {
    EXPECT_THAT(studies({{kModalities, "MG"}}), ElementsAre("1.1", "1.3", "1.4"));
    EXPECT_THAT(studies({{kModalities, "SR\\CT"}}), ElementsAre("1.2", "1.1"));
    EXPECT_THAT(studies({{kModality, "SR"}}), ElementsAre("1.1"));
    EXPECT_THAT(studies({{kModality, "SR"}, {kSeriesNumber, "1"}}), IsEmpty())
        << "one series must meet both";
}

TEST_F(FindTest, SearchesPatients) {
    StoredInstance again = in_study("1.5");
    again.patient_name = "Doe^Janet";
    keep(again);
    StoredInstance elsewhere = in_study("1.6");
    elsewhere.issuer = "OTHER";
    keep(elsewhere);
    for (const char* study : {"1.7", "1.8"}) {
        StoredInstance unnamed = in_study(study);
        unnamed.patient_id = "";
        unnamed.patient_name = std::string("Nobody") + study[2];
        keep(unnamed);
    }
    const auto ids = [&](std::vector<Key> keys) {
        std::vector<std::string> found;
        for (const Match& match : store.archive().find({Level::kPatient, std::move(keys)}))
            found.emplace_back(match.value(kPatientId));
        return found;
    };
    EXPECT_THAT(ids({}), ElementsAre("", "", "P1", "P1", "P2", "P3", "P[4]"));
    EXPECT_THAT(ids({{kPatientName, "doe*"}}), ElementsAre("P1", "P1", "P2"));
    const auto one = store.archive().find(
        {Level::kPatient, {{kPatientId, "P1"}, {dicom::Tag{0x0010, 0x0021}, "OTHER"}}});
    ASSERT_EQ(one.size(), 1U);
    const auto both = store.archive().find({Level::kPatient, {{kPatientId, "P1"}}});
    ASSERT_EQ(both.size(), 2U);
    EXPECT_EQ(both[0].value(kPatientName), "Doe^Janet") << "of the study that came last";
    EXPECT_EQ(both[0].value({0x0020, 0x1200}), "2");
    EXPECT_EQ(both[0].value({0x0020, 0x1202}), "3");
    EXPECT_EQ(both[0].value({0x0020, 0x1204}), "4");
    EXPECT_EQ(both[0].study_instance_uid, "1.5");
    EXPECT_EQ(both[1].study_instance_uid, "1.6");
    EXPECT_FALSE(is_indexed({0x0020, 0x1200}, Level::kStudy));
    EXPECT_FALSE(is_indexed(kStudyDate, Level::kPatient));
}

TEST_F(FindTest, TwoOfOneIdAreToldByTheUniversalIdsOfItsIssuers) {
    for (const char* study : {"1.7", "1.8"}) {
        StoredInstance one = in_study(study);
        one.patient_id = "SHARED";
        one.issuer_entity = std::string("1.2.3.") + study[2];
        keep(one);
    }
    constexpr dicom::Tag kIssuer = dicom::tags::kIssuerOfPatientId;
    const auto both = store.archive().find({Level::kPatient, {{kPatientId, "SHARED"}}});
    ASSERT_EQ(both.size(), 2U);
    EXPECT_EQ(both[0].value(kIssuer), "1.2.3.7");
    EXPECT_EQ(both[1].value(kIssuer), "1.2.3.8");
    const auto one =
        store.archive().find({Level::kStudy, {{kPatientId, "SHARED"}, {kIssuer, "1.2.3.8"}}});
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(one[0].study_instance_uid, "1.8");
}

TEST_F(FindTest, TwoWithoutAnIdWhoShareANameAreTwo) {
    const std::pair<const char*, const char*> born[] = {
        {"1.7", "19500101"}, {"1.8", "19800202"}, {"1.9", "19800202"}, {"1.10", ""}};
    for (const auto& [study, birth_date] : born) {
        StoredInstance unnamed = in_study(study);
        unnamed.patient_id = "";
        unnamed.patient_name = "Noid^Nora";
        unnamed.birth_date = birth_date;
        keep(unnamed);
    }
    const dicom::Tag birth_date{0x0010, 0x0030};
    const auto found = [&](std::vector<Key> keys) {
        std::vector<std::pair<std::string, std::string>> women;
        for (const Match& match : store.archive().find({Level::kPatient, std::move(keys)}))
            women.emplace_back(match.value(birth_date), match.value({0x0020, 0x1200}));
        return women;
    };
    EXPECT_THAT(
        found({{kPatientName, "Noid*"}}),
        ElementsAre(std::pair("19500101", "1"), std::pair("19800202", "2"), std::pair("", "1")));
    EXPECT_THAT(found({{kPatientName, "Noid*"}, {birth_date, "19500101"}}),
                ElementsAre(std::pair("19500101", "1")));
    EXPECT_EQ(store.archive().count({Level::kPatient, {{kPatientName, "Noid*"}}}, 1000), 3U);
}

TEST_F(FindTest, CombinesRangesOfDateAndTimeWhereAsked) {
    const auto moments = [&](const char* dates, const char* times) {
        Query query{Level::kStudy, {{kStudyDate, dates}, {kStudyTime, times}}};
        query.combined_date_time = true;
        std::vector<std::string> uids;
        for (const Match& match : store.archive().find(query))
            uids.push_back(match.study_instance_uid);
        return uids;
    };
    // 1.1 is of the 15th of January, 10:30; 1.2 of the 1st of February, 23:59:30.5.
    EXPECT_THAT(studies({{kStudyDate, "20240114-20240202"}, {kStudyTime, "1100-1000"}}), IsEmpty());
    EXPECT_THAT(moments("20240114-20240202", "1100-1000"), ElementsAre("1.2", "1.1"));
    EXPECT_THAT(moments("20240115-20240201", "1031-2359"), ElementsAre("1.2"));
    EXPECT_THAT(moments("20240115-", "1030-"), ElementsAre("1.2", "1.1"));
    EXPECT_THAT(moments("20240115-", "1031-"), ElementsAre("1.2"));
    EXPECT_THAT(moments("-20240115", "-1029"), ElementsAre("1.3"));
    EXPECT_THAT(moments("20240101-20240131", "-1029"), IsEmpty()) << "not of one form: on each day";
    EXPECT_THAT(moments("20240115", "10-11"), ElementsAre("1.1")) << "no range of dates";
    EXPECT_EQ(error_of([&] { (void)moments("20240115-x", "10-11"); }), "invalid-input");
}

TEST_F(FindTest, MatchesWithinOneItemOfASequence) {
    constexpr dicom::Tag kRequest{0x0040, 0x0275};
    constexpr dicom::Tag kStep{0x0040, 0x0009};
    constexpr dicom::Tag kProcedure{0x0040, 0x1001};
    dicom::DataSet set = dicom::DataSet::parse(in_study("1.5").file());
    for (const auto& [step, procedure] : {std::pair("S1", "P1"), std::pair("S2", "P2")}) {
        dicom::DataSet& item = set.add_item(kRequest);
        item.set_text(kStep, step);
        item.set_text(kProcedure, procedure);
    }
    store.archive().keep(set.to_part10());
    EXPECT_THAT(studies({{kStep, "S1", kRequest}}), ElementsAre("1.5"));
    EXPECT_THAT(studies({{kStep, "S*", kRequest}, {kProcedure, "P2", kRequest}}),
                ElementsAre("1.5"));
    EXPECT_THAT(studies({{kStep, "S1", kRequest}, {kProcedure, "P2", kRequest}}), IsEmpty())
        << "of different items";
    EXPECT_EQ(studies({{kStep, "*", kRequest}}).size(), 5U);
    const auto series = store.archive().find({Level::kSeries, {{kProcedure, "P1", kRequest}}});
    ASSERT_EQ(series.size(), 1U);
    EXPECT_THAT(json_members(series[0]),
                HasSubstr("\"00400275\":{\"vr\":\"SQ\",\"Value\":[{\"00400009\":{\"vr\":\"SH\","
                          "\"Value\":[\"S1\"]},\"00401001\":{\"vr\":\"SH\",\"Value\":[\"P1\"]}},"
                          "{\"00400009\""));
    EXPECT_EQ(
        store.archive().find({Level::kInstance, {{kStep, "S2", kRequest}}}).at(0).sop_instance_uid,
        "1.5.1.1");
    EXPECT_TRUE(is_indexed_in(kRequest, kStep, Level::kStudy));
    EXPECT_FALSE(is_indexed_in(kRequest, kStep, Level::kPatient));
    EXPECT_FALSE(is_indexed_in(kRequest, kPatientId, Level::kSeries));
}

TEST_F(FindTest, HandsOutAllOneByOneUntilToldToStop) {
    for (int number = 0; number < 510; ++number) {
        StoredInstance more = in_study("1.9");
        more.sop_instance = "1.9.1." + std::to_string(number + 1);
        more.instance_number = std::to_string(number + 1);
        keep(more);
    }
    std::vector<std::string> numbers;
    store.archive().find_each({Level::kInstance, {{kStudyUid, "1.9"}}, 1U << 30},
                              [&](const Match& match) {
                                  numbers.emplace_back(match.value(kInstanceNumber));
                                  return true;
                              });
    ASSERT_EQ(numbers.size(), 510U);
    EXPECT_EQ(numbers[505], "506");
    std::size_t taken = 0;
    store.archive().find_each({Level::kInstance, {}, 1U << 30},
                              [&](const Match&) { return ++taken < 3; });
    EXPECT_EQ(taken, 3U);
}

TEST_F(FindTest, CountsWhatIsInAStudyAndASeries) {
    const auto matches = store.archive().find({Level::kStudy, {{kStudyUid, "1.1"}}});
    ASSERT_EQ(matches.size(), 1U);
    EXPECT_EQ(matches[0].value(kModalities), "MG\\SR");
    EXPECT_EQ(matches[0].value(kStudySeries), "2");
    EXPECT_EQ(matches[0].value(kStudyInstances), "3");
    const auto series = store.archive().find({Level::kSeries, {{kStudyUid, "1.1"}}});
    ASSERT_EQ(series.size(), 2U);
    EXPECT_EQ(series[0].series_instance_uid, "1.1.1");
    EXPECT_EQ(series[0].value(kSeriesInstances), "2");
    EXPECT_EQ(series[0].value(kPatientName), "Doe^Jane") << "the study's attributes come with it";
}

TEST_F(FindTest, SearchesSeriesAndInstances) {
    EXPECT_EQ(store.archive().find({Level::kSeries, {{kModality, "MG"}}}).size(), 3U);
    EXPECT_EQ(store.archive().find({Level::kInstance, {}}).size(), 6U);
    const auto left = store.archive().find(
        {Level::kInstance, {{kStudyUid, "1.1"}, {dicom::Tag{0x0020, 0x0062}, "L"}}});
    ASSERT_EQ(left.size(), 2U);
    EXPECT_EQ(left[0].sop_instance_uid, "1.1.1.2");
    EXPECT_EQ(left[0].value(kInstanceNumber), "2");
    EXPECT_EQ(left[0].value(kRows), "1");
    EXPECT_EQ(
        store.archive().find({Level::kInstance, {{kSopUid, "1.3.1.1"}, {kPatientId, "P3"}}}).size(),
        1U);
    EXPECT_EQ(store.archive()
                  .find({Level::kInstance, {{kSopClass, "1.2.840.10008.5.1.4.1.1.88.50"}}})
                  .size(),
              1U);
    EXPECT_EQ(store.archive().find({Level::kInstance, {{kSeriesUid, "1.1.2"}}}).size(), 1U);
    EXPECT_EQ(error_of([&] {
                  (void)store.archive().find({Level::kInstance, {{kRows, "x"}}});
              }),
              "invalid-input");
}

TEST_F(FindTest, IgnoresAndTellsWhatIsNotIndexed) {
    const dicom::Tag patient_weight{0x0010, 0x1030};
    EXPECT_EQ(studies({{patient_weight, "70"}}).size(), 4U);
    EXPECT_FALSE(is_indexed(patient_weight, Level::kStudy));
    EXPECT_TRUE(is_indexed(kPatientName, Level::kInstance));
    EXPECT_TRUE(is_indexed(kModality, Level::kStudy));
    EXPECT_FALSE(is_indexed(kRows, Level::kSeries));
}

TEST_F(FindTest, WritesTheAttributesAsDicomJson) {
    const auto four = store.archive().find({Level::kStudy, {{kStudyUid, "1.4"}}});
    const std::string json = json_members(four.at(0));
    EXPECT_THAT(json, HasSubstr("\"00080020\":{\"vr\":\"DA\"},"));
    EXPECT_THAT(json, HasSubstr("\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":"
                                "\"Yamada^Tarou\",\"Ideographic\":\"\xE5\xB1\xB1"));
    EXPECT_THAT(json, HasSubstr("\"00201208\":{\"vr\":\"IS\",\"Value\":[1]}"));
    const auto one = store.archive().find({Level::kStudy, {{kStudyUid, "1.1"}}});
    EXPECT_THAT(json_members(one.at(0)),
                HasSubstr("\"00080061\":{\"vr\":\"CS\",\"Value\":[\"MG\",\"SR\"]}"));
}

}  // namespace
}  // namespace lucerna::store
