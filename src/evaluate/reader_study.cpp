#include "evaluate/reader_study.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/error.h"

namespace lucerna::evaluate {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorCode::kInvalidInput, "reader study: " + why);
}

void check(const ReaderStudy& study) {
    if (study.treatments.empty() || study.readers.empty()) refuse("no treatment or no reader");
    const bool crossed =
        study.ratings.size() == study.treatments.size() &&
        std::all_of(study.ratings.begin(), study.ratings.end(), [&](const auto& of_treatment) {
            return of_treatment.size() == study.readers.size() &&
                   std::all_of(of_treatment.begin(), of_treatment.end(), [&](const auto& cases) {
                       return cases.size() == study.lesions_of_case.size();
                   });
        });
    if (!crossed) refuse("not every reader read every case under every treatment");
    for (const auto& of_treatment : study.ratings)
        for (const auto& cases : of_treatment)
            for (std::size_t k = 0; k < cases.size(); ++k)
                if (cases[k].lesions.size() != study.lesions_of_case[k])
                    refuse("a case has another number of lesions in some rating");
}

TwoSample figure_of(const std::vector<CaseRating>& cases, FigureOfMerit figure) {
    std::vector<DiseasedRating> diseased;
    std::vector<double> normal;
    std::size_t diseased_cases = 0;
    for (const CaseRating& one : cases) {
        if (one.lesions.empty()) {
            normal.push_back(one.highest_false);
            continue;
        }
        if (figure == FigureOfMerit::kRocAuc) {
            const double highest = *std::max_element(one.lesions.begin(), one.lesions.end());
            diseased.push_back({diseased_cases, std::max(highest, one.highest_false), 1});
        } else {
            for (const double rating : one.lesions)
                diseased.push_back(
                    {diseased_cases, rating, 1 / static_cast<double>(one.lesions.size())});
        }
        ++diseased_cases;
    }
    return two_sample(diseased_cases, diseased, normal);
}

}  // namespace

std::vector<std::vector<TwoSample>> study_figures(const ReaderStudy& study, FigureOfMerit figure) {
    check(study);
    std::vector<std::vector<TwoSample>> figures;
    for (const auto& of_treatment : study.ratings) {
        figures.emplace_back();
        for (const auto& cases : of_treatment) figures.back().push_back(figure_of(cases, figure));
    }
    return figures;
}

}  // namespace lucerna::evaluate
