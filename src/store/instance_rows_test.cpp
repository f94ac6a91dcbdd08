#include "store/instance_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <tuple>

#include "dicom/data_set.h"
#include "dicom/tags.h"
#include "store/arrival.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using test::error_of;
using test::message_of;
using test::StoredInstance;
using testing::HasSubstr;

constexpr dicom::Tag kPatientName{0x0010, 0x0010};
constexpr dicom::Tag kPatientId{0x0010, 0x0020};
constexpr dicom::Tag kIssuer{0x0010, 0x0021};
constexpr dicom::Tag kAccession{0x0008, 0x0050};
constexpr dicom::Tag kDescription{0x0008, 0x1030};
constexpr dicom::Tag kSeriesNumber{0x0020, 0x0011};
constexpr dicom::Tag kBodyPart{0x0018, 0x0015};
constexpr dicom::Tag kModalities{0x0008, 0x0061};

StoredInstance image(const std::string& number) {
    StoredInstance instance;
    instance.sop_instance = "1.2.3.4.1." + number;
    return instance;
}

std::vector<Match> found(TestStore& store, dicom::Tag tag, const std::string& value,
                         Level level = Level::kStudy) {
    Query query{level, {{tag, value}}};
    query.fuzzy_names = tag == kPatientName;
    return store.archive().find(query);
}

std::string value_of(TestStore& store, dicom::Tag tag) {
    const auto matches = found(store, kSeriesNumber, "", Level::kSeries);
    return matches.empty() ? "" : std::string(matches[0].value(tag));
}

TEST(Patients, AStudyKeptUnderAnotherPatientTakesNoObject) {
    for (const std::size_t pixels : {std::size_t{128}, std::size_t{3'000'000}}) {
        TestStore store;
        store.archive().keep(image("1").file());
        StoredInstance other = image("2");
        other.patient_id = "P2";
        other.patient_name = "Roe^Ann";
        other.pixels = pixels;
        const Bytes file = other.file();
        const auto arriving = [&] {
            const auto arrival = store.archive().arriving();
            (void)arrival->take(file);
            arrival->keep(file);
        };
        EXPECT_EQ(error_of([&] { store.archive().keep(file); }), "unsupported");
        EXPECT_EQ(error_of(arriving), "unsupported");
        const std::string why = message_of([&] { store.archive().keep(file); });
        EXPECT_EQ(why, "kept under another Patient ID: study 1.2.3.4");
        EXPECT_LE(why.size(), 64U) << "of an Error Comment (0000,0902)";
        EXPECT_EQ(store.archive().totals().instances, 1U);
        EXPECT_EQ(store.objects().size(), 1U) << "nothing of it is left";
        EXPECT_EQ(store.key_records(), 1U) << "nor a key that was made for it";
        EXPECT_EQ(value_of(store, kPatientName), "Doe^Jane");
    }
}

TEST(Patients, AnIssuerThatDiffersMakesAnotherPatient) {
    TestStore store;
    StoredInstance first = image("1"), second = image("2");
    first.issuer = "HOSPITAL";
    second.issuer = "CLINIC";
    store.archive().keep(first.file());
    EXPECT_EQ(message_of([&] { store.archive().keep(second.file()); }),
              "kept under another Issuer of Patient ID: study 1.2.3.4");
    second.issuer.clear();
    EXPECT_EQ(store.archive().keep(second.file()), Kept::kNew) << "what is not known is no other";
}

