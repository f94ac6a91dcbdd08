#pragma once

#include <string>

#include "exam/order.h"

namespace lucerna::store {

/// An order as the index holds it: one JSON object, empty values left out.
[[nodiscard]] std::string to_json(const exam::Order& order);
/// The other way; keys that it does not know are passed over. Throws Error(kCorrupt) on anything
/// that is no such object.
[[nodiscard]] exam::Order order_from_json(const std::string& json);

}  // namespace lucerna::store
