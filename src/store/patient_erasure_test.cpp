// Whose records an erasure takes, where a Patient ID has several issuers, one or none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dicom/message_data_set.h"
#include "dicom/uids.h"
#include "store/facts.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// A study, an order and a work item of patient "P1", as `issuer` has her.
void keep_under(TestStore& store, const std::string& issuer, const std::string& number) {
    test::StoredInstance instance;
    instance.patient_id = "P1";
    instance.issuer = issuer;
    instance.study = "1.2." + number;
    instance.series = instance.study + ".1";
    instance.sop_instance = instance.series + ".1";
    store.archive().keep(instance.file());
    exam::Order order;
    order.placer = {number, "EHR"};
    order.patient_id = PatientId("P1");
    order.issuer_of_patient_id = issuer;
    order.patient_name = PatientName("Doe^Jane");
    order.accession_number = AccessionNumber(number);
    order.procedure = {"SCR", "99X", "Screening"};
    order.steps.emplace_back().modality = "MG";
    const exam::OrderRequest request{exam::OrderAction::kPlace, order};
    const auto outcomes = store.orders().take(std::span(&request, 1));
    ASSERT_TRUE(std::holds_alternative<std::vector<exam::OrderOutcome>>(outcomes));
    ASSERT_TRUE(store.workitems().add({"1.3." + number, "SCHEDULED", "", "P1", issuer, "", "{}"}));
}

/// Numbers of what is left, from all three books.
std::vector<std::string> left(TestStore& store) {
    std::vector<std::string> numbers;
    store.orders().for_each_step({}, [&](const WorklistEntry& entry) {
        const std::string number = entry.order.accession_number.reveal();
        EXPECT_EQ(store.archive().instances_of("1.2." + number).size(), 1U);
        EXPECT_TRUE(store.workitems().find("1.3." + number));
        numbers.push_back(number);
        return true;
    });
    EXPECT_EQ(store.archive().totals().instances, numbers.size());
    EXPECT_EQ(store.key_records(), numbers.size());
    return numbers;
}

TEST(PatientErasure, WhoHasOneIssuerIsTheSameWithout) {
    for (const char* const asked : {"", "HOSP"}) {
        TestStore store;
        keep_under(store, "", "1");
        keep_under(store, "HOSP", "2");
        const PatientErasure would = store.archive().erasure_of_patient("P1", asked);
        EXPECT_THAT(would.issuers, UnorderedElementsAre("", "HOSP")) << asked;
        EXPECT_THAT(would.issuers_left, IsEmpty()) << asked;
        EXPECT_EQ(store.archive().erasure_of_patient("P1", asked).studies.size(), 2U) << asked;
        EXPECT_EQ(store.archive().erasure_of_patient("P1", asked).beside.orders, 2U) << asked;
        EXPECT_EQ(store.archive().erasure_of_patient("P1", asked).beside.workitems, 2U) << asked;
        EXPECT_EQ(store.archive().erase_patient("P1", asked), 2U) << asked;
        EXPECT_THAT(left(store), IsEmpty()) << asked;
    }
}

TEST(PatientErasure, IsCountedForWhoKeepsSomethingOfObjectsElsewhere) {
    TestStore store;
    for (const char* number : {"1", "2", "3"}) keep_under(store, "", number);
    const auto object = [&](const char* uid) { return store.archive().instance(uid)->object; };
    const std::string first = object("1.2.1.1.1"), second = object("1.2.2.1.1");
    EXPECT_EQ(store.archive().erasures(), 0U);
    (void)store.archive().erasure_of_patient("P1", "");
    store.archive().erase_study("1.2.99");
    EXPECT_EQ(store.archive().erasures(), 0U) << "nothing was erased";
    store.archive().erase_study("1.2.1");
    EXPECT_EQ(store.archive().erasures(), 1U);
    EXPECT_FALSE(store.archive().keeps_object(first));
    EXPECT_TRUE(store.archive().keeps_object(second));
    store.archive().erase_part({"1.2.2", "1.2.2.1", "1.2.2.1.1"});
    EXPECT_EQ(store.archive().erasures(), 2U);
    EXPECT_FALSE(store.archive().keeps_object(second));
    store.archive().erase_patient("P1", "");
    EXPECT_EQ(store.archive().erasures(), 3U);
}