// PS3.3 Table 10-18.
TEST(Patients, AnIssuerOfQualifiersAloneMakesAnotherPatient) {
    for (const std::size_t pixels : {std::size_t{128}, std::size_t{3'000'000}}) {
        TestStore store;
        StoredInstance first = image("1"), second = image("2");
        first.issuer_entity = "1.2.3.1";
        second.issuer_entity = "1.2.3.2";
        second.pixels = pixels;
        store.archive().keep(first.file());
        const Bytes file = second.file();
        const char* const why = "kept under another Issuer of Patient ID: study 1.2.3.4";
        EXPECT_EQ(message_of([&] { store.archive().keep(file); }), why);
        EXPECT_EQ(message_of([&] { (void)store.archive().arriving()->take(file); }), why)
            << "while it comes";
        EXPECT_EQ(value_of(store, kIssuer), "1.2.3.1");
        second.issuer = "1.2.3.1";
        EXPECT_EQ(store.archive().keep(second.file()), Kept::kNew) << "what is said first counts";
    }
}

TEST(Patients, AnotherNameAndBirthDateMakeAnotherPatientWhereAnIdIsMissing) {
    for (const bool first_has_id : {false, true}) {
        TestStore store;
        StoredInstance first = image("1"), second = image("2");
        (first_has_id ? second : first).patient_id.clear();
        store.archive().keep(first.file());
        second.patient_name = "Roe^Jane";
        second.birth_date = "19401231";
        const Bytes file = second.file();
        const std::string why = message_of([&] { store.archive().keep(file); });
        EXPECT_EQ(why, "kept under another name and birth date: study 1.2.3.4");
        EXPECT_LE(why.size(), 64U) << "of an Error Comment (0000,0902)";
        EXPECT_EQ(error_of([&] { store.archive().arriving()->keep(file); }), "unsupported");
        EXPECT_EQ(store.archive().totals().instances, 1U);
        EXPECT_EQ(store.key_records(), 1U);
    }
    for (const bool first_has_id : {false, true})
        for (const auto& [name, birth_date, why] : {
                 // A wide D.
                 std::tuple("\xEF\xBC\xA4OE^Jane Ann", "19401231", "a slip in the date"),
                 std::tuple("Roe^Jane", "1960.12.31", "she has married"),
                 std::tuple("", "19401231", "no name"),
                 std::tuple("^Jane", "19401231", "no family name"),
                 std::tuple("=\xE5\xB1\xB1^\xE8\x8A\xB1", "19401231", "in another script"),
             }) {
            TestStore store;
            StoredInstance first = image("1"), second = image("2");
            (first_has_id ? second : first).patient_id.clear();
            store.archive().keep(first.file());
            second.patient_name = name;
            second.birth_date = birth_date;
            EXPECT_EQ(store.archive().keep(second.file()), Kept::kNew) << why;
        }
    TestStore store;
    store.archive().keep(image("1").file());
    StoredInstance corrected = image("2");
    corrected.patient_name = "Roe^Jane";
    corrected.birth_date = "19401231";
    EXPECT_EQ(store.archive().keep(corrected.file()), Kept::kNew) << "the ID says who she is";
}

struct Said {
    const char* patient_id;
    const char* name;
    const char* birth_date;
};

/// An image of the study with each; which of them are taken, and not refused, as digits.
std::string taken_of(TestStore& store, const std::vector<Said>& said) {
    std::string taken;
    for (std::size_t i = 0; i < said.size(); ++i) {
        StoredInstance one = image(std::to_string(i + 1));
        one.patient_id = said[i].patient_id;
        one.patient_name = said[i].name;
        one.birth_date = said[i].birth_date;
        one.accession_number = "A" + std::to_string(i + 1);
        store.clock.advance(std::chrono::milliseconds(1));
        if (error_of([&] { store.archive().keep(one.file()); }) == "none")
            taken += std::to_string(i + 1);
    }
    return taken;
}

constexpr Said kOlga{"", "Omega^Olga", "19710101"};
constexpr Said kOlgaOfNoDate{"", "Omega^Olga", ""};
constexpr Said kAnna{"A", "Alpha^Anna", "19600101"};
constexpr Said kAnnaOfNoDate{"A", "Alpha^Anna", ""};

