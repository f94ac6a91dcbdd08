#include "hl7/mllp.h"

#include <utility>

#include "base/error.h"

namespace lucerna::hl7 {
namespace {

constexpr char kStart = 0x0B;
constexpr char kEnd = 0x1C;

}  // namespace

std::string framed(std::string_view message) {
    std::string frame(1, kStart);
    frame += message;
    frame += kEnd;
    frame += '\r';
    return frame;
}

std::optional<std::string> FrameReader::take(std::uint8_t byte) {
    const char c = static_cast<char>(byte);
    if (!within_) {
        if (c == '\r' || c == '\n' || c == '\0') return {};
        if (c != kStart) throw Error(ErrorCode::kInvalidInput, "bytes that are in no MLLP frame");
        within_ = true;
        return {};
    }
    if (c == kEnd) {
        within_ = false;
        return std::exchange(message_, {});
    }
    if (c == kStart) throw Error(ErrorCode::kInvalidInput, "an MLLP frame begins within another");
    if (message_.size() == most_)
        throw Error(ErrorCode::kInvalidInput,
                    "an HL7 message of more than " + std::to_string(most_) + " bytes");
    message_ += c;
    return {};
}

}  // namespace lucerna::hl7