TEST(PatientErasure, AnOrderAloneMakesAnIssuer) {
    TestStore store;
    keep_under(store, "HOSP", "1");
    EXPECT_EQ(store.archive().erase_study("1.2.1"), 1U);
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "").beside.orders, 1U);
    store.archive().erase_patient("P1", "");
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "HOSP").beside.orders, 0U);
}

TEST(PatientErasure, TwoHospitalsPatientsAreTwo) {
    TestStore store;
    keep_under(store, "", "1");
    keep_under(store, "A", "2");
    keep_under(store, "B", "3");
    const PatientErasure of_a = store.archive().erasure_of_patient("P1", "A");
    EXPECT_THAT(of_a.issuers, ElementsAre("A"));
    EXPECT_THAT(of_a.issuers_left, UnorderedElementsAre("", "B"));
    EXPECT_EQ(store.archive().erase_patient("P1", "A"), 1U);
    EXPECT_THAT(left(store), UnorderedElementsAre("1", "3"));
    // Who is left is one again.
    EXPECT_EQ(store.archive().erase_patient("P1", ""), 2U);
    EXPECT_THAT(left(store), IsEmpty());
}

TEST(PatientErasure, WithoutAnIssuerTakesNoneOfSeveral) {
    TestStore store;
    keep_under(store, "A", "2");
    keep_under(store, "B", "3");
    const PatientErasure would = store.archive().erasure_of_patient("P1", "");
    EXPECT_THAT(would.issuers_left, ElementsAre("A", "B"));
    EXPECT_EQ(store.archive().erase_patient("P1", ""), 0U);
    keep_under(store, "", "1");
    EXPECT_EQ(store.archive().erase_patient("P1", ""), 1U);
    EXPECT_THAT(left(store), UnorderedElementsAre("2", "3"));
    EXPECT_EQ(store.archive().erase_patient("P1", "C"), 0U) << "an issuer that nothing has";
    EXPECT_EQ(store.archive().erase_patient("P1", "", "test", Issuers::kAll), 2U);
    EXPECT_THAT(left(store), IsEmpty());
}

TEST(PatientErasure, TwoWhomOnlyUniversalIdsTellApartAreTwo) {
    TestStore store;
    for (const std::string number : {"1", "2"}) {
        test::StoredInstance instance;
        instance.issuer_entity = "1.2.3." + number;
        instance.study = "1.2." + number;
        instance.series = instance.study + ".1";
        instance.sop_instance = instance.series + ".1";
        store.archive().keep(instance.file());
    }
    EXPECT_THAT(store.archive().erasure_of_patient("P1", "").issuers_left,
                ElementsAre("1.2.3.1", "1.2.3.2"));
    EXPECT_EQ(store.archive().erase_patient("P1", "1.2.3.1"), 1U);
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "1.2.3.2").keys, 1U) << "a key of her own";
}

/// One image more in the study of that number, as a modality sends it that knows no issuer; and an
/// order and a work item that name the study and no issuer either.
void keep_without_issuer(TestStore& store, const std::string& number) {
    test::StoredInstance instance;
    instance.patient_id = "P1";
    instance.study = "1.2." + number;
    instance.series = instance.study + ".2";
    instance.sop_instance = instance.series + ".1";
    store.archive().keep(instance.file());
    exam::Order order;
    order.placer = {number + "-2", "EHR"};
    order.patient_id = PatientId("P1");
    order.study_instance_uid = instance.study;
    order.procedure = {"SCR", "99X", "Screening"};
    order.steps.emplace_back().modality = "MG";
    const exam::OrderRequest request{exam::OrderAction::kPlace, order};
    const auto outcomes = store.orders().take(std::span(&request, 1));
    ASSERT_TRUE(std::holds_alternative<std::vector<exam::OrderOutcome>>(outcomes));
    ASSERT_TRUE(
        store.workitems().add({"1.4." + number, "SCHEDULED", "", "P1", "", instance.study, "{}"}));
}