TEST(Patients, OneWhoIsSaidLessOfMakesNoOneOfTwo) {
    for (const auto& [said, taken] : {
             std::pair(std::vector{kOlga, kAnna}, "1"),
             std::pair(std::vector{kAnna, kOlga}, "1"),
             std::pair(std::vector{kOlga, kAnnaOfNoDate, kAnna, kAnna}, "12"),
             std::pair(std::vector{kOlgaOfNoDate, kAnna, kOlga, kAnna}, "124"),
             std::pair(std::vector{kAnna, kOlgaOfNoDate, kOlga, kAnna}, "124"),
             // Who it is of comes to be known.
             std::pair(std::vector{kOlga, kAnnaOfNoDate, Said{"O", "Omega^Olga", "19710101"}},
                       "12"),
             std::pair(std::vector{Said{"", "", ""}, kOlga, kAnna}, "12"),
             // As a whole: of no two alone.
             std::pair(std::vector{Said{"", "Alpha^Anna", ""}, Said{"", "", "19600101"}, kOlga},
                       "12"),
         }) {
        TestStore store;
        EXPECT_EQ(taken_of(store, said), taken);
        store.close();
        store.lose_index();
        store.open();
        EXPECT_TRUE(store.archive().reindex().empty());
        StoredInstance again = image("9");
        again.patient_id = said.back().patient_id;
        again.patient_name = said.back().name;
        again.birth_date = said.back().birth_date;
        const bool was_taken =
            taken[std::string_view(taken).size() - 1] == static_cast<char>('0' + said.size());
        EXPECT_EQ(error_of([&] { store.archive().keep(again.file()); }),
                  was_taken ? "none" : "unsupported")
            << "an index that is made anew knows as much";
    }
}

TEST(Patients, AStudyIsOfOneOfThemAsAWhole) {
    struct Case {
        std::vector<Said> said;
        const char* id;
        const char* name;
        const char* birth_date;
        const char* accession_number;
    };
    for (const Case& one : {
             Case{{kOlgaOfNoDate, kAnna}, "A", "Alpha^Anna", "19600101", "A2"},
             Case{{{"", "", "19710101"}, kAnna}, "A", "Alpha^Anna", "19600101", "A2"},
             Case{{{"", "Alpha^Berta", "19900101"}, kAnna}, "A", "Alpha^Anna", "19600101", "A2"},
             Case{{kAnna, {"", "Alpha^Berta", "19900101"}}, "A", "Alpha^Anna", "19600101", "A1"},
             Case{{{"A", "Omega^Olga", "19710101"}, kAnna}, "A", "Omega^Olga", "19710101", "A1"},
             Case{{{"A", "Omega^Olga", ""}, kAnna}, "A", "Omega^Olga", "", "A1"},
             // What only says less is filled in.
             Case{{{"", "Alpha^Anna", ""}, {"A", "", ""}, {"", "", "19600101"}},
                  "A",
                  "Alpha^Anna",
                  "19600101",
                  "A1"},
             Case{{{"A", "", ""}, kOlgaOfNoDate, kAnnaOfNoDate}, "A", "Alpha^Anna", "", "A1"},
         }) {
        TestStore store;
        EXPECT_EQ(taken_of(store, one.said).size(), one.said.size());
        const auto expect = [&](const char* when) {
            EXPECT_EQ(value_of(store, kPatientId), one.id) << when;
            EXPECT_EQ(value_of(store, kPatientName), one.name) << when;
            EXPECT_EQ(value_of(store, {0x0010, 0x0030}), one.birth_date) << when;
            EXPECT_EQ(value_of(store, kAccession), one.accession_number) << when;
        };
        expect("as they came");
        EXPECT_EQ(found(store, kPatientName, one.name).size(), 1U) << "words of names follow";
        store.close();
        store.lose_index();
        store.open();
        EXPECT_TRUE(store.archive().reindex().empty());
        expect("after the index was made anew");
    }
}

