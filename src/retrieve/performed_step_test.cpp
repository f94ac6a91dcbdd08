#include "retrieve/performed_step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retrieve/dimse_for_test.h"
#include "retrieve/order_tags.h"

namespace lucerna::retrieve {
namespace {

namespace tags = dicom::tags;
namespace status = dicom::status;
namespace command = dicom::command;
using dicom::DataSet;
using namespace order_tags;
using testing::HasSubstr;

constexpr const char* kUid = "1.2.3.4";

DataSet creation() {
    DataSet attributes = identifier_of({{tags::kPatientId, "P1"},
                                        {tags::kPatientName, "Doe^Jane"},
                                        {tags::kPerformedProcedureStepId, "PPS1"},
                                        {kPerformedStationAeTitle, "MAMMO1"},
                                        {tags::kPerformedProcedureStepStartDate, "20260301"},
                                        {tags::kPerformedProcedureStepStartTime, "0900"},
                                        {kPerformedStatus, "IN PROGRESS"},
                                        {tags::kModality, "MG"}});
    DataSet& scheduled = attributes.add_item(kScheduledStepAttributesSequence);
    scheduled.set_text(tags::kStudyInstanceUid, "1.9");
    scheduled.set_text(kStepId, "S1");
    return attributes;
}
DataSet completion() {
    DataSet changes = identifier_of({{kPerformedStatus, "COMPLETED"},
                                     {kPerformedEndDate, "20260301"},
                                     {kPerformedEndTime, "0930"}});
    DataSet& series = changes.add_item(kPerformedSeriesSequence);
    series.set_text(tags::kSeriesInstanceUid, "1.9.1");
    series.set_text(tags::kProtocolName, "Screening");
    return changes;
}

class PerformedSteps : public DimseTest {
  protected:
    PerformedSteps() {
        start({.orders = &store.orders(), .performed = &store.performed()});
        peer.emplace(*scp);
        peer->associate_with({{1,
                               std::string(kPerformedStepClass),
                               {test::kExplicitLittle},
                               dicom::ContextResult::kAccepted}});
    }
    dicom::DimseCommand send(std::uint16_t field, const DataSet& data, const std::string& uid) {
        dicom::DimseCommand request;
        request.field = field;
        request.message_id = 5;
        if (field == command::kCreateRequest) {
            request.affected_sop_class_uid = kPerformedStepClass;
            request.affected_sop_instance_uid = uid;
        } else {
            request.requested_sop_class_uid = kPerformedStepClass;
            request.requested_sop_instance_uid = uid;
        }
        peer->send_request(request, &data);
        return peer->read_response();
    }
    dicom::DimseCommand create(const DataSet& data, const std::string& uid = kUid) {
        return send(command::kCreateRequest, data, uid);
    }
    dicom::DimseCommand set(const DataSet& data, const std::string& uid = kUid) {
        return send(command::kSetRequest, data, uid);
    }
    store::StepState scheduled_state() { return store.orders().order(name)->states.at(0); }
    void place() {
        exam::Order order;
        order.placer.number = "O1";
        order.patient_id = PatientId("P1");
        order.issuer_of_patient_id = "HOSP";
        order.study_instance_uid = "1.9";
        order.steps.emplace_back().step_id = "S1";
        const exam::OrderRequest request{exam::OrderAction::kPlace, order};
        name = std::get<0>(store.orders().take(std::span(&request, 1))).at(0).name;
    }

    std::optional<dicom::test_support::RawPeer> peer;
    std::string name;
};

TEST_F(PerformedSteps, GoFromBeginToEndAndTakeTheScheduledStepAlong) {
    place();
    const auto created = create(creation());
    EXPECT_EQ(created.status, status::kSuccess);
    EXPECT_EQ(created.affected_sop_instance_uid, kUid);
    EXPECT_EQ(scheduled_state(), store::StepState::kStarted);
    EXPECT_EQ(set(identifier_of({{tags::kPerformedProcedureStepDescription, "left"}})).status,
              status::kSuccess);
    EXPECT_EQ(scheduled_state(), store::StepState::kStarted);
    EXPECT_EQ(set(completion()).status, status::kSuccess);
    EXPECT_EQ(scheduled_state(), store::StepState::kCompleted);
    const auto late = set(completion());
    EXPECT_EQ(late.status, status::kProcessingFailure);
    EXPECT_EQ(late.error_id, 0xA710);
    EXPECT_THAT(late.error_comment, HasSubstr("no longer be updated"));
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "HOSP").beside.orders, 2U)
        << "it is hers, whom the modality named without an issuer";
}

