#include "http/metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/guarded.h"

namespace lucerna::http {
namespace {

bool is_name(std::string_view name, bool colon) {
    if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
    return std::all_of(name.begin(), name.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || (colon && c == ':');
    });
}

std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    std::array<char, 32> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() ? std::string(text.data(), end) : "NaN";
}

std::string escaped(std::string_view text, bool quotes) {
    std::string out;
    for (const char c : text) {
        if (c == '\\')
            out += "\\\\";
        else if (c == '\n')
            out += "\\n";
        else if (c == '"' && quotes)
            out += "\\\"";
        else
            out += c;
    }
    return out;
}

/// `{a="1",b="2"}`, or nothing.
std::string braced(const Labels& labels) {
    std::string text;
    for (const auto& [name, value] : labels)
        text += (text.empty() ? "{" : ",") + name + "=\"" + escaped(value, true) + "\"";
    return text.empty() ? text : text + "}";
}

using Watch = std::function<double()>;
using WatchEach = std::function<Metrics::Gauges()>;
using Cell = std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>,
                          std::unique_ptr<Histogram>, Watch, WatchEach>;

struct Family {
    std::string help;
    std::string_view type;
    std::map<Labels, Cell> cells;
};

void write(std::string& out, const std::string& name, const Labels& labels,
           const Histogram& histogram) {
    const auto& bounds = histogram.bounds();
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
        Labels with_bound = labels;
        with_bound["le"] = i < bounds.size() ? number(bounds[i]) : "+Inf";
        out += name + "_bucket" + braced(with_bound) + " " +
               std::to_string(histogram.count_up_to(i)) + "\n";
    }
    out += name + "_sum" + braced(labels) + " " + number(histogram.sum()) + "\n";
    out += name + "_count" + braced(labels) + " " +
           std::to_string(histogram.count_up_to(bounds.size())) + "\n";
}

void write(std::string& out, const std::string& name, const Labels& labels, const Cell& cell) {
    if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&cell))
        return write(out, name, labels, **histogram);
    if (const auto* each = std::get_if<WatchEach>(&cell)) {
        for (const auto& [of, value] : (*each)())
            out += name + braced(of) + " " + number(value) + "\n";
        return;
    }
    std::string value;
    if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&cell))
        value = std::to_string((*counter)->value());
    else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&cell))
        value = number((*gauge)->value());
    else
        value = number(std::get<Watch>(cell)());
    out += name + braced(labels) + " " + value + "\n";
}

}  // namespace

void Gauge::add(double by) {
    double before = value_.load(std::memory_order_relaxed);
    while (!value_.compare_exchange_weak(before, before + by, std::memory_order_relaxed)) {
    }
}

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

void Histogram::observe(double value) {
    const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    counts_[static_cast<std::size_t>(at - bounds_.begin())].add();
    sum_.add(value);
}

std::uint64_t Histogram::count_up_to(std::size_t index) const {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i <= std::min(index, bounds_.size()); ++i) count += counts_[i].value();
    return count;
}

struct Metrics::Families {
    Guarded<std::map<std::string, Family>> by_name;

    Cell& cell(std::string_view name, std::string_view help, std::string_view type,
               const Labels& labels, const std::function<Cell()>& make) {
        for (const auto& [label, value] : labels)
            if (!is_name(label, false) || label == "le")
                throw Error(ErrorCode::kInternal, "not a label's name: " + label);
        if (!is_name(name, true))
            throw Error(ErrorCode::kInternal, "not a metric's name: " + std::string(name));
        return by_name.with([&](auto& families) -> Cell& {
            const auto [known, fresh] =
                families.try_emplace(std::string(name), Family{std::string(help), type, {}});
            Family& family = known->second;
            if (family.type != type)
                throw Error(ErrorCode::kInternal,
                            "the metric " + std::string(name) + " is of another kind already");
            const auto found = family.cells.find(labels);
            if (found != family.cells.end()) return found->second;
            return family.cells.emplace(labels, make()).first->second;
        });
    }
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
    Cell& cell = families_->cell(name, help, "counter", labels,
                                 [] { return Cell(std::make_unique<Counter>()); });
    return *std::get<std::unique_ptr<Counter>>(cell);
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
    Cell& cell = families_->cell(name, help, "gauge", labels,
                                 [] { return Cell(std::make_unique<Gauge>()); });
    if (auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&cell)) return **gauge;
    throw Error(ErrorCode::kInternal, "the metric " + std::string(name) + " is watched already");
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help,
                              std::vector<double> bounds, const Labels& labels) {
    Cell& cell = families_->cell(name, help, "histogram", labels, [&] {
        return Cell(std::make_unique<Histogram>(std::move(bounds)));
    });
    return *std::get<std::unique_ptr<Histogram>>(cell);
}

void Metrics::watch(std::string_view name, std::string_view help, std::function<double()> read,
                    const Labels& labels) {
    families_->cell(name, help, "gauge", labels, [&] { return Cell(std::move(read)); });
}

void Metrics::watch_each(std::string_view name, std::string_view help,
                         std::function<Gauges()> read) {
    families_->cell(name, help, "gauge", {}, [&] { return Cell(std::move(read)); });
}

std::string Metrics::text() const {
    // Families and cells are never taken away, so that they can be read outside of the lock: what
    // `watch` was given may take locks of its own.
    struct Line {
        const std::string* name;
        const Family* family;
        const Labels* labels;
        const Cell* cell;
    };
    std::vector<Line> lines;
    families_->by_name.with([&](const auto& families) {
        for (const auto& [name, family] : families)
            for (const auto& [labels, cell] : family.cells)
                lines.push_back({&name, &family, &labels, &cell});
    });
    std::string out;
    const Family* written = nullptr;
    for (const Line& line : lines) {
        if (std::exchange(written, line.family) != line.family) {
            out += "# HELP " + *line.name + " " + escaped(line.family->help, false) + "\n";
            out += "# TYPE " + *line.name + " " + std::string(line.family->type) + "\n";
        }
        write(out, *line.name, *line.labels, *line.cell);
    }
    return out;
}

Handler metrics_handler(const Metrics& metrics) {
    return [&metrics](Request&) {
        return Response::of(200, "text/plain; version=0.0.4; charset=utf-8", metrics.text());
    };
}

}  // namespace lucerna::http
