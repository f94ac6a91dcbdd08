#include "dicom/request_room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>

namespace lucerna::dicom {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::size_t kMib = std::size_t{1} << 20;

class RequestRoomTest : public testing::Test {
  protected:
    ByteBudget intake_{80 * kMib};
    MemoryBudget requests_{"long requests", 32 * kMib, 50ms, 0ms};

    /// What another association is told.
    std::string refusal_elsewhere(std::size_t bytes) {
        return std::async(std::launch::async,
                          [&] {
                              RequestRoom room(intake_, requests_);
                              return room.take(bytes, bytes) && room.has_come(0) ? std::string()
                                                                                 : room.refusal();
                          })
            .get();
    }
};

TEST_F(RequestRoomTest, GivesTwoLongRequestsTheirTurn) {
    RequestRoom one(intake_, requests_);
    RequestRoom two(intake_, requests_);
    for (RequestRoom* room : {&one, &two}) {
        ASSERT_TRUE(room->take(kMib, kMib));
        ASSERT_TRUE(room->has_come(0));
    }
    EXPECT_THAT(refusal_elsewhere(kMib), HasSubstr("has to wait"));
    two.let_others();
    EXPECT_EQ(refusal_elsewhere(kMib), "");
}

TEST_F(RequestRoomTest, LetsShortRequestsWaitForNone) {
    const MemoryBudget::Share all = requests_.take(32 * kMib, "others");
    EXPECT_EQ(refusal_elsewhere(kFreelyAsked), "");
    EXPECT_THAT(refusal_elsewhere(kFreelyAsked + 1), HasSubstr("has to wait"));
}

TEST_F(RequestRoomTest, GivesTheTurnOfOneThatIsStillComingToAnother) {
    RequestRoom slow(intake_, requests_);
    ASSERT_TRUE(slow.take(kMib, kMib));
    RequestRoom answered(intake_, requests_);
    ASSERT_TRUE(answered.take(kMib, kMib));
    ASSERT_TRUE(answered.has_come(0));
    EXPECT_EQ(refusal_elsewhere(kMib), "");
    EXPECT_FALSE(slow.take(1, 1));
    EXPECT_THAT(slow.refusal(), HasSubstr("slowly"));
}

}  // namespace
}  // namespace lucerna::dicom
