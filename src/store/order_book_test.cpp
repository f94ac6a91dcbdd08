#include "store/order_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "dicom/uids.h"
#include "store/order_json.h"
#include "store/order_test_support.h"

namespace lucerna::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(OrderJson, GivesBackWhatWentIn) {
    Order order = order_of("1");
    order.filler = {"F", "RIS"};
    order.comments = "say \"ah\"\nM\xC3\xBCller";
    order.steps.front().protocol = {"A", "B", "C"};
    order.steps.emplace_back().station_aet = "MAMMO2";
    EXPECT_EQ(order_from_json(to_json(order)), order);
    EXPECT_EQ(test::error_of([] { (void)order_from_json("[]"); }), "corrupt");
    EXPECT_EQ(test::error_of([] { (void)order_from_json("{"); }), "corrupt");
}

TEST(OrderBook, MakesUpWhatAnOrderLacksOnce) {
    TestStore store;
    const auto first = place(store, order_of("1"));
    EXPECT_EQ(first.fate, OrderFate::kNew);
    EXPECT_TRUE(dicom::is_valid_uid(first.study_instance_uid));
    const WorklistEntry entry = listed(store).at(0);
    EXPECT_EQ(entry.order.requested_procedure_id.size(), 16U) << "an SH";
    EXPECT_LE(entry.step.step_id.size(), 16U);
    const auto again = place(store, order_of("1"));
    EXPECT_EQ(again.fate, OrderFate::kUnchanged);
    EXPECT_EQ(again.name, first.name);
    EXPECT_EQ(again.study_instance_uid, first.study_instance_uid);
    EXPECT_EQ(listed(store).size(), 1U);
    EXPECT_NE(place(store, order_of("2")).study_instance_uid, first.study_instance_uid);
}

// PS3.5 9: a UID names one thing everywhere, and systems for orders count 1, 2, 3 each for itself.
TEST(OrderBook, MakesUpNoStudyTwiceWhateverTheNumber) {
    TestStore store, elsewhere;
    const std::string hers = place(store, order_of("1")).study_instance_uid;
    Order another = order_of("1");
    another.patient_id = PatientId("P2");
    EXPECT_NE(place(elsewhere, another).study_instance_uid, hers) << "another archive";
    store.archive().erase_patient("P1", "");
    const auto again = place(store, another);
    EXPECT_EQ(again.fate, OrderFate::kNew);
    EXPECT_NE(again.study_instance_uid, hers) << "the number is used again";
}

TEST(OrderBook, KnowsWhichStudiesItMadeUp) {
    TestStore store;
    Order order = order_of("1");
    // As indexes before version 12 have it.
    order.study_instance_uid = dicom::derived_uid(
        "order\x1Fplacer\x1F"
        "1\x1F"
        "EHR");
    place(store, order);
    EXPECT_EQ(place(store, order_of("1")).study_instance_uid, order.study_instance_uid);
    order.study_instance_uid = "1.2.840.1";
    EXPECT_EQ(place(store, order).fate, OrderFate::kChanged);

    place(store, order_of("2"));
    Order named = order_of("2", "20260309");
    EXPECT_EQ(place(store, named).fate, OrderFate::kChanged);
    named.study_instance_uid = "1.2.840.2";
    EXPECT_EQ(place(store, named).study_instance_uid, "1.2.840.2");
    named.study_instance_uid = "1.2.840.3";
    const exam::OrderRequest request{OrderAction::kPlace, named};
    EXPECT_EQ(refusal(store.orders().take(std::span(&request, 1))), ErrorCode::kConflict)
        << "that one was the sender's";
}

TEST(OrderBook, TellsAnOrderByEitherNumberAndKeepsWhatAChangeLeavesOut) {
    TestStore store;
    const auto first = place(store, order_of("1"));
    Order change = order_of("1", "20260303");
    change.filler = {"F1", "RIS"};
    change.accession_number = {};
    EXPECT_EQ(place(store, change).fate, OrderFate::kChanged);
    Order by_filler = change;
    by_filler.placer = {};
    by_filler.description = "Assessment";
    const auto changed = place(store, by_filler);
    EXPECT_EQ(changed.fate, OrderFate::kChanged);
    EXPECT_EQ(changed.study_instance_uid, first.study_instance_uid);
    const WorklistEntry entry = listed(store).at(0);
    EXPECT_EQ(entry.order.placer.number, "1");
    EXPECT_EQ(entry.order.accession_number.reveal(), "A-1");
    EXPECT_EQ(entry.order.description, "Assessment");
    EXPECT_EQ(entry.step.start_date, "20260303");
}

