#include "store/index_witness.h"

#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

namespace lucerna::store {
namespace {

constexpr auto kEvery = std::chrono::seconds(10);
constexpr std::size_t kLongest = 32;

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
    std::int64_t count = 0;
    std::error_code none;
    if (!std::filesystem::exists(path_, none)) return count;
    try {
        const Bytes bytes = read_file(path_, kLongest);
        const std::string_view text = as_text(bytes);
        (void)std::from_chars(text.data(), text.data() + text.size(), count);
    } catch (const Error& error) {
        log_event(LogLevel::kWarning, "store.witness-not-read", {{"why", error.what()}});
    }
    return count;
}

void IndexWitness::compare(Connection& index) const {
    const std::int64_t before = noted();
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
    // What is still being written will be followed by more.
    if (is_writing_.exchange(true)) return;
    const auto write = [this, count] {
        try {
            write_file(path_, as_byte_view(std::to_string(count) + "\n"));
        } catch (const Error& error) {
            log_event(LogLevel::kWarning, "store.witness-not-written", {{"why", error.what()}});
        }
        is_writing_ = false;
    };
    try {
        // The one before is at its end.
        writing_.with([&](std::jthread& writing) { writing = std::jthread(write); });
    } catch (const std::system_error&) {
        is_writing_ = false;
    }
}

}  // namespace lucerna::store
