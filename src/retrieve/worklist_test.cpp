#include "retrieve/worklist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retrieve/dimse_for_test.h"
#include "retrieve/order_tags.h"

namespace lucerna::retrieve {
namespace {

namespace tags = dicom::tags;
namespace status = dicom::status;
using dicom::DataSet;
using testing::ElementsAre;
using testing::IsEmpty;

/// Orders 1 (today, at MAMMO1, by Tech), 2 (tomorrow, of no station) and 3 (an ultrasound).
class Worklist : public DimseTest {
  protected:
    Worklist() {
        place("1", "20260301", "0900", "MG", "MAMMO1", "M\xC3\xBCller^Eva");
        place("2", "20260302", "1000", "MG", "", "Doe^Jane");
        place("3", "20260302", "1100", "US", "US1", "Roe^Ann");
        start({.orders = &store.orders(), .performed = &store.performed()});
        peer.emplace(*scp);
        peer->associate(std::string(kWorklistFind));
    }

    void place(const std::string& number, const std::string& date, const std::string& time,
               const std::string& modality, const std::string& station, const std::string& name) {
        exam::Order order;
        order.placer.number = number;
        order.accession_number = AccessionNumber("A" + number);
        order.patient_id = PatientId("P" + number);
        order.patient_name = PatientName(name);
        order.procedure = {"24623002-of-a-long-code", "SCT", "Mammogram"};
        exam::ScheduledStep step;
        step.start_date = date;
        step.start_time = time;
        step.modality = modality;
        step.station_aet = station;
        step.performing_physician = "Tech^Nora";
        order.steps.push_back(step);
        const exam::OrderRequest request{exam::OrderAction::kPlace, order};
        (void)store.orders().take(std::span(&request, 1));
    }

    std::vector<Response> ask(DataSet& identifier) {
        peer->send_request(request(dicom::command::kFindRequest, std::string(kWorklistFind)),
                           &identifier);
        std::vector<Response> responses;
        do {
            Response next;
            next.command = peer->read_response();
            if (next.command.has_data_set) next.data = peer->read_data_set();
            responses.push_back(std::move(next));
        } while (is_pending(responses.back()));
        return responses;
    }
    /// Accession numbers of what matches keys of the step and others.
    std::vector<std::string> found(const Keys& step, const Keys& others = {}) {
        DataSet identifier = identifier_of(others);
        if (!identifier.has(tags::kAccessionNumber)) identifier.set_empty(tags::kAccessionNumber);
        identifier.add_item(order_tags::kStepSequence) = identifier_of(step);
        std::vector<std::string> numbers;
        for (const Response& response : ask(identifier))
            if (is_pending(response)) numbers.push_back(response.text(tags::kAccessionNumber));
        return numbers;
    }