TEST(PatientErasure, AStudyThatHasAnIssuerIsThatIssuersAsAWhole) {
    TestStore store;
    keep_under(store, "A", "1");
    keep_without_issuer(store, "1");
    keep_under(store, "B", "2");
    keep_under(store, "", "3");
    const PatientErasure would = store.archive().erasure_of_patient("P1", "");
    EXPECT_THAT(would.studies, ElementsAre("1.2.3"));
    EXPECT_EQ(would.instances, 1U);
    EXPECT_EQ(would.beside.orders, 1U);
    EXPECT_EQ(would.beside.workitems, 1U);
    EXPECT_THAT(would.issuers_left, ElementsAre("A", "B"));
    EXPECT_THAT(would.studies_of_others, IsEmpty());
    EXPECT_EQ(would.sealed_alike, 1U) << "the image in A's study keeps the key of those without";
    EXPECT_EQ(store.archive().totals().instances, 4U) << "nothing is done yet";
    EXPECT_EQ(store.archive().erase_patient("P1", ""), 1U);
    EXPECT_EQ(store.archive().instances_of("1.2.1").size(), 2U);
    EXPECT_TRUE(store.workitems().find("1.4.1"));
    EXPECT_EQ(store.archive().erase_patient("P1", ""), 0U);

    const PatientErasure of_a = store.archive().erasure_of_patient("P1", "A");
    EXPECT_THAT(of_a.studies, ElementsAre("1.2.1"));
    EXPECT_EQ(of_a.instances, 2U);
    EXPECT_EQ(of_a.beside.orders, 2U);
    EXPECT_EQ(of_a.beside.workitems, 2U);
    EXPECT_THAT(of_a.issuers_left, ElementsAre("B")) << "nothing without an issuer stays";
    EXPECT_EQ(of_a.sealed_alike, 0U);
    EXPECT_EQ(store.archive().erase_patient("P1", "A"), 2U);
    EXPECT_THAT(left(store), ElementsAre("2"));
}

TEST(PatientErasure, AWorkItemOfNobodyGoesByItsOwnUid) {
    TestStore store;
    keep_under(store, "A", "1");
    ASSERT_TRUE(store.workitems().add({"1.5.1", "SCHEDULED", "", "", "", "", "{}"}));
    EXPECT_EQ(store.archive().erasure_of_workitem("1.5.1").workitems, 1U);
    EXPECT_TRUE(store.workitems().find("1.5.1")) << "nothing is done yet";
    EXPECT_EQ(store.archive().erase_workitem("1.5.1", "tester").workitems, 1U);
    EXPECT_FALSE(store.workitems().find("1.5.1"));
    EXPECT_EQ(store.archive().erase_workitem("1.5.1", "tester").workitems, 0U);
    EXPECT_THAT(left(store), ElementsAre("1"));
}

TEST(PatientErasure, SaysThatAKeyStaysWithWhatIsLeft) {
    TestStore store;
    keep_under(store, "A", "1");
    keep_without_issuer(store, "1");
    keep_under(store, "B", "2");
    keep_under(store, "", "3");
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "A").sealed_alike, 1U);
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "B").sealed_alike, 0U);
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "", Issuers::kAll).sealed_alike, 0U);
}

TEST(PatientErasure, TakesNoOtherPatientIdThatBeginsAlike) {
    TestStore store;
    keep_under(store, "A", "1");
    test::StoredInstance other;
    other.patient_id = "P11";
    other.issuer = "B";
    other.study = "1.2.9";
    other.series = "1.2.9.1";
    other.sop_instance = "1.2.9.1.1";
    store.archive().keep(other.file());
    EXPECT_THAT(store.archive().erasure_of_patient("P1", "").issuers_left, IsEmpty());
    EXPECT_EQ(store.archive().erase_patient("P1", "", "test", Issuers::kAll), 1U);
    EXPECT_EQ(store.archive().totals().instances, 1U);
}

