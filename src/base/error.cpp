#include "base/error.h"

namespace lucerna {

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidInput:
            return "invalid-input";
        case ErrorCode::kNotFound:
            return "not-found";
        case ErrorCode::kConflict:
            return "conflict";
        case ErrorCode::kUnsupported:
            return "unsupported";
        case ErrorCode::kUnavailable:
            return "unavailable";
        case ErrorCode::kOutOfSpace:
            return "out-of-space";
        case ErrorCode::kIo:
            return "io";
        case ErrorCode::kCorrupt:
            return "corrupt";
        case ErrorCode::kCancelled:
            return "cancelled";
        case ErrorCode::kInternal:
            return "internal";
    }
    return "internal";
}

}  // namespace lucerna
