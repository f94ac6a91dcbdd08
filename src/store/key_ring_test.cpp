#include "store/key_ring.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "base/answer_due.h"
#include "store/store_test_support.h"
#include "support/forwarding_keys.h"

namespace lucerna::store {
namespace {

using namespace std::chrono_literals;

/// A key service that wraps no new key before it is let.
class SlowKeys final : public test::ForwardingKeys {
  public:
    using ForwardingKeys::ForwardingKeys;
    [[nodiscard]] vault::WrappedKey wrap(const vault::SecretKey& key,
                                         std::string_view purpose) override {
        if (is_slow) {
            asked.release();
            go_on.acquire();
        }
        return ForwardingKeys::wrap(key, purpose);
    }

    std::atomic<bool> is_slow = false;
    std::counting_semaphore<> asked{0};
    std::counting_semaphore<> go_on{0};
};

test::StoredInstance of_patient(const std::string& id, int number = 1) {
    test::StoredInstance instance;
    instance.patient_id = id;
    instance.study = "1.2." + id;
    instance.series = instance.study + ".1";
    instance.sop_instance = instance.series + "." + std::to_string(number);
    return instance;
}

// However many there are, one of them shares whatever is shared with the one whose key is at hand.
TEST(KeyRing, LetsNobodyWaitForTheKeysOfOthers) {
    constexpr int kNew = 40;
    TestStore test;
    test.close();
    SlowKeys keys(test.keys);
    Store store(test.options(), keys, test.clock);
    store.archive().keep(of_patient("1").file());
    keys.is_slow = true;
    {
        std::vector<std::jthread> others;
        for (int i = 0; i < kNew; ++i)
            others.emplace_back([&, i] {
                EXPECT_EQ(store.archive().keep(of_patient(std::to_string(10 + i)).file()),
                          Kept::kNew);
            });
        keys.asked.acquire();
        EXPECT_EQ(store.archive().keep(of_patient("1", 2).file()), Kept::kNew);
        EXPECT_EQ(store.archive().totals().instances, 2U);
        keys.go_on.release(kNew);
    }
    EXPECT_EQ(store.archive().totals().instances, 2U + kNew);
    EXPECT_EQ(test.key_records(), 1U + kNew);
}

// Each of them until its own answer is due, however many there are.
TEST(KeyRing, LetsNobodyWaitForAKeyBeyondWhatHisAnswerMayTake) {
    constexpr int kWaiting = 4;
    TestStore test;
    test.close();
    SlowKeys keys(test.keys);
    Store store(test.options(), keys, test.clock);
    keys.is_slow = true;
    std::jthread first([&] { store.archive().keep(of_patient("1").file()); });
    keys.asked.acquire();
    // Whoever waits for the first waits for ever.
    {
        std::vector<std::jthread> others;
        for (int i = 0; i < kWaiting; ++i)
            others.emplace_back([&, i] {
                const AnswerDue due(300ms);
                EXPECT_EQ(
                    test::error_of([&] { store.archive().keep(of_patient("1", 2 + i).file()); }),
                    "unavailable");
            });
    }
    keys.go_on.release();
    first.join();
    EXPECT_EQ(store.archive().keep(of_patient("1", 2).file()), Kept::kNew) << "come again";
}

}  // namespace
}  // namespace lucerna::store
