#include "dicom/dimse_status.h"

#include <array>
#include <cstdio>

namespace lucerna::dicom {
namespace {

struct StatusRow {
    std::uint16_t first;
    std::uint16_t last;
    StatusKind kind;
    const char* words;
};

// PS3.7 Annex C for the codes below 0xA000, PS3.4 Table B.2-1 for the others. The first row that
// holds the code counts. Failures that depend on the peer's state are taken to pass; those that
// depend on the object are not.
constexpr StatusRow kRows[] = {
    {0x0000, 0x0000, StatusKind::kSuccess, "success"},
    {0x0001, 0x0001, StatusKind::kWarning, "warning: optional attributes not supported"},
    {0x0106, 0x0106, StatusKind::kPermanentFailure, "invalid attribute value"},
    {0x0107, 0x0107, StatusKind::kWarning, "warning: attribute list error"},
    {0x0110, 0x0110, StatusKind::kTransientFailure, "processing failure"},
    {0x0111, 0x0111, StatusKind::kPermanentFailure, "duplicate SOP instance"},
    {0x0112, 0x0112, StatusKind::kPermanentFailure, "no such SOP instance"},
    {0x0115, 0x0115, StatusKind::kPermanentFailure, "invalid argument value"},
    {0x0116, 0x0116, StatusKind::kWarning, "warning: attribute value out of range"},
    {0x0117, 0x0117, StatusKind::kPermanentFailure, "invalid SOP instance"},
    {0x0118, 0x0118, StatusKind::kPermanentFailure, "no such SOP class"},
    {0x0119, 0x0119, StatusKind::kPermanentFailure, "class-instance conflict"},
    {0x0120, 0x0120, StatusKind::kPermanentFailure, "missing attribute"},
    {0x0121, 0x0121, StatusKind::kPermanentFailure, "missing attribute value"},
    {0x0122, 0x0122, StatusKind::kPermanentFailure, "SOP class not supported"},
    {0x0123, 0x0123, StatusKind::kPermanentFailure, "no such action"},
    {0x0124, 0x0124, StatusKind::kPermanentFailure, "refused: not authorized"},
    {0x0210, 0x0210, StatusKind::kTransientFailure, "duplicate invocation"},
    {0x0211, 0x0211, StatusKind::kPermanentFailure, "unrecognized operation"},
    {0x0212, 0x0212, StatusKind::kPermanentFailure, "mistyped argument"},
    {0x0213, 0x0213, StatusKind::kTransientFailure, "resource limitation"},
    // Of C-GET and C-MOVE, whatever the sub-operations wanted for.
    {0xA701, 0xA701, StatusKind::kTransientFailure,
     "refused: out of resources, or unable to count the matches"},
    {0xA702, 0xA702, StatusKind::kTransientFailure,
     "refused: out of resources, or unable to perform sub-operations"},
    {0xA700, 0xA7FF, StatusKind::kTransientFailure, "refused: out of resources"},
    {0xA801, 0xA801, StatusKind::kPermanentFailure, "refused: move destination unknown"},
    {0xA900, 0xA9FF, StatusKind::kPermanentFailure, "data set does not match SOP class"},
    // Of C-STORE; of C-GET and C-MOVE.
    {0xB000, 0xB000, StatusKind::kWarning, "warning: elements coerced, or some objects failed"},
    {0xB006, 0xB006, StatusKind::kWarning, "warning: elements discarded"},
    {0xB007, 0xB007, StatusKind::kWarning, "warning: data set does not match SOP class"},
    {0xB000, 0xBFFF, StatusKind::kWarning, "warning"},
    {0xC122, 0xC122, StatusKind::kPermanentFailure, "transfer syntax not supported"},
    {0xC000, 0xCFFF, StatusKind::kPermanentFailure, "cannot understand"},
    {0xA000, 0xAFFF, StatusKind::kTransientFailure, "failure"},
    {0xFE00, 0xFE00, StatusKind::kPermanentFailure, "cancelled"},
    {0x0000, 0xFFFF, StatusKind::kPermanentFailure, "failure"},
};

const StatusRow& row_of(std::uint16_t status) {
    for (const StatusRow& row : kRows)
        if (status >= row.first && status <= row.last) return row;
    return kRows[std::size(kRows) - 1];
}

}  // namespace

std::uint16_t status_for(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidInput:
        case ErrorCode::kUnsupported:
            return status::kCannotUnderstand;
        case ErrorCode::kConflict:
            return status::kDuplicateInstance;
        case ErrorCode::kOutOfSpace:
        case ErrorCode::kUnavailable:
        case ErrorCode::kCancelled:
            return status::kOutOfResources;
        case ErrorCode::kNotFound:
        case ErrorCode::kIo:
        case ErrorCode::kCorrupt:
        case ErrorCode::kInternal:
            break;
    }
    return status::kProcessingFailure;
}

StatusKind kind_of(std::uint16_t status) {
    return row_of(status).kind;
}

std::string describe_status(std::uint16_t status) {
    std::array<char, 8> code{};
    std::snprintf(code.data(), code.size(), "0x%04X", static_cast<unsigned>(status));
    return std::string(code.data()) + " " + row_of(status).words;
}

std::string as_error_comment(std::string_view sentence, std::size_t longest) {
    std::string comment(sentence.substr(0, longest));
    // A backslash would part the value in two.
    for (char& letter : comment)
        if (letter < 0x20 || letter > 0x7E || letter == '\\') letter = '?';
    if (sentence.size() > longest) comment.replace(longest - 3, 3, "...");
    return comment;
}

}  // namespace lucerna::dicom
