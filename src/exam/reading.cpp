#include "exam/reading.h"

namespace lucerna::exam {

std::string use_statement(const ModelIdentity& model, const std::string& jurisdiction) {
    if (model.research_only_in(jurisdiction))
        return "Research use only. Not for clinical decisions.";
    return "Cleared in " + jurisdiction + " for: " + model.intended_use;
}

}  // namespace lucerna::exam
