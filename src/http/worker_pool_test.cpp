#include "http/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>

#include "base/error.h"
#include "base/memory_budget.h"

namespace lucerna::http {
namespace {

// A worker that left something to a slow client's answer waits for memory as the others do.
TEST(WorkerPool, TakesNothingFromOneTaskIntoTheNext) {
    MemoryBudget budget("the test's", 100, std::chrono::milliseconds(1));
    std::optional<MemoryBudget::Share> left;
    std::atomic<bool> waited = false;
    {
        WorkerPool pool(1);
        pool.submit([&] { left = budget.take(100, "an answer"); });
        pool.submit([&] {
            try {
                (void)budget.take(1, "another");
            } catch (const Error& error) {
                waited = error.code() == ErrorCode::kUnavailable;
            }
        });
    }
    EXPECT_TRUE(waited);
    EXPECT_EQ(budget.held(), 100U);
}

}  // namespace
}  // namespace lucerna::http
