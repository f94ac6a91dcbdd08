#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/encoding.h"
#include "dicom/channel.h"
#include "dicom/dimse_command.h"
#include "dicom/request_room.h"

namespace lucerna::dicom {

/// A command set and the presentation context that it came on.
struct CommandOnContext {
    std::uint8_t context = 0;
    DimseCommand command;
};

/// Reads the command set that begins with `first`. What is no such thing ends the association
/// (Channel::fail): interrupted, longer than 64 KB, malformed, on a context that `is_agreed`
/// denies.
[[nodiscard]] CommandOnContext read_command(Channel& channel, Channel::Fragment first,
                                            const std::function<bool(std::uint8_t)>& is_agreed);

/// Reads the data set that follows on `context`. One of more than `most` bytes, or interrupted,
/// ends the association.
[[nodiscard]] Bytes read_data_set_bytes(Channel& channel, std::uint8_t context, std::size_t most);
/// As above; `room` holds its bytes. Nothing, all of it read, where there was none.
[[nodiscard]] std::optional<Bytes> read_data_set_bytes(Channel& channel, std::uint8_t context,
                                                       std::size_t most, RequestRoom& room);

}  // namespace lucerna::dicom
