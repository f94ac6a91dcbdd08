#include "store/performed_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dicom/message_data_set.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "store/order_test_support.h"

namespace lucerna::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PerformedBook, MovesTheStepThatItPerforms) {
    TestStore store;
    const auto placed = place(store, order_of("1"));
    place(store, order_of("2"));
    PerformedStep performed = performed_of(placed.study_instance_uid, "");
    EXPECT_TRUE(store.performed().create(performed));
    EXPECT_FALSE(store.performed().create(performed)) << "a second time";
    EXPECT_THAT(accessions(store), ElementsAre("A-2"));
    EXPECT_THAT(accessions(store, {.state = StepState::kStarted}), ElementsAre("A-1"));
    EXPECT_EQ(refusal(cancelled(store, order_of("1"))), ErrorCode::kConflict);
    place(store, order_of("1", "20260309"));
    EXPECT_THAT(accessions(store), ElementsAre("A-2")) << "a change does not schedule it again";

    performed = store.performed().find("1.2.3").value();
    EXPECT_EQ(performed.data_set, naming("Doe^Jane", "19700101"));
    performed.state = PerformedState::kCompleted;
    performed.data_set = naming("Doe^Janet", "19700101");
    EXPECT_TRUE(store.performed().update(performed));
    EXPECT_FALSE(store.performed().update(performed)) << "from an old revision";
    EXPECT_THAT(accessions(store, {.state = StepState::kCompleted}), ElementsAre("A-1"));
    const auto kept = store.orders().order(placed.name);
    ASSERT_TRUE(kept);
    EXPECT_THAT(kept->states, ElementsAre(StepState::kCompleted));
}

TEST(PerformedBook, LeavesTheStepOfAnotherPatientOnTheWorklist) {
    TestStore store;
    Order order = order_of("1");
    order.issuer_of_patient_id = "HOSP";
    const auto placed = place(store, order);
    PerformedStep performed = performed_of(placed.study_instance_uid, "");
    const auto perform = [&](const std::string& uid, const std::string& id,
                             const std::string& issuer) {
        performed.sop_instance_uid = uid;
        performed.patient_id = id;
        performed.issuer_of_patient_id = issuer;
        performed.state = PerformedState::kInProgress;
        EXPECT_TRUE(store.performed().create(performed)) << "it was performed, whosever it is";
        EXPECT_THAT(accessions(store), ElementsAre("A-1"));
        PerformedStep kept = store.performed().find(uid).value();
        EXPECT_EQ(kept.patient_id, id);
        EXPECT_EQ(kept.issuer_of_patient_id, issuer);
        kept.state = PerformedState::kCompleted;
        EXPECT_TRUE(store.performed().update(kept));
        EXPECT_THAT(accessions(store), ElementsAre("A-1"));
    };
    perform("1.2.3.1", "SOMEBODY ELSE", "HOSP");
    perform("1.2.3.2", "P1", "SOMEWHERE ELSE");
}

TEST(PerformedBook, LeavesTheStepOfAnotherNameAndBirthDateOnTheWorklist) {
    for (const char* id : {"", "P1"}) {
        TestStore store;
        const auto placed = place(store, order_of("1"));
        PerformedStep performed = performed_of(placed.study_instance_uid, "");
        performed.patient_id = id;
        performed.data_set = naming("Roe^Ann", "19550505");
        EXPECT_TRUE(store.performed().create(performed));
        EXPECT_THAT(accessions(store), ElementsAre("A-1"));
        EXPECT_EQ(store.performed().find("1.2.3")->patient_id, id) << "nor is it hers";
        // Her own counts alone.
        PerformedStep hers = performed_of(placed.study_instance_uid, "");
        hers.sop_instance_uid = "1.2.3.1";
        hers.patient_id = id;
        EXPECT_TRUE(store.performed().create(hers));
        hers = store.performed().find(hers.sop_instance_uid).value();
        EXPECT_EQ(hers.patient_id, "P1");
        hers.state = PerformedState::kCompleted;
        EXPECT_TRUE(store.performed().update(hers));
        EXPECT_EQ(store.orders().order(placed.name)->states.at(0), StepState::kCompleted);
    }
}

TEST(PerformedBook, OneOfNameAndBirthDateMayBeASlip) {
    for (const auto& [name, birth_date] :
         {std::pair("Roe^Ann", "19700101"), std::pair("Doe^Jane", "19550505"),
          std::pair("", "19550505"), std::pair("Roe^Ann", "")})
        for (const char* id : {"", "P1"}) {
            TestStore store;
            const auto placed = place(store, order_of("1"));
            PerformedStep performed = performed_of(placed.study_instance_uid, "");
            performed.patient_id = id;
            performed.data_set = naming(name, birth_date);
            EXPECT_TRUE(store.performed().create(performed));
            EXPECT_THAT(accessions(store), IsEmpty()) << name << birth_date << id;
        }
}

