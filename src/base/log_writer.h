#pragma once

#include <initializer_list>
#include <memory>
#include <string>

#include "base/log.h"

namespace lucerna {

/// Where the lines of the log go.
class LogWriter {
  public:
    virtual ~LogWriter() = default;
    /// A whole line, with its end. From any thread, several at once.
    virtual void write(std::string line) noexcept = 0;
};

/// From here on, in place of standard error, to which each thread writes its own lines at first and
/// with null. While no other thread logs.
void set_log_writer(std::shared_ptr<LogWriter> writer);

/// The line that log_event writes, whatever its level.
[[nodiscard]] std::string log_line(LogLevel level, std::string_view event,
                                   std::initializer_list<LogField> fields);

}  // namespace lucerna