TEST(OrderBook, IssuersTellNumbersApart) {
    TestStore store;
    place(store, order_of("1"));
    Order other = order_of("1");
    other.placer.issuer = "OTHER";
    EXPECT_EQ(place(store, other).fate, OrderFate::kNew);
    Order both = order_of("1");
    both.filler = {"F9", "RIS"};
    place(store, both);
    other.filler = {"F9", "RIS"};
    const exam::OrderRequest request{OrderAction::kPlace, other};
    EXPECT_EQ(refusal(store.orders().take(std::span(&request, 1))), ErrorCode::kConflict);
}

Order with_filler(const std::string& filler, const std::string& patient_id) {
    Order order = order_of("1");
    order.filler = {filler, "RIS"};
    order.patient_id = PatientId(patient_id);
    return order;
}

Order without_patient(Order order) {
    order.patient_id = {};
    order.patient_name = {};
    order.patient_birth_date = {};
    return order;
}

// Two systems' numbers that are alike, as neither names itself.
TEST(OrderBook, CancelsOfAPlacersNumberWhatIsThePatientsWhoIsNamed) {
    TestStore store;
    place(store, with_filler("F1", "P1"));
    place(store, with_filler("F2", "P1"));
    Order others = with_filler("F3", "P2");
    others.patient_name = PatientName("Roe^Eva");
    others.patient_birth_date = BirthDate("19810101");
    EXPECT_EQ(place(store, others).fate, OrderFate::kNew);
    EXPECT_EQ(refusal(cancelled(store, without_patient(order_of("1")))), ErrorCode::kConflict);
    EXPECT_EQ(listed(store).size(), 3U);
    EXPECT_EQ(only(cancelled(store, order_of("1"))).fate, OrderFate::kCancelled);
    ASSERT_EQ(listed(store).size(), 1U);
    EXPECT_EQ(listed(store)[0].order.patient_id.reveal(), "P2");
}

// Whom nothing but a name tells apart, as too little else is said.
TEST(OrderBook, CancelsNothingWhereOrdersOfANumberMayBeOfTwo) {
    for (const bool has_id : {true, false}) {
        TestStore store;
        Order hers = with_filler("F1", "P1");
        hers.patient_birth_date = {};
        place(store, hers);
        Order others = with_filler("F2", has_id ? "P1" : "");
        others.patient_name = PatientName("Roe^Eva");
        place(store, others);
        Order named = order_of("1");
        named.patient_birth_date = {};
        EXPECT_EQ(refusal(cancelled(store, named)), ErrorCode::kConflict) << has_id;
        EXPECT_EQ(listed(store).size(), 2U) << has_id;
        EXPECT_EQ(only(cancelled(store, others)).fate, OrderFate::kCancelled) << has_id;
    }
}

// A filler's number that two placers' orders have, of which one was refused therefore.
TEST(OrderBook, CancelsNoOtherProcedureOfALikeFillersNumber) {
    TestStore store;
    place(store, with_filler("F1", "P1"));
    Order others = with_filler("F1", "P1");
    others.placer.number = "778";
    others.accession_number = AccessionNumber("B-1");
    EXPECT_EQ(refusal(cancelled(store, others)), ErrorCode::kConflict);
    EXPECT_EQ(listed(store).size(), 1U);
    others.accession_number = {};
    EXPECT_EQ(only(cancelled(store, others)).fate, OrderFate::kCancelled)
        << "the placer's number has changed";
}