TEST(Patients, OfWhatWasErasedNothingIsComparedAnyMore) {
    TestStore store;
    EXPECT_EQ(taken_of(store, {kAnna, kOlgaOfNoDate}), "12");
    store.archive().erase_part({"1.2.3.4", image("1").series, "1.2.3.4.1.1"});
    EXPECT_EQ(value_of(store, kPatientName), "Omega^Olga");
    EXPECT_EQ(value_of(store, kPatientId), "");
    StoredInstance other = image("3");
    other.patient_id = "O";
    other.patient_name = "Omega^Olga";
    other.birth_date = "19710101";
    EXPECT_EQ(store.archive().keep(other.file()), Kept::kNew);
}

TEST(Patients, AStudyOfMoreNamesThanAnybodyHasTakesNoOther) {
    TestStore store;
    StoredInstance one = image("1");
    for (int i = 0; i < 40; ++i) {
        one.sop_instance = "1.2.3.4.1." + std::to_string(i + 1);
        one.patient_name = "Doe^Jane " + std::to_string(i);
        EXPECT_EQ(error_of([&] { store.archive().keep(one.file()); }),
                  i < 32 ? "none" : "unsupported");
    }
    one.patient_name = "Doe^Jane 7";
    EXPECT_EQ(store.archive().keep(one.file()), Kept::kNew);
}

TEST(Patients, OfTwoAtOnceOneIsTaken) {
    TestStore store;
    std::atomic<int> kept{0}, refused{0};
    for (int round = 0; round < 10; ++round) {
        std::vector<std::jthread> senders;
        for (int i = 0; i < 4; ++i)
            senders.emplace_back([&, i, round] {
                StoredInstance one = image(std::to_string(round) + "." + std::to_string(i));
                one.study = "1.2.9." + std::to_string(round);
                one.patient_id = "P" + std::to_string(i);
                const std::string error = error_of([&] { store.archive().keep(one.file()); });
                if (error == "none") ++kept;
                if (error == "unsupported") ++refused;
            });
    }
    EXPECT_EQ(kept, 10);
    EXPECT_EQ(refused, 30);
    EXPECT_EQ(store.archive().totals().instances, 10U);
    EXPECT_EQ(store.objects().size(), 10U);
}

TEST(Patients, AStudyWithoutAPatientIdGetsTheOneThatComes) {
    TestStore store;
    StoredInstance nameless = image("1");
    nameless.patient_id.clear();
    nameless.issuer = "NOWHERE";
    store.archive().keep(nameless.file());
    StoredInstance known = image("2");
    known.issuer = "HOSPITAL";
    store.archive().keep(known.file());
    ASSERT_EQ(found(store, kPatientId, "P1").size(), 1U);
    EXPECT_EQ(value_of(store, kIssuer), "HOSPITAL") << "an issuer of no ID says nothing";
    nameless.sop_instance += ".3";
    EXPECT_EQ(store.archive().keep(nameless.file()), Kept::kNew);
    StoredInstance other = image("4");
    other.patient_id = "P2";
    EXPECT_EQ(error_of([&] { store.archive().keep(other.file()); }), "unsupported");
    // It is hers as a whole.
    EXPECT_EQ(store.archive().erase_patient("P1", "HOSPITAL"), 3U);
    EXPECT_EQ(store.key_records(), 0U);
    EXPECT_TRUE(store.objects().empty());
}

TEST(Patients, SeriesOfOneUidAreKeptApartByTheirStudies) {
    TestStore store;
    store.archive().keep(image("1").file());
    StoredInstance other = image("2");
    other.study = "1.2.3.5";
    other.patient_id = "P2";
    store.archive().keep(other.file());
    const auto series = found(store, {0x0020, 0x000E}, other.series, Level::kSeries);
    ASSERT_EQ(series.size(), 2U);
    EXPECT_NE(series[0].study_instance_uid, series[1].study_instance_uid);
    ASSERT_EQ(store.archive().instances_of("1.2.3.5").size(), 1U);
    EXPECT_EQ(store.archive().instances_of("1.2.3.5")[0].sop_instance_uid, other.sop_instance);
    EXPECT_EQ(store.archive().instances_of("1.2.3.4").size(), 1U);
}

