#include "prepare/picture.h"

#include <utility>

#include "base/error.h"
#include "prepare/run_steps.h"

namespace lucerna::prepare {

std::variant<exam::PreparedView, exam::Refusal> prepare_picture(
    Picture picture, const exam::ViewSource& source, const exam::InputContract& contract) {
    if (picture.pixels.pixels.empty() || !(picture.row_spacing_mm > 0) ||
        !(picture.column_spacing_mm > 0))
        throw Error(ErrorCode::kInvalidInput, "a picture to prepare has no pixels or no spacing");
    Working working;
    working.facts = picture;
    working.pixels = Pixels(std::move(picture.pixels));
    std::vector<std::string> taken;
    if (auto refusal = take_steps(working, steps_of(contract), source, contract, taken))
        return *std::move(refusal);
    return view_of(std::move(working), source, contract, std::move(taken));
}

}  // namespace lucerna::prepare