// One who was known under another Patient ID, of which one order says so by now.
TEST(OrderBook, CancelsNoHalfOfWhatIsOnePersons) {
    TestStore store;
    place(store, with_filler("F1", "P1"));
    place(store, with_filler("F2", "P1"));
    EXPECT_EQ(only(changed(store, with_filler("F2", "P2"))).fate, OrderFate::kChanged);
    Order named = order_of("1");
    for (const char* id : {"P1", "P2"}) {
        named.patient_id = PatientId(id);
        EXPECT_EQ(refusal(cancelled(store, named)), ErrorCode::kConflict) << id;
    }
    EXPECT_EQ(listed(store).size(), 2U);
    EXPECT_EQ(only(cancelled(store, with_filler("F1", "P1"))).fate, OrderFate::kCancelled);
    EXPECT_EQ(listed(store).size(), 1U);
}

TEST(OrderBook, TellsAllOrdersOfANumberApartAndNotFromTheFirstAlone) {
    TestStore store;
    place(store, without_patient(with_filler("F1", "P1")));
    for (const auto& [filler, id, name, date] :
         {std::tuple("F2", "P1", "Doe^Jane", "19700101"), {"F3", "P2", "Roe^Eva", "19810101"}}) {
        Order order = with_filler(filler, id);
        order.patient_name = PatientName(name);
        order.patient_birth_date = BirthDate(date);
        place(store, order);
    }
    EXPECT_EQ(refusal(cancelled(store, without_patient(order_of("1")))), ErrorCode::kConflict);
    EXPECT_EQ(listed(store).size(), 3U);
}

TEST(OrderBook, ReplacesNoOtherProcedureByAFillersNumberThatIsAlike) {
    TestStore store;
    place(store, with_filler("F1", "P1"));
    Order other = with_filler("F1", "P1");
    other.placer.number = "777";
    EXPECT_EQ(place(store, other).fate, OrderFate::kChanged) << "the placer's is another one now";
    other.placer.number = "778";
    other.accession_number = AccessionNumber("B1");
    const exam::OrderRequest request{OrderAction::kPlace, other};
    EXPECT_EQ(refusal(store.orders().take(std::span(&request, 1))), ErrorCode::kConflict);
    EXPECT_EQ(listed(store).at(0).order.accession_number.reveal(), "A-1");
}

TEST(OrderBook, TakesAllRequestsOrNone) {
    TestStore store;
    const std::vector<exam::OrderRequest> requests{{OrderAction::kPlace, order_of("1")},
                                                   {OrderAction::kCancel, order_of("2")}};
    const auto outcomes = store.orders().take(requests);
    EXPECT_EQ(std::get<exam::OrderRefusal>(outcomes).request, 1U);
    EXPECT_EQ(refusal(outcomes), ErrorCode::kNotFound);
    EXPECT_THAT(listed(store), IsEmpty());
    Order twice = order_of("3");
    twice.steps.front().step_id = "S";
    twice.steps.push_back(twice.steps.front());
    const exam::OrderRequest request{OrderAction::kPlace, twice};
    EXPECT_EQ(refusal(store.orders().take(std::span(&request, 1))), ErrorCode::kInvalidInput);
}

TEST(OrderBook, ListsByStartAndNarrowsDown) {
    TestStore store;
    place(store, order_of("late", "20260305"));
    place(store, order_of("early", "20260301"));
    Order other = order_of("other", "20260303");
    other.patient_id = PatientId("P2");
    place(store, other);
    EXPECT_THAT(accessions(store), ElementsAre("A-early", "A-other", "A-late"));
    EXPECT_THAT(accessions(store, {.from_date = "20260302", .to_date = "20260304"}),
                ElementsAre("A-other"));
    EXPECT_THAT(accessions(store, {.patient_id = "P1"}), ElementsAre("A-early", "A-late"));
    EXPECT_THAT(accessions(store, {.accession_number = "A-late"}), ElementsAre("A-late"));
}

TEST(OrderBook, ReadsMoreThanAPage) {
    TestStore store;
    std::vector<exam::OrderRequest> requests;
    for (int i = 0; i < 600; ++i)
        requests.push_back({OrderAction::kPlace, order_of(std::to_string(i))});
    (void)store.orders().take(requests);
    EXPECT_EQ(listed(store).size(), 600U);
    int seen = 0;
    store.orders().for_each_step({}, [&](const WorklistEntry&) { return ++seen < 3; });
    EXPECT_EQ(seen, 3) << "and stops when told to";
}

