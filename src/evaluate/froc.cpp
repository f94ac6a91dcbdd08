#include "evaluate/froc.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "evaluate/two_sample.h"

namespace lucerna::evaluate {
namespace {

bool hits(const exam::Box& mark, const exam::Box& target, HitRule rule) {
    if (rule == HitRule::kCentre) return target.contains(mark.centre());
    return exam::overlap(mark, target) >= 0.2;
}

bool hits_any(const exam::Box& mark, const std::vector<exam::Box>& targets, HitRule rule) {
    return std::any_of(targets.begin(), targets.end(),
                       [&](const exam::Box& target) { return hits(mark, target, rule); });
}

/// The FROC points of some images: from the strictest threshold on.
std::vector<FrocPoint> curve_of(std::span<const MatchedImage> images,
                                std::span<const std::size_t> indices) {
    std::vector<std::pair<double, bool>> marks;  // score, found a target
    std::size_t targets = 0;
    for (const std::size_t i : indices) {
        targets += images[i].targets;
        for (const double score : images[i].found) marks.emplace_back(score, true);
        for (const double score : images[i].falses) marks.emplace_back(score, false);
    }
    if (targets == 0)
        throw Error(ErrorCode::kInvalidInput, "FROC analysis needs at least one lesion to find");
    std::sort(marks.begin(), marks.end(), std::greater<>());
    std::vector<FrocPoint> curve;
    double found = 0;
    double falses = 0;
    for (std::size_t i = 0; i < marks.size(); ++i) {
        (marks[i].second ? found : falses) += 1;
        if (i + 1 < marks.size() && marks[i + 1].first == marks[i].first) continue;
        curve.push_back({marks[i].first, falses / static_cast<double>(indices.size()),
                         found / static_cast<double>(targets)});
    }
    return curve;
}

std::vector<std::size_t> all_of(std::span<const MatchedImage> images) {
    std::vector<std::size_t> indices(images.size());
    std::iota(indices.begin(), indices.end(), std::size_t{0});
    return indices;
}

}  // namespace

MatchedImage match_marks(const MarkedImage& image, HitRule rule) {
    std::vector<Mark> marks = image.marks;
    std::stable_sort(marks.begin(), marks.end(),
                     [](const Mark& a, const Mark& b) { return a.score > b.score; });
    MatchedImage matched;
    matched.targets = image.targets.size();
    std::vector<bool> taken(image.targets.size(), false);
    for (const Mark& mark : marks) {
        bool hit = false;
        for (std::size_t i = 0; i < image.targets.size(); ++i) {
            if (!hits(mark.box, image.targets[i], rule)) continue;
            hit = true;
            if (taken[i]) continue;
            taken[i] = true;
            matched.found.push_back(mark.score);
            break;
        }
        if (!hit && !hits_any(mark.box, image.ignored, rule)) matched.falses.push_back(mark.score);
    }
    return matched;
}

std::vector<double> froc_sensitivities(std::span<const MatchedImage> images,
                                       std::span<const std::size_t> indices,
                                       std::span<const double> false_rates) {
    std::vector<double> sensitivities(false_rates.size(), 0.0);
    for (const FrocPoint& point : curve_of(images, indices))
        for (std::size_t i = 0; i < false_rates.size(); ++i)
            if (point.false_marks_per_image <= false_rates[i])
                sensitivities[i] = std::max(sensitivities[i], point.sensitivity);
    return sensitivities;
}

std::vector<double> froc_sensitivities(std::span<const MatchedImage> images,
                                       std::span<const double> false_rates) {
    return froc_sensitivities(images, all_of(images), false_rates);
}

std::vector<FrocPoint> froc_curve(std::span<const MatchedImage> images) {
    return curve_of(images, all_of(images));
}

FrocRanking::FrocRanking(std::span<const MatchedImage> images,
                         std::span<const std::uint32_t> cluster_of_image, std::uint32_t clusters)
    : sizes_(clusters) {
    std::vector<std::pair<double, Entry>> marks;
    for (std::size_t i = 0; i < images.size(); ++i) {
        const std::uint32_t cluster = cluster_of_image[i];
        ++sizes_[cluster].first;
        sizes_[cluster].second += static_cast<std::uint32_t>(images[i].targets);
        for (const double score : images[i].found) marks.push_back({score, {cluster, true, false}});
        for (const double score : images[i].falses)
            marks.push_back({score, {cluster, false, false}});
    }
    std::stable_sort(marks.begin(), marks.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    entries_.reserve(marks.size());
    for (std::size_t i = 0; i < marks.size(); ++i) {
        entries_.push_back(marks[i].second);
        entries_.back().last_of_score =
            i + 1 == marks.size() || marks[i + 1].first != marks[i].first;
    }
}

double FrocRanking::sensitivity_at(Draws draws, double false_rate) const {
    std::uint64_t images = 0;
    std::uint64_t targets = 0;
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
        images += std::uint64_t{draws[i]} * sizes_[i].first;
        targets += std::uint64_t{draws[i]} * sizes_[i].second;
    }
    if (targets == 0) return std::numeric_limits<double>::quiet_NaN();
    const double most = false_rate * static_cast<double>(images) * (1 + 1e-12);
    std::uint64_t found = 0;
    std::uint64_t falses = 0;
    std::uint64_t best = 0;
    for (const Entry& entry : entries_) {
        (entry.found ? found : falses) += draws[entry.cluster];
        if (!entry.last_of_score) continue;
        if (static_cast<double>(falses) > most) break;
        best = found;
    }
    return static_cast<double>(best) / static_cast<double>(targets);
}

std::vector<RankedItem> wafroc_items(std::span<const MatchedImage> images,
                                     std::span<const std::uint32_t> cluster_of_image,
                                     const std::vector<bool>& counts, FalseMarks false_marks) {
    std::vector<RankedItem> items;
    for (std::size_t i = 0; i < images.size(); ++i) {
        if (!counts.empty() && !counts[i]) continue;
        const MatchedImage& image = images[i];
        const std::uint32_t cluster = cluster_of_image[i];
        const double weight = 1 / static_cast<double>(std::max<std::size_t>(image.targets, 1));
        for (std::size_t target = 0; target < image.targets; ++target)
            items.push_back({target < image.found.size() ? image.found[target] : kNever, true,
                             cluster, weight});
        if (image.targets > 0 && false_marks == FalseMarks::kOfNormals) continue;
        const auto highest = std::max_element(image.falses.begin(), image.falses.end());
        items.push_back({highest == image.falses.end() ? kNever : *highest, false, cluster, 1});
    }
    return items;
}

}  // namespace lucerna::evaluate
