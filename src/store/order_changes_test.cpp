#include "store/order_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/order_test_support.h"

namespace lucerna::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Order of_filler(const std::string& filler, const std::string& accession) {
    Order order = order_of("1");
    order.filler = {filler, "RIS"};
    order.accession_number = AccessionNumber(accession);
    return order;
}

bool is_number_taken(const exam::OrderOutcomes& outcomes) {
    const auto* refused = std::get_if<exam::OrderRefusal>(&outcomes);
    return refused != nullptr && refused->code == ErrorCode::kConflict && refused->is_number_taken;
}
exam::OrderOutcomes placed_as(TestStore& store, const Order& order) {
    const exam::OrderRequest request{OrderAction::kPlace, order};
    return store.orders().take(std::span(&request, 1));
}

// PS3.3 7.3.1.6: an imaging service request has one requested procedure or several.
TEST(OrderBook, TellsSeveralProceduresOfOnePlacerApartByTheFillersNumber) {
    TestStore store;
    const auto first = place(store, of_filler("F1", "A1"));
    const auto second = place(store, of_filler("F2", "A2"));
    EXPECT_EQ(second.fate, OrderFate::kNew);
    EXPECT_NE(first.study_instance_uid, second.study_instance_uid);
    EXPECT_THAT(accessions(store), UnorderedElementsAre("A1", "A2"));
    EXPECT_EQ(place(store, of_filler("F2", "A2")).fate, OrderFate::kUnchanged);
    EXPECT_EQ(only(changed(store, of_filler("F1", "A3"))).name, first.name);
    EXPECT_THAT(accessions(store), UnorderedElementsAre("A3", "A2"));
    EXPECT_TRUE(is_number_taken(changed(store, of_filler("F3", "A1")))) << "of neither";
    EXPECT_TRUE(is_number_taken(placed_as(store, order_of("1")))) << "which of them?";
    EXPECT_EQ(only(cancelled(store, of_filler("F1", ""))).fate, OrderFate::kCancelled);
    EXPECT_THAT(accessions(store), ElementsAre("A2"));
    EXPECT_EQ(only(cancelled(store, order_of("1"))).fate, OrderFate::kCancelled) << "the rest";
    EXPECT_THAT(listed(store), IsEmpty());
}

TEST(OrderBook, AFillersNumberMayComeLaterAndWithoutItsIssuer) {
    TestStore store;
    const auto first = place(store, order_of("1"));
    EXPECT_EQ(place(store, of_filler("F1", "A-1")).name, first.name);
    Order again = of_filler("F1", "A-1");
    again.filler.issuer.clear();
    EXPECT_EQ(place(store, again).name, first.name);
    EXPECT_EQ(place(store, order_of("1")).name, first.name);
    EXPECT_EQ(listed(store).size(), 1U);
}

TEST(OrderBook, ANumberIsNotUsedForAnotherProcedure) {
    TestStore store;
    Order order = order_of("1");
    place(store, order);
    order.requested_procedure_id = "R1";
    EXPECT_EQ(place(store, order).fate, OrderFate::kChanged) << "none was said before";
    Order other = order;
    other.requested_procedure_id = "R2";
    EXPECT_TRUE(is_number_taken(placed_as(store, other)));
    other = order;
    other.accession_number = AccessionNumber("B-1");
    EXPECT_TRUE(is_number_taken(placed_as(store, other)));
    EXPECT_THAT(accessions(store), ElementsAre("A-1"));
    EXPECT_EQ(only(changed(store, other)).fate, OrderFate::kChanged) << "a correction";
    EXPECT_THAT(accessions(store), ElementsAre("B-1"));
}

