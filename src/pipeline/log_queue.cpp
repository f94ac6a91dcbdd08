#include "pipeline/log_queue.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/log_writer.h"

namespace lucerna::pipeline {
namespace {

/// As much as `file` takes of it.
void write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
            if (written == 0) return;
        } else if (errno == EAGAIN) {
            // Somebody else who has it asked for that.
            pollfd room{file, POLLOUT, 0};
            (void)::poll(&room, 1, -1);
        } else if (errno != EINTR) {
            return;
        }
    }
}

}  // namespace

class LogQueue::Lines final : public LogWriter {
  public:
    explicit Lines(const Options& options) : options_(options) {}

    void write(std::string line) noexcept override {
        std::unique_lock lock(mutex_);
        if (is_over_) return;
        if (bytes_ + line.size() > options_.most_bytes || !add(line)) {
            ++dropped_;
            return;
        }
        const std::uint64_t mine = ++added_;
        to_write_.notify_one();
        if (is_behind_) return;
        const auto is_settled = [&] { return is_behind_ || done_ >= mine; };
        if (!written_.wait_for(lock, options_.patience, is_settled)) is_behind_ = true;
    }

    /// The thread's: until `end`, and nothing is left.
    void work() {
        std::unique_lock lock(mutex_);
        for (;;) {
            to_write_.wait(lock, [this] { return is_ending_ || has_some(); });
            if (!has_some()) break;
            const std::vector<std::string> taken = std::exchange(lines_, {});
            const std::size_t dropped = std::exchange(dropped_, 0);
            bytes_ = 0;
            lock.unlock();
            // One write a line, so that those of several processes never mix.
            for (const std::string& line : taken) write_all(options_.file, line);
            if (dropped > 0) write_all(options_.file, line_about(dropped));
            lock.lock();
            done_ += taken.size();
            if (!has_some()) is_behind_ = false;
            written_.notify_all();
        }
        is_done_ = true;
        written_.notify_all();
    }

    /// True once all is written; false where that takes longer.
    [[nodiscard]] bool end(std::chrono::milliseconds patience) {
        std::unique_lock lock(mutex_);
        is_ending_ = true;
        to_write_.notify_one();
        const bool done = written_.wait_for(lock, patience, [this] { return is_done_; });
        is_over_ = !done;
        return done;
    }

  private:
    [[nodiscard]] bool has_some() const { return !lines_.empty() || dropped_ > 0; }

    static std::string line_about(std::size_t dropped) noexcept {
        try {
            return log_line(
                LogLevel::kWarning, "log.dropped",
                {{"lines", dropped}, {"why", "whoever reads the log was too slow to take it"}});
        } catch (const std::exception&) {
            return {};
        }
    }

    [[nodiscard]] bool add(std::string& line) noexcept {
        const std::size_t size = line.size();
        try {
            lines_.push_back(std::move(line));
        } catch (const std::exception&) {
            return false;
        }
        bytes_ += size;
        return true;
    }

    const Options options_;
    // Not Guarded: who waits for it has no patience for ever.
    std::mutex mutex_;
    std::condition_variable to_write_;
    std::condition_variable written_;
    std::vector<std::string> lines_;
    std::size_t bytes_ = 0;
    /// Lines so far.
    std::uint64_t added_ = 0;
    std::uint64_t done_ = 0;
    /// Somebody has waited for it in vain: before it has caught up nobody else does.
    bool is_behind_ = false;
    std::size_t dropped_ = 0;
    bool is_ending_ = false;
    bool is_done_ = false;
    bool is_over_ = false;
};

LogQueue::LogQueue(Options options)
    : last_wait_(options.last_wait), lines_(std::make_shared<Lines>(options)) {
    // Not joined: it may be held up where nothing can wake it, and ends with the process then.
    std::thread([lines = lines_] { lines->work(); }).detach();
    set_log_writer(lines_);
}

LogQueue::~LogQueue() {
    if (lines_->end(last_wait_)) set_log_writer(nullptr);
}

}  // namespace lucerna::pipeline