TEST(Describing, FillsInWhatEarlierObjectsLeftEmpty) {
    TestStore store;
    StoredInstance first = image("1");
    for (std::string* field :
         {&first.accession_number, &first.study_description, &first.patient_name, &first.sex,
          &first.study_time, &first.series_number, &first.body_part, &first.modality})
        field->clear();
    store.archive().keep(first.file());
    EXPECT_TRUE(found(store, kAccession, "A1").empty());
    store.archive().keep(image("2").file());
    EXPECT_EQ(found(store, kAccession, "A1").size(), 1U);
    EXPECT_EQ(found(store, kDescription, "Screen*").size(), 1U);
    EXPECT_EQ(found(store, kPatientName, "doe").size(), 1U) << "words of names follow";
    EXPECT_EQ(found(store, {0x0008, 0x0030}, "1000-1100").size(), 1U) << "so do keys";
    EXPECT_EQ(found(store, {0x0010, 0x0040}, "F").size(), 1U);
    EXPECT_EQ(found(store, kModalities, "MG").size(), 1U);
    EXPECT_EQ(value_of(store, kModalities), "MG");
    EXPECT_EQ(value_of(store, kSeriesNumber), "1");
    EXPECT_EQ(value_of(store, kBodyPart), "BREAST");
    EXPECT_EQ(store.archive().totals().studies, 1U);
}

/// Objects of one study that say other things, in the order in which they were received.
std::vector<StoredInstance> contradicting() {
    std::vector<StoredInstance> all;
    for (int i = 0; i < 4; ++i) {
        StoredInstance one = image(std::to_string(9 - i));
        one.patient_name = "Doe^Jane " + std::to_string(i);
        one.accession_number = i == 0 ? "" : "A" + std::to_string(9 - i);
        one.study_description = i < 2 ? "" : "D" + std::to_string(9 - i);
        one.series_number = i == 0 ? "" : std::to_string(9 - i);
        one.body_part = i < 3 ? "" : "BREAST";
        one.modality = i % 2 == 0 ? "MG" : "OT";
        all.push_back(one);
    }
    return all;
}

std::string told(TestStore& store) {
    const auto series = found(store, kSeriesNumber, "", Level::kSeries);
    return series.size() == 1 ? json_members(series[0]) : "several";
}