TEST(PerformedBook, GoesOnWhenHerNameAndBirthDateAreCorrectedMeanwhile) {
    for (const bool one_after_another : {false, true}) {
        TestStore store;
        Order order = order_of("1");
        order.patient_name = PatientName("Unknown^Woman");
        order.patient_birth_date = BirthDate("19000101");
        const auto placed = place(store, order);
        PerformedStep performed = performed_of(placed.study_instance_uid, "");
        performed.issuer_of_patient_id = "HOSP";
        performed.data_set = naming("Unknown^Woman", "19000101");
        EXPECT_TRUE(store.performed().create(performed));
        order.patient_name = PatientName("Doe^Jane");
        if (one_after_another) (void)changed(store, order);
        EXPECT_EQ(only(changed(store, order_of("1"))).fate, OrderFate::kChanged);
        performed = store.performed().find("1.2.3").value();
        EXPECT_EQ(performed.issuer_of_patient_id, "HOSP");
        performed.state = PerformedState::kCompleted;
        EXPECT_TRUE(store.performed().update(performed));
        EXPECT_EQ(store.orders().order(placed.name)->states.at(0), StepState::kCompleted);
    }
}

TEST(PerformedBook, WhatWasDiscontinuedCanBeCancelledOrScheduledAgain) {
    TestStore store;
    const auto placed = place(store, order_of("1"));
    PerformedStep performed = performed_of(placed.study_instance_uid, "");
    EXPECT_TRUE(store.performed().create(performed));
    performed = store.performed().find("1.2.3").value();
    performed.state = PerformedState::kDiscontinued;
    EXPECT_TRUE(store.performed().update(performed));
    EXPECT_EQ(place(store, order_of("1")).fate, OrderFate::kUnchanged) << "the same again";
    EXPECT_THAT(listed(store), IsEmpty());
    EXPECT_EQ(only(cancelled(store, order_of("1"))).fate, OrderFate::kCancelled);
    (void)changed(store, order_of("1", "20260308"));
    EXPECT_THAT(listed(store), IsEmpty()) << "a change does not bring it back";
    place(store, order_of("1", "20260309"));
    EXPECT_THAT(accessions(store), ElementsAre("A-1"));
}

TEST(PerformedBook, StepsThatHaveBegunOutliveAChangeThatDropsThem) {
    TestStore store;
    Order order = order_of("1");
    order.study_instance_uid = "1.9";
    order.steps.front().step_id = "S1";
    order.steps.push_back(order.steps.front());
    order.steps.back().step_id = "S2";
    place(store, order);
    EXPECT_TRUE(store.performed().create(performed_of("1.9", "S1")));
    order.steps.erase(order.steps.begin());
    order.steps.front().step_id = "S3";
    place(store, order);
    EXPECT_EQ(listed(store).size(), 1U);
    EXPECT_EQ(listed(store).front().step.step_id, "S3");
    EXPECT_EQ(listed(store, {.state = StepState::kStarted}).at(0).step.step_id, "S1");
}

/// Says that `uid`, which is in progress, has come to that end.
void end(TestStore& store, const std::string& uid, PerformedState state) {
    PerformedStep step = store.performed().find(uid).value();
    step.state = state;
    EXPECT_TRUE(store.performed().update(step));
}
void begin(TestStore& store, const std::string& uid, const std::string& study) {
    PerformedStep step = performed_of(study, "");
    step.sop_instance_uid = uid;
    EXPECT_TRUE(store.performed().create(step));
}
StepState state_of(TestStore& store, const exam::OrderOutcome& order) {
    return store.orders().order(order.name)->states.at(0);
}

TEST(PerformedBook, WhatWasCompletedStaysSoWhenAnotherPerformanceIsDiscontinued) {
    TestStore store;
    const auto placed = place(store, order_of("1"));
    begin(store, "1.2.3.1", placed.study_instance_uid);
    end(store, "1.2.3.1", PerformedState::kCompleted);
    begin(store, "1.2.3.2", placed.study_instance_uid);
    EXPECT_EQ(state_of(store, placed), StepState::kStarted);
    end(store, "1.2.3.2", PerformedState::kDiscontinued);
    EXPECT_EQ(state_of(store, placed), StepState::kCompleted);
    EXPECT_EQ(refusal(cancelled(store, order_of("1"))), ErrorCode::kConflict);
    place(store, order_of("1", "20260309"));
    EXPECT_THAT(listed(store), IsEmpty()) << "nobody is exposed twice";
}

