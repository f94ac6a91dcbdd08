#pragma once

#include <string>

#include "store/s3.h"

namespace lucerna::store {

/// Nothing happens if it is not there: another process may be through with it, or the answer to the
/// first try was lost. Throws Error as S3::ask.
void remove_key(S3& bucket, const std::string& key);

}  // namespace lucerna::store
