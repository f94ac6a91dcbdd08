#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "dicom/tags.h"

namespace lucerna::dicom {

/// Command Field (0000,0100) values that matter here (PS3.7 E.1).
namespace command {
constexpr std::uint16_t kStoreRequest = 0x0001;
constexpr std::uint16_t kStoreResponse = 0x8001;
constexpr std::uint16_t kGetRequest = 0x0010;
constexpr std::uint16_t kFindRequest = 0x0020;
constexpr std::uint16_t kMoveRequest = 0x0021;
constexpr std::uint16_t kEchoRequest = 0x0030;
constexpr std::uint16_t kEchoResponse = 0x8030;
constexpr std::uint16_t kEventReportRequest = 0x0100;
constexpr std::uint16_t kEventReportResponse = 0x8100;
/// N-GET; C-GET is kGetRequest.
constexpr std::uint16_t kReadRequest = 0x0110;
constexpr std::uint16_t kSetRequest = 0x0120;
constexpr std::uint16_t kActionRequest = 0x0130;
constexpr std::uint16_t kCreateRequest = 0x0140;
constexpr std::uint16_t kCancelRequest = 0x0FFF;
constexpr std::uint16_t kResponseBit = 0x8000;
}  // namespace command

/// Priority (0000,0700) (PS3.7 E.1).
namespace priorities {
constexpr std::uint16_t kMedium = 0x0000;
constexpr std::uint16_t kHigh = 0x0001;
constexpr std::uint16_t kLow = 0x0002;
}  // namespace priorities

/// How a retrieval stands (PS3.7 9.1.3, 9.1.4): its C-STORE sub-operations.
struct SubOperations {
    /// In pending and cancelled responses only.
    std::optional<std::uint16_t> remaining;
    std::uint16_t completed = 0;
    std::uint16_t failed = 0;
    std::uint16_t warning = 0;
};

/// A DIMSE command set (PS3.7 6.3, E.1) as far as this program speaks it. What is empty is left
/// out.
struct DimseCommand {
    std::uint16_t field = 0;
    /// Message ID (0000,0110) of a request, Message ID Being Responded To (0000,0120) of a
    /// response and of C-CANCEL.
    std::uint16_t message_id = 0;
    /// Command Data Set Type (0000,0800) is other than 0101.
    bool has_data_set = false;
    std::uint16_t priority = priorities::kMedium;
    std::optional<std::uint16_t> status;
    std::string affected_sop_class_uid;
    std::string affected_sop_instance_uid;
    std::string error_comment;
    /// Of N-ACTION and its kin.
    std::string requested_sop_class_uid;
    std::string requested_sop_instance_uid;
    std::optional<std::uint16_t> event_type;
    std::optional<std::uint16_t> action_type;
    /// Error ID (0000,0903): what an SOP class's own table says beside a status.
    std::optional<std::uint16_t> error_id;
    /// Attribute Identifier List (0000,1005): what an N-GET asks for, or what a refusal is about.
    std::vector<Tag> attributes;
    /// Of C-MOVE.
    std::string move_destination;
    /// Of the C-STOREs that a C-MOVE asks for.
    std::string move_originator_aet;
    std::optional<std::uint16_t> move_originator_message;
    std::optional<SubOperations> sub_operations;

    [[nodiscard]] bool is_response() const { return (field & command::kResponseBit) != 0; }
    /// Its priority, for what it makes us ask others; medium where it says none that there is.
    [[nodiscard]] std::uint16_t priority_to_hand_on() const {
        return priority == priorities::kHigh || priority == priorities::kLow ? priority
                                                                             : priorities::kMedium;
    }
    /// The SOP class that it is about, whichever element names it.
    [[nodiscard]] const std::string& sop_class_uid() const {
        return requested_sop_class_uid.empty() ? affected_sop_class_uid : requested_sop_class_uid;
    }
};

/// Implicit VR little endian, without the data set. Throws Error(kInvalidInput) where the elements
/// don't fill the bytes exactly or Command Field is missing.
[[nodiscard]] DimseCommand parse_command(ByteView bytes);
[[nodiscard]] Bytes encode_command(const DimseCommand& command);

}  // namespace lucerna::dicom