    std::optional<dicom::test_support::RawPeer> peer;
};

TEST_F(Worklist, IsMatchedByTheKeysOfTableK61) {
    using namespace order_tags;
    EXPECT_THAT(found({}), ElementsAre("A1", "A2", "A3"));
    EXPECT_THAT(found({{kStepStartDate, "20260301"}}), ElementsAre("A1"));
    EXPECT_THAT(found({{kStepStartDate, "20260301-20260302"}, {kStepStartTime, "0930-1030"}}),
                ElementsAre("A2"));
    EXPECT_THAT(found({{tags::kModality, "MG"}}), ElementsAre("A1", "A2"));
    EXPECT_THAT(found({{kPerformingPhysician, "tech*"}}), ElementsAre("A1", "A2", "A3"));
    EXPECT_THAT(found({{kPerformingPhysician, "other"}}), IsEmpty());
    EXPECT_THAT(found({}, {{tags::kPatientName, "m\xC3\xBCller*"}}), ElementsAre("A1"));
    EXPECT_THAT(found({}, {{tags::kPatientId, "P3"}}), ElementsAre("A3"));
    EXPECT_THAT(found({}, {{tags::kAccessionNumber, "A2"}}), ElementsAre("A2"));
    EXPECT_THAT(found({{tags::kModality, "CT"}}), IsEmpty());
}

TEST_F(Worklist, AStepOfNoStationIsOfTheOneThatAsks) {
    EXPECT_THAT(found({{order_tags::kStationAeTitle, "MAMMO1"}}), ElementsAre("A1", "A2"));
    EXPECT_THAT(found({{order_tags::kStationAeTitle, "MAMMO2"}}), ElementsAre("A2"));
}

TEST_F(Worklist, GivesWhatIsAskedForAndNothingElse) {
    DataSet identifier = identifier_of({{tags::kPatientId, "P2"},
                                        {tags::kPatientName, ""},
                                        {tags::kStudyInstanceUid, ""},
                                        {tags::kKvp, ""}});
    identifier.set_empty(tags::kRequestedProcedureCodeSequence);
    identifier.add_item(order_tags::kStepSequence) =
        identifier_of({{order_tags::kStationAeTitle, ""}, {order_tags::kStepId, ""}});
    const auto responses = ask(identifier);
    ASSERT_EQ(responses.size(), 2U);
    EXPECT_EQ(responses[0].command.status, status::kPending);
    EXPECT_EQ(responses[1].command.status, status::kSuccess);
    const DataSet& item = responses[0].data->data_set;
    EXPECT_EQ(item.text_or(tags::kPatientName, ""), "Doe^Jane");
    EXPECT_TRUE(item.has_value(tags::kStudyInstanceUid));
    EXPECT_FALSE(item.has(tags::kPatientBirthDate));
    const DataSet& code = item.items(tags::kRequestedProcedureCodeSequence).at(0);
    EXPECT_EQ(code.text_or(tags::kLongCodeValue, ""), "24623002-of-a-long-code");
    const DataSet& step = item.items(order_tags::kStepSequence).at(0);
    EXPECT_EQ(step.text_or(order_tags::kStationAeTitle, ""), "RAW") << "the caller's title";
    EXPECT_TRUE(step.has_value(order_tags::kStepId));
    EXPECT_FALSE(step.has(tags::kModality));
}

TEST_F(Worklist, SaysWhatItDoesNotMatchBy) {
    DataSet identifier = identifier_of({{tags::kAccessionNumber, ""}, {tags::kKvp, "28"}});
    EXPECT_EQ(ask(identifier).front().command.status, status::kPendingKeysIgnored);
    DataSet nonsense;
    nonsense.add_item(order_tags::kStepSequence) =
        identifier_of({{order_tags::kStepStartDate, "soon"}});
    EXPECT_EQ(ask(nonsense).front().command.status, status::kCannotUnderstand);
}

TEST_F(Worklist, LosesAStepOnceItHasBegun) {
    store::PerformedStep performed;
    performed.sop_instance_uid = "1.2.3";
    store.orders().for_each_step({}, [&](const store::WorklistEntry& entry) {
        performed.of = {{entry.order.study_instance_uid, entry.step.step_id}};
        return false;
    });
    EXPECT_TRUE(store.performed().create(performed));
    EXPECT_THAT(found({}), ElementsAre("A2", "A3"));
    EXPECT_THAT(found({{order_tags::kStepStatus, "STARTED"}}), ElementsAre("A1"));
    EXPECT_THAT(found({{order_tags::kStepStatus, "ARRIVED"}}), IsEmpty());
}

TEST_F(Worklist, IsNotOfferedWhereNothingIsGivenOut) {
    start({.gives_out = false, .orders = &store.orders(), .performed = &store.performed()});
    dicom::test_support::RawPeer other(*scp);
    other.associate(std::string(kWorklistFind));
    EXPECT_NE(other.accepted.contexts.at(0).result, dicom::ContextResult::kAccepted);
}

}  // namespace
}  // namespace lucerna::retrieve
