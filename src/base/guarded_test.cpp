#include "base/guarded.h"

#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

namespace lucerna {
namespace {

TEST(Guarded, WaitsUntilAnotherThreadMakesItReady) {
    Guarded<int> value(0);
    int seen = 0;
    std::jthread waiter([&](const std::stop_token& stop) {
        value.when(
            stop, [](int v) { return v == 2; }, [&](int& v) { seen = v; });
    });
    value.change([](int& v) { v = 1; });
    value.change([](int& v) { v = 2; });
    waiter.join();
    EXPECT_EQ(seen, 2);
}

TEST(Guarded, StopsWaitingWhenAsked) {
    Guarded<int> value(0);
    bool ran = true;
    std::jthread waiter([&](const std::stop_token& stop) {
        ran = value.when(
            stop, [](int) { return false; }, [](int&) {});
    });
    waiter.request_stop();
    waiter.join();
    EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace lucerna
