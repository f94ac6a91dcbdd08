#include "exam/view.h"

#include <array>
#include <utility>

namespace lucerna::exam {
namespace {

constexpr std::array<std::pair<ViewPosition, std::string_view>, 10> kPositions{{
    {ViewPosition::kCc, "CC"},
    {ViewPosition::kMlo, "MLO"},
    {ViewPosition::kMl, "ML"},
    {ViewPosition::kLm, "LM"},
    {ViewPosition::kLmo, "LMO"},
    {ViewPosition::kXccl, "XCCL"},
    {ViewPosition::kXccm, "XCCM"},
    {ViewPosition::kFb, "FB"},
    {ViewPosition::kSio, "SIO"},
    {ViewPosition::kOther, "OTHER"},
}};

}  // namespace

std::string to_string(ViewName name) {
    std::string text = name.laterality == Laterality::kRight ? "R-" : "L-";
    for (const auto& [position, term] : kPositions)
        if (position == name.position) text += term;
    return text;
}

std::optional<ViewName> view_name_from(std::string_view text) {
    if (text.size() < 3 || text[1] != '-' || (text[0] != 'R' && text[0] != 'L')) return {};
    for (const auto& [position, term] : kPositions)
        if (term == text.substr(2))
            return ViewName{text[0] == 'R' ? Laterality::kRight : Laterality::kLeft, position};
    return {};
}

}  // namespace lucerna::exam
