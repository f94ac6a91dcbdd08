#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "store/s3.h"

namespace lucerna::store {

/// What a range of no byte is answered with (RFC 9110 15.5.17): of an empty object, every one is.
constexpr long kNoSuchRange = 416;

/// Takes what S3 asks with out of one line of an answer's header.
void take_header(S3::Answer& answer, std::string_view line);

struct S3Failure {
    ErrorCode code = ErrorCode::kUnavailable;
    /// "answers 503 SlowDown".
    std::string what;
    /// The service or the way to it failed: another try may do.
    bool may_pass = false;
};

/// What stands between the two, a proxy say, may answer with success and a page of its own, with a
/// part of what is there, or with an answer to something else: nothing is taken for done but what
/// the answer to it shows, as each service with the S3 API gives it. Nothing where it is done; an
/// answer kNoSuchRange is one.
[[nodiscard]] std::optional<S3Failure> failure_in(const S3::Request& request,
                                                  const S3::Answer& answer);

}  // namespace lucerna::store
