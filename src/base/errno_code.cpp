#include "base/errno_code.h"

#include <cerrno>

namespace lucerna {

ErrorCode code_of_errno(int number) {
    switch (number) {
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
            return ErrorCode::kOutOfSpace;
        case EMFILE:
        case ENFILE:
        case ENOMEM:
            return ErrorCode::kUnavailable;
        case ENOENT:
            return ErrorCode::kNotFound;
        default:
            return ErrorCode::kIo;
    }
}

}  // namespace lucerna
