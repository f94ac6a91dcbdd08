#pragma once

#include <string>
#include <utility>
#include <vector>

#include "learn/report.h"

namespace lucerna::learn {

struct Curve {
    std::string name;
    std::vector<std::pair<double, double>> points;
};

struct Plot {
    std::string title;
    std::string x_label;
    std::string y_label;
    double x_max = 1;
    double y_max = 1;
    std::vector<Curve> curves;
};

/// A self-contained SVG of line curves from 0 to x_max and y_max; points beyond are cut off.
[[nodiscard]] std::string svg_of(const Plot& plot);

/// Loss per step, smoothed over 10 steps, of each part's log.csv (name, text).
[[nodiscard]] Plot loss_plot(const std::vector<std::pair<std::string, std::string>>& logs);
[[nodiscard]] Plot roc_plot(const Report& report);
[[nodiscard]] Plot froc_plot(const Report& report);

}  // namespace lucerna::learn
