#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "base/error.h"
#include "report/csv.h"
#include "report/readers.h"

namespace lucerna::report {
namespace {

using evaluate::CaseRating;
using evaluate::kNever;
using evaluate::ReaderStudy;

[[noreturn]] void refuse(int line, const std::string& why) {
    throw Error(ErrorCode::kInvalidInput,
                "reader ratings, line " + std::to_string(line) + ": " + why);
}

/// Names in order of first appearance.
class Names {
  public:
    std::size_t number(const std::string& name) {
        const auto [at, fresh] = numbers_.try_emplace(name, names_.size());
        if (fresh) names_.push_back(name);
        return at->second;
    }
    [[nodiscard]] const std::vector<std::string>& all() const { return names_; }

  private:
    std::map<std::string, std::size_t> numbers_;
    std::vector<std::string> names_;
};

struct Line {
    int line = 0;
    std::size_t treatment = 0;
    std::size_t reader = 0;
    std::size_t at_case = 0;
    std::size_t lesions = 0;
    /// From 1; 0 for a mark on no lesion or the rating of a normal case.
    std::size_t lesion = 0;
    std::optional<double> rating;
};

std::size_t whole(const CsvRow& row, const char* column) {
    const double value = row.number(column).value_or(0);
    if (value < 0 || value > 1000 || value != static_cast<double>(static_cast<int>(value)))
        refuse(row.line, std::string(column) + " is not a count");
    return static_cast<std::size_t>(value);
}

Line line_of(const CsvRow& row, Names& treatments, Names& readers, Names& cases) {
    Line line;
    line.line = row.line;
    line.treatment = treatments.number(row.needed("treatment"));
    line.reader = readers.number(row.needed("reader"));
    line.at_case = cases.number(row.needed("case"));
    line.rating = row.number("rating");
    const std::string truth = row.needed("truth");
    if (truth != "0" && truth != "1") refuse(row.line, "truth is '" + truth + "', not 0 or 1");
    if (!row.fields.contains("lesions")) {
        // An ROC study: one rating a case.
        line.lesions = truth == "1" ? 1 : 0;
        line.lesion = line.lesions;
        if (!line.rating) refuse(row.line, "rating is empty");
        return line;
    }
    line.lesions = whole(row, "lesions");
    line.lesion = whole(row, "lesion");
    if ((line.lesions > 0) != (truth == "1")) refuse(row.line, "truth and lesions disagree");
    if (line.lesion > line.lesions)
        refuse(row.line, "lesion " + std::to_string(line.lesion) + " of a case that has " +
                             std::to_string(line.lesions));
    return line;
}

void enter(ReaderStudy& study, const Line& line,
           std::vector<std::vector<std::vector<bool>>>& seen) {
    CaseRating& rating = study.ratings[line.treatment][line.reader][line.at_case];
    seen[line.treatment][line.reader][line.at_case] = true;
    if (study.lesions_of_case[line.at_case] != line.lesions)
        refuse(line.line, "another number of lesions of the case than before");
    if (!line.rating) return;
    double& place = line.lesion > 0 ? rating.lesions[line.lesion - 1] : rating.highest_false;
    place = std::max(place, *line.rating);
}

}  // namespace

ReaderStudy parse_reader_ratings(std::string_view csv) {
    Names treatments, readers, cases;
    std::vector<Line> lines;
    for (const CsvRow& row :
         parse_csv(csv, "reader ratings", {"reader", "treatment", "case", "truth", "rating"}))
        lines.push_back(line_of(row, treatments, readers, cases));
    if (lines.empty()) refuse(1, "there are no ratings");
    ReaderStudy study;
    study.treatments = treatments.all();
    study.readers = readers.all();
    study.lesions_of_case.resize(cases.all().size());
    for (const Line& line : lines) study.lesions_of_case[line.at_case] = line.lesions;
    std::vector<CaseRating> blank;
    for (const std::size_t lesions : study.lesions_of_case)
        blank.push_back({kNever, std::vector<double>(lesions, kNever)});
    study.ratings.assign(study.treatments.size(), {study.readers.size(), blank});
    std::vector<std::vector<std::vector<bool>>> seen(
        study.treatments.size(), {study.readers.size(), std::vector<bool>(blank.size(), false)});
    for (const Line& line : lines) enter(study, line, seen);
    for (std::size_t i = 0; i < seen.size(); ++i)
        for (std::size_t j = 0; j < seen[i].size(); ++j)
            for (std::size_t k = 0; k < seen[i][j].size(); ++k)
                if (!seen[i][j][k])
                    throw Error(ErrorCode::kInvalidInput,
                                "reader ratings: reader " + study.readers[j] +
                                    " has no row for case " + cases.all()[k] + " under treatment " +
                                    study.treatments[i] +
                                    "; every reader must read every case under every treatment");
    return study;
}

}  // namespace lucerna::report
