#include "learn/places.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace lucerna::learn {
namespace {

std::vector<Place> places_of_one(const float* presence, const float* peak, const float* distances,
                                 std::size_t cells, std::size_t columns, std::size_t most) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < cells; ++i)
        if (presence[i] == peak[i]) order.push_back(i);
    const std::size_t count = std::min(order.size(), most);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
                      order.end(), [&](std::size_t a, std::size_t b) {
                          return presence[a] != presence[b] ? presence[a] > presence[b] : a < b;
                      });
    std::vector<Place> places;
    for (std::size_t k = 0; k < count; ++k) {
        const std::size_t i = order[k];
        const double x = (static_cast<double>(i % columns) + 0.5) * kStride;
        const double y = (static_cast<double>(i / columns) + 0.5) * kStride;
        const auto side = [&](std::size_t which) {
            const auto log_distance = static_cast<double>(distances[which * cells + i]);
            return kDistanceUnit *
                   std::exp(std::clamp(log_distance, -kLogDistanceLimit, kLogDistanceLimit));
        };
        Place place;
        place.box = {x - side(0), y - side(1), side(0) + side(2), side(1) + side(3)};
        place.found = static_cast<double>(presence[i]);
        places.push_back(place);
    }
    return places;
}

}  // namespace

std::vector<std::vector<Place>> places_of(const FinderMaps& maps, int most) {
    const auto to_cpu = [](const torch::Tensor& t) {
        return t.detach().to(torch::kCPU).contiguous();
    };
    const auto presence = to_cpu(maps.presence);
    const auto peak = torch::max_pool2d(presence, kPeakWindow, 1, kPeakWindow / 2).contiguous();
    const auto distances = to_cpu(maps.distances);
    const auto columns = static_cast<std::size_t>(presence.size(3));
    const auto cells = static_cast<std::size_t>(presence.size(2)) * columns;
    std::vector<std::vector<Place>> all;
    for (std::size_t n = 0; n < static_cast<std::size_t>(presence.size(0)); ++n)
        all.push_back(places_of_one(presence.data_ptr<float>() + n * cells,
                                    peak.data_ptr<float>() + n * cells,
                                    distances.data_ptr<float>() + 4 * n * cells, cells, columns,
                                    static_cast<std::size_t>(most)));
    return all;
}

}  // namespace lucerna::learn
