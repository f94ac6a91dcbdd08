#include "dicom/pdu.h"

#include <algorithm>
#include <bitset>
#include <string_view>

#include "base/error.h"

namespace lucerna::dicom {
namespace {

// Item types (PS3.8 9.3.2, PS3.7 D.3.3).
constexpr std::uint8_t kApplicationContextItem = 0x10;
constexpr std::uint8_t kProposedContextItem = 0x20;
constexpr std::uint8_t kAnsweredContextItem = 0x21;
constexpr std::uint8_t kAbstractSyntaxItem = 0x30;
constexpr std::uint8_t kTransferSyntaxItem = 0x40;
constexpr std::uint8_t kUserInformationItem = 0x50;
constexpr std::uint8_t kMaxLengthItem = 0x51;
constexpr std::uint8_t kImplementationClassItem = 0x52;
constexpr std::uint8_t kRoleSelectionItem = 0x54;
constexpr std::uint8_t kImplementationVersionItem = 0x55;
constexpr std::uint8_t kExtendedNegotiationItem = 0x56;

constexpr std::size_t kAetBytes = 16;
constexpr std::size_t kUidBytes = 64;
constexpr std::size_t kFixedBytes = 68;  // what precedes the items
/// A fragment's header and two bytes of it.
constexpr std::uint32_t kSmallestMaxPduBytes = 8;

[[noreturn]] void refuse(const std::string& what) {
    throw Error(ErrorCode::kInvalidInput, "malformed association PDU: " + what);
}

std::uint32_t u16(ByteView bytes, std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at]) << 8 | bytes[at + 1];
}
std::uint32_t u32(ByteView bytes, std::size_t at) {
    return u16(bytes, at) << 16 | u16(bytes, at + 2);
}

void put16(Bytes& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>((value >> 8) & 0xFF));
    out.push_back(static_cast<std::uint8_t>(value & 0xFF));
}
void put32(Bytes& out, std::size_t value) {
    put16(out, value >> 16);
    put16(out, value & 0xFFFF);
}

std::string trimmed(std::string_view text) {
    const auto padding = [](char letter) { return letter == ' ' || letter == '\0'; };
    while (!text.empty() && padding(text.back())) text.remove_suffix(1);
    while (!text.empty() && padding(text.front())) text.remove_prefix(1);
    return std::string(text);
}

std::string identifier(ByteView value, const char* item) {
    std::string uid = trimmed(as_text(value));
    if (uid.empty() || uid.size() > kUidBytes)
        refuse(std::string(item) + " has " + std::to_string(uid.size()) + " characters");
    return uid;
}

/// Calls `take(type, value)` for each item: type, a reserved byte, a length of 16 bits, a value.
template <typename Take>
void each_item(ByteView items, Take&& take) {
    std::size_t at = 0;
    while (at < items.size()) {
        if (items.size() - at < 4) refuse("it ends within an item's header");
        const std::size_t length = u16(items, at + 2);
        if (length > items.size() - at - 4) refuse("an item is longer than what holds it");
        take(items[at], items.subspan(at + 4, length));
        at += 4 + length;
    }
}

PresentationContext parse_context(ByteView value, bool proposed) {
    if (value.size() < 4) refuse("a presentation context item is too short");
    PresentationContext context;
    context.id = value[0];
    if (context.id % 2 == 0) refuse("a presentation context id is even");
    context.result = static_cast<ContextResult>(proposed ? 0 : value[2]);
    each_item(value.subspan(4), [&](std::uint8_t type, ByteView inner) {
        if (type == kAbstractSyntaxItem)
            context.abstract_syntax = identifier(inner, "an abstract syntax");
        // The syntax in a refused context is not to be looked at (PS3.8 Table 9-18).
        if (type == kTransferSyntaxItem && context.result == ContextResult::kAccepted &&
            context.transfer_syntaxes.size() < kMostTransferSyntaxes)
            context.transfer_syntaxes.push_back(identifier(inner, "a transfer syntax"));
    });
    if (proposed && context.abstract_syntax.empty()) refuse("a context lacks its abstract syntax");
    if (context.result == ContextResult::kAccepted && context.transfer_syntaxes.empty())
        refuse("a context lacks its transfer syntax");
    return context;
}

/// The SOP class that a sub-item begins with, its length before it; `rest` is what follows.
std::string leading_uid(ByteView value, const char* item, ByteView& rest) {
    if (value.size() < 2 || u16(value, 0) > value.size() - 2)
        refuse(std::string(item) + " ends within its SOP class");
    const std::size_t length = u16(value, 0);
    rest = value.subspan(2 + length);
    return identifier(value.subspan(2, length), item);
}

