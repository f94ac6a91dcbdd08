#include "dicom/dimse_message.h"

#include <span>
#include <string>

#include "base/error.h"

namespace lucerna::dicom {
namespace {

constexpr std::size_t kMaxCommandBytes = 64 * 1024;

/// Reads fragments of one kind up to the last one.
Bytes read_part(Channel& channel, Channel::Fragment fragment, bool is_command, std::size_t most) {
    const std::string what = is_command ? "a command set" : "a data set";
    const std::uint8_t context = fragment.context;
    Bytes bytes;
    for (;; fragment = channel.next()) {
        if (fragment.kind != Channel::Fragment::Kind::kData || fragment.is_command != is_command ||
            fragment.context != context)
            channel.fail(AssociationEnd::kProtocolError, what + " is interrupted");
        const std::size_t start = bytes.size();
        if (fragment.bytes > most - start)
            channel.fail(AssociationEnd::kProtocolError,
                         what + " is longer than " + std::to_string(most) + " bytes");
        bytes.resize(start + fragment.bytes);
        channel.payload(std::span(bytes).subspan(start));
        if (fragment.is_last) return bytes;
    }
}

}  // namespace

CommandOnContext read_command(Channel& channel, Channel::Fragment first,
                              const std::function<bool(std::uint8_t)>& is_agreed) {
    if (!is_agreed(first.context))
        channel.fail(AssociationEnd::kProtocolError, "a message on presentation context " +
                                                         std::to_string(first.context) +
                                                         ", which was not accepted");
    const Bytes bytes = read_part(channel, first, true, kMaxCommandBytes);
    try {
        return {first.context, parse_command(bytes)};
    } catch (const Error& error) {
        channel.fail(AssociationEnd::kProtocolError, error.what());
    }
}

Bytes read_data_set_bytes(Channel& channel, std::uint8_t context, std::size_t most) {
    const Channel::Fragment first = channel.next();
    if (first.context != context)
        channel.fail(AssociationEnd::kProtocolError, "a data set is interrupted");
    return read_part(channel, first, false, most);
}

}  // namespace lucerna::dicom
