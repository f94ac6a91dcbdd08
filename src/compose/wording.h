#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exam/reading.h"

namespace lucerna::compose {

/// "R-CC", or the image's UID where the view has no name.
[[nodiscard]] std::string view_label(const exam::ViewSource& source);
/// "R-CC not read: no pixel spacing (Imager Pixel Spacing (0018,1164)). Send it again with ...".
[[nodiscard]] std::string refusal_sentence(const exam::Refusal& refusal);
/// "R-CC", or "View unknown": what is drawn, of which nothing may be as a header has it.
[[nodiscard]] std::string drawn_label(const std::optional<exam::ViewName>& name);
/// "R-CC not read: no pixel spacing.", without what was found: that may name somebody.
[[nodiscard]] std::string drawn_refusal(const exam::Refusal& refusal);
/// Two decimals, rounded down so that a score never looks as if it reached a threshold that it
/// does not reach.
[[nodiscard]] std::string shown_score(double score);
/// Up to four decimals, as few as it takes.
[[nodiscard]] std::string shown_number(double number);
/// The operating point that most scores reach; null where the model has none.
[[nodiscard]] const exam::OperatingPoint* lowest_operating_point(const exam::ModelIdentity& model);
/// What stands on every result: use statement, "SYNTHETIC ..." where so, "preliminary ...".
[[nodiscard]] std::vector<std::string> caveats(const exam::ExamReading& reading);
/// How the reading was made, a fact a line: hash, preparation, calibration, operating points.
[[nodiscard]] std::vector<std::string> method_lines(const exam::ExamReading& reading);
/// All of it in a paragraph a line, for a report's text.
[[nodiscard]] std::string narrative(const exam::ExamReading& reading);

}  // namespace lucerna::compose