TEST(PerformedBook, AStepIsUnderWayWhileOneOfItsPerformancesIs) {
    TestStore store;
    const auto placed = place(store, order_of("1"));
    begin(store, "1.2.3.1", placed.study_instance_uid);
    begin(store, "1.2.3.2", placed.study_instance_uid);
    end(store, "1.2.3.1", PerformedState::kDiscontinued);
    EXPECT_EQ(state_of(store, placed), StepState::kStarted);
    Order other = order_of("1");
    other.patient_id = PatientId("P2");
    EXPECT_EQ(refusal(changed(store, other)), ErrorCode::kConflict);
    EXPECT_EQ(refusal(cancelled(store, order_of("1"))), ErrorCode::kConflict);
    end(store, "1.2.3.2", PerformedState::kDiscontinued);
    EXPECT_EQ(state_of(store, placed), StepState::kDiscontinued);
}

TEST(PerformedBook, AWrongEntryOfTheWorklistStaysOnIt) {
    TestStore store;
    const auto placed = place(store, order_of("1"));
    begin(store, "1.2.3.1", placed.study_instance_uid);
    end(store, "1.2.3.1", PerformedState::kMistaken);
    EXPECT_THAT(accessions(store), ElementsAre("A-1"));
    begin(store, "1.2.3.2", placed.study_instance_uid);
    end(store, "1.2.3.2", PerformedState::kCompleted);
    begin(store, "1.2.3.3", placed.study_instance_uid);
    end(store, "1.2.3.3", PerformedState::kMistaken);
    EXPECT_EQ(state_of(store, placed), StepState::kCompleted);
}

TEST(PerformedBook, AWrongEntryGoesBackWhereItStood) {
    TestStore store;
    const auto cancelled_one = place(store, order_of("1"));
    (void)cancelled(store, order_of("1"));
    begin(store, "1.2.3.1", cancelled_one.study_instance_uid);
    EXPECT_EQ(state_of(store, cancelled_one), StepState::kStarted);
    (void)changed(store, order_of("1", "20260308"));
    end(store, "1.2.3.1", PerformedState::kMistaken);
    EXPECT_EQ(state_of(store, cancelled_one), StepState::kCancelled);

    const auto placed = place(store, order_of("2"));
    begin(store, "1.2.3.2", placed.study_instance_uid);
    begin(store, "1.2.3.3", placed.study_instance_uid);
    end(store, "1.2.3.2", PerformedState::kDiscontinued);
    end(store, "1.2.3.3", PerformedState::kMistaken);
    EXPECT_EQ(state_of(store, placed), StepState::kDiscontinued) << "as it was said of the other";
    place(store, order_of("2", "20260309"));
    begin(store, "1.2.3.4", placed.study_instance_uid);
    end(store, "1.2.3.4", PerformedState::kMistaken);
    EXPECT_EQ(state_of(store, placed), StepState::kScheduled) << "to be done again";
}

TEST(PerformedBook, WhatIsOrderedWhileAWrongEntryIsUnderWayIsNotForgotten) {
    TestStore store;
    const auto again = place(store, order_of("1"));
    (void)cancelled(store, order_of("1"));
    begin(store, "1.2.3.1", again.study_instance_uid);
    EXPECT_EQ(place(store, order_of("1")).fate, OrderFate::kChanged) << "wanted after all";
    EXPECT_EQ(state_of(store, again), StepState::kStarted);
    end(store, "1.2.3.1", PerformedState::kMistaken);
    EXPECT_EQ(state_of(store, again), StepState::kScheduled);

    const auto later = place(store, order_of("2"));
    begin(store, "1.2.3.2", later.study_instance_uid);
    end(store, "1.2.3.2", PerformedState::kDiscontinued);
    begin(store, "1.2.3.3", later.study_instance_uid);
    (void)changed(store, order_of("2", "20260309"));
    end(store, "1.2.3.3", PerformedState::kMistaken);
    EXPECT_EQ(state_of(store, later), StepState::kScheduled) << "for another day";
}

