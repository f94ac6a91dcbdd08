#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "http/media_type.h"
#include "http/message.h"
#include "retrieve/data_set_form.h"
#include "retrieve/workitem.h"

namespace lucerna::retrieve {

/// 415 where a body comes in another form.
[[nodiscard]] std::optional<http::Response> refusal_of_form(const http::Request& request);
enum class EmptyBody { kIsRefused, kIsEmptySet };
/// What a work item may be, and come to once it is parsed, which it is whenever it is looked for:
/// more than that of thousands of images. Throws Error(kInvalidInput) for more.
void require_moderate(std::string_view json);
/// The one data set of a request, in the memory that there is for such (dicom::room_to_parse).
struct SetInBody {
    MemoryBudget::Share room;
    Json set;
};
/// That in the body, by its Content-Type; JSON without one. Throws Error: kInvalidInput for what is
/// none, or has more values than a work item needs; as MemoryBudget::take.
[[nodiscard]] SetInBody data_set_in(http::Request& request,
                                    EmptyBody empty = EmptyBody::kIsRefused);

}  // namespace lucerna::retrieve
