#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace lucerna::dicom {

/// Status (0000,0900) of a DIMSE response: the codes of PS3.7 Annex C, PS3.4 B.2.3 (storage),
/// C.4.1, C.4.2, C.4.3 (query and retrieval), F.7 (performed steps) and J.3 (commitment) that are
/// used here. The same numbers are the Failure Reason (0008,1197) of STOW-RS (PS3.18 10.5.3, I.2.2)
/// and of storage commitment.
namespace status {
constexpr std::uint16_t kSuccess = 0x0000;
constexpr std::uint16_t kInvalidAttributeValue = 0x0106;
constexpr std::uint16_t kProcessingFailure = 0x0110;
constexpr std::uint16_t kDuplicateInstance = 0x0111;
constexpr std::uint16_t kNoSuchInstance = 0x0112;
constexpr std::uint16_t kInvalidArgument = 0x0115;
constexpr std::uint16_t kInvalidInstance = 0x0117;
constexpr std::uint16_t kClassInstanceConflict = 0x0119;
constexpr std::uint16_t kMissingAttribute = 0x0120;
constexpr std::uint16_t kMissingAttributeValue = 0x0121;
constexpr std::uint16_t kClassNotSupported = 0x0122;
constexpr std::uint16_t kNoSuchAction = 0x0123;
constexpr std::uint16_t kNotAuthorized = 0x0124;
constexpr std::uint16_t kUnrecognizedOperation = 0x0211;
constexpr std::uint16_t kMistypedArgument = 0x0212;
constexpr std::uint16_t kResourceLimitation = 0x0213;
constexpr std::uint16_t kOutOfResources = 0xA700;
/// Of a retrieval: how many objects it is of.
constexpr std::uint16_t kCannotCount = 0xA701;
constexpr std::uint16_t kCannotRetrieve = 0xA702;
constexpr std::uint16_t kUnknownDestination = 0xA801;
/// Of C-STORE: the data set; of a query: its identifier.
constexpr std::uint16_t kDoesNotMatchClass = 0xA900;
constexpr std::uint16_t kCoerced = 0xB000;
/// Of a retrieval: some sub-operations failed.
constexpr std::uint16_t kSomeFailed = 0xB000;
constexpr std::uint16_t kElementsDiscarded = 0xB006;
constexpr std::uint16_t kDoesNotMatchClassWarning = 0xB007;
constexpr std::uint16_t kCannotUnderstand = 0xC000;
constexpr std::uint16_t kCancelled = 0xFE00;
constexpr std::uint16_t kPending = 0xFF00;
/// A match, and some keys were not matched by or are not there.
constexpr std::uint16_t kPendingKeysIgnored = 0xFF01;
}  // namespace status

/// What storing failed with -> what the sender is told. The one table for DIMSE and STOW-RS.
[[nodiscard]] std::uint16_t status_for(ErrorCode code);

enum class StatusKind {
    kSuccess,
    /// Stored; something about it deserves a line in the log.
    kWarning,
    /// Not stored, and sending the same again later may work (Axxx out of resources, ...).
    kTransientFailure,
    /// Not stored, and the same object will never be.
    kPermanentFailure,
};
[[nodiscard]] StatusKind kind_of(std::uint16_t status);

/// "0xA700 refused: out of resources".
[[nodiscard]] std::string describe_status(std::uint16_t status);

/// Fits an Error Comment (0000,0902): LO, at most 64 characters, printable ASCII only; or another
/// place of so many.
[[nodiscard]] std::string as_error_comment(std::string_view sentence, std::size_t longest = 64);

}  // namespace lucerna::dicom
