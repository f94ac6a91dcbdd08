#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"

namespace lucerna::http {

using Labels = std::map<std::string, std::string>;

/// Only goes up.
class Counter {
  public:
    void add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

/// Goes up and down.
class Gauge {
  public:
    void set(double value) { value_.store(value, std::memory_order_relaxed); }
    void add(double by);
    [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<double> value_{0};
};

/// How many observations fell at or below each bound.
class Histogram {
  public:
    /// `bounds` ascend.
    explicit Histogram(std::vector<double> bounds);
    void observe(double value);
    [[nodiscard]] const std::vector<double>& bounds() const { return bounds_; }
    /// Of bound `index`, cumulative; `index` = bounds().size() is all.
    [[nodiscard]] std::uint64_t count_up_to(std::size_t index) const;
    [[nodiscard]] double sum() const { return sum_.value(); }

  private:
    std::vector<double> bounds_;
    std::vector<Counter> counts_;
    Gauge sum_;
};

/// What a process counts of itself, in Prometheus' text format. Safe from any thread; what it gives
/// out stays good for as long as it lives. Names and labels are ours, never a person's.
class Metrics {
  public:
    Metrics();
    ~Metrics();

    /// The same name and labels give the same counter again. Throws Error(kInternal) where the
    /// name is no metric name or is of another kind already.
    Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
    Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
    /// The bounds of the first call count.
    Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                         const Labels& labels = {});
    /// A gauge that is asked at each reading: the depth of a queue. `read` must not block long.
    void watch(std::string_view name, std::string_view help, std::function<double()> read,
               const Labels& labels = {});
    /// Gauges of one name that are read together.
    using Gauges = std::vector<std::pair<Labels, double>>;
    void watch_each(std::string_view name, std::string_view help, std::function<Gauges()> read);

    /// Text format 0.0.4, families by name.
    [[nodiscard]] std::string text() const;

  private:
    struct Families;
    std::unique_ptr<Families> families_;
};

/// GET /metrics. `metrics` is borrowed.
[[nodiscard]] Handler metrics_handler(const Metrics& metrics);

}  // namespace lucerna::http
