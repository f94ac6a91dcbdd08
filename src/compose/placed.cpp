#include "compose/placed.h"

#include <algorithm>
#include <cmath>

namespace lucerna::compose {
namespace {

double stepped(double value, double highest) {
    return std::clamp(std::round(value / kPlaceStep) * kPlaceStep, 0.0, highest);
}

}  // namespace

exam::Point placed(exam::Point point, const exam::ViewSource& source) {
    return {stepped(point.x, source.columns), stepped(point.y, source.rows)};
}

exam::Box placed_box(const exam::Finding& finding, const exam::ViewSource& source) {
    const exam::Point first = placed({finding.box.left, finding.box.top}, source);
    const exam::Point last = placed({finding.box.right(), finding.box.bottom()}, source);
    return {first.x, first.y, last.x - first.x, last.y - first.y};
}

std::vector<exam::Point> placed_outline(const exam::Finding& finding,
                                        const exam::ViewSource& source) {
    std::vector<exam::Point> outline;
    for (const exam::Point& corner : finding.contour) {
        const exam::Point point = placed(corner, source);
        if (outline.empty() || outline.back() != point) outline.push_back(point);
    }
    while (outline.size() > 1 && outline.back() == outline.front()) outline.pop_back();
    if (outline.size() >= 3) return outline;
    const exam::Box box = placed_box(finding, source);
    return {{box.left, box.top},
            {box.right(), box.top},
            {box.right(), box.bottom()},
            {box.left, box.bottom()}};
}

exam::Point placed_centre(const exam::Finding& finding, const exam::ViewSource& source) {
    return placed(placed_box(finding, source).centre(), source);
}

}  // namespace lucerna::compose