/// One study of that patient; its number.
void keep_one(TestStore& store, const std::string& patient_id, const std::string& issuer,
              const std::string& number) {
    test::StoredInstance instance;
    instance.patient_id = patient_id;
    instance.issuer = issuer;
    instance.study = "1.2." + number;
    instance.series = instance.study + ".1";
    instance.sop_instance = instance.series + ".1";
    store.archive().keep(instance.file());
}

TEST(PatientErasure, TakesNoPatientIdWithALineEndForOneWithAnIssuer) {
    TestStore store;
    keep_one(store, "P1", "", "1");
    keep_one(store, "P1\nB", "", "2");
    keep_one(store, "P1\nC", "D", "3");
    const PatientErasure would = store.archive().erasure_of_patient("P1", "", Issuers::kAll);
    EXPECT_THAT(would.issuers, ElementsAre(""));
    EXPECT_THAT(would.studies, ElementsAre("1.2.1"));
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "B\n").instances, 1U)
        << "no issuer that anything else has, so those without";
    EXPECT_THAT(store.archive().erasure_of_patient("P1\nC", "").studies, ElementsAre("1.2.3"));
    EXPECT_EQ(store.archive().erase_patient("P1\nB", ""), 1U);
    EXPECT_EQ(store.archive().erase_patient("P1", ""), 1U);
    EXPECT_EQ(store.key_records(), 1U);
    EXPECT_EQ(store.archive().erase_patient("P1\nC", "D"), 1U);
    EXPECT_EQ(store.key_records(), 0U);
}

TEST(PatientErasure, NeitherWhereAnEarlierProgramKeptItsKey) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    keep_one(store, "P1", "", "1");
    keep_one(store, "P1\nB", "", "2");
    store.close();
    {
        OpenedIndex opened(store);
        SqliteConnection& index = opened.connection;
        index.prepare("UPDATE data_keys SET owner = 'patient\nP1\nB\n' WHERE owner = ?")
            .bind(key_owner_of_patient("P1\nB", ""))
            .run();
        EXPECT_EQ(index.changes(), 1);
    }
    store.open();
    EXPECT_THAT(store.archive().erasure_of_patient("P1", "").studies, ElementsAre("1.2.1"));
    EXPECT_THAT(store.archive().erasure_of_patient("P1", "B\n", Issuers::kAll).studies,
                ElementsAre("1.2.1"));
    EXPECT_EQ(store.archive().erase_patient("P1", ""), 1U);
    EXPECT_EQ(store.archive().erase_patient("P1\nB", ""), 1U);
    EXPECT_EQ(store.key_records(), 0U);
}

// Images do not have to be of whom the study was ordered for.
TEST(PatientErasure, LeavesWhatIsSaidOfAnothersStudyThatWasOrderedForHer) {
    for (const bool is_of_another : {true, false}) {
        TestStore store;
        // Before the order, whose patient it would name.
        PerformedStep performed;
        performed.sop_instance_uid = "1.4.7";
        performed.of = {{"1.2.7", ""}};
        ASSERT_TRUE(store.performed().create(performed));
        exam::Order order;
        order.placer = {"1", "EHR"};
        order.patient_id = PatientId("P1");
        order.study_instance_uid = "1.2.7";
        order.procedure = {"SCR", "99X", "Screening"};
        order.steps.emplace_back().modality = "MG";
        const exam::OrderRequest request{exam::OrderAction::kPlace, order};
        (void)store.orders().take(std::span(&request, 1));
        test::StoredInstance image;
        image.patient_id = "P2";
        image.study = "1.2.7";
        if (is_of_another) store.archive().keep(image.file());
        ASSERT_TRUE(store.workitems().add({"1.3.7", "SCHEDULED", "", "", "", "1.2.7", "{}"}));
        const Beside would = store.archive().erasure_of_patient("P1", "").beside;
        EXPECT_EQ(would.workitems, is_of_another ? 0U : 1U);
        EXPECT_EQ(store.archive().erase_patient("P1", ""), 0U);
        EXPECT_EQ(store.workitems().find("1.3.7").has_value(), is_of_another);
        EXPECT_EQ(store.performed().find("1.4.7").has_value(), is_of_another);
        EXPECT_EQ(store.archive().totals().instances, is_of_another ? 1U : 0U);
        EXPECT_EQ(store.archive().erasure_of_patient("P1", "").beside.orders, 0U);
    }
}

