#include "compose/algorithm_items.h"

#include "compose/codes.h"
#include "compose/wording.h"

namespace lucerna::compose {

void add_algorithm(ContentItem& parent, Relation relation, const exam::ExamReading& reading,
                   MethodDetail detail) {
    parent.add_text(relation, codes::kAlgorithmName, reading.model.name);
    parent.add_text(relation, codes::kAlgorithmVersion,
                    reading.model.version.empty() ? "unknown" : reading.model.version);
    if (detail == MethodDetail::kNameAndVersion) return;
    for (const std::string& line : method_lines(reading))
        parent.add_text(relation, codes::kAlgorithmParameters, line);
}

}  // namespace lucerna::compose