void parse_role(ByteView value, AssociatePdu& pdu) {
    ByteView rest;
    RoleSelection role{leading_uid(value, "a role selection item", rest)};
    if (rest.size() < 2) refuse("a role selection item lacks its roles");
    role.scu = rest[0] == 1;
    role.scp = rest[1] == 1;
    pdu.roles.push_back(std::move(role));
}

void parse_extended(ByteView value, AssociatePdu& pdu) {
    ByteView rest;
    ExtendedNegotiation extended{leading_uid(value, "an extended negotiation item", rest), {}};
    const ByteView taken = rest.first(std::min(rest.size(), kMostExtendedBytes));
    extended.information.assign(taken.begin(), taken.end());
    pdu.extended.push_back(std::move(extended));
}

void parse_user_information(ByteView value, AssociatePdu& pdu) {
    each_item(value, [&](std::uint8_t type, ByteView inner) {
        if (type == kMaxLengthItem) {
            if (inner.size() != 4) refuse("the maximum length item is not 4 bytes long");
            pdu.max_pdu_bytes = u32(inner, 0);
            if (pdu.max_pdu_bytes > 0 && pdu.max_pdu_bytes < kSmallestMaxPduBytes)
                refuse("no fragment fits in PDUs of " + std::to_string(pdu.max_pdu_bytes) +
                       " bytes");
        } else if (type == kImplementationClassItem) {
            pdu.implementation_class_uid = trimmed(as_text(inner));
        } else if (type == kImplementationVersionItem) {
            pdu.implementation_version = trimmed(as_text(inner));
        } else if (type == kRoleSelectionItem && pdu.roles.size() < kMostNegotiationItems) {
            parse_role(inner, pdu);
        } else if (type == kExtendedNegotiationItem &&
                   pdu.extended.size() < kMostNegotiationItems) {
            parse_extended(inner, pdu);
        }
    });
}

void put_item(Bytes& out, std::uint8_t type, std::string_view value) {
    out.push_back(type);
    out.push_back(0);
    put16(out, value.size());
    out.insert(out.end(), value.begin(), value.end());
}

void put_aet(Bytes& out, std::string_view aet) {
    const std::string_view kept = aet.substr(0, kAetBytes);
    out.insert(out.end(), kept.begin(), kept.end());
    out.insert(out.end(), kAetBytes - kept.size(), ' ');
}

void put_context(Bytes& out, PduType pdu, const PresentationContext& context) {
    const bool proposed = pdu == PduType::kAssociateRequest;
    Bytes inner = {context.id, 0, static_cast<std::uint8_t>(context.result), 0};
    if (proposed) put_item(inner, kAbstractSyntaxItem, context.abstract_syntax);
    for (const std::string& syntax : context.transfer_syntaxes)
        put_item(inner, kTransferSyntaxItem, syntax);
    put_item(out, proposed ? kProposedContextItem : kAnsweredContextItem, as_text(inner));
}

/// A sub-item that begins with a SOP class and its length.
void put_about_class(Bytes& out, std::uint8_t type, const std::string& sop_class, ByteView rest) {
    Bytes value;
    put16(value, sop_class.size());
    value.insert(value.end(), sop_class.begin(), sop_class.end());
    value.insert(value.end(), rest.begin(), rest.end());
    put_item(out, type, as_text(value));
}

Bytes user_information(const AssociatePdu& pdu) {
    Bytes user = {kMaxLengthItem, 0, 0, 4};
    put32(user, pdu.max_pdu_bytes);
    put_item(user, kImplementationClassItem, pdu.implementation_class_uid);
    for (const RoleSelection& role : pdu.roles) {
        const std::array<std::uint8_t, 2> roles = {static_cast<std::uint8_t>(role.scu ? 1 : 0),
                                                   static_cast<std::uint8_t>(role.scp ? 1 : 0)};
        put_about_class(user, kRoleSelectionItem, role.sop_class, roles);
    }
    if (!pdu.implementation_version.empty())
        put_item(user, kImplementationVersionItem, pdu.implementation_version);
    for (const ExtendedNegotiation& extended : pdu.extended)
        put_about_class(user, kExtendedNegotiationItem, extended.sop_class, extended.information);
    return user;
}

Bytes four_byte_pdu(PduType type, std::uint8_t second, std::uint8_t third, std::uint8_t fourth) {
    return {static_cast<std::uint8_t>(type), 0, 0, 0, 0, 4, 0, second, third, fourth};
}

}  // namespace