TEST(OrderBook, CancelsUntilAStepHasBegun) {
    TestStore store;
    place(store, order_of("1"));
    EXPECT_EQ(only(cancelled(store, order_of("1"))).fate, OrderFate::kCancelled);
    EXPECT_THAT(listed(store), IsEmpty());
    EXPECT_EQ(only(cancelled(store, order_of("1"))).fate, OrderFate::kUnchanged);
    EXPECT_EQ(place(store, order_of("1")).fate, OrderFate::kChanged) << "placed again";
    EXPECT_EQ(listed(store).size(), 1U);
}

TEST(OrderBook, ANumberUsedTwiceDoesNotTurnAnOrderIntoAnotherPatients) {
    TestStore store;
    Order order = order_of("1");
    order.issuer_of_patient_id = "HOSP";
    const auto placed = place(store, order);
    const auto refused = [&](OrderAction action, const Order& other) {
        const exam::OrderRequest request{action, other};
        const auto outcomes = store.orders().take(std::span(&request, 1));
        return refusal(outcomes) == ErrorCode::kConflict &&
               std::get<exam::OrderRefusal>(outcomes).is_number_taken;
    };
    Order other = order;
    other.patient_id = PatientId("P2");
    other.patient_name = PatientName("Roe^Ann");
    EXPECT_TRUE(refused(OrderAction::kPlace, other));
    Order elsewhere = order;
    elsewhere.issuer_of_patient_id = "OTHER";
    EXPECT_TRUE(refused(OrderAction::kPlace, elsewhere));
    Order silent = order;
    silent.issuer_of_patient_id.clear();
    EXPECT_EQ(place(store, silent).fate, OrderFate::kUnchanged) << "an issuer is not forgotten";
    silent.patient_id = {};
    EXPECT_EQ(place(store, silent).fate, OrderFate::kUnchanged);
    EXPECT_EQ(listed(store).at(0).order.patient_name.reveal(), "Doe^Jane");

    EXPECT_TRUE(store.performed().create(performed_of(placed.study_instance_uid, "")));
    EXPECT_TRUE(refused(OrderAction::kChange, other)) << "a step of it is under way";
    EXPECT_EQ(store.performed().find("1.2.3")->patient_id, "P1");
}

TEST(OrderBook, AStudyOfAnotherPatientIsNotOrdered) {
    TestStore store;
    test::StoredInstance image;
    image.study = "1.2.3.77";
    store.archive().keep(image.file());
    const auto refused = [&](OrderAction action, const Order& order) {
        const exam::OrderRequest request{action, order};
        const auto outcomes = store.orders().take(std::span(&request, 1));
        const auto* refusal = std::get_if<exam::OrderRefusal>(&outcomes);
        return refusal != nullptr && refusal->code == ErrorCode::kConflict &&
               refusal->is_number_taken;
    };
    Order order = order_of("1");
    order.study_instance_uid = image.study;
    order.patient_id = PatientId("P2");
    EXPECT_TRUE(refused(OrderAction::kPlace, order)) << "images of another are kept under it";
    order.patient_id = PatientId(image.patient_id);
    EXPECT_EQ(place(store, order).fate, OrderFate::kNew);
    order.patient_id = PatientId("P2");
    EXPECT_TRUE(refused(OrderAction::kChange, order)) << "nor can a correction have them";

    Order first = order_of("2");
    first.study_instance_uid = "1.2.3.78";
    place(store, first);
    Order second = order_of("3");
    second.study_instance_uid = first.study_instance_uid;
    EXPECT_EQ(place(store, second).fate, OrderFate::kNew) << "two orders may share one of hers";
    second.placer.number = "4";
    second.patient_id = PatientId("P2");
    EXPECT_TRUE(refused(OrderAction::kPlace, second)) << "an order of another has it";
    EXPECT_EQ(listed(store, {.patient_id = "P2"}).size(), 0U);
}