exam::OrderRequest order_of_p1(const std::string& name, const std::string& birth_date) {
    exam::Order order;
    order.placer = {"1", "EHR"};
    order.patient_id = PatientId("P1");
    order.patient_name = PatientName(name);
    order.patient_birth_date = BirthDate(birth_date);
    order.accession_number = AccessionNumber("ACC7");
    order.study_instance_uid = "1.2.7";
    order.procedure = {"SCR", "99X", "Screening"};
    order.steps.emplace_back().modality = "MG";
    return {exam::OrderAction::kPlace, order};
}

TEST(PatientErasure, TakesImagesWithoutAnIdThatSheWasOrderedFor) {
    struct Case {
        const char* name;
        const char* birth_date;
        bool is_hers;
    };
    for (const bool is_ordered : {true, false})
        for (const Case& image :
             {Case{"Doe^Jane", "", true}, Case{"Doe^Jane", "19600203", true}, Case{"", "", true},
              Case{"Roe^Jane", "19600203", true}, Case{"Doe^Jane", "19600204", true},
              Case{"Roe^Jane", "", true}, Case{"Roe^Ann", "19400101", false}}) {
            TestStore store;
            if (is_ordered) {
                const exam::OrderRequest request = order_of_p1("Doe^Jane", "19600203");
                (void)store.orders().take(std::span(&request, 1));
            } else {
                dicom::DataSet set;
                set.set_text({0x0010, 0x0010}, "Doe^Jane");
                set.set_text({0x0010, 0x0030}, "19600203");
                PerformedStep performed;
                performed.sop_instance_uid = "1.4.7";
                performed.patient_id = "P1";
                performed.of = {{"1.2.7", ""}};
                performed.data_set =
                    dicom::write_message(set, dicom::transfer_syntax::kExplicitVrLittleEndian);
                ASSERT_TRUE(store.performed().create(performed));
            }
            test::StoredInstance instance;
            instance.study = "1.2.7";
            instance.patient_id.clear();
            instance.patient_name = image.name;
            instance.birth_date = image.birth_date;
            store.archive().keep(instance.file());
            const PatientErasure would = store.archive().erasure_of_patient("P1", "");
            EXPECT_EQ(would.instances, image.is_hers ? 1U : 0U) << image.name << image.birth_date;
            EXPECT_EQ(would.studies.size(), image.is_hers ? 1U : 0U);
            EXPECT_THAT(would.studies_of_others, IsEmpty());
            EXPECT_EQ(store.archive().erase_patient("P1", ""), image.is_hers ? 1U : 0U);
            EXPECT_EQ(store.archive().totals().instances, image.is_hers ? 0U : 1U);
            EXPECT_EQ(store.key_records(), image.is_hers ? 0U : 1U);
        }
}