// PS3.3 Table 10-18.
TEST_F(PerformedSteps, OfAnIssuerThatQualifiersNameAreAnothers) {
    place();
    DataSet attributes = creation();
    attributes.add_item(tags::kIssuerOfPatientIdQualifiersSequence)
        .set_text(tags::kUniversalEntityId, "1.2.3");
    EXPECT_EQ(create(attributes).status, status::kSuccess);
    EXPECT_EQ(store.performed().find(kUid)->issuer_of_patient_id, "1.2.3");
    EXPECT_EQ(scheduled_state(), store::StepState::kScheduled);
    DataSet change;
    change.add_item(tags::kIssuerOfPatientIdQualifiersSequence)
        .set_text(tags::kUniversalEntityId, "HOSP");
    EXPECT_EQ(set(change).status, status::kInvalidAttributeValue);
}

TEST_F(PerformedSteps, EndWithoutASeriesOnlyWhenDiscontinued) {
    place();
    EXPECT_EQ(create(creation()).status, status::kSuccess);
    DataSet end = completion();
    end.remove(kPerformedSeriesSequence);
    EXPECT_EQ(set(end).status, status::kMissingAttributeValue);
    EXPECT_EQ(scheduled_state(), store::StepState::kStarted) << "nothing of it is kept";
    end.set_text(kPerformedStatus, "DISCONTINUED");
    EXPECT_EQ(set(end).status, status::kSuccess);
    EXPECT_EQ(scheduled_state(), store::StepState::kDiscontinued);
}

// PS3.16 CID 9300.
TEST_F(PerformedSteps, OfTheWrongEntryLeaveItOnTheWorklist) {
    place();
    EXPECT_EQ(create(creation()).status, status::kSuccess);
    DataSet end = completion();
    end.set_text(kPerformedStatus, "DISCONTINUED");
    DataSet& reason = end.add_item(kDiscontinuationReasonSequence);
    reason.set_text(tags::kCodeValue, "110514");
    reason.set_text(tags::kCodingSchemeDesignator, "DCM");
    reason.set_text(tags::kCodeMeaning, "Incorrect worklist entry selected");
    EXPECT_EQ(set(end).status, status::kSuccess);
    EXPECT_EQ(scheduled_state(), store::StepState::kScheduled);
    EXPECT_EQ(set(end).error_id, 0xA710) << "it has ended";
}

TEST_F(PerformedSteps, AreTakenAsTheTableAsks) {
    for (const auto& [tag, code] :
         {std::pair{kPerformedStationAeTitle, status::kMissingAttribute},
          std::pair{kScheduledStepAttributesSequence, status::kMissingAttribute}}) {
        DataSet attributes = creation();
        attributes.remove(tag);
        const auto response = create(attributes);
        EXPECT_EQ(response.status, code);
        EXPECT_EQ(response.attributes, std::vector<dicom::Tag>{tag});
    }
    DataSet empty = creation();
    empty.set_empty(tags::kModality);
    EXPECT_EQ(create(empty).status, status::kMissingAttributeValue);
    DataSet done = creation();
    done.set_text(kPerformedStatus, "COMPLETED");
    EXPECT_EQ(create(done).status, status::kInvalidAttributeValue);
    done.set_texts(kPerformedStatus, std::vector<std::string>{"IN PROGRESS", "COMPLETED"});
    EXPECT_EQ(create(done).status, status::kInvalidAttributeValue) << "two states";
    for (const auto& [tag, value] : {std::pair(tags::kPerformedProcedureStepStartDate, "soon"),
                                     {tags::kPerformedProcedureStepStartDate, "20269999"},
                                     {tags::kPerformedProcedureStepStartDate, "20260230"},
                                     {tags::kPerformedProcedureStepStartTime, "2560"},
                                     {tags::kPatientBirthDate, "ZQMARK"},
                                     {tags::kPatientBirthDate, "19700230"}}) {
        DataSet no_date = creation();
        no_date.set_text(tag, value);
        const auto response = create(no_date);
        EXPECT_EQ(response.status, status::kInvalidAttributeValue) << value;
        EXPECT_EQ(response.attributes, std::vector<dicom::Tag>{tag});
    }
    DataSet of_two = creation();
    of_two.set_texts(tags::kPatientId, std::vector<std::string>{"P1", "P2"});
    EXPECT_EQ(create(of_two).status, status::kInvalidAttributeValue) << "whose it is nobody knows";
    EXPECT_EQ(create(creation(), "1..2").status, status::kInvalidInstance);
    EXPECT_FALSE(store.performed().find(kUid));
}

