// Which subscriptions to work items end with a patient: those whose filter names them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kFiltered = "1.2.840.10008.5.1.4.34.5.1";

class PatientFilters : public testing::Test {
  protected:
    PatientFilters() { keep("P1", "A", "1.2.1", "Doe^Jane=山田^花子"); }

    void keep(const std::string& patient_id, const std::string& issuer, const std::string& study,
              const std::string& name) {
        test::StoredInstance instance;
        instance.patient_id = patient_id;
        instance.issuer = issuer;
        instance.patient_name = name;
        instance.study = study;
        instance.series = study + ".1";
        instance.sop_instance = study + ".1.1";
        store.archive().keep(instance.file());
    }
    void watch(const std::string& who, const std::string& filter) {
        store.subscriptions().subscribe_to_all(
            who, kFiltered, filter, [](const std::string&) { return false; }, DeletionLock::kNo);
    }
    /// How many of one with that filter would end with P1 of issuer A.
    std::size_t would_end(const std::string& filter, Issuers which = Issuers::kAlike) {
        watch("WATCHER", filter);
        return store.archive().erasure_of_patient("P1", "A", which).beside.subscriptions;
    }

    TestStore store;
};

TEST_F(PatientFilters, EndWhereTheyHaveHerIdOrName) {
    for (const char* const filter :
         {R"([["PatientID","P1"]])", R"([["00100020","p1 "]])", R"([["PatientID","P1*"]])",
          R"([["StudyDate","20240101"],["PatientID","P2\\P1"]])", R"([["AdmissionID","P1"]])",
          R"([["00101002.00100020","P1"]])", R"([["PatientName","DOE^JANE"]])",
          R"([["00100010","Doe*"]])", R"([["PatientName","doe^j*"]])",
          R"([["PatientName","=山田*"]])", R"([["PatientName","=山?^花?"]])",
          R"([["OtherPatientNames","Doe"]])", R"([["NoSuchName","Doe"]])",
          R"([["PatientID","P1"],["IssuerOfPatientID","A"]])", "P1"})
        EXPECT_EQ(would_end(filter), 1U) << filter;
    EXPECT_THAT(store.subscriptions().subscribers(), ElementsAre("WATCHER"))
        << "nothing is done yet";
    watch("ANOTHER", R"([["ProcedureStepLabel","Read*"]])");
    watch("WATCHER", R"([["PatientID","P1"],["ProcedureStepLabel","Read*"]])");
    store.archive().erase_patient("P1", "A");
    EXPECT_THAT(store.subscriptions().subscribers(), ElementsAre("ANOTHER"));
}

TEST_F(PatientFilters, EndWhereTheyHaveWhatIsHers) {
    exam::Order order;
    order.placer = {"1", "EHR"};
    order.patient_id = PatientId("P1");
    order.issuer_of_patient_id = "A";
    order.accession_number = AccessionNumber("ORDERED7");
    order.admission_id = "STAY7";
    order.procedure = {"SCR", "99X", "Screening"};
    order.steps.emplace_back().modality = "MG";
    const exam::OrderRequest request{exam::OrderAction::kPlace, order};
    (void)store.orders().take(std::span(&request, 1));
    for (const char* const filter :
         {R"([["InputInformationSequence.StudyInstanceUID","1.2.1"]])",
          R"([["InputInformationSequence.StudyInstanceUID","1.9\\1.2.1"]])",
          R"([["ReferencedSOPSequence.ReferencedSOPInstanceUID","1.2.1.1.1"]])",
          R"([["SeriesInstanceUID","1.2.1.1"]])",
          R"([["ReferencedRequestSequence.AccessionNumber","A1"]])",
          R"([["AccessionNumber","ordered7"]])", R"([["0040A370.00080050","*RDERED7"]])",
          R"([["AdmissionID","STAY7"]])", R"([["PatientID","P1?"]])", R"([["PatientID","?P1*"]])"})
        EXPECT_EQ(would_end(filter), 1U) << filter;
    for (const char* const filter :
         {R"([["StudyInstanceUID","1.2"]])", R"([["StudyInstanceUID","1.2.11"]])",
          R"([["AccessionNumber","O*"]])", R"([["AccessionNumber","ORDERED78"]])",
          R"([["ScheduledStationNameCodeSequence.CodeValue","STAY7"]])",
          R"([["AdmissionID","A1"]])", R"([["PatientID","?P11"]])"})
        EXPECT_EQ(would_end(filter), 0U) << filter;
    keep("P2", "", "1.2.2", "Roe^Ann");
    EXPECT_EQ(would_end(R"([["AccessionNumber","A1"]])"), 0U) << "it is another's as well";
    EXPECT_EQ(would_end(R"([["StudyInstanceUID","1.2.2"]])"), 0U);
}

TEST_F(PatientFilters, StayWhereTheySayNothingOfHer) {
    for (const char* const filter :
         {R"([["PatientID",""]])", R"([["PatientID","*"]])", R"([["PatientID","P11"]])",
          R"([["PatientID","P*"]])", R"([["PatientName","D*"]])", R"([["PatientName","Doering"]])",
          R"([["ReferringPhysicianName","Doe*"]])", R"([["PatientBirthDate","19600203"]])",
          R"([["PatientID","P1"],["IssuerOfPatientID","B"]])", "[]", "[1]", R"([["a"],[1,2]])"})
        EXPECT_EQ(would_end(filter), 0U) << filter;
    EXPECT_EQ(would_end(R"([["PatientID","P1"],["IssuerOfPatientID","B"]])", Issuers::kAll), 1U);
}

TEST_F(PatientFilters, EndByTheNameThatAWorkItemHas) {
    ASSERT_TRUE(store.workitems().add(
        {"1.3.1", "SCHEDULED", "", "P1", "A", "",
         R"({"00100010":{"vr":"PN","Value":[{"Alphabetic":"Roe^Jane","Phonetic":"ro"}]}})"}));
    for (const char* const odd : {"{}", "[]", R"({"00100010":{"vr":"PN","Value":["a"]}})"}) {
        static int number = 1;
        ASSERT_TRUE(store.workitems().add(
            {"1.4." + std::to_string(number++), "SCHEDULED", "", "P1", "A", "", odd}));
    }
    EXPECT_EQ(would_end(R"([["PatientName","Roe*"]])"), 1U);
    EXPECT_EQ(would_end(R"([["PatientName","ro"]])"), 1U);
}

TEST_F(PatientFilters, EndOfOneOfWhomNothingElseIsLeft) {
    store.archive().erase_patient("P1", "A");
    EXPECT_EQ(would_end(R"([["PatientID","P1"]])"), 1U);
    store.archive().erase_patient("P1", "A");
    EXPECT_THAT(store.subscriptions().subscribers(), IsEmpty());
}

TEST_F(PatientFilters, LeaveWhatIsWatchedOfOthers) {
    ASSERT_TRUE(store.workitems().add({"1.3.2", "SCHEDULED", "", "P2", "", "", "{}"}));
    store.subscriptions().subscribe("WATCHER", "1.3.2", DeletionLock::kNo);
    watch("WATCHER", R"([["PatientID","P1"]])");
    store.archive().erase_patient("P1", "A");
    EXPECT_THAT(store.subscriptions().subscribers(), ElementsAre("WATCHER"));
}

}  // namespace
}  // namespace lucerna::store
