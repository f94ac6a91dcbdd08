#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "exam/reading.h"
#include "prepare/steps.h"

namespace lucerna::prepare {

/// Takes the steps one after another. Those on stored values are passed over without a header. Adds
/// the name of each that was taken to `taken`. A refusal gets the view's name and SOP Instance UID
/// from `source`.
[[nodiscard]] std::optional<exam::Refusal> take_steps(Working& working, std::span<const Step> steps,
                                                      const exam::ViewSource& source,
                                                      const exam::InputContract& contract,
                                                      std::vector<std::string>& taken);

/// What the steps made.
[[nodiscard]] exam::PreparedView view_of(Working working, const exam::ViewSource& source,
                                         const exam::InputContract& contract,
                                         std::vector<std::string> taken);

/// The steps of `contract.steps`. Throws Error(kInvalidInput) for a contract that names an unknown
/// step, gives no spacing or no size to pad to.
[[nodiscard]] std::vector<Step> steps_of(const exam::InputContract& contract);

}  // namespace lucerna::prepare
