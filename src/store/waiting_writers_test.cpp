// Writers whom another process keeps from the index.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/answer_due.h"
#include "store/database.h"
#include "store/sqlite_index.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::error_of;

/// An index on which another process has its turn until that is given back.
class Contended final : public IndexSource {
  public:
    struct Turn {
        void give_back() {
            const std::lock_guard lock(mutex);
            is_taken = false;
            changed.notify_all();
        }
        void wait_until_asked_for(int times) {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return asked_for >= times; });
        }
        std::mutex mutex;
        std::condition_variable changed;
        bool is_taken = true;
        int asked_for = 0;
    };
    Contended(std::unique_ptr<IndexSource> source, Turn& turn)
        : source_(std::move(source)), turn_(turn) {}

    std::unique_ptr<Connection> open_writer(const Patience& patience) override {
        return source_->open_writer(patience);
    }
    std::unique_ptr<Connection> open_reader(const Patience& patience) override {
        return source_->open_reader(patience);
    }
    void begin_writing(Connection& writer, const Patience& patience) override {
        {
            std::unique_lock lock(turn_.mutex);
            ++turn_.asked_for;
            turn_.changed.notify_all();
            if (!turn_.changed.wait_until(lock, patience.until, [&] { return !turn_.is_taken; }))
                throw Error(ErrorCode::kUnavailable, "another process has its turn");
        }
        source_->begin_writing(writer, patience);
    }
    [[nodiscard]] std::optional<std::chrono::milliseconds> patience() const override { return 60s; }
    void begin_reading(Connection& reader, const Patience& patience) override {
        source_->begin_reading(reader, patience);
    }

  private:
    std::unique_ptr<IndexSource> source_;
    Turn& turn_;
};

class WaitingWriters : public testing::Test {
  protected:
    std::future<std::string> write(std::chrono::milliseconds due) {
        return std::async(std::launch::async, [this, due] {
            const AnswerDue answer(due);
            return error_of([&] { database.write(count); });
        });
    }
    std::future<std::string> write_at_leisure() {
        return std::async(std::launch::async,
                          [this] { return error_of([&] { database.write(count); }); });
    }
    void wait_until_waiting(std::size_t writers) {
        const auto end = steady_clock::now() + 60s;
        while (database.waiting() < writers) {
            ASSERT_LT(steady_clock::now(), end) << "they have not come, or went";
            std::this_thread::sleep_for(1ms);
        }
    }
    static void count(Connection& index) {
        index.execute("UPDATE counters SET value = value + 1 WHERE name = 'exams'");
    }
    std::int64_t counted() {
        return database.read([](Connection& index) {
            return index.number("SELECT value FROM counters WHERE name = 'exams'");
        });
    }

    test::TemporaryFolder folder;
    Contended::Turn turn;
    Database database{
        std::make_unique<Contended>(std::make_unique<SqliteIndex>(folder.path() / "index.sqlite",
                                                                  vault::SecretKey::random()),
                                    turn),
        {}};
};

TEST_F(WaitingWriters, GiveUpOnceAnAnswerIsDue) {
    EXPECT_EQ(write(100ms).get(), "unavailable");
    turn.give_back();
    EXPECT_EQ(write(60s).get(), "none");
    EXPECT_EQ(counted(), 1);
}

// Of a large object the answer is due before its row is written.
TEST_F(WaitingWriters, HaveAMomentThoughTheAnswerIsDueAlready) {
    auto first = write(60s);
    turn.wait_until_asked_for(1);
    auto late = write(0ms);
    wait_until_waiting(1);
    turn.give_back();
    EXPECT_EQ(first.get(), "none");
    EXPECT_EQ(late.get(), "none");
    EXPECT_EQ(counted(), 2);
}

TEST_F(WaitingWriters, GiveUpBehindOneWhoHasTime) {
    auto first = write_at_leisure();
    turn.wait_until_asked_for(1);
    EXPECT_EQ(write(100ms).get(), "unavailable");
    turn.give_back();
    EXPECT_EQ(first.get(), "none");
    EXPECT_EQ(counted(), 1);
}

