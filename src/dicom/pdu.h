#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/encoding.h"

namespace lucerna::dicom {

/// PDU types (PS3.8 9.3.1).
enum class PduType : std::uint8_t {
    kAssociateRequest = 0x01,
    kAssociateAccept = 0x02,
    kAssociateReject = 0x03,
    kData = 0x04,
    kReleaseRequest = 0x05,
    kReleaseResponse = 0x06,
    kAbort = 0x07,
};

constexpr std::size_t kPduHeaderBytes = 6;
/// Longest association PDU that is read: 128 contexts with dozens of transfer syntaxes each fit.
constexpr std::uint32_t kMaxAssociationPduBytes = 256 * 1024;
/// Of each the first so many are taken, which is more than there are known: transfer syntaxes of a
/// context, role selection items and extended negotiation items of an association, and bytes of
/// what one of the latter says.
constexpr std::size_t kMostTransferSyntaxes = 64;
constexpr std::size_t kMostNegotiationItems = 256;
constexpr std::size_t kMostExtendedBytes = 64;

struct PduHeader {
    std::uint8_t type = 0;
    std::uint32_t length = 0;
};
[[nodiscard]] PduHeader parse_pdu_header(const std::array<std::uint8_t, kPduHeaderBytes>& bytes);

/// Result/Reason of a presentation context (PS3.8 Table 9-18).
enum class ContextResult : std::uint8_t {
    kAccepted = 0,
    kUserRejection = 1,
    kNoReason = 2,
    kAbstractSyntaxNotSupported = 3,
    kTransferSyntaxesNotSupported = 4,
};

/// One presentation context as proposed, or, with `result` and one transfer syntax, as answered.
struct PresentationContext {
    std::uint8_t id = 0;
    std::string abstract_syntax;
    std::vector<std::string> transfer_syntaxes;
    ContextResult result = ContextResult::kAccepted;
};

/// SCP/SCU Role Selection (PS3.7 D.3.3.4): which roles the requester of the association takes for a
/// SOP class, as proposed or as granted.
struct RoleSelection {
    std::string sop_class;
    bool scu = false;
    bool scp = false;
};

/// SOP Class Extended Negotiation (PS3.7 D.3.3.5); what a byte means is the service's matter.
struct ExtendedNegotiation {
    std::string sop_class;
    Bytes information;
};

/// A-ASSOCIATE-RQ and A-ASSOCIATE-AC (PS3.8 9.3.2, 9.3.3), which share their layout.
struct AssociatePdu {
    std::uint16_t protocol_version = 1;
    std::string called_aet;
    std::string calling_aet;
    std::string application_context;
    std::vector<PresentationContext> contexts;
    /// Longest P-DATA-TF that the sender of this PDU takes; 0 is no limit.
    std::uint32_t max_pdu_bytes = 0;
    std::string implementation_class_uid;
    std::string implementation_version;
    std::vector<RoleSelection> roles;
    std::vector<ExtendedNegotiation> extended;
};

/// "1.2.840.10008.3.1.1.1" (PS3.7 A.2.1).
constexpr const char* kDicomApplicationContext = "1.2.840.10008.3.1.1.1";

/// `body` is what follows the PDU header. Throws Error(kInvalidInput), naming the item, where
/// lengths contradict each other, an identifier is too long, a context id is even or repeated, or
/// the longest PDU could hold nothing.
/// Unknown items are skipped, as PS3.8 9.3.1 asks.
[[nodiscard]] AssociatePdu parse_associate(PduType type, ByteView body);
/// The whole PDU, header included.
[[nodiscard]] Bytes encode_associate(PduType type, const AssociatePdu& pdu);

/// A-ASSOCIATE-RJ (PS3.8 Table 9-21).
struct RejectPdu {
    std::uint8_t result = 1;
    std::uint8_t source = 1;
    std::uint8_t reason = 1;
};
constexpr RejectPdu kRejectCalledAet{1, 1, 7};
constexpr RejectPdu kRejectCallingAet{1, 1, 3};
constexpr RejectPdu kRejectApplicationContext{1, 1, 2};
constexpr RejectPdu kRejectProtocolVersion{1, 2, 2};
constexpr RejectPdu kRejectLocalLimit{2, 3, 2};

[[nodiscard]] Bytes encode_reject(const RejectPdu& reject);
/// Throws Error(kInvalidInput) on a body of another length than 4.
[[nodiscard]] RejectPdu parse_reject(ByteView body);
/// "permanent: called AE title not recognized".
[[nodiscard]] std::string describe_reject(const RejectPdu& reject);

[[nodiscard]] Bytes encode_release(PduType type);

/// Who aborts (PS3.8 Table 9-26).
enum class AbortSource : std::uint8_t { kServiceUser = 0, kServiceProvider = 2 };
enum class AbortReason : std::uint8_t {
    kNotSpecified = 0,
    kUnrecognizedPdu = 1,
    kUnexpectedPdu = 2,
    kInvalidParameter = 6,
};
[[nodiscard]] Bytes encode_abort(AbortSource source, AbortReason reason);

/// The P-DATA-TF PDUs (PS3.8 9.3.5) that carry one message part on one context: a header of 12
/// bytes to be sent before each fragment of at most `max_pdu_bytes - 6` bytes.
constexpr std::size_t kFragmentHeaderBytes = 12;
[[nodiscard]] std::array<std::uint8_t, kFragmentHeaderBytes> fragment_header(
    std::uint8_t context, std::size_t fragment_bytes, bool is_command, bool is_last);

}  // namespace lucerna::dicom
