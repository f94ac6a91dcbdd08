#pragma once

#include <span>
#include <variant>

#include "prepare/steps.h"

namespace lucerna::prepare {

/// Takes the steps one after another. Those on stored values are passed over without a header.
/// A refusal gets the view's name and SOP Instance UID from `source`.
[[nodiscard]] std::variant<exam::PreparedView, exam::Refusal> run_steps(
    Working working, std::span<const Step> steps, const exam::ViewSource& source,
    const exam::InputContract& contract);

/// As above for `contract.steps`. Throws Error(kInvalidInput) for a contract that names an unknown
/// step, gives no spacing or no size to pad to.
[[nodiscard]] std::vector<Step> steps_of(const exam::InputContract& contract);

}  // namespace lucerna::prepare