TEST(OrderBook, TwoThatComeTogetherUnderOneNumberAreOne) {
    TestStore store;
    Order other = order_of("1");
    other.procedure = {"SON", "99X", "Sonography"};
    const std::vector<exam::OrderRequest> both = {{OrderAction::kPlace, order_of("1")},
                                                  {OrderAction::kPlace, other}};
    const auto outcomes = store.orders().take(both);
    EXPECT_TRUE(is_number_taken(outcomes));
    EXPECT_EQ(std::get<exam::OrderRefusal>(outcomes).request, 1U);
    EXPECT_THAT(listed(store), IsEmpty());
    const std::vector<exam::OrderRequest> twice = {{OrderAction::kPlace, order_of("1")},
                                                   {OrderAction::kPlace, order_of("1")}};
    EXPECT_FALSE(is_number_taken(store.orders().take(twice))) << "the same is said again";
    EXPECT_EQ(listed(store).size(), 1U);
}

/// A mammogram and a sonogram, without IDs.
Order of_two_steps() {
    Order order = order_of("1");
    order.steps.push_back(order.steps.front());
    order.steps.back().modality = "US";
    return order;
}
std::vector<std::string> modalities(TestStore& store, StepState state) {
    std::vector<std::string> all;
    for (const WorklistEntry& entry : listed(store, {.state = state}))
        all.push_back(entry.step.modality);
    return all;
}
PerformedStep of_first_step(TestStore& store, const exam::OrderOutcome& placed) {
    const KeptOrder kept = store.orders().order(placed.name).value();
    return performed_of(placed.study_instance_uid, kept.order.steps.at(0).step_id);
}

TEST(OrderBook, AStepWithoutIdIsTheOneThatIsMostLikeIt) {
    TestStore store;
    const auto placed = place(store, of_two_steps());
    EXPECT_TRUE(store.performed().create(of_first_step(store, placed)));
    Order turned = of_two_steps();
    std::swap(turned.steps.front(), turned.steps.back());
    place(store, turned);
    EXPECT_THAT(modalities(store, StepState::kStarted), ElementsAre("MG"));
    EXPECT_THAT(modalities(store, StepState::kScheduled), ElementsAre("US"));
    Order of_one = of_two_steps();
    of_one.steps.erase(of_one.steps.begin());
    (void)changed(store, of_one);
    EXPECT_THAT(modalities(store, StepState::kStarted), ElementsAre("MG")) << "it has begun";
    EXPECT_THAT(modalities(store, StepState::kScheduled), ElementsAre("US"));
    of_one.steps.front().modality = "MR";
    (void)changed(store, of_one);
    EXPECT_THAT(modalities(store, StepState::kStarted), ElementsAre("MG"));
    EXPECT_THAT(modalities(store, StepState::kScheduled), ElementsAre("MR"));
}

TEST(OrderBook, NumbersOfTwoOrdersCancelNeither) {
    TestStore store;
    Order first = order_of("P1"), second = order_of("P2");
    second.filler = {"F2", "RIS"};
    place(store, first);
    place(store, second);
    first.filler = second.filler;
    EXPECT_EQ(refusal(cancelled(store, first)), ErrorCode::kConflict);
    EXPECT_EQ(listed(store).size(), 2U);
}

TEST(OrderBook, TheOnlyStepIsTheSameWhateverItIsCalled) {
    TestStore store;
    Order order = order_of("1");
    order.steps.front().protocol = {"SCR", "99X", "Screening"};
    const auto placed = place(store, order);
    EXPECT_TRUE(store.performed().create(performed_of(placed.study_instance_uid, "")));
    for (const exam::CodedTerm& protocol :
         {exam::CodedTerm{"SCR", "99X", "Screening, both breasts"}, {"TOMO", "99X", "Other"}}) {
        order.steps.front().protocol = protocol;
        (void)changed(store, order);
        EXPECT_TRUE(listed(store).empty());
        EXPECT_EQ(store.orders().order(placed.name)->states.size(), 1U);
    }
    order.steps.front().modality = "US";
    (void)changed(store, order);
    EXPECT_EQ(listed(store).size(), 1U) << "another work";
}

