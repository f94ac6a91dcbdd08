#pragma once

#include <string>

#include "vault/transit_key_provider.h"

namespace lucerna::vault {

/// One HTTP exchange with a transit engine. `path` follows the engine's address ("/encrypt/NAME"),
/// `body` is JSON; an empty one makes it a GET. Returns the body of a success.
/// Throws Error: kUnavailable (not reached, 403, 429, 5xx, whatever is said without the service's
/// own
/// {"errors": [...]}), kNotFound (404, and 400 for a key that is not there or a version that is
/// retired), kCorrupt (400: the ciphertext is not the key's).
[[nodiscard]] std::string ask_transit(const TransitOptions& options, const std::string& path,
                                      const std::string& body);

}  // namespace lucerna::vault
