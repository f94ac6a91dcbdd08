#pragma once

#include <string>
#include <vector>

#include "exam/refusal.h"

namespace lucerna::pipeline {

/// Refusals as the exam book keeps them beside an exam: a JSON array.
[[nodiscard]] std::string refusals_json(const std::vector<exam::Refusal>& refusals);

}  // namespace lucerna::pipeline
