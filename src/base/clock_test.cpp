#include "base/clock.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lucerna {
namespace {

const Instant kLeapDay = std::chrono::sys_days(std::chrono::year(2028) / 2 / 29) +
                         std::chrono::hours(23) + std::chrono::minutes(59) +
                         std::chrono::milliseconds(58'007);

TEST(Clock, WritesAndReadsRfc3339) {
    EXPECT_EQ(to_rfc3339(kLeapDay), "2028-02-29T23:59:58.007Z");
    EXPECT_EQ(from_rfc3339("2028-02-29T23:59:58.007Z"), kLeapDay);
}

TEST(Clock, RefusesWhatIsNoTime) {
    for (const char* text : {"", "2028-02-30T00:00:00.000Z", "2028-02-29 23:59:58.007Z",
                             "2028-02-29T23:59:58Z", "2028-02-29T23:59:58.007+01:00"})
        EXPECT_THROW((void)from_rfc3339(text), Error) << text;
}

TEST(Clock, WritesDicomDateAndTime) {
    EXPECT_EQ(to_dicom_date(kLeapDay), "20280229");
    EXPECT_EQ(to_dicom_time(kLeapDay), "235958.007000");
}

TEST(ManualClock, MovesOnlyWhenTold) {
    ManualClock clock(kLeapDay);
    EXPECT_EQ(clock.now(), kLeapDay);
    clock.advance(std::chrono::seconds(-2));
    EXPECT_EQ(to_dicom_time(clock.now()), "235956.007000");
}

}  // namespace
}  // namespace lucerna
