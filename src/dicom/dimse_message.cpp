#include "dicom/dimse_message.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "base/error.h"

namespace lucerna::dicom {
namespace {

constexpr std::size_t kMaxCommandBytes = 64 * 1024;

/// While a vector grows there are its old room and its new one, which is twice that.
constexpr std::size_t kRoomPerByte = 3;

void throw_away(Channel& channel, std::size_t bytes) {
    std::array<std::uint8_t, 8192> scratch{};
    while (bytes > 0) {
        const std::size_t count = std::min(bytes, scratch.size());
        channel.payload(std::span(scratch).first(count));
        bytes -= count;
    }
}

/// Reads fragments of one kind up to the last one; nothing where `room` has none for them.
std::optional<Bytes> read_part(Channel& channel, Channel::Fragment fragment, bool is_command,
                               std::size_t most, RequestRoom* room) {
    const std::string what = is_command ? "a command set" : "a data set";
    const std::uint8_t context = fragment.context;
    std::optional<Bytes> bytes = Bytes();
    std::size_t size = 0;
    for (;; fragment = channel.next()) {
        if (fragment.kind != Channel::Fragment::Kind::kData || fragment.is_command != is_command ||
            fragment.context != context)
            channel.fail(AssociationEnd::kProtocolError, what + " is interrupted");
        if (fragment.bytes > most - size)
            channel.fail(AssociationEnd::kProtocolError,
                         what + " is longer than " + std::to_string(most) + " bytes");
        size += fragment.bytes;
        if (bytes && room != nullptr && !room->take(fragment.bytes, kRoomPerByte * fragment.bytes))
            bytes.reset();
        if (bytes) {
            bytes->resize(size);
            channel.payload(std::span(*bytes).last(fragment.bytes));
        } else {
            throw_away(channel, fragment.bytes);
        }
        if (fragment.is_last) return bytes;
    }
}

Channel::Fragment first_of_data_set(Channel& channel, std::uint8_t context) {
    const Channel::Fragment first = channel.next();
    if (first.context != context)
        channel.fail(AssociationEnd::kProtocolError, "a data set is interrupted");
    return first;
}

}  // namespace

CommandOnContext read_command(Channel& channel, Channel::Fragment first,
                              const std::function<bool(std::uint8_t)>& is_agreed) {
    if (!is_agreed(first.context))
        channel.fail(AssociationEnd::kProtocolError, "a message on presentation context " +
                                                         std::to_string(first.context) +
                                                         ", which was not accepted");
    const Bytes bytes = *read_part(channel, first, true, kMaxCommandBytes, nullptr);
    try {
        return {first.context, parse_command(bytes)};
    } catch (const Error& error) {
        channel.fail(AssociationEnd::kProtocolError, error.what());
    }
}

Bytes read_data_set_bytes(Channel& channel, std::uint8_t context, std::size_t most) {
    return *read_part(channel, first_of_data_set(channel, context), false, most, nullptr);
}

std::optional<Bytes> read_data_set_bytes(Channel& channel, std::uint8_t context, std::size_t most,
                                         RequestRoom& room) {
    auto bytes = read_part(channel, first_of_data_set(channel, context), false, most, &room);
    if (bytes) {
        bytes->shrink_to_fit();
        if (!room.has_come((kRoomPerByte - 1) * bytes->size())) bytes.reset();
    }
    return bytes;
}

}  // namespace lucerna::dicom