TEST(Erasure, OfAPatientTakesOrdersAndPerformedSteps) {
    TestStore store;
    const auto placed = place(store, order_of("1"));
    Order other = order_of("2");
    other.patient_id = PatientId("P2");
    place(store, other);
    EXPECT_TRUE(store.performed().create(performed_of(placed.study_instance_uid, "")));
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "").beside.orders, 2U);
    EXPECT_EQ(store.archive().erase_patient("P1", ""), 0U) << "she has no images";
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "").beside.orders, 0U);
    EXPECT_FALSE(store.orders().order(placed.name));
    EXPECT_FALSE(store.performed().find("1.2.3"));
    EXPECT_THAT(accessions(store), ElementsAre("A-2"));
}

TEST(Erasure, OfAStudyLeavesWhatIsStillToBeDone) {
    TestStore store;
    test::StoredInstance instance;
    store.archive().keep(instance.file());
    Order order = order_of("1");
    order.study_instance_uid = instance.study;
    place(store, order);
    store.archive().erase_study(instance.study);
    EXPECT_EQ(listed(store).size(), 1U);
    EXPECT_TRUE(store.performed().create(performed_of(instance.study, "")));
    store.archive().keep(instance.file());
    store.archive().erase_study(instance.study);
    EXPECT_FALSE(store.performed().find("1.2.3"));
    EXPECT_THAT(listed(store, {.state = StepState::kStarted}), IsEmpty());
}

TEST(Erasure, OfAPatientLeavesTheOrderOfAnotherThatNamesHerStudy) {
    TestStore store;
    test::StoredInstance instance;
    Order order = order_of("1");
    order.patient_id = PatientId("XD");
    order.study_instance_uid = instance.study;
    place(store, order);
    PerformedStep performed = performed_of(instance.study, "");
    performed.patient_id = "XD";
    store.archive().keep(instance.file());
    EXPECT_EQ(store.archive().erasure_of_patient(instance.patient_id, "").beside.orders, 0U);
    store.archive().erase_patient(instance.patient_id, "");
    EXPECT_THAT(accessions(store), ElementsAre("A-1"));
    EXPECT_TRUE(store.performed().create(performed));
    store.archive().keep(instance.file());
    store.archive().erase_patient(instance.patient_id, "");
    EXPECT_TRUE(store.performed().find("1.2.3"));
    EXPECT_THAT(accessions(store, {.state = StepState::kStarted}), ElementsAre("A-1"));
}

TEST(Erasure, OfAStudyTakesWhatWasPerformedOfItThoughThereIsNoObject) {
    TestStore store;
    PerformedStep performed = performed_of("1.2.78", "");
    performed.patient_id = "";
    EXPECT_TRUE(store.performed().create(performed));
    EXPECT_EQ(store.archive().beside_study("1.2.78").orders, 1U);
    EXPECT_TRUE(store.performed().find("1.2.3")) << "that only looked";
    store.archive().erase_study("1.2.78");
    EXPECT_FALSE(store.performed().find("1.2.3"));
}

TEST(Erasure, OfAPatientTakesWhatWasPerformedWithoutAnIdBeforeSheWasOrderedItAndNobodyElse) {
    for (const bool is_anothers_too : {false, true}) {
        TestStore store;
        Order order = order_of("1");
        order.study_instance_uid = "1.2.78";
        PerformedStep performed = performed_of("1.2.78", "");
        performed.patient_id = "";
        EXPECT_TRUE(store.performed().create(performed));
        PerformedStep others = performed_of(is_anothers_too ? "1.2.78" : "1.2.79", "");
        others.sop_instance_uid = "1.2.4";
        others.patient_id = "XD";
        EXPECT_TRUE(store.performed().create(others));
        place(store, order);
        ASSERT_TRUE(store.workitems().add({"1.2.9.1", "SCHEDULED", "", "", "", "1.2.78", "{}"}));
        const std::string her = order.patient_id.reveal();
        const Beside would = store.archive().erasure_of_patient(her, "").beside;
        EXPECT_EQ(would.orders, is_anothers_too ? 1U : 2U);
        EXPECT_EQ(would.workitems, is_anothers_too ? 0U : 1U);
        store.archive().erase_patient(her, "");
        EXPECT_EQ(store.performed().find("1.2.3").has_value(), is_anothers_too);
        EXPECT_TRUE(store.performed().find("1.2.4")) << "which says whose it is";
    }
}

