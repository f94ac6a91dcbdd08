#include "store/index_witness.h"

#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"

namespace lucerna::store {
namespace {

constexpr auto kEvery = std::chrono::seconds(10);
constexpr auto kPatience = std::chrono::seconds(5);
constexpr std::size_t kLongest = 128;

bool is_over(const std::future<void>& writing, std::chrono::seconds within) {
    return !writing.valid() || writing.wait_for(within) == std::future_status::ready;
}

void log_failure_of(std::future<void>& writing) {
    try {
        if (writing.valid()) writing.get();
    } catch (const std::exception& error) {
        log_event(LogLevel::kWarning, "store.witness-not-written", {{"why", error.what()}});
    }
}

/// The number and its SHA-256.
std::string text_of(std::int64_t count) {
    const std::string number = std::to_string(count);
    return number + " " + sha256(as_byte_view(number)) + "\n";
}

std::int64_t counted(Connection& index) {
    return index.number(
        "SELECT coalesce((SELECT value FROM counters WHERE name = 'witnessed'), 0)");
}

void set(Connection& index, std::int64_t count) {
    index
        .prepare(
            "INSERT INTO counters VALUES ('witnessed', ?) ON CONFLICT (name) DO UPDATE SET value = "
            "excluded.value")
        .bind(count)
        .run();
}

}  // namespace

IndexWitness::IndexWitness(std::filesystem::path folder)
    : path_(std::move(folder) / "index.witness") {}

std::int64_t IndexWitness::noted() const {
    std::error_code none;
    if (!std::filesystem::exists(path_, none)) return 0;
    const Bytes bytes = read_file(path_, kLongest);
    std::int64_t count = 0;
    const std::string_view text = as_text(bytes);
    (void)std::from_chars(text.data(), text.data() + text.size(), count);
    if (text != text_of(count))
        throw Error(ErrorCode::kCorrupt, path_.string() + " is not what was written");
    return count;
}

std::string IndexWitness::damage() const {
    try {
        (void)noted();
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

std::int64_t IndexWitness::noted_or_none() const {
    try {
        return noted();
    } catch (const Error& error) {
        log_event(LogLevel::kWarning, "store.witness-not-read", {{"why", error.what()}});
        return 0;
    }
}

bool IndexWitness::is_ahead_of(Connection& index) const {
    return counted(index) < noted_or_none();
}

void IndexWitness::compare(Connection& index) const {
    const std::int64_t before = noted_or_none();
    if (counted(index) >= before) return;
    set(index, before);
    if (index.number("SELECT count(*) FROM counters WHERE name = 'unrecovered'") > 0) return;
    index.execute("INSERT INTO counters VALUES ('unrecovered', 1)");
    log_event(LogLevel::kWarning, "store.index-put-back", {{"by", "witness"}});
}

std::optional<std::int64_t> IndexWitness::count(Connection& index, Instant now) const {
    const bool is_due = last_.with([&](const std::optional<Instant>& last) {
        return !last || now < *last || now - *last >= kEvery;
    });
    if (!is_due) return {};
    const std::int64_t next = counted(index) + 1;
    set(index, next);
    return next;
}

void IndexWitness::note(std::int64_t count, Instant at) {
    last_.with([&](std::optional<Instant>& last) { last = at; });
    // It may outlive everything: what it failed of is said by who comes next.
    std::packaged_task<void()> write(
        [path = path_, text = text_of(count)] { write_file_durably(path, as_byte_view(text)); });
    writing_.with([&](std::future<void>& writing) {
        // What is still being written will be followed by more.
        if (!is_over(writing, std::chrono::seconds(0))) return;
        log_failure_of(writing);
        std::future<void> written = write.get_future();
        try {
            std::thread(std::move(write)).detach();
            writing = std::move(written);
        } catch (const std::system_error&) {
            // There is no thread for it now: the next one is noted.
        }
    });
}

IndexWitness::~IndexWitness() {
    writing_.with([](std::future<void>& writing) {
        if (is_over(writing, kPatience)) log_failure_of(writing);
    });
}

}  // namespace lucerna::store