TEST_F(WaitingWriters, WaitOnWhereTheyHaveMoreTimeThanOthersOfTheBatch) {
    auto first = write(2s);
    turn.wait_until_asked_for(1);
    auto second = write(3s);
    auto third = write(60s);
    wait_until_waiting(2);
    EXPECT_EQ(first.get(), "unavailable");
    EXPECT_EQ(second.get(), "unavailable");
    turn.give_back();
    EXPECT_EQ(third.get(), "none");
    EXPECT_EQ(counted(), 1);
}

// All that gathered would be given up together, and come again together.
TEST_F(WaitingWriters, AreWrittenInPartsWhereTheIndexIsSlow) {
    auto first = write(60s);
    turn.wait_until_asked_for(1);
    constexpr std::size_t kWriters = 6;
    std::promise<steady_clock::time_point> told;
    const auto answers_are_due = told.get_future().share();
    std::vector<std::future<std::string>> all;
    for (std::size_t i = 0; i < kWriters; ++i)
        all.push_back(std::async(std::launch::async, [&] {
            const AnswerDue answer(4s);
            return error_of([&] {
                database.write([&](Connection& index) {
                    std::this_thread::sleep_until(answers_are_due.get());
                    count(index);
                });
            });
        }));
    wait_until_waiting(kWriters);
    told.set_value(steady_clock::now() + 4s);
    turn.give_back();
    EXPECT_EQ(first.get(), "none");
    std::size_t written = 0;
    for (auto& one : all) {
        const std::string answer = one.get();
        EXPECT_THAT(answer, testing::AnyOf("none", "unavailable"));
        if (answer == "none") ++written;
    }
    EXPECT_EQ(counted(), 1 + static_cast<std::int64_t>(written));
    EXPECT_EQ(written, 1U) << "there was time for one";
}

// Else they would wait for as long as more come for whom an answer is due.
TEST_F(WaitingWriters, WhoHaveTimeComeBeforeThoseOfALaterBatchThatCameAfterThem) {
    auto first = write(60s);
    turn.wait_until_asked_for(1);
    std::vector<std::string> order;
    // Takes all the time that there is for those that are written together.
    const auto slow = [&](const std::string& name, std::chrono::milliseconds time) {
        return std::async(std::launch::async, [&, name, time] {
            const AnswerDue answer(time);
            const auto due = *AnswerDue::of_this_thread();
            return error_of([&] {
                database.write([&](Connection&) {
                    order.push_back(name);
                    std::this_thread::sleep_until(due);
                });
            });
        });
    };
    auto one = slow("one", 2s);
    wait_until_waiting(1);
    auto another = slow("another", 5s);
    wait_until_waiting(2);
    auto has_time = std::async(std::launch::async, [&] {
        return error_of([&] { database.write([&](Connection&) { order.push_back("has time"); }); });
    });
    wait_until_waiting(3);
    auto last = slow("last", 60ms + 5s);
    wait_until_waiting(4);
    turn.give_back();
    EXPECT_EQ(first.get(), "none");
    EXPECT_EQ(one.get(), "none");
    EXPECT_EQ(another.get(), "none");
    EXPECT_EQ(has_time.get(), "none");
    (void)last.get();
    ASSERT_GE(order.size(), 3U);
    EXPECT_EQ(order[2], "has time") << order[1];
}

/// What takes until it is told to end.
struct Lengthy {
    void operator()(Connection& index) {
        begun.set_value();
        end.get_future().wait();
        index.execute("UPDATE counters SET value = value + 1 WHERE name = 'exams'");
    }
    std::promise<void> begun;
    std::promise<void> end;
};

// In its batch, who is due would wait for it.
TEST_F(WaitingWriters, HaveNoPartInWhatTakesLong) {
    auto first = write(60s);
    turn.wait_until_asked_for(1);
    Lengthy lengthy;
    auto takes_long = std::async(std::launch::async, [&] {
        const LongWork is_long;
        return error_of([&] { database.write(std::ref(lengthy)); });
    });
    // Behind the other in the queue, or before it.
    auto due = write(200ms);
    turn.give_back();
    EXPECT_EQ(first.get(), "none");
    lengthy.begun.get_future().wait();
    const std::string answer = due.get();
    EXPECT_THAT(answer, testing::AnyOf("none", "unavailable"));
    lengthy.end.set_value();
    EXPECT_EQ(takes_long.get(), "none");
    EXPECT_EQ(counted(), answer == "none" ? 3 : 2);
}

}  // namespace
}  // namespace lucerna::store