TEST(OrderBook, TakesAFewProceduresUnderOneNumberAndAFewOrdersOfOneStudy) {
    TestStore store;
    const auto placing = [&](const Order& order) {
        const exam::OrderRequest request{OrderAction::kPlace, order};
        return refusal(store.orders().take(std::span(&request, 1)));
    };
    const auto numbered = [](int i) {
        Order order = order_of("1");
        order.filler = {"F" + std::to_string(i), "RIS"};
        return order;
    };
    for (int i = 0; i < 32; ++i) EXPECT_EQ(place(store, numbered(i)).fate, OrderFate::kNew) << i;
    EXPECT_EQ(placing(numbered(32)), ErrorCode::kConflict);
    EXPECT_EQ(place(store, numbered(7)).fate, OrderFate::kUnchanged);
    const auto of_study = [](int i) {
        Order order = order_of("S" + std::to_string(i));
        order.study_instance_uid = "1.2.77";
        return order;
    };
    for (int i = 0; i < 128; ++i) EXPECT_EQ(place(store, of_study(i)).fate, OrderFate::kNew) << i;
    EXPECT_EQ(placing(of_study(128)), ErrorCode::kConflict);
}

TEST(OrderBook, LeavesAKnownOrderAsItIsWhereOnlyANewOneIsWanted) {
    TestStore store;
    const auto ask = [&](exam::OrderAction action, const char* date) {
        exam::OrderRequest request{action, order_of("1", date)};
        request.only_if_new = true;
        const auto outcomes = store.orders().take(std::span(&request, 1));
        return std::get<std::vector<exam::OrderOutcome>>(outcomes).at(0).fate;
    };
    EXPECT_EQ(ask(exam::OrderAction::kPlace, "20260302"), OrderFate::kNew);
    EXPECT_EQ(ask(exam::OrderAction::kPlace, "20260309"), OrderFate::kUnchanged);
    EXPECT_EQ(ask(exam::OrderAction::kCancel, "20260302"), OrderFate::kUnchanged);
    const auto steps = listed(store);
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0].step.start_date, "20260302");
}

TEST(OrderBook, GivesNoNameTwice) {
    TestStore store;
    place(store, order_of("1"));
    Order hers = order_of("2");
    hers.patient_id = PatientId("P2");
    const auto erased = place(store, hers);
    store.archive().erase_patient("P2", "");
    EXPECT_FALSE(store.orders().order(erased.name));
    hers.patient_id = PatientId("P3");
    EXPECT_NE(place(store, hers).name, erased.name);
}

/// Nothing packs it.
std::string long_text(const std::string& seed) {
    std::string text;
    for (std::string next = seed; text.size() < 5000; text += next)
        next = sha256(as_byte_view(next));
    return text;
}

