#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>
#include <type_traits>

namespace lucerna {
namespace {

using testing::HasSubstr;

TEST(Log, WritesOneJsonLineAnEvent) {
    testing::internal::CaptureStderr();
    log_event(LogLevel::kWarning, "room.thing",
              {{"exam", "1.2"},
               {"count", 3},
               {"seconds", 0.25},
               {"late", true},
               {"nothing", std::numeric_limits<double>::quiet_NaN()}});
    const std::string line = testing::internal::GetCapturedStderr();
    EXPECT_THAT(line, HasSubstr(R"("level":"warning","event":"room.thing","exam":"1.2","count":3,)"
                                R"("seconds":0.25,"late":true,"nothing":null})"));
    EXPECT_EQ(line.back(), '\n');
}

TEST(Log, KeepsAnEventOnItsLine) {
    testing::internal::CaptureStderr();
    log_event(LogLevel::kError, "room.thing", {{"problem", "a\nb\"c"}});
    const std::string line = testing::internal::GetCapturedStderr();
    EXPECT_THAT(line, HasSubstr(R"(a\u000ab\"c)"));
    EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(Log, DropsWhatIsBelowTheLevel) {
    testing::internal::CaptureStderr();
    log_event(LogLevel::kDebug, "room.detail");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// Patient identifiers can't be logged: this is a property of the types.
static_assert(!std::is_constructible_v<LogField, std::string_view, PatientName>);
template <typename T>
concept Streamable = requires(std::ostream& stream, const T& value) {
    stream << value;
};
static_assert(!Streamable<PatientId> && Streamable<std::string>);

}  // namespace
}  // namespace lucerna
