#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "http/media_type.h"
#include "http/message.h"
#include "retrieve/data_set_form.h"
#include "retrieve/workitem.h"

namespace lucerna::retrieve {

/// 415 where a body comes in another form.
[[nodiscard]] std::optional<http::Response> refusal_of_form(const http::Request& request);
enum class EmptyBody { kIsRefused, kIsEmptySet };
/// The one data set in the body, by its Content-Type; JSON without one. Throws Error(kInvalidInput)
/// for what is none.
[[nodiscard]] Json data_set_in(http::Request& request, EmptyBody empty = EmptyBody::kIsRefused);

}  // namespace lucerna::retrieve