TEST(OrderBook, NumbersOfTwoOrdersChangeNeither) {
    TestStore store;
    Order first = order_of("P1"), second = order_of("P2");
    first.filler = {"F1", "RIS"};
    second.filler = {"F2", "RIS"};
    place(store, first);
    const auto kept = place(store, second);
    Order both = order_of("P1", "20260309");
    both.filler = second.filler;
    const exam::OrderRequest request{OrderAction::kPlace, both};
    EXPECT_EQ(refusal(store.orders().take(std::span(&request, 1))), ErrorCode::kConflict);
    EXPECT_EQ(refusal(cancelled(store, both)), ErrorCode::kConflict);
    EXPECT_EQ(store.orders().order(kept.name)->order.placer.number, "P2");
    EXPECT_EQ(listed(store).size(), 2U);
    both.placer = {"P3", "EHR"};
    EXPECT_EQ(refusal(store.orders().take(std::span(&request, 1))), ErrorCode::kConflict);
    both.accession_number = second.accession_number;
    EXPECT_EQ(place(store, both).fate, OrderFate::kChanged) << "of no order: the placer's new one";
}

TEST(OrderBook, AnotherStudyIsAnotherProcedure) {
    TestStore store;
    Order order = order_of("1");
    order.accession_number = {};
    order.study_instance_uid = "1.2.840.1";
    place(store, order);
    order.study_instance_uid = "1.2.840.2";
    const exam::OrderRequest request{OrderAction::kPlace, order};
    EXPECT_EQ(refusal(store.orders().take(std::span(&request, 1))), ErrorCode::kConflict);
    EXPECT_EQ(only(changed(store, order)).fate, OrderFate::kChanged);
    Order made_up = order_of("2");
    place(store, made_up);
    made_up.study_instance_uid = "1.2.840.3";
    EXPECT_EQ(place(store, made_up).fate, OrderFate::kChanged) << "there was none but ours";
}

TEST(OrderBook, OnlyThePatientsOwnOrderIsCancelled) {
    TestStore store;
    place(store, order_of("1"));
    Order other = order_of("1");
    other.patient_id = PatientId("P2");
    EXPECT_TRUE(is_number_taken(cancelled(store, other)));
    EXPECT_EQ(listed(store).size(), 1U);
    other.patient_id = {};
    EXPECT_EQ(only(cancelled(store, other)).fate, OrderFate::kCancelled) << "nobody is named";
}

TEST(OrderBook, AnIdOfAnotherIssuerMayBeHersWhereTheOrderIsCancelledByAnyOfThem) {
    TestStore store;
    Order order = order_of("1");
    order.issuer_of_patient_id = "HOSP";
    place(store, order);
    const auto cancel_by = [&](const char* id, const char* issuer) {
        Order said;
        said.placer = order.placer;
        said.patient_id = PatientId(id);
        said.issuer_of_patient_id = issuer;
        exam::OrderRequest request{OrderAction::kCancel, said};
        request.is_any_id_of_hers = true;
        return store.orders().take(std::span(&request, 1));
    };
    EXPECT_TRUE(is_number_taken(cancel_by("P2", "HOSP")));
    EXPECT_TRUE(is_number_taken(cancel_by("P2", "")));
    EXPECT_EQ(listed(store).size(), 1U);
    EXPECT_EQ(only(cancel_by("N2", "NATION")).fate, OrderFate::kCancelled);
}

/// Two who have one Patient ID, as two hospitals give it out.
Order of_namesake_in_id() {
    Order other = order_of("1");
    other.patient_name = PatientName("Roe^Ann");
    other.patient_birth_date = BirthDate("19900909");
    return other;
}

