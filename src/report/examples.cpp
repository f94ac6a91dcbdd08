#include <algorithm>
#include <numeric>

#include "report/workbench.h"

namespace lucerna::report {
namespace {

Example example_of(const MeasuredSet& set, std::size_t i, Example::Kind kind) {
    constexpr std::size_t kMarks = 3;
    Example example;
    example.kind = kind;
    example.file = set.records[i].file;
    for (const auto& lesion : set.records[i].lesions) example.lesions.push_back(lesion.box);
    example.marks = set.predictions[i].marks;
    std::stable_sort(example.marks.begin(), example.marks.end(),
                     [](const auto& a, const auto& b) { return a.suspicion > b.suspicion; });
    if (example.marks.size() > kMarks) example.marks.resize(kMarks);
    example.caption = exam::to_string(set.records[i].view) + ", score " +
                      number_text(set.predictions[i].score) +
                      (set.records[i].malignant ? ", malignant" : ", not malignant");
    return example;
}

}  // namespace

std::vector<Example> examples_of(const MeasuredSet& set, std::size_t most) {
    std::vector<std::size_t> order(set.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return set.predictions[a].score < set.predictions[b].score;
    });
    std::vector<Example> examples;
    std::size_t taken = 0;
    for (auto at = order.begin(); at != order.end() && taken < most; ++at)
        if (set.records[*at].malignant) {
            examples.push_back(example_of(set, *at, Example::Kind::kMiss));
            ++taken;
        }
    taken = 0;
    for (auto at = order.rbegin(); at != order.rend() && taken < most; ++at)
        if (!set.records[*at].malignant) {
            examples.push_back(example_of(set, *at, Example::Kind::kFalseAlarm));
            ++taken;
        }
    return examples;
}

}  // namespace lucerna::report
