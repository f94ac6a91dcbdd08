#include "store/s3_keys.h"

#include "base/error.h"

namespace lucerna::store {

void remove_key(S3& bucket, const std::string& key) {
    try {
        bucket.ask({.method = "DELETE", .key = key});
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
    }
}

}  // namespace lucerna::store
