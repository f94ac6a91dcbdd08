#include "dicom/dimse_command.h"

#include <string_view>

#include "base/error.h"

namespace lucerna::dicom {
namespace {

constexpr std::uint16_t kNoDataSet = 0x0101;

std::uint32_t u16(ByteView bytes, std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at + 1]) << 8 | bytes[at];
}
std::uint32_t u32(ByteView bytes, std::size_t at) {
    return u16(bytes, at + 2) << 16 | u16(bytes, at);
}

std::uint16_t short_value(ByteView value) {
    if (value.size() != 2)
        throw Error(ErrorCode::kInvalidInput, "a command element of type US is not 2 bytes long");
    return static_cast<std::uint16_t>(u16(value, 0));
}

std::string text_value(ByteView value) {
    std::string_view text = as_text(value);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
    return std::string(text);
}

/// An AE title, whose leading spaces count as little as its trailing ones (PS3.5 6.2).
std::string title_value(ByteView value) {
    std::string text = text_value(value);
    text.erase(0, text.find_first_not_of(' '));
    return text;
}

void put16(Bytes& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value & 0xFF));
    out.push_back(static_cast<std::uint8_t>((value >> 8) & 0xFF));
}

void put_header(Bytes& out, std::uint16_t element, std::size_t length) {
    put16(out, 0x0000);
    put16(out, element);
    put16(out, length & 0xFFFF);
    put16(out, length >> 16);
}

void put_short(Bytes& out, std::uint16_t element, std::uint16_t value) {
    put_header(out, element, 2);
    put16(out, value);
}

void put_text(Bytes& out, std::uint16_t element, std::string_view value, std::uint8_t pad) {
    if (value.empty()) return;
    put_header(out, element, value.size() + value.size() % 2);
    out.insert(out.end(), value.begin(), value.end());
    if (value.size() % 2 != 0) out.push_back(pad);
}

std::vector<Tag> tag_values(ByteView value) {
    if (value.size() % 4 != 0)
        throw Error(ErrorCode::kInvalidInput, "a command element of type AT is no list of tags");
    std::vector<Tag> tags;
    for (std::size_t at = 0; at < value.size(); at += 4)
        tags.push_back({static_cast<std::uint16_t>(u16(value, at)),
                        static_cast<std::uint16_t>(u16(value, at + 2))});
    return tags;
}

void put_tags(Bytes& out, std::uint16_t element, const std::vector<Tag>& tags) {
    if (tags.empty()) return;
    put_header(out, element, tags.size() * 4);
    for (const Tag tag : tags) {
        put16(out, tag.group);
        put16(out, tag.element);
    }
}

SubOperations& sub_operations_of(DimseCommand& command) {
    if (!command.sub_operations) command.sub_operations.emplace();
    return *command.sub_operations;
}

void take_text(DimseCommand& command, std::uint32_t element, ByteView value) {
    switch (element) {
        case 0x0002:
            command.affected_sop_class_uid = text_value(value);
            break;
        case 0x0003:
            command.requested_sop_class_uid = text_value(value);
            break;
        case 0x0600:
            command.move_destination = title_value(value);
            break;
        case 0x0902:
            command.error_comment = text_value(value);
            break;
        case 0x1000:
            command.affected_sop_instance_uid = text_value(value);
            break;
        case 0x1001:
            command.requested_sop_instance_uid = text_value(value);
            break;
        case 0x1030:
            command.move_originator_aet = title_value(value);
            break;
        default:
            break;
    }
}

void take(DimseCommand& command, std::uint32_t element, ByteView value) {
    switch (element) {
        case 0x0100:
            command.field = short_value(value);
            break;
        case 0x0110:
        case 0x0120:
            command.message_id = short_value(value);
            break;
        case 0x0700:
            command.priority = short_value(value);
            break;
        case 0x0800:
            command.has_data_set = short_value(value) != kNoDataSet;
            break;
        case 0x0900:
            command.status = short_value(value);
            break;
        case 0x0903:
            command.error_id = short_value(value);
            break;
        case 0x1005:
            command.attributes = tag_values(value);
            break;
        case 0x1002:
            command.event_type = short_value(value);
            break;
        case 0x1008:
            command.action_type = short_value(value);
            break;
        case 0x1020:
            sub_operations_of(command).remaining = short_value(value);
            break;
        case 0x1021:
            sub_operations_of(command).completed = short_value(value);
            break;
        case 0x1022:
            sub_operations_of(command).failed = short_value(value);
            break;
        case 0x1023:
            sub_operations_of(command).warning = short_value(value);
            break;
        case 0x1031:
            command.move_originator_message = short_value(value);
            break;
        default:
            take_text(command, element, value);
            break;
    }
}

bool has_priority(std::uint16_t field) {
    return field == command::kStoreRequest || field == command::kGetRequest ||
           field == command::kFindRequest || field == command::kMoveRequest;
}

}  // namespace

DimseCommand parse_command(ByteView bytes) {
    DimseCommand command;
    bool has_field = false;
    std::size_t at = 0;
    while (at < bytes.size()) {
        if (bytes.size() - at < 8)
            throw Error(ErrorCode::kInvalidInput, "the command set ends within an element");
        const std::uint32_t group = u16(bytes, at);
        const std::uint32_t element = u16(bytes, at + 2);
        const std::size_t length = u32(bytes, at + 4);
        at += 8;
        if (group != 0 || length > bytes.size() - at)
            throw Error(ErrorCode::kInvalidInput, "the command set is malformed");
        take(command, element, bytes.subspan(at, length));
        has_field = has_field || element == 0x0100;
        at += length;
    }
    if (!has_field) throw Error(ErrorCode::kInvalidInput, "the command set has no Command Field");
    return command;
}

Bytes encode_command(const DimseCommand& command) {
    const bool answers = command.is_response() || command.field == command::kCancelRequest;
    Bytes body;
    put_text(body, 0x0002, command.affected_sop_class_uid, 0);
    put_text(body, 0x0003, command.requested_sop_class_uid, 0);
    put_short(body, 0x0100, command.field);
    put_short(body, answers ? 0x0120 : 0x0110, command.message_id);
    put_text(body, 0x0600, command.move_destination, ' ');
    if (has_priority(command.field)) put_short(body, 0x0700, command.priority);
    put_short(body, 0x0800, command.has_data_set ? 0x0001 : kNoDataSet);
    if (command.status) put_short(body, 0x0900, *command.status);
    put_text(body, 0x0902, command.error_comment, ' ');
    if (command.error_id) put_short(body, 0x0903, *command.error_id);
    put_text(body, 0x1000, command.affected_sop_instance_uid, 0);
    put_text(body, 0x1001, command.requested_sop_instance_uid, 0);
    if (command.event_type) put_short(body, 0x1002, *command.event_type);
    put_tags(body, 0x1005, command.attributes);
    if (command.action_type) put_short(body, 0x1008, *command.action_type);
    if (const auto& counts = command.sub_operations) {
        if (counts->remaining) put_short(body, 0x1020, *counts->remaining);
        put_short(body, 0x1021, counts->completed);
        put_short(body, 0x1022, counts->failed);
        put_short(body, 0x1023, counts->warning);
    }
    put_text(body, 0x1030, command.move_originator_aet, ' ');
    if (command.move_originator_message) put_short(body, 0x1031, *command.move_originator_message);

    Bytes out;
    put_header(out, 0x0000, 4);
    put16(out, body.size() & 0xFFFF);
    put16(out, body.size() >> 16);
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

}  // namespace lucerna::dicom
