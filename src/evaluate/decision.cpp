#include "evaluate/decision.h"

#include <algorithm>
#include <numeric>

namespace lucerna::evaluate {

double positive_predictive_value(double sensitivity, double specificity, double prevalence) {
    const double right = sensitivity * prevalence;
    return right / (right + (1 - specificity) * (1 - prevalence));
}

double negative_predictive_value(double sensitivity, double specificity, double prevalence) {
    const double right = specificity * (1 - prevalence);
    return right / (right + (1 - sensitivity) * prevalence);
}

double net_benefit(double sensitivity, double specificity, double prevalence, double threshold) {
    return sensitivity * prevalence -
           (1 - specificity) * (1 - prevalence) * threshold / (1 - threshold);
}

std::vector<double> holm(std::span<const double> p_values) {
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
    std::vector<double> adjusted(p_values.size());
    double largest = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
        const auto left = static_cast<double>(order.size() - rank);
        largest = std::max(largest, std::min(1.0, left * p_values[order[rank]]));
        adjusted[order[rank]] = largest;
    }
    return adjusted;
}

}  // namespace lucerna::evaluate