TEST(OrderBook, ANumberAndAPatientIdUsedTwiceLeaveTheOrderWithItsPatient) {
    for (const bool has_begun : {false, true}) {
        TestStore store;
        const auto placed = place(store, order_of("1"));
        if (has_begun) {
            ASSERT_TRUE(store.performed().create(performed_of(placed.study_instance_uid, "")));
        }
        const Bytes before = has_begun ? store.performed().find("1.2.3")->data_set : Bytes();
        EXPECT_TRUE(is_number_taken(placed_as(store, of_namesake_in_id())));
        EXPECT_TRUE(is_number_taken(cancelled(store, of_namesake_in_id())));
        EXPECT_EQ(store.orders().order(placed.name)->order.patient_name.reveal(), "Doe^Jane");
        EXPECT_EQ(has_begun ? store.performed().find("1.2.3")->data_set : Bytes(), before);
        Order married = order_of("1");
        married.patient_name = PatientName("Roe^Jane");
        EXPECT_EQ(only(placed_as(store, married)).fate, OrderFate::kChanged) << "one may change";
    }
}

TEST(OrderBook, AStudyOfAnotherOfThatPatientIdIsNotOrdered) {
    TestStore store;
    test::StoredInstance image;
    image.study = "1.2.3.77";
    image.birth_date = "19700101";
    store.archive().keep(image.file());
    Order other = of_namesake_in_id();
    other.study_instance_uid = image.study;
    EXPECT_TRUE(is_number_taken(placed_as(store, other))) << "of images";
    Order hers = order_of("2");
    hers.study_instance_uid = image.study;
    EXPECT_EQ(place(store, hers).fate, OrderFate::kNew);
    Order ordered = order_of("3");
    ordered.study_instance_uid = "1.2.3.78";
    place(store, ordered);
    other.study_instance_uid = ordered.study_instance_uid;
    EXPECT_TRUE(is_number_taken(placed_as(store, other))) << "of an order";
    // A correction of her own order, whose images have the name that she had.
    Order corrected = hers;
    corrected.patient_name = PatientName("Roe^Ann");
    corrected.patient_birth_date = BirthDate("19900909");
    EXPECT_EQ(only(changed(store, corrected)).fate, OrderFate::kChanged);
}

TEST(OrderBook, AChangeDoesNotBringBackWhatWasCancelled) {
    TestStore store;
    place(store, order_of("1"));
    EXPECT_EQ(only(cancelled(store, order_of("1"))).fate, OrderFate::kCancelled);
    Order change = order_of("1", "20260309");
    change.steps.push_back(change.steps.front());
    EXPECT_EQ(only(changed(store, change)).fate, OrderFate::kChanged);
    EXPECT_THAT(listed(store), IsEmpty());
    place(store, change);
    EXPECT_EQ(listed(store).size(), 2U);
}

TEST(OrderBook, AChangeWithoutATimeLeavesTheAppointmentAsItWas) {
    TestStore store;
    place(store, order_of("1", "20261224"));
    exam::OrderRequest change{OrderAction::kChange, order_of("1"), "20260301", "0815"};
    change.order.steps.front().start_date.clear();
    change.order.steps.front().start_time.clear();
    change.order.steps.push_back(change.order.steps.front());
    change.order.steps.back().modality = "US";
    (void)store.orders().take(std::span(&change, 1));
    const auto entries = listed(store);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries.at(0).step.modality, "US");
    EXPECT_EQ(entries.at(0).step.start_date, "20260301") << "a new one";
    EXPECT_EQ(entries.at(0).step.start_time, "0815");
    EXPECT_EQ(entries.at(1).step.start_date, "20261224");
    EXPECT_EQ(entries.at(1).step.start_time, "0930");
}

TEST(OrderBook, TheStudyIsNotAnotherOnceAStepHasBegun) {
    TestStore store;
    Order order = order_of("1");
    order.study_instance_uid = "1.9.1";
    const auto placed = place(store, order);
    EXPECT_TRUE(store.performed().create(of_first_step(store, placed)));
    order.study_instance_uid = "1.9.2";
    EXPECT_EQ(refusal(changed(store, order)), ErrorCode::kConflict);
    EXPECT_EQ(refusal(placed_as(store, order)), ErrorCode::kConflict);
}

}  // namespace
}  // namespace lucerna::store
