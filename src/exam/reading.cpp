#include "exam/reading.h"

#include "exam/standing_sentences.h"

namespace lucerna::exam {

std::string use_statement(const ModelIdentity& model, const std::string& jurisdiction) {
    if (model.research_only_in(jurisdiction)) return std::string(kResearchUseOnly);
    return "Cleared in " + jurisdiction + " for: " + model.intended_use;
}

}  // namespace lucerna::exam
