// Objects that come while their patient is erased.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "store/arrival.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using test::StoredInstance;

StoredInstance object_number(int number) {
    StoredInstance instance;
    instance.sop_instance = "1.2.3.4.1." + std::to_string(number);
    return instance;
}

enum class Sent { kWhole, kAsItComes };

/// As the protocols do: what may be sent again is sent again.
void send(TestStore& store, const Bytes& file, Sent sent) {
    for (;;) {
        try {
            if (sent == Sent::kWhole) {
                store.archive().keep(file);
                return;
            }
            const auto arrival = store.archive().arriving();
            for (std::size_t end = file.size() / 2; end < file.size(); end += file.size() / 8)
                (void)arrival->take(ByteView(file).first(end));
            (void)arrival->take(file);
            (void)arrival->keep(file);
            return;
        } catch (const Error& error) {
            if (error.code() != ErrorCode::kUnavailable) throw;
        }
    }
}

/// What happens meanwhile, and what must not.
struct Meanwhile {
    std::atomic<int> begun = 0;
    std::atomic<int> ended = 0;
    std::atomic<int> checked = 0;
    std::mutex adding;
    std::vector<std::string> wrong;

    void add(const std::string& what) {
        const std::lock_guard one(adding);
        wrong.push_back(what);
    }
};

void send_and_look(TestStore& store, Meanwhile& meanwhile, int number, Sent sent) {
    const StoredInstance instance = object_number(number);
    const Bytes file = instance.file();
    try {
        const int ended = meanwhile.ended;
        send(store, file, sent);
        Bytes kept;
        std::string missing;
        try {
            kept = store.archive().object(instance.sop_instance);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::kNotFound) throw;
            missing = error.what();
        }
        // No erasure ran since before it was sent: it is there.
        if (meanwhile.begun == ended) {
            ++meanwhile.checked;
            if (!missing.empty()) meanwhile.add("acknowledged and not there: " + missing);
        }
        if (missing.empty() && kept != file) meanwhile.add("something else is there");
    } catch (const Error& error) {
        meanwhile.add(error.what());
    }
}

void erase(TestStore& store, Meanwhile& meanwhile, int round) {
    ++meanwhile.begun;
    try {
        if (round % 2 == 0)
            store.archive().erase_patient("P1", "", "test");
        else
            store.archive().erase_study(StoredInstance().study, "test");
    } catch (const Error& error) {
        meanwhile.add(error.what());
    }
    ++meanwhile.ended;
}

TEST(ErasureRace, EverySenderIsTakenAndNothingComesBack) {
    constexpr int kSenders = 4;
    constexpr int kErasures = 100;
    TestStore store;
    Meanwhile meanwhile;
    std::atomic<bool> done = false;
    {
        std::vector<std::jthread> senders;
        for (int sender = 0; sender < kSenders; ++sender)
            senders.emplace_back([&, sender] {
                for (int turn = 0; !done; ++turn)
                    send_and_look(store, meanwhile, 1 + (turn + sender) % 3,
                                  (turn + sender / 2) % 2 == 0 ? Sent::kWhole : Sent::kAsItComes);
            });
        for (int round = 0; round < kErasures; ++round) {
            // Between them there is time for some to be kept; now and then for none.
            const int checked = meanwhile.checked;
            while (round % 3 == 0 && meanwhile.checked == checked && meanwhile.wrong.empty())
                std::this_thread::yield();
            erase(store, meanwhile, round);
        }
        done = true;
    }
    EXPECT_THAT(meanwhile.wrong, testing::IsEmpty());
    EXPECT_TRUE(store.archive().verify().empty());
    store.archive().erase_patient("P1", "", "test");
    EXPECT_THAT(store.objects(), testing::IsEmpty());
    EXPECT_EQ(store.key_records(), 0U);
    send(store, object_number(1).file(), Sent::kAsItComes);
    EXPECT_EQ(store.archive().object(object_number(1).sop_instance), object_number(1).file());
}

}  // namespace
}  // namespace lucerna::store