TEST_F(PerformedSteps, ArePerformedOfNoMoreThanADayHas) {
    DataSet many = creation();
    for (int i = 0; i < 127; ++i) {
        DataSet& scheduled = many.add_item(kScheduledStepAttributesSequence);
        scheduled.set_text(tags::kStudyInstanceUid, "1.9");
        scheduled.set_text(kStepId, "S" + std::to_string(i % 2));
    }
    place();
    EXPECT_EQ(create(many).status, status::kSuccess);
    EXPECT_EQ(store.performed().find(kUid)->of.size(), 2U) << "each once";
    EXPECT_EQ(scheduled_state(), store::StepState::kStarted);
    many.add_item(kScheduledStepAttributesSequence).set_text(tags::kStudyInstanceUid, "1.9");
    EXPECT_EQ(create(many, "1.2.9").status, status::kResourceLimitation);
    EXPECT_FALSE(store.performed().find("1.2.9"));
}

TEST_F(PerformedSteps, DoNotGrowBeyondAMebibyte) {
    const auto with_text = [](dicom::Tag tag, std::size_t bytes) {
        DataSet changes;
        changes.set_text(tag, std::string(bytes, 'x'));
        return changes;
    };
    constexpr dicom::Tag kTextValue{0x0040, 0xA160}, kInstructionDescription{0x0018, 0x9917};
    DataSet large = creation();
    large.set_text(kTextValue, std::string(1'500'000, 'x'));
    EXPECT_EQ(create(large).status, status::kResourceLimitation);
    EXPECT_EQ(create(creation()).status, status::kSuccess);
    EXPECT_EQ(set(with_text(kTextValue, 700'000)).status, status::kSuccess);
    EXPECT_EQ(set(with_text(kInstructionDescription, 700'000)).status, status::kResourceLimitation);
    EXPECT_EQ(set(with_text(kTextValue, 800'000)).status, status::kSuccess)
        << "in place of the other";
}

TEST_F(PerformedSteps, AreOneOfAUid) {
    EXPECT_EQ(create(creation()).status, status::kSuccess);
    EXPECT_EQ(create(creation()).status, status::kDuplicateInstance);
    EXPECT_EQ(set(completion(), "1.2.9").status, status::kNoSuchInstance);
    const auto unnamed = create(creation(), "");
    EXPECT_EQ(unnamed.status, status::kSuccess);
    EXPECT_TRUE(store.performed().find(unnamed.affected_sop_instance_uid)) << "named by us";
}

TEST_F(PerformedSteps, KeepWhatMayNotBeSet) {
    EXPECT_EQ(create(creation()).status, status::kSuccess);
    EXPECT_EQ(set(identifier_of({{tags::kPatientId, "P2"}})).status,
              status::kInvalidAttributeValue);
    EXPECT_EQ(set(creation()).status, status::kSuccess) << "the same again changes nothing";
    EXPECT_EQ(set(identifier_of({{kPerformedStatus, "ARRIVED"}})).status,
              status::kInvalidAttributeValue);
    DataSet bad = completion();
    bad.add_item(kPerformedSeriesSequence).set_text(tags::kProtocolName, "x");
    EXPECT_EQ(set(bad).status, status::kMissingAttribute) << "a series without its UID";
}

TEST_F(PerformedSteps, CanBeReadAgain) {
    EXPECT_EQ(create(creation()).status, status::kSuccess);
    dicom::test_support::RawPeer reader(*scp);
    reader.associate(std::string(kPerformedStepRetrieve));
    dicom::DimseCommand request;
    request.field = command::kReadRequest;
    request.message_id = 1;
    request.requested_sop_class_uid = kPerformedStepRetrieve;
    request.requested_sop_instance_uid = kUid;
    reader.send_request(request);
    EXPECT_EQ(reader.read_response().status, status::kSuccess);
    const auto all = reader.read_data_set();
    EXPECT_EQ(all.data_set.text_or(tags::kPatientName, ""), "Doe^Jane");
    EXPECT_TRUE(all.data_set.has(kPerformedEndDate)) << "type 2, without a value";
    request.attributes = {tags::kModality, tags::kKvp};
    reader.send_request(request);
    EXPECT_EQ(reader.read_response().status, 0x0001);
    const auto some = reader.read_data_set();
    EXPECT_EQ(some.data_set.tags(), std::vector<dicom::Tag>{tags::kModality});
    request.requested_sop_instance_uid = "1.9.9";
    reader.send_request(request);
    EXPECT_EQ(reader.read_response().status, status::kNoSuchInstance);
}

}  // namespace
}  // namespace lucerna::retrieve
