#include "check_export.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "infer/model_package.h"
#include "verbs.h"

namespace lucerna {
namespace {

exam::PreparedView view_of(const collection::TrainingImage& image) {
    exam::PreparedView view;
    view.pixels = exam::Raster<float>(image.pixels.width, image.pixels.height);
    std::transform(image.pixels.pixels.begin(), image.pixels.pixels.end(),
                   view.pixels.pixels.begin(),
                   [](std::uint8_t grey) { return static_cast<float>(grey) / 255; });
    view.placement = image.placement;
    // Nothing of a box is cut off: only scores are compared.
    view.source.rows = view.source.columns = 1 << 20;
    return view;
}

/// The largest difference of any score of one picture.
double difference(const learn::Expected& expected, const infer::ModelPackage& package) {
    const infer::FindingRule everything{"place", 0, 1000, 1};
    const exam::ViewReading reading = package.read(view_of(expected.image), everything);
    double largest = std::abs(reading.raw_score - expected.image_score);
    std::vector<std::pair<double, double>> places;
    for (const exam::Finding& finding : reading.findings)
        places.emplace_back(finding.presence, finding.raw_score);
    std::sort(places.rbegin(), places.rend());
    // A place that one of them has not got counts as presence 0, as the network pads.
    for (std::size_t i = 0; i < std::max(places.size(), expected.places.size()); ++i) {
        const auto at = [&](const auto& list) {
            return i < list.size() ? list[i] : std::pair<double, double>{};
        };
        largest = std::max(largest, std::abs(at(places).first - at(expected.places).first));
        largest = std::max(largest, std::abs(at(places).second - at(expected.places).second));
    }
    return largest;
}

}  // namespace

void check_export(const learn::ExportOptions& options) {
    constexpr std::size_t kPictures = 40;
    constexpr double kTolerance = 1e-3;
    const auto package = infer::ModelPackage::open(options.package);
    double largest = 0;
    const std::vector<learn::Expected> expected = learn::expected_of_package(options, kPictures);
    for (const learn::Expected& one : expected)
        largest = std::max(largest, difference(one, package));
    std::array<char, 160> text{};
    std::snprintf(
        text.data(), text.size(),
        "the package against libtorch on %zu pictures: no score differs by more than %.1e",
        expected.size(), largest);
    say_progress(text.data());
    if (largest > kTolerance)
        throw Error(ErrorCode::kInternal,
                    "the package does not say what the network does: " + options.package.string());
}

}  // namespace lucerna
