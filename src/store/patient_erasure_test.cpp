// Whose records an erasure takes, where a Patient ID has several issuers, one or none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
        performed.data_set = {1, 2, 3};
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

TEST(PatientErasure, KeepsTheOwnersOfOrdinaryIds) {
    EXPECT_EQ(key_owner_of_patient("P\t1", "HOSP"), "patient\nP\t1\nHOSP");
    EXPECT_NE(key_owner_of_patient("P\n1", ""), key_owner_of_patient("P\x01n1", ""));
}

}  // namespace
}  // namespace lucerna::store
