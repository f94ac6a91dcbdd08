#include "report/plot_svg.h"

#include <algorithm>
#include <cmath>

#include "base/encoding.h"
#include "report/workbench.h"

namespace lucerna::report {
namespace {

constexpr double kLeft = 56;
constexpr double kTop = 12;
constexpr double kWidth = 380;
constexpr double kHeight = 300;
constexpr double kBottom = 46;
constexpr double kLegendLine = 17;
/// More points than a screen shows are left out.
constexpr std::size_t kMostPoints = 600;

std::string at(double value) {
    return number_text(value, 1);
}

class Frame {
  public:
    explicit Frame(const Plot& plot) : plot_(plot) {}
    [[nodiscard]] double x(double value) const {
        return kLeft + kWidth * (value - plot_.x_min) / (plot_.x_max - plot_.x_min);
    }
    [[nodiscard]] double y(double value) const {
        return kTop + kHeight * (1 - (value - plot_.y_min) / (plot_.y_max - plot_.y_min));
    }
    /// Cut off at the frame's top and bottom.
    [[nodiscard]] double y_within(double value) const {
        return y(std::clamp(value, plot_.y_min, plot_.y_max));
    }

  private:
    const Plot& plot_;
};

/// Round numbers between `low` and `high`, about five.
std::vector<double> ticks(double low, double high) {
    const double raw = (high - low) / 5;
    const double power = std::pow(10, std::floor(std::log10(raw)));
    double step = power;
    for (const double times : {1.0, 2.0, 2.5, 5.0, 10.0})
        if (power * times <= raw * 1.2) step = power * times;
    std::vector<double> values;
    for (double value = std::ceil(low / step - 1e-9) * step; value <= high + step * 1e-9;
         value += step)
        values.push_back(std::abs(value) < step * 1e-9 ? 0 : value);
    return values;
}

std::string axes(const Plot& plot, const Frame& frame) {
    std::string svg;
    for (const double value : ticks(plot.x_min, plot.x_max)) {
        const std::string x = at(frame.x(value));
        svg += "<line class='grid' x1='" + x + "' x2='" + x + "' y1='" + at(kTop) + "' y2='" +
               at(kTop + kHeight) + "'/><text class='tick' text-anchor='middle' x='" + x + "' y='" +
               at(kTop + kHeight + 15) + "'>" + short_number(value) + "</text>";
    }
    for (const double value : ticks(plot.y_min, plot.y_max)) {
        const std::string y = at(frame.y(value));
        svg += "<line class='grid' x1='" + at(kLeft) + "' x2='" + at(kLeft + kWidth) + "' y1='" +
               y + "' y2='" + y + "'/><text class='tick' text-anchor='end' x='" + at(kLeft - 6) +
               "' y='" + at(frame.y(value) + 4) + "'>" + short_number(value) + "</text>";
    }
    svg += "<text class='label' text-anchor='middle' x='" + at(kLeft + kWidth / 2) + "' y='" +
           at(kTop + kHeight + 36) + "'>" + markup_escaped(plot.x_label) + "</text>";
    svg += "<text class='label' text-anchor='middle' transform='translate(13 " +
           at(kTop + kHeight / 2) + ") rotate(-90)'>" + markup_escaped(plot.y_label) + "</text>";
    return svg;
}

/// Every point while there are few, else those that a screen can tell apart.
std::vector<std::pair<double, double>> thinned(const Curve& curve) {
    if (curve.points.size() <= kMostPoints) return curve.points;
    std::vector<std::pair<double, double>> points;
    for (std::size_t i = 0; i < kMostPoints; ++i)
        points.push_back(curve.points[i * (curve.points.size() - 1) / (kMostPoints - 1)]);
    return points;
}

/// A step past the right edge is drawn up to the edge.
std::string line_of(const Curve& curve, const Plot& plot, const Frame& frame,
                    const std::string& style) {
    std::string path;
    double last_y = 0;
    bool begun = false;
    std::vector<std::pair<double, double>> shown;
    for (const auto& point : curve.points)
        if (point.first <= plot.x_max) shown.push_back(point);
    Curve within = curve;
    within.points = std::move(shown);
    for (const auto& [x, y] : thinned(within)) {
        if (!std::isfinite(x) || !std::isfinite(y)) continue;
        path += (begun ? "L" : "M") + at(frame.x(x)) + " " + at(frame.y_within(y));
        last_y = y;
        begun = true;
    }
    if (begun && within.points.size() < curve.points.size())
        path += "L" + at(frame.x(plot.x_max)) + " " + at(frame.y_within(last_y));
    return "<path class='" + style + "' d='" + path + "'/>";
}

std::string dots_of(const Curve& curve, const Frame& frame, const std::string& style) {
    std::string svg;
    for (std::size_t i = 0; i < curve.points.size(); ++i) {
        const auto& [x, y] = curve.points[i];
        if (i < curve.bars.size())
            svg += "<line class='" + style + " bar' x1='" + at(frame.x(x)) + "' x2='" +
                   at(frame.x(x)) + "' y1='" + at(frame.y_within(curve.bars[i].low)) + "' y2='" +
                   at(frame.y_within(curve.bars[i].high)) + "'/>";
        svg += "<circle class='" + style + " dot' cx='" + at(frame.x(x)) + "' cy='" +
               at(frame.y_within(y)) + "' r='4'/>";
    }
    return svg;
}

std::string bars_of(const Curve& curve, const Plot& plot, const Frame& frame,
                    const std::string& style) {
    std::string svg;
    if (curve.points.empty()) return svg;
    const double width = kWidth / static_cast<double>(curve.points.size());
    for (const auto& [x, y] : curve.points)
        svg += "<rect class='" + style + " column' x='" + at(frame.x(x)) + "' y='" +
               at(frame.y_within(y)) + "' width='" + at(width - 1) + "' height='" +
               at(frame.y(plot.y_min) - frame.y_within(y)) + "'/>";
    return svg;
}

/// `series` counts the colours that were given out.
std::string style_of(const Curve& curve, int& series) {
    if (curve.style == Curve::Style::kReference) return "reference";
    if (curve.style == Curve::Style::kDashed)
        return "s" + std::to_string(std::max(series - 1, 0) % 6) + " dashed";
    return "s" + std::to_string(series++ % 6);
}

std::string legend(const Plot& plot) {
    std::string svg;
    double y = kTop + kHeight + kBottom + 12;
    int series = 0;
    for (const Curve& curve : plot.curves) {
        const std::string style = style_of(curve, series);
        svg += "<line class='" + style + " key' x1='" + at(kLeft) + "' x2='" + at(kLeft + 22) +
               "' y1='" + at(y - 4) + "' y2='" + at(y - 4) + "'/><text class='label' x='" +
               at(kLeft + 30) + "' y='" + at(y) + "'>" + markup_escaped(curve.name) + "</text>";
        y += kLegendLine;
    }
    return svg;
}

}  // namespace

std::string short_number(double value) {
    if (value != 0 && std::abs(value) < 0.001) return number_text(value, 6);
    return number_text(value, 3);
}

std::string svg_of(const Plot& plot) {
    const double height =
        kTop + kHeight + kBottom + 4 + kLegendLine * static_cast<double>(plot.curves.size());
    const Frame frame(plot);
    std::string svg = "<svg viewBox='0 0 " + at(kLeft + kWidth + 12) + " " + at(height) +
                      "' role='img' aria-label='" + markup_escaped(plot.title) + "'>";
    svg += axes(plot, frame);
    int series = 0;
    for (const Curve& curve : plot.curves) {
        const std::string style = style_of(curve, series);
        if (plot.kind == Plot::Kind::kHistogram)
            svg += bars_of(curve, plot, frame, style);
        else if (curve.style == Curve::Style::kDots)
            svg += dots_of(curve, frame, style);
        else
            svg += line_of(curve, plot, frame, style);
    }
    return svg + legend(plot) + "</svg>";
}

}  // namespace lucerna::report
