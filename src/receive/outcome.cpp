#include "receive/outcome.h"

#include <utility>

namespace lucerna::receive {

Outcome failed(Outcome outcome, std::uint16_t status, std::string why) {
    outcome.status = status;
    constexpr std::size_t kMostWhy = 400;
    outcome.why = in_brief(std::move(why), kMostWhy);
    return outcome;
}

std::string in_brief(std::string text, std::size_t most) {
    if (text.size() <= most) return text;
    // Not within a letter.
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    text.resize(most);
    return text + "...";
}

}  // namespace lucerna::receive