TEST(PerformedBook, OfAnOrderWhosePatientIsCorrectedNamesThatOne) {
    namespace tags = dicom::tags;
    constexpr std::string_view kKeptAs = dicom::transfer_syntax::kExplicitVrLittleEndian;
    TestStore store;
    const auto placed = place(store, order_of("1"));
    dicom::DataSet named;
    named.set_text(tags::kPatientName, "Doe^Jane");
    named.set_text(tags::kPatientId, "P1");
    named.set_text(dicom::Tag{0x0010, 0x1040}, "Lane 1");
    named.set_text(tags::kModality, "MG");
    PerformedStep performed = performed_of(placed.study_instance_uid, "");
    performed.data_set = dicom::write_message(named, kKeptAs);
    EXPECT_TRUE(store.performed().create(performed));
    end(store, "1.2.3", PerformedState::kDiscontinued);

    Order other = order_of("1");
    other.patient_id = PatientId("P2");
    other.patient_name = PatientName("M\xC3\xBCller^Ann");
    other.issuer_of_patient_id = "HOSP";
    EXPECT_EQ(only(changed(store, other)).fate, OrderFate::kChanged);
    performed = store.performed().find("1.2.3").value();
    EXPECT_EQ(performed.patient_id, "P2");
    EXPECT_EQ(performed.issuer_of_patient_id, "HOSP");
    const dicom::DataSet names =
        std::move(dicom::read_message(Bytes(performed.data_set), kKeptAs).data_set);
    EXPECT_EQ(names.text(tags::kPatientName), "M\xC3\xBCller^Ann");
    EXPECT_EQ(names.text(tags::kPatientId), "P2");
    EXPECT_EQ(names.text(tags::kIssuerOfPatientId), "HOSP");
    EXPECT_FALSE(names.has(dicom::Tag{0x0010, 0x1040}));
    EXPECT_EQ(names.text(tags::kModality), "MG");
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "").beside.orders, 0U);
    EXPECT_EQ(store.archive().erasure_of_patient("P2", "HOSP").beside.orders, 2U);
}

TEST(PerformedBook, ItsIssuerIsNotWhatTiesItToItsOrder) {
    TestStore store;
    const auto placed = place(store, order_of("1"));
    PerformedStep performed = performed_of(placed.study_instance_uid, "");
    performed.issuer_of_patient_id = "HOSP";
    performed.data_set = dicom::write_message({}, dicom::transfer_syntax::kExplicitVrLittleEndian);
    EXPECT_TRUE(store.performed().create(performed));
    end(store, "1.2.3", PerformedState::kDiscontinued);
    Order other = order_of("1");
    other.patient_id = PatientId("P2");
    EXPECT_EQ(only(changed(store, other)).fate, OrderFate::kChanged);
    EXPECT_EQ(store.performed().find("1.2.3")->patient_id, "P2");
}

TEST(PerformedBook, OfTwoOrdersStaysWithTheOneThatIsNotCorrected) {
    TestStore store;
    const auto first = place(store, order_of("1"));
    const auto second = place(store, order_of("2"));
    PerformedStep performed = performed_of(first.study_instance_uid, "");
    performed.of.push_back({second.study_instance_uid, ""});
    EXPECT_TRUE(store.performed().create(performed));
    end(store, "1.2.3", PerformedState::kDiscontinued);
    Order other = order_of("1");
    other.patient_id = PatientId("P2");
    EXPECT_EQ(only(changed(store, other)).fate, OrderFate::kChanged);
    EXPECT_EQ(store.performed().find("1.2.3")->patient_id, "P1");
}

TEST(PerformedBook, GoesWithThePatientWhateverElseWasPerformed) {
    TestStore store;
    test::StoredInstance instance;
    store.archive().keep(instance.file());
    PerformedStep performed = performed_of(instance.study, "");
    performed.patient_id = "";
    performed.of.push_back({"1.2.3.99", ""});
    EXPECT_TRUE(store.performed().create(performed));
    performed.sop_instance_uid = "1.2.4";
    performed.patient_id = "SOMEBODY ELSE";
    EXPECT_TRUE(store.performed().create(performed));
    store.archive().erase_patient(instance.patient_id, "");
    EXPECT_FALSE(store.performed().find("1.2.3"));
    ASSERT_TRUE(store.performed().find("1.2.4"));
    EXPECT_EQ(store.performed().find("1.2.4")->of.size(), 2U) << "as it was said";
}

TEST(PerformedBook, OfTwoStudiesOutlivesTheErasureOfOne) {
    TestStore store;
    test::StoredInstance instance;
    store.archive().keep(instance.file());
    PerformedStep performed = performed_of(instance.study, "");
    performed.of.push_back({"1.2.3.99", ""});
    EXPECT_TRUE(store.performed().create(performed));
    store.archive().erase_study(instance.study);
    ASSERT_TRUE(store.performed().find("1.2.3"));
    EXPECT_EQ(store.performed().find("1.2.3")->of.size(), 1U);
    instance.study = "1.2.3.99";
    store.archive().keep(instance.file());
    store.archive().erase_study(instance.study);
    EXPECT_FALSE(store.performed().find("1.2.3"));
}

}  // namespace
}  // namespace lucerna::store