PduHeader parse_pdu_header(const std::array<std::uint8_t, kPduHeaderBytes>& bytes) {
    return {bytes[0], u32(bytes, 2)};
}

AssociatePdu parse_associate(PduType type, ByteView body) {
    if (body.size() < kFixedBytes) refuse("it is shorter than its fixed fields");
    const bool request = type == PduType::kAssociateRequest;
    AssociatePdu pdu;
    pdu.protocol_version = static_cast<std::uint16_t>(u16(body, 0));
    pdu.called_aet = trimmed(as_text(body.subspan(4, kAetBytes)));
    pdu.calling_aet = trimmed(as_text(body.subspan(4 + kAetBytes, kAetBytes)));
    std::bitset<256> seen;
    each_item(body.subspan(kFixedBytes), [&](std::uint8_t item, ByteView value) {
        if (item == kApplicationContextItem) {
            pdu.application_context = trimmed(as_text(value));
        } else if (item == (request ? kProposedContextItem : kAnsweredContextItem)) {
            pdu.contexts.push_back(parse_context(value, request));
            if (seen.test(pdu.contexts.back().id)) refuse("a presentation context id is repeated");
            seen.set(pdu.contexts.back().id);
        } else if (item == kUserInformationItem) {
            parse_user_information(value, pdu);
        }
    });
    return pdu;
}

Bytes encode_associate(PduType type, const AssociatePdu& pdu) {
    Bytes body;
    put16(body, pdu.protocol_version);
    put16(body, 0);
    put_aet(body, pdu.called_aet);
    put_aet(body, pdu.calling_aet);
    body.insert(body.end(), 32, 0);
    put_item(body, kApplicationContextItem, pdu.application_context);
    for (const PresentationContext& context : pdu.contexts) put_context(body, type, context);

    put_item(body, kUserInformationItem, as_text(user_information(pdu)));

    Bytes out = {static_cast<std::uint8_t>(type), 0};
    put32(out, body.size());
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

Bytes encode_reject(const RejectPdu& reject) {
    return four_byte_pdu(PduType::kAssociateReject, reject.result, reject.source, reject.reason);
}

RejectPdu parse_reject(ByteView body) {
    if (body.size() != 4) refuse("a rejection is not 4 bytes long");
    return {body[1], body[2], body[3]};
}

std::string describe_reject(const RejectPdu& reject) {
    struct Row {
        std::uint8_t source;
        std::uint8_t reason;
        const char* words;
    };
    static constexpr Row kRows[] = {
        {1, 1, "no reason given"},
        {1, 2, "application context not supported"},
        {1, 3, "calling AE title not recognized"},
        {1, 7, "called AE title not recognized"},
        {2, 1, "no reason given by the provider"},
        {2, 2, "protocol version not supported"},
        {3, 1, "temporary congestion"},
        {3, 2, "local limit exceeded"},
    };
    std::string text = reject.result == 2 ? "transient: " : "permanent: ";
    for (const Row& row : kRows)
        if (row.source == reject.source && row.reason == reject.reason) return text + row.words;
    return text + "source " + std::to_string(reject.source) + ", reason " +
           std::to_string(reject.reason);
}

Bytes encode_release(PduType type) {
    return four_byte_pdu(type, 0, 0, 0);
}

Bytes encode_abort(AbortSource source, AbortReason reason) {
    return four_byte_pdu(PduType::kAbort, 0, static_cast<std::uint8_t>(source),
                         static_cast<std::uint8_t>(reason));
}

std::array<std::uint8_t, kFragmentHeaderBytes> fragment_header(std::uint8_t context,
                                                               std::size_t fragment_bytes,
                                                               bool is_command, bool is_last) {
    const std::size_t value = fragment_bytes + 2;
    const std::size_t pdu = value + 4;
    const auto byte = [](std::size_t number, int shift) {
        return static_cast<std::uint8_t>((number >> shift) & 0xFF);
    };
    const int control = (is_command ? 1 : 0) | (is_last ? 2 : 0);
    return {static_cast<std::uint8_t>(PduType::kData),
            0,
            byte(pdu, 24),
            byte(pdu, 16),
            byte(pdu, 8),
            byte(pdu, 0),
            byte(value, 24),
            byte(value, 16),
            byte(value, 8),
            byte(value, 0),
            context,
            static_cast<std::uint8_t>(control)};
}

}  // namespace lucerna::dicom
