#include "prepare/run_steps.h"

#include <utility>

#include "base/error.h"

namespace lucerna::prepare {

std::vector<Step> steps_of(const exam::InputContract& contract) {
    if (!(contract.spacing_mm > 0) || contract.multiple_of < 1)
        throw Error(ErrorCode::kInvalidInput,
                    "the input contract lacks a spacing or a size to pad to");
    return steps_named(contract.steps);
}

std::optional<exam::Refusal> take_steps(Working& working, std::span<const Step> steps,
                                        const exam::ViewSource& source,
                                        const exam::InputContract& contract,
                                        std::vector<std::string>& taken) {
    for (const Step& step : steps) {
        if (step.on_stored_values && working.header == nullptr) continue;
        if (auto refusal = step.take(working, contract)) {
            refusal->sop_instance_uid = source.sop_instance_uid;
            if (source.name) refusal->view = to_string(*source.name);
            return refusal;
        }
        taken.emplace_back(step.name);
    }
    return {};
}

exam::PreparedView view_of(Working working, const exam::ViewSource& source,
                           const exam::InputContract& contract, std::vector<std::string> taken) {
    exam::PreparedView view;
    view.source = source;
    view.spacing_mm = contract.spacing_mm;
    view.steps = std::move(taken);
    view.pixels = std::move(working.pixels.raster());
    view.placement = working.placement;
    return view;
}

}  // namespace lucerna::prepare
