#include "pipeline/log_queue.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"

namespace lucerna::pipeline {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class LogQueueTest : public testing::Test {
  protected:
    LogQueueTest() { EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0); }
    ~LogQueueTest() override {
        ::close(ends_[0]);
        close_log();
    }
    void close_log() {
        if (ends_[1] >= 0) ::close(ends_[1]);
        ends_[1] = -1;
    }
    [[nodiscard]] int to_read() const { return ends_[0]; }
    [[nodiscard]] LogQueue::Options to_pipe(std::size_t most_bytes,
                                            std::chrono::milliseconds patience = 20ms) const {
        return {ends_[1], most_bytes, patience, 200ms};
    }
    /// What comes until `last` does, or, without it, until nobody can write any more.
    std::vector<json> read_until(const std::string& last) {
        std::vector<json> lines;
        std::string line;
        for (char c = 0; ::read(ends_[0], &c, 1) == 1;) {
            if (c != '\n') {
                line += c;
                continue;
            }
            lines.push_back(json::parse(line));
            line.clear();
            if (lines.back()["event"] == last) break;
        }
        return lines;
    }

    int ends_[2] = {-1, -1};
};

// As who writes it himself: it can be read before he goes on.
TEST_F(LogQueueTest, HasWrittenALineWhereItIsReadWhenItIsLogged) {
    const LogQueue queue(to_pipe(1 << 16, 1min));
    for (int i = 0; i < 100; ++i) {
        log_event(LogLevel::kInfo, "room.thing", {{"number", i}});
        int bytes = 0;
        EXPECT_EQ(::ioctl(to_read(), FIONREAD, &bytes), 0);
        ASSERT_GT(bytes, 0);
        EXPECT_EQ(read_until("room.thing").back()["number"], i);
    }
}

TEST_F(LogQueueTest, WritesAllInOrderBeforeItEnds) {
    constexpr int kLines = 100;
    {
        const LogQueue queue(to_pipe(1 << 20));
        for (int i = 0; i < kLines; ++i) log_event(LogLevel::kInfo, "room.thing", {{"number", i}});
    }
    close_log();
    const std::vector<json> lines = read_until("");
    ASSERT_EQ(lines.size(), std::size_t{kLines});
    for (int i = 0; i < kLines; ++i) EXPECT_EQ(lines[static_cast<std::size_t>(i)]["number"], i);
    testing::internal::CaptureStderr();
    log_event(LogLevel::kInfo, "room.later");
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("room.later"));
}

TEST_F(LogQueueTest, KeepsNobodyWhereItIsNotReadAndSaysWhatItDropped) {
    // More than the pipe, the queue and the thread hold together.
    constexpr int kLines = 20'000;
    const LogQueue queue(to_pipe(1 << 16));
    for (int i = 0; i < kLines; ++i) log_event(LogLevel::kInfo, "room.thing", {{"number", i}});
    std::vector<json> lines = read_until("log.dropped");
    ASSERT_EQ(lines.back()["event"], "log.dropped");
    const int dropped = lines.back()["lines"];
    lines.pop_back();
    EXPECT_EQ(static_cast<int>(lines.size()) + dropped, kLines);
    for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i]["number"], i);
    log_event(LogLevel::kInfo, "room.next");
    EXPECT_EQ(read_until("room.next").size(), 1U);
}

TEST_F(LogQueueTest, EndsWhereItIsNotRead) {
    {
        const LogQueue queue(to_pipe(1 << 16));
        for (int i = 0; i < 2000; ++i) log_event(LogLevel::kInfo, "room.thing", {{"number", i}});
    }
    log_event(LogLevel::kInfo, "room.later");
    // Lets the thread go on, which has the pipe still.
    EXPECT_GT(read_until("log.dropped").size(), 1U);
    const LogQueue next(to_pipe(1 << 16));
    log_event(LogLevel::kInfo, "room.next");
    EXPECT_EQ(read_until("room.next").back()["event"], "room.next");
}

}  // namespace
}  // namespace lucerna::pipeline
