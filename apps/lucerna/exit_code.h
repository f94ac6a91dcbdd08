#pragma once

#include "base/error.h"

namespace lucerna {

/// What the program answers its caller; docs/command-line.md lists the same.
enum ExitCode : int {
    kDone = 0,
    kUsage = 2,          ///< the command line or the configuration is wrong
    kBadInput = 3,       ///< what was given to work on can't be used
    kRefused = 4,        ///< an exam could not be read: every view was refused
    kModelRefused = 5,   ///< the model package does not match its manifest, schema or signature
    kCannotWrite = 6,    ///< disk full, not writable, device error
    kUnavailable = 7,    ///< a port, a lock or a peer can't be had
    kGateFailed = 8,     ///< `evaluate --gate`: measured, and the verdict is "fail"
    kGateUndecided = 9,  ///< `evaluate --gate`: measured, and the verdict is "undecided"
    kCancelled = 130,    ///< stopped by a signal
    kDefect = 70,        ///< a defect of this program
};

[[nodiscard]] inline ExitCode exit_code_for(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidInput:
        case ErrorCode::kNotFound:
        case ErrorCode::kConflict:
        case ErrorCode::kUnsupported:
        case ErrorCode::kCorrupt:
            return kBadInput;
        case ErrorCode::kUnavailable:
            return kUnavailable;
        case ErrorCode::kOutOfSpace:
        case ErrorCode::kIo:
            return kCannotWrite;
        case ErrorCode::kCancelled:
            return kCancelled;
        case ErrorCode::kInternal:
            return kDefect;
    }
    return kDefect;
}

}  // namespace lucerna
