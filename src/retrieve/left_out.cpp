#include "retrieve/left_out.h"

#include <algorithm>
#include <string_view>

#include "base/encoding.h"
#include "base/log.h"

namespace lucerna::retrieve {
namespace {

/// A header is no place for thousands.
constexpr std::size_t kMostNamed = 32;

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

void LeftOut::add(const std::string& instance, const Error& error) {
    if (concerns_all(error.code())) throw error;
    if (!first_) first_ = error;
    if (!instances_.empty() && instances_.back() == instance) return;
    instances_.push_back(instance);
    log_event(LogLevel::kWarning, "retrieve.left-out",
              {{"request", request_}, {"object", instance}, {"why", error.what()}});
}

std::string LeftOut::named() const {
    std::string text;
    for (std::size_t i = 0; i < std::min(count(), kMostNamed); ++i)
        text += (i == 0 ? "" : ", ") + instances_[i];
    if (count() > kMostNamed) text += " and " + std::to_string(count() - kMostNamed) + " more";
    return text;
}

std::string LeftOut::warning() const {
    if (instances_.empty()) return {};
    return "299 lucerna " +
           json_quoted("Left out, because they cannot be read or given as asked for: " + named());
}

void let_nobody_keep(http::Response& response) {
    response.headers.remove("ETag");
    response.headers.set("Cache-Control", "no-store");
}

void say_left_out(http::Response& response, const std::shared_ptr<const LeftOut>& left_out,
                  IfPartial status) {
    const std::size_t said = left_out->count();
    if (said > 0) {
        if (status == IfPartial::k206) response.status = 206;
        response.headers.add("Warning", left_out->warning());
        let_nobody_keep(response);
    }
    auto* stream = std::get_if<http::Stream>(&response.body);
    if (!stream) return;
    response.headers.set("Trailer", "Warning");
    stream->trailer = [left_out, said] {
        http::Headers trailer;
        if (left_out->count() > said) trailer.add("Warning", left_out->warning());
        return trailer;
    };
}

}  // namespace lucerna::retrieve
