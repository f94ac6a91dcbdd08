#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <charconv>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/log_writer.h"

namespace lucerna {
namespace {

std::atomic<LogLevel> lowest_level = LogLevel::kInfo;

/// Never destroyed: what ends late may have something to say.
std::shared_ptr<LogWriter>& writer() {
    static auto& only = *new std::shared_ptr<LogWriter>;
    return only;
}

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::kDebug:
            return "debug";
        case LogLevel::kInfo:
            return "info";
        case LogLevel::kWarning:
            return "warning";
        case LogLevel::kError:
            return "error";
    }
    return "error";
}

struct AppendValue {
    std::string& line;
    void operator()(const std::string& text) const { line += json_quoted(text); }
    void operator()(long long number) const { line += std::to_string(number); }
    void operator()(bool yes) const { line += yes ? "true" : "false"; }
    void operator()(double number) const {
        char text[32];
        const auto [end, failure] =
            std::to_chars(text, text + sizeof text, number, std::chars_format::general, 6);
        const std::string_view written(
            text, failure == std::errc() ? static_cast<std::size_t>(end - text) : 0);
        const bool finite = written.find_first_of("in") == std::string_view::npos;
        line += finite && !written.empty() ? written : "null";
    }
};

}  // namespace

void set_log_level(LogLevel level) {
    lowest_level = level;
}

void set_log_writer(std::shared_ptr<LogWriter> other) {
    writer() = std::move(other);
}

std::string log_line(LogLevel level, std::string_view event,
                     std::initializer_list<LogField> fields) {
    std::string line = "{\"time\":\"" + to_rfc3339(SystemClock().now()) + "\",\"level\":\"";
    line.append(name_of(level)).append("\",\"event\":").append(json_quoted(event));
    for (const LogField& field : fields) {
        line.append(",").append(json_quoted(field.key())).append(":");
        std::visit(AppendValue{line}, field.value());
    }
    line += "}\n";
    return line;
}

void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
    if (level < lowest_level.load()) return;
    std::string line = log_line(level, event, fields);
    if (LogWriter* const other = writer().get()) return other->write(std::move(line));
    // One write a line, so that lines of several threads and processes never mix.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace lucerna
