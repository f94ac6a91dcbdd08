#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/encoding.h"

namespace lucerna::dicom {

/// Command Field (0000,0100) values that matter here (PS3.7 E.1).
namespace command {
constexpr std::uint16_t kStoreRequest = 0x0001;
constexpr std::uint16_t kStoreResponse = 0x8001;
constexpr std::uint16_t kEchoRequest = 0x0030;
constexpr std::uint16_t kEchoResponse = 0x8030;
constexpr std::uint16_t kResponseBit = 0x8000;
}  // namespace command

/// A DIMSE command set (PS3.7 6.3, E.1) as far as C-STORE and C-ECHO need it.
struct DimseCommand {
    std::uint16_t field = 0;
    /// Message ID (0000,0110) of a request, Message ID Being Responded To (0000,0120) of a
    /// response.
    std::uint16_t message_id = 0;
    /// Command Data Set Type (0000,0800) is other than 0101.
    bool has_data_set = false;
    std::uint16_t priority = 0;
    std::optional<std::uint16_t> status;
    std::string affected_sop_class_uid;
    std::string affected_sop_instance_uid;
    std::string error_comment;

    [[nodiscard]] bool is_response() const { return (field & command::kResponseBit) != 0; }
};

/// Implicit VR little endian, without the data set. Throws Error(kInvalidInput) where the elements
/// don't fill the bytes exactly or Command Field is missing.
[[nodiscard]] DimseCommand parse_command(ByteView bytes);
[[nodiscard]] Bytes encode_command(const DimseCommand& command);

}  // namespace lucerna::dicom