// PostgreSQL's indexes take no entry of more than 2,704 bytes.
TEST(OrderBook, TakesTextsLongerThanAnIndexDoes) {
    TestStore store;
    const std::string begin = long_text("a");
    Order order = order_of("1");
    order.placer = {begin + "1", begin + "2"};
    order.filler = {begin + "3", begin + "4"};
    order.patient_id = PatientId(begin + "5");
    order.issuer_of_patient_id = begin + "6";
    order.accession_number = AccessionNumber(begin + "7");
    order.steps.front().step_id = begin + "8";
    order.steps.push_back(order.steps.front());
    order.steps.back().step_id = begin + "9";
    const auto placed = place(store, order);
    EXPECT_EQ(placed.fate, OrderFate::kNew);
    EXPECT_EQ(place(store, order).fate, OrderFate::kUnchanged);
    Order alike = order;
    alike.placer.number = begin + "x";
    alike.filler.number = begin + "y";
    alike.patient_id = PatientId(begin + "z");
    EXPECT_EQ(place(store, alike).fate, OrderFate::kNew) << "numbers that begin alike";
    EXPECT_THAT(listed(store, {.patient_id = begin + "5"}), testing::SizeIs(2));
    EXPECT_THAT(listed(store, {.accession_number = begin + "7"}), testing::SizeIs(4));
    EXPECT_EQ(store.orders().order(placed.name)->order.placer.number, begin + "1");

    PerformedStep performed = performed_of(placed.study_instance_uid, begin + "8");
    performed.patient_id = begin + "5";
    performed.issuer_of_patient_id = begin + "6";
    EXPECT_TRUE(store.performed().create(performed));
    EXPECT_THAT(listed(store, {.state = StepState::kStarted}), testing::SizeIs(1));
    EXPECT_TRUE(
        store.workitems().add({"1.2.9", "SCHEDULED", "", begin + "5", begin + "6", begin, "{}"}));
    const Beside beside = store.archive().erasure_of_patient(begin + "5", begin + "6").beside;
    EXPECT_EQ(beside.orders, 2U);
    EXPECT_EQ(beside.workitems, 1U);
    EXPECT_EQ(store.archive().erase_patient(begin + "5", begin + "6"), 0U);
    EXPECT_FALSE(store.performed().find("1.2.3"));
    EXPECT_FALSE(store.workitems().find("1.2.9"));
    EXPECT_THAT(listed(store), testing::SizeIs(2)) << "the other's";
}

TEST(Archive, FindsByTextsLongerThanAnIndexTakes) {
    TestStore store;
    const std::string begin = long_text("b");
    test::StoredInstance instance;
    instance.patient_id = begin + "1";
    instance.issuer = begin + "2";
    instance.patient_name = begin + "^" + begin;
    instance.accession_number = begin + "3";
    store.archive().keep(instance.file());
    test::StoredInstance other = instance;
    other.patient_id = begin + "4";
    other.study = "1.2.9";
    other.series = "1.2.9.1";
    other.sop_instance = "1.2.9.1.1";
    store.archive().keep(other.file());
    const auto found = [&](dicom::Tag tag, const std::string& value) {
        return store.archive().find({Level::kStudy, {{tag, value}}}).size();
    };
    EXPECT_EQ(found({0x0010, 0x0020}, begin + "1"), 1U);
    EXPECT_EQ(found({0x0010, 0x0020}, begin.substr(0, 900) + "*"), 2U);
    EXPECT_EQ(found({0x0010, 0x0010}, begin + "^" + begin), 2U);
    EXPECT_EQ(found({0x0008, 0x0050}, begin + "3"), 2U);
    EXPECT_EQ(found({0x0008, 0x0050}, begin + "5"), 0U);
    EXPECT_EQ(store.archive().erase_patient(begin + "1", begin + "2"), 1U);
    EXPECT_EQ(store.archive().totals().instances, 1U);
}

TEST(OrderBook, SaysThatAStudyIsNotOfWhomItWasOrderedFor) {
    TestStore store;
    const auto placed = place(store, order_of("1"));
    const auto said_of = [&](const std::string& patient_id, const std::string& study,
                             const std::string& number) {
        test::StoredInstance image;
        image.patient_id = patient_id;
        image.study = study;
        image.series = "1.2.3.4." + number;
        image.sop_instance = image.series + ".1";
        testing::internal::CaptureStderr();
        store.archive().keep(image.file());
        return testing::internal::GetCapturedStderr();
    };
    const std::string said = said_of("OTHER", placed.study_instance_uid, "1");
    EXPECT_THAT(said, HasSubstr("study.not-as-ordered"));
    EXPECT_THAT(said, HasSubstr(placed.study_instance_uid));
    EXPECT_THAT(said, Not(HasSubstr("OTHER")));
    EXPECT_EQ(said_of("OTHER", placed.study_instance_uid, "2"), "") << "once";
    EXPECT_EQ(said_of("OTHER", "1.2.77", "3"), "") << "not ordered";
    EXPECT_EQ(said_of("P1", place(store, order_of("2")).study_instance_uid, "4"), "");
}

}  // namespace
}  // namespace lucerna::store
