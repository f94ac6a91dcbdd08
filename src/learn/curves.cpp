#include "learn/curves.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <sstream>

#include "base/encoding.h"

namespace lucerna::learn {
namespace {

constexpr double kLeft = 60;
constexpr double kTop = 36;
constexpr double kWide = 520;
constexpr double kHigh = 320;
constexpr std::array<const char*, 8> kColours{"#1b6ca8", "#c1440e", "#2e7d32", "#7b1fa2",
                                              "#b8860b", "#00838f", "#ad1457", "#455a64"};

std::string shown(double value) {
    std::array<char, 40> text{};
    const auto length = std::snprintf(text.data(), text.size(), "%.4g", value);
    return {text.data(), static_cast<std::size_t>(length)};
}

std::string text_at(double x, double y, const char* anchor, const std::string& text) {
    return "<text x=\"" + shown(x) + "\" y=\"" + shown(y) + "\" text-anchor=\"" + anchor + "\">" +
           markup_escaped(text) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, const char* colour) {
    return "<path d=\"M" + shown(x1) + " " + shown(y1) + "L" + shown(x2) + " " + shown(y2) +
           "\" stroke=\"" + colour + "\" fill=\"none\"/>\n";
}

std::string axes(const Plot& plot) {
    std::string svg;
    for (int i = 0; i <= 5; ++i) {
        const double share = i / 5.0;
        const double x = kLeft + share * kWide;
        const double y = kTop + (1 - share) * kHigh;
        svg +=
            line(x, kTop, x, kTop + kHigh, "#dddddd") + line(kLeft, y, kLeft + kWide, y, "#dddddd");
        svg += text_at(x, kTop + kHigh + 16, "middle", shown(share * plot.x_max));
        svg += text_at(kLeft - 6, y + 4, "end", shown(share * plot.y_max));
    }
    svg += text_at(kLeft + kWide / 2, kTop + kHigh + 36, "middle", plot.x_label);
    svg += text_at(kLeft, kTop - 10, "start", plot.title + " (up: " + plot.y_label + ")");
    return svg;
}

}  // namespace

std::string svg_of(const Plot& plot) {
    std::string svg =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 410\" "
        "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"800\" height=\"410\" "
        "fill=\"white\"/>\n" +
        axes(plot);
    for (std::size_t i = 0; i < plot.curves.size(); ++i) {
        const Curve& curve = plot.curves[i];
        const char* colour = kColours[i % kColours.size()];
        std::string path;
        for (const auto& [x, y] : curve.points) {
            if (x > plot.x_max) break;
            path += (path.empty() ? "M" : "L") + shown(kLeft + x / plot.x_max * kWide) + " " +
                    shown(kTop + (1 - std::min(y / plot.y_max, 1.0)) * kHigh);
        }
        if (!path.empty())
            svg += "<path d=\"" + path + "\" stroke=\"" + colour +
                   "\" stroke-width=\"1.5\" fill=\"none\"/>\n";
        const double y = kTop + 14 + 18 * static_cast<double>(i);
        svg += line(kLeft + kWide + 12, y - 4, kLeft + kWide + 32, y - 4, colour) +
               text_at(kLeft + kWide + 38, y, "start", curve.name);
    }
    return svg + "</svg>\n";
}

Plot loss_plot(const std::vector<std::pair<std::string, std::string>>& logs) {
    Plot plot{"Training loss", "step", "loss, mean of 10 steps", 1, 1, {}};
    for (const auto& [name, log] : logs) {
        Curve curve{name, {}};
        std::istringstream rows(log);
        std::string row;
        std::getline(rows, row);
        double sum = 0;
        for (int count = 1; std::getline(rows, row); ++count) {
            const std::size_t first = row.find(',');
            const std::size_t second = row.find(',', first + 1);
            double loss = 0;
            std::from_chars(row.data() + second + 1, row.data() + row.size(), loss);
            sum += loss;
            if (count % 10 != 0) continue;
            curve.points.emplace_back(count, sum / 10);
            sum = 0;
            plot.x_max = std::max(plot.x_max, static_cast<double>(count));
            if (count > 10) plot.y_max = std::max(plot.y_max, curve.points.back().second);
        }
        plot.curves.push_back(std::move(curve));
    }
    return plot;
}

Plot roc_plot(const Report& report) {
    Curve curve{"images", {{0, 0}}};
    for (const evaluate::RocPoint& point : report.roc)
        curve.points.emplace_back(1 - point.specificity, point.sensitivity);
    return {"ROC, malignant against benign, out of fold", "1 - specificity", "sensitivity", 1, 1,
            {curve, {"chance", {{0, 0}, {1, 1}}}}};
}

Plot froc_plot(const Report& report) {
    Plot plot{"FROC, out of fold", "false marks per image", "share of masses found", 4, 1, {}};
    for (const FrocReport& one : report.froc) {
        Curve curve{one.asked == Asked::kMasses ? "all, " : "malignant, ", {{0, 0}}};
        curve.name += one.rule == evaluate::HitRule::kCentre ? "centre" : "IoU 0.2";
        for (const evaluate::FrocPoint& point : one.curve)
            curve.points.emplace_back(point.false_marks_per_image, point.sensitivity);
        plot.curves.push_back(std::move(curve));
    }
    return plot;
}

}  // namespace lucerna::learn
