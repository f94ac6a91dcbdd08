#include "learn/folds.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace lucerna::learn {

void shuffle(std::vector<std::size_t>& items, std::uint64_t seed) {
    Random random(seed);
    for (std::size_t i = items.size(); i > 1; --i)
        std::swap(items[i - 1], items[static_cast<std::size_t>(random.below(i))]);
}

std::vector<int> assign_folds(const TrainingSet& set, int folds, std::uint64_t seed) {
    std::map<std::string, std::vector<std::size_t>> by_patient;
    for (std::size_t i = 0; i < set.images.size(); ++i)
        by_patient[set.images[i].record.patient].push_back(i);
    if (folds < 2 || by_patient.size() < static_cast<std::size_t>(folds))
        throw Error(ErrorCode::kInvalidInput, "there are fewer patients than folds");
    std::vector<const std::vector<std::size_t>*> patients;
    for (const auto& [name, images] : by_patient) patients.push_back(&images);
    std::vector<std::size_t> order(patients.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(order, seed);
    // The next patient goes to the fold that has fewest images of the patient's kind.
    std::vector<std::pair<std::size_t, std::size_t>> load(static_cast<std::size_t>(folds));
    std::vector<int> fold_of(set.images.size());
    for (const std::size_t at : order) {
        const bool malignant =
            std::any_of(patients[at]->begin(), patients[at]->end(),
                        [&](std::size_t i) { return set.images[i].record.malignant; });
        const auto lighter = [&](const auto& a, const auto& b) {
            return malignant ? a.first < b.first : a.second < b.second;
        };
        const auto chosen = std::min_element(load.begin(), load.end(), lighter);
        (malignant ? chosen->first : chosen->second) += patients[at]->size();
        for (const std::size_t i : *patients[at])
            fold_of[i] = static_cast<int>(chosen - load.begin());
    }
    return fold_of;
}

}  // namespace lucerna::learn