TEST(Describing, TheFirstThatHasAValueGivesIt) {
    TestStore store;
    for (const StoredInstance& one : contradicting()) {
        store.archive().keep(one.file());
        store.clock.advance(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(value_of(store, kPatientName), "Doe^Jane 0");
    EXPECT_EQ(value_of(store, kAccession), "A8");
    EXPECT_EQ(value_of(store, kDescription), "D7");
    EXPECT_EQ(value_of(store, kSeriesNumber), "8");
    EXPECT_EQ(value_of(store, kBodyPart), "BREAST");
    EXPECT_EQ(value_of(store, kModalities), "MG");
}

TEST(Describing, IsTheSameInWhateverOrderObjectsOfOneMomentAreEntered) {
    std::vector<StoredInstance> objects = contradicting();
    std::vector<std::size_t> order{0, 1, 2, 3};
    std::string first;
    do {
        TestStore store;
        for (const std::size_t i : order) store.archive().keep(objects[i].file());
        if (first.empty()) first = told(store);
        ASSERT_EQ(told(store), first);
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_THAT(first, HasSubstr("\"A6\"")) << "of the smallest UID";
}

TEST(Describing, IsTheSameAfterTheIndexIsRebuilt) {
    TestStore store;
    const std::vector<StoredInstance> objects = contradicting();
    for (const std::size_t i : {2U, 0U, 3U, 1U}) {
        store.archive().keep(objects[i].file());
        store.clock.advance(std::chrono::milliseconds(i % 2));
    }
    const std::string before = told(store);
    store.close();
    store.lose_index();
    store.open();
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_EQ(told(store), before);
}

TEST(Patients, RebuildingLeavesOutNothingThatWasAcknowledged) {
    TestStore store;
    store.archive().keep(image("1").file());
    store.close();
    store.lose_index();
    store.open();
    StoredInstance other = image("2");
    other.patient_id = "P2";
    other.issuer = "CLINIC";
    store.clock.advance(std::chrono::milliseconds(1));
    store.archive().keep(other.file());
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_EQ(store.archive().totals().instances, 2U);
    EXPECT_EQ(found(store, kPatientId, "P1").size(), 1U) << "whose came first";
    EXPECT_EQ(value_of(store, kIssuer), "") << "and nothing of the other's";
    EXPECT_EQ(store.archive().erasure_of_patient("P2", "CLINIC").studies.size(), 1U)
        << "whose erasure takes it all the same";
}

TEST(Describing, SaysTheOffsetFromUtcOfAStudyAndOfEachSeries) {
    TestStore store;
    for (const auto& [series, offset] :
         {std::pair("1", "+0100"), std::pair("2", "-0500"), std::pair("3", "")}) {
        StoredInstance instance = image(series);
        instance.series = std::string("1.2.3.4.") + series;
        instance.series_number = series;
        dicom::DataSet object = dicom::DataSet::parse(instance.file());
        if (*offset != '\0') object.set_text(dicom::tags::kTimezoneOffsetFromUtc, offset);
        store.archive().keep(object.to_part10());
        store.clock.advance(std::chrono::milliseconds(5));
    }
    constexpr dicom::Tag kOffset = dicom::tags::kTimezoneOffsetFromUtc;
    const auto offsets = [&](Level level) {
        std::vector<std::string> all;
        for (const Match& match : store.archive().find({level, {}}))
            all.emplace_back(match.value(kOffset));
        return all;
    };
    using testing::ElementsAre;
    EXPECT_THAT(offsets(Level::kStudy), ElementsAre("+0100"));
    EXPECT_THAT(offsets(Level::kSeries), ElementsAre("+0100", "-0500", ""));
    EXPECT_THAT(offsets(Level::kInstance), ElementsAre("+0100", "-0500", ""));
    const auto in_east = store.archive().find({Level::kSeries, {{kOffset, "+0100"}}});
    ASSERT_EQ(in_east.size(), 1U);
    EXPECT_THAT(json_members(in_east[0]), HasSubstr(R"("00080201":{"vr":"SH","Value":["+0100"]})"));
    const auto unknown = store.archive().find({Level::kSeries, {{kSeriesNumber, "3"}}});
    ASSERT_EQ(unknown.size(), 1U);
    EXPECT_THAT(json_members(unknown[0]), testing::Not(HasSubstr("00080201")));
    EXPECT_EQ(store.archive().erase_part({"1.2.3.4", "1.2.3.4.1"}), 1U);
    EXPECT_THAT(offsets(Level::kStudy), ElementsAre("-0500"));
    EXPECT_THAT(offsets(Level::kSeries), ElementsAre("-0500", ""));
}

/// A null character is kept as another one by PostgreSQL.
TEST(InstanceRows, ManyObjectsThatSayTheSameAreOneAccountWhateverTextsAreKeptAs) {
    for (const auto text :
         {&StoredInstance::patient_name, &StoredInstance::issuer, &StoredInstance::patient_id}) {
        TestStore store;
        for (int number = 1; number <= 36; ++number) {
            StoredInstance instance;
            instance.*text = std::string("D\0X", 3);
            instance.sop_instance = instance.series + "." + std::to_string(number);
            EXPECT_EQ(error_of([&] { store.archive().keep(instance.file()); }), "none") << number;
        }
        EXPECT_EQ(store.archive().totals().instances, 36U);
    }
}

}  // namespace
}  // namespace lucerna::store
