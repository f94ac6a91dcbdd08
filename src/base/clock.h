#pragma once

#include <atomic>
#include <chrono>
#include <string>

namespace lucerna {

using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

/// Where the time comes from. Passed in, so that tests can turn it.
class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] Instant now() const override {
        return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }
};

/// Stands still until told otherwise; may be moved back. Safe to turn from another thread.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(Instant start) : now_(start.time_since_epoch().count()) {}
    [[nodiscard]] Instant now() const override {
        return Instant(std::chrono::milliseconds(now_.load()));
    }
    void advance(std::chrono::milliseconds by) { now_ += by.count(); }

  private:
    std::atomic<std::chrono::milliseconds::rep> now_;
};

/// "2026-03-01T08:15:30.250Z" (RFC 3339, UTC).
[[nodiscard]] std::string to_rfc3339(Instant instant);
/// The other way; throws Error(kInvalidInput) on anything else than the form above.
[[nodiscard]] Instant from_rfc3339(const std::string& text);
/// "20260301" and "081530.250000" (DICOM DA and TM, PS3.5 6.2), UTC.
[[nodiscard]] std::string to_dicom_date(Instant instant);
[[nodiscard]] std::string to_dicom_time(Instant instant);

}  // namespace lucerna
