#include "retrieve/left_out.h"

#include <algorithm>
#include <atomic>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "base/log.h"

namespace lucerna::retrieve {
namespace {

/// A header is no place for thousands.
constexpr std::size_t kMostNamed = 32;
constexpr std::size_t kMostSuspects = 1000;
std::atomic<std::size_t> made_before_heads{0};

bool concerns_all(ErrorCode code) {
    return code == ErrorCode::kUnavailable || code == ErrorCode::kOutOfSpace ||
           code == ErrorCode::kCancelled;
}

}  // namespace

Error error_in(const std::string& instance, const Error& error) {
    const bool is_malformed = error.code() == ErrorCode::kInvalidInput;
    if (!is_malformed && error.code() != ErrorCode::kCorrupt) return error;
    const ErrorCode code = is_malformed ? ErrorCode::kConflict : ErrorCode::kCorrupt;
    const std::string name = "instance " + instance;
    if (std::string_view(error.what()).starts_with(name)) return error;
    return {code, name, error};
}

void Suspects::add(const std::string& instance) {
    instances_.with([&](auto& all) {
        if (std::find(all.begin(), all.end(), instance) != all.end()) return;
        all.push_back(instance);
        if (all.size() > kMostSuspects) all.pop_front();
    });
}

bool Suspects::contains(const std::string& instance) const {
    return instances_.with(
        [&](const auto& all) { return std::find(all.begin(), all.end(), instance) != all.end(); });
}

void LeftOut::add(const std::string& instance, const Error& error) {
    if (concerns_all(error.code())) throw error;
    if (!first_) first_ = error;
    if (count_ > 0 && last_ == instance) return;
    last_ = instance;
    if (count_++ < kMostNamed) instances_.push_back(instance);
    if (in_head_ && suspects_) suspects_->add(instance);
    log_event(LogLevel::kWarning, "retrieve.left-out",
              {{"request", request_}, {"object", instance}, {"why", error.what()}});
}

void LeftOut::require_all_in_head() const {
    if (in_head_ && count() > *in_head_)
        throw Error(ErrorCode::kCorrupt,
                    "the answer goes without instances of which its head says nothing: " + named());
}

std::string LeftOut::named() const {
    std::string text;
    for (const std::string& instance : instances_) text += (text.empty() ? "" : ", ") + instance;
    if (count() > kMostNamed) text += " and " + std::to_string(count() - kMostNamed) + " more";
    return text;
}

std::string LeftOut::warning() const {
    if (count_ == 0) return {};
    return "299 lucerna " +
           json_quoted("Left out, because they cannot be read or given as asked for: " + named());
}

void MadeBeforeHead::add(std::size_t bytes) {
    made_before_heads += bytes;
    bytes_ += bytes;
}

void MadeBeforeHead::give_back() {
    made_before_heads -= std::exchange(bytes_, 0);
}

bool MadeBeforeHead::has_room() {
    return made_before_heads < kMadeBeforeHeads;
}

std::size_t bytes_held_by(const std::string& item) {
    return sizeof(item) + item.capacity();
}

std::size_t bytes_held_by(const http::Part& item) {
    // With what knows how to read one in pieces.
    constexpr std::size_t kOfPieces = 512;
    return sizeof(item) + item.content_type.capacity() + item.location.capacity() +
           item.body.capacity() + (item.pieces ? kOfPieces : 0);
}

void let_nobody_keep(http::Response& response) {
    for (const char* name : {"ETag", "X-Lucerna-ETag"}) response.headers.remove(name);
    response.headers.set("Cache-Control", "no-store");
}

void say_left_out(http::Response& response, const LeftOut& left_out, IfPartial status) {
    if (left_out.count() == 0) return;
    if (status == IfPartial::k206) response.status = 206;
    response.headers.add("Warning", left_out.warning());
    let_nobody_keep(response);
}

}  // namespace lucerna::retrieve
