#include "dicom/dimse_command.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "dicom/dimse_status.h"

namespace lucerna::dicom {
namespace {

TEST(DimseCommand, ComesBackFromItsBytes) {
    DimseCommand request;
    request.field = command::kStoreRequest;
    request.message_id = 7;
    request.has_data_set = true;
    request.affected_sop_class_uid = "1.2.840.10008.5.1.4.1.1.2";
    request.affected_sop_instance_uid = "1.2.3.4.5";
    const DimseCommand back = parse_command(encode_command(request));
    EXPECT_EQ(back.field, command::kStoreRequest);
    EXPECT_EQ(back.message_id, 7);
    EXPECT_TRUE(back.has_data_set);
    EXPECT_EQ(back.affected_sop_class_uid, request.affected_sop_class_uid);
    EXPECT_EQ(back.affected_sop_instance_uid, request.affected_sop_instance_uid);
    EXPECT_FALSE(back.status.has_value());
}

TEST(DimseCommand, ResponseCarriesStatusAndComment) {
    DimseCommand response;
    response.field = command::kStoreResponse;
    response.message_id = 9;
    response.status = status::kOutOfResources;
    response.error_comment = "the disk is full";
    const DimseCommand back = parse_command(encode_command(response));
    EXPECT_TRUE(back.is_response());
    EXPECT_FALSE(back.has_data_set);
    EXPECT_EQ(back.message_id, 9);
    EXPECT_EQ(back.status, status::kOutOfResources);
    EXPECT_EQ(back.error_comment, "the disk is full");
}

TEST(DimseCommand, CarriesWhatARefusalIsAbout) {
    DimseCommand response;
    response.field = command::kSetRequest | command::kResponseBit;
    response.status = status::kProcessingFailure;
    response.error_id = 0xA710;
    response.attributes = {kModality, kPatientId};
    const DimseCommand back = parse_command(encode_command(response));
    EXPECT_EQ(back.error_id, 0xA710);
    EXPECT_EQ(back.attributes, response.attributes);
    // An Attribute Identifier List of three bytes.
    const Bytes malformed = {0, 0,    0x00, 0x01, 2, 0, 0, 0, 0x10, 0x01, 0,
                             0, 0x05, 0x10, 3,    0, 0, 0, 1, 2,    3};
    EXPECT_THROW((void)parse_command(malformed), Error);
}

TEST(DimseCommand, CarriesWhatQueriesRetrievalsAndActionsAdd) {
    DimseCommand request;
    request.field = command::kMoveRequest;
    request.move_destination = "PACS";
    EXPECT_EQ(parse_command(encode_command(request)).move_destination, "PACS");

    DimseCommand response;
    response.field = command::kMoveRequest | command::kResponseBit;
    response.status = status::kPending;
    response.sub_operations =
        SubOperations{.remaining = 4, .completed = 3, .failed = 2, .warning = 1};
    const DimseCommand counted = parse_command(encode_command(response));
    ASSERT_TRUE(counted.sub_operations);
    EXPECT_EQ(counted.sub_operations->remaining, 4);
    EXPECT_EQ(counted.sub_operations->completed, 3);
    EXPECT_EQ(counted.sub_operations->failed, 2);
    EXPECT_EQ(counted.sub_operations->warning, 1);

    DimseCommand action;
    action.field = command::kActionRequest;
    action.requested_sop_class_uid = "1.2.840.10008.1.20.1";
    action.requested_sop_instance_uid = "1.2.840.10008.1.20.1.1";
    action.action_type = 1;
    const DimseCommand acted = parse_command(encode_command(action));
    EXPECT_EQ(acted.sop_class_uid(), "1.2.840.10008.1.20.1");
    EXPECT_EQ(acted.requested_sop_instance_uid, "1.2.840.10008.1.20.1.1");
    EXPECT_EQ(acted.action_type, 1);
    EXPECT_FALSE(acted.event_type);

    DimseCommand cancel;
    cancel.field = command::kCancelRequest;
    cancel.message_id = 5;
    const Bytes bytes = encode_command(cancel);
    EXPECT_EQ(parse_command(bytes).message_id, 5);
    EXPECT_FALSE(parse_command(bytes).is_response());
}

TEST(DimseCommand, GroupLengthCountsWhatFollowsIt) {
    DimseCommand request;
    request.field = command::kEchoRequest;
    const Bytes bytes = encode_command(request);
    EXPECT_EQ(bytes[8] + 256u * bytes[9], bytes.size() - 12);
}

TEST(DimseCommand, RefusesWhatDoesNotFillItsBytes) {
    DimseCommand request;
    request.field = command::kEchoRequest;
    Bytes bytes = encode_command(request);
    bytes.pop_back();
    EXPECT_THROW((void)parse_command(bytes), Error);
    EXPECT_THROW((void)parse_command({}), Error);
    // A command of group 0008 is none.
    EXPECT_THROW((void)parse_command(Bytes{8, 0, 0, 1, 2, 0, 0, 0, 1, 0}), Error);
}

TEST(DimseStatus, MapsEachErrorToOneStatus) {
    EXPECT_EQ(status_for(ErrorCode::kOutOfSpace), 0xA700);
    EXPECT_EQ(status_for(ErrorCode::kInvalidInput), 0xC000);
    EXPECT_EQ(status_for(ErrorCode::kConflict), 0x0111);
    EXPECT_EQ(status_for(ErrorCode::kIo), 0x0110);
    EXPECT_EQ(status_for(ErrorCode::kInternal), 0x0110);
}

TEST(DimseStatus, TellsWhatSendingAgainCanMend) {
    EXPECT_EQ(kind_of(0x0000), StatusKind::kSuccess);
    EXPECT_EQ(kind_of(0xB007), StatusKind::kWarning);
    EXPECT_EQ(kind_of(0xBFFF), StatusKind::kWarning);
    EXPECT_EQ(kind_of(0xA701), StatusKind::kTransientFailure);
    EXPECT_EQ(kind_of(0x0122), StatusKind::kPermanentFailure);
    EXPECT_EQ(kind_of(0xC123), StatusKind::kPermanentFailure);
    EXPECT_EQ(kind_of(0x7777), StatusKind::kPermanentFailure);
    EXPECT_EQ(describe_status(0xA700), "0xA700 refused: out of resources");
    EXPECT_EQ(describe_status(0xA702),
              "0xA702 refused: out of resources, or unable to perform sub-operations");
    EXPECT_EQ(describe_status(0xC122), "0xC122 transfer syntax not supported");
}

TEST(ErrorComment, FitsItsValueRepresentation) {
    EXPECT_EQ(as_error_comment("short"), "short");
    const std::string cut = as_error_comment(std::string(100, 'x'));
    EXPECT_EQ(cut.size(), 64u);
    EXPECT_EQ(cut.substr(61), "...");
    EXPECT_EQ(as_error_comment("a\\b\n\xC3"), "a?b??");
}

}  // namespace
}  // namespace lucerna::dicom
