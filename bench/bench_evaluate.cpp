// Bootstrap of the AUC of a million cases: how long 2,000 rounds take, against one plain pass over
// the same number of memory cells a round as the floor.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/random.h"
#include "evaluate/figures.h"
#include "evaluate/ranking.h"
#include "pipeline/parallel.h"

using namespace lucerna;

namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

int main(int count, char** arguments) {
    const auto argument = [&](int at, unsigned long otherwise) {
        return count > at ? std::strtoul(arguments[at], nullptr, 10) : otherwise;
    };
    const auto cases = static_cast<std::uint32_t>(argument(1, 1'000'000));
    const std::uint64_t rounds = argument(2, 2000);
    const std::size_t threads = argument(3, 2);
    Random random(1);
    std::vector<evaluate::RankedItem> items;
    for (std::uint32_t i = 0; i < cases; ++i) {
        const bool positive = random.below(100) == 0;
        items.push_back({random.normal() + (positive ? 1.5 : 0), positive, i, 1});
    }
    const auto begin = std::chrono::steady_clock::now();
    const evaluate::Ranking ranking(std::move(items));
    std::printf("%u cases sorted in %.2f s\n", cases, seconds_since(begin));

    evaluate::Figures figures(cases);
    const std::size_t auc = figures.add([&](evaluate::Draws draws) { return ranking.auc(draws); });
    const auto start = std::chrono::steady_clock::now();
    figures.run(rounds, 1, [&](std::size_t parts, const std::function<void(std::size_t)>& part) {
        pipeline::run_parts(threads, parts, part);
    });
    const double took = seconds_since(start);
    const auto estimate = figures.estimate(auc);
    if (!estimate || !estimate->spread) std::abort();
    std::printf("AUC %.5f (%.5f to %.5f): %llu rounds on %zu threads in %.1f s, %.1f ns a case\n",
                estimate->value, estimate->spread->interval.low, estimate->spread->interval.high,
                static_cast<unsigned long long>(rounds), threads, took,
                took * 1e9 * static_cast<double>(threads) / static_cast<double>(rounds) / cases);

    // The floor: the same draws without the statistic.
    evaluate::Figures floor(cases);
    (void)floor.add([](evaluate::Draws draws) { return static_cast<double>(draws[0]); });
    const auto again = std::chrono::steady_clock::now();
    floor.run(rounds / 10, 1, [&](std::size_t parts, const std::function<void(std::size_t)>& part) {
        pipeline::run_parts(threads, parts, part);
    });
    std::printf("drawing alone: %.1f s of that\n", 10 * seconds_since(again));
    return 0;
}