TEST(PatientErasure, TakesWorkItemsThatNameHerWithoutHerId) {
    TestStore store;
    const exam::OrderRequest request = order_of_p1("Doe^Jane", "19600203");
    (void)store.orders().take(std::span(&request, 1));
    const std::string name = R"("00100010":{"vr":"PN","Value":[{"Alphabetic":"DOE^Jane"}]})";
    const auto other_ids = [](const std::string& id, const std::string& issuer) {
        return R"({"00101002":{"vr":"SQ","Value":[{"00100020":{"vr":"LO","Value":[")" + id +
               R"("]},"00100021":{"vr":"LO","Value":[")" + issuer + R"("]}}]}})";
    };
    const auto accession = [](const std::string& number) {
        return R"({"0040A370":{"vr":"SQ","Value":[{"00080050":{"vr":"SH","Value":[")" + number +
               R"("]}}]}})";
    };
    struct Item {
        const char* patient_id;
        std::string json;
        bool is_hers;
    };
    const std::vector<Item> items{
        {"", other_ids("P1", ""), true},
        {"", other_ids("P2", ""), false},
        {"", other_ids("P1", "ELSEWHERE"), false},
        {"P2", other_ids("P1", ""), false},
        {"", accession("ACC7"), true},
        {"", accession("ACC71"), false},
        {"", "{" + name + R"(,"00100030":{"vr":"DA","Value":["19600203"]}})", true},
        {"", "{" + name + R"(,"00100030":{"vr":"DA","Value":["19600204"]}})", false},
        {"", "{" + name + "}", false},
        {"", R"({"00100030":{"vr":"DA","Value":["19600203"]}})", false},
        {"", "{}", false},
        {"", R"({"00100010":{"vr":"PN","Value":[7]},"0040A370":{"vr":"SQ","Value":7}})", false},
    };
    std::size_t hers = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
        ASSERT_TRUE(store.workitems().add({"1.5." + std::to_string(i + 1), "SCHEDULED", "",
                                           items[i].patient_id, "", "", items[i].json}));
        hers += items[i].is_hers ? 1 : 0;
    }
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "").beside.workitems, hers);
    store.archive().erase_patient("P1", "");
    for (std::size_t i = 0; i < items.size(); ++i)
        EXPECT_EQ(store.workitems().find("1.5." + std::to_string(i + 1)).has_value(),
                  !items[i].is_hers)
            << items[i].json;
}

TEST(PatientErasure, LeavesWorkItemsThatMayBeAnothersOfThatName) {
    TestStore store;
    const exam::OrderRequest request = order_of_p1("Doe^Jane", "19600203");
    (void)store.orders().take(std::span(&request, 1));
    test::StoredInstance other;
    other.patient_id = "P2";
    other.birth_date = "19600203";
    other.accession_number = "ACC7";
    store.archive().keep(other.file());
    ASSERT_TRUE(store.workitems().add(
        {"1.5.1", "SCHEDULED", "", "", "", "",
         R"({"00080050":{"vr":"SH","Value":["ACC7"]},"00100010":{"vr":"PN","Value":[)"
         R"({"Alphabetic":"Doe^Jane"}]},"00100030":{"vr":"DA","Value":["19600203"]}})"}));
    store.archive().erase_patient("P1", "");
    EXPECT_TRUE(store.workitems().find("1.5.1"));
    store.archive().erase_patient("P2", "");
    EXPECT_FALSE(store.workitems().find("1.5.1"));
}

TEST(PatientErasure, BlanksAtTheEndsOfAnIdAreNoneOfIt) {
    for (const char* const asked : {"P1 ", " P1", "  P1  "}) {
        TestStore store;
        keep_under(store, "HOSP", "1");
        const PatientErasure would = store.archive().erasure_of_patient(asked, " HOSP ");
        EXPECT_EQ(would.instances, 1U) << asked;
        EXPECT_THAT(would.issuers_left, IsEmpty()) << asked;
        EXPECT_EQ(store.archive().erase_patient(asked, " HOSP "), 1U) << asked;
        EXPECT_THAT(left(store), IsEmpty()) << asked;
    }
}

TEST(PatientErasure, KeepsTheOwnersOfOrdinaryIds) {
    EXPECT_EQ(key_owner_of_patient("P\t1", "HOSP"), "patient\nP\t1\nHOSP");
    EXPECT_NE(key_owner_of_patient("P\n1", ""), key_owner_of_patient("P\x01n1", ""));
}

}  // namespace
}  // namespace lucerna::store
