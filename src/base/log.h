#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace lucerna {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// A value that identifies a person (name, identifier, birth date, accession number). It cannot be
/// streamed or logged; the one way out is `reveal()`, which reviewers can search for.
template <typename Tag>
class Identifying {
  public:
    Identifying() = default;
    explicit Identifying(std::string value) : value_(std::move(value)) {}
    [[nodiscard]] const std::string& reveal() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }
    friend bool operator==(const Identifying&, const Identifying&) = default;
    template <typename Stream>
    friend Stream& operator<<(Stream&, const Identifying&) = delete;

  private:
    std::string value_;
};

using PatientName = Identifying<struct PatientNameTag>;
using PatientId = Identifying<struct PatientIdTag>;
using BirthDate = Identifying<struct BirthDateTag>;
using AccessionNumber = Identifying<struct AccessionNumberTag>;

/// One field of a log event: text, a whole number, a measured number, or yes/no.
class LogField {
  public:
    using Value = std::variant<std::string, long long, double, bool>;
    LogField(std::string_view key, std::string_view text) : key_(key), value_(std::string(text)) {}
    LogField(std::string_view key, const std::string& text) : key_(key), value_(text) {}
    LogField(std::string_view key, const char* text) : key_(key), value_(std::string(text)) {}
    LogField(std::string_view key, double number) : key_(key), value_(number) {}
    LogField(std::string_view key, bool yes) : key_(key), value_(yes) {}
    template <typename Whole, std::enable_if_t<std::is_integral_v<Whole>, int> = 0>
    LogField(std::string_view key, Whole number)
        : key_(key), value_(static_cast<long long>(number)) {}
    template <typename Tag>
    LogField(std::string_view, const Identifying<Tag>&) = delete;

    [[nodiscard]] const std::string& key() const { return key_; }
    [[nodiscard]] const Value& value() const { return value_; }

  private:
    std::string key_;
    Value value_;
};

/// Writes one line of JSON to standard error:
/// {"time":"...","level":"info","event":"exam.read","exam":"1.2.3","seconds":0.8}.
/// `event` is "room.what-happened"; put the correlation id ("exam", "request", "association")
/// first. Safe from any thread.
void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

/// Lines below this level are dropped. Starts at kInfo.
void set_log_level(LogLevel level);

}  // namespace lucerna
