#include <algorithm>
#include <vector>

#include "base/error.h"
#include "evaluate/reader_study.h"
#include "evaluate/study_inference.h"

namespace lucerna::evaluate {
namespace {

/// Pseudovalues of treatment i, reader j, case k.
class Cube {
  public:
    Cube(std::size_t of_treatments, std::size_t of_readers, std::size_t of_cases)
        : treatments(of_treatments),
          readers(of_readers),
          cases(of_cases),
          values_(of_treatments * of_readers * of_cases) {}

    const std::size_t treatments;
    const std::size_t readers;
    const std::size_t cases;

    [[nodiscard]] double& at(std::size_t i, std::size_t j, std::size_t k) {
        return values_[(i * readers + j) * cases + k];
    }
    [[nodiscard]] double at(std::size_t i, std::size_t j, std::size_t k) const {
        return values_[(i * readers + j) * cases + k];
    }

  private:
    std::vector<double> values_;
};

/// Every margin of a cube.
struct Margins {
    double all = 0;
    std::vector<double> i, j, k;
    std::vector<std::vector<double>> ij, ik, jk;

    explicit Margins(const Cube& cube)
        : i(cube.treatments),
          j(cube.readers),
          k(cube.cases),
          ij(cube.treatments, std::vector<double>(cube.readers)),
          ik(cube.treatments, std::vector<double>(cube.cases)),
          jk(cube.readers, std::vector<double>(cube.cases)) {
        const auto ni = static_cast<double>(cube.treatments);
        const auto nj = static_cast<double>(cube.readers);
        const auto nk = static_cast<double>(cube.cases);
        for (std::size_t a = 0; a < cube.treatments; ++a)
            for (std::size_t b = 0; b < cube.readers; ++b)
                for (std::size_t c = 0; c < cube.cases; ++c) {
                    const double y = cube.at(a, b, c);
                    all += y / (ni * nj * nk);
                    i[a] += y / (nj * nk);
                    j[b] += y / (ni * nk);
                    k[c] += y / (ni * nj);
                    ij[a][b] += y / nk;
                    ik[a][c] += y / nj;
                    jk[b][c] += y / ni;
                }
    }
};

double square(double value) {
    return value * value;
}

double share(double sum, double df) {
    return df > 0 ? sum / df : 0;
}

double main_effect(const std::vector<double>& means, double all, double times) {
    double sum = 0;
    for (const double mean : means) sum += square(mean - all);
    return share(times * sum, static_cast<double>(means.size()) - 1);
}

double two_way(const std::vector<std::vector<double>>& cells, const std::vector<double>& rows,
               const std::vector<double>& columns, double all, double times) {
    double sum = 0;
    for (std::size_t a = 0; a < rows.size(); ++a)
        for (std::size_t b = 0; b < columns.size(); ++b)
            sum += square(cells[a][b] - rows[a] - columns[b] + all);
    return share(times * sum, (static_cast<double>(rows.size()) - 1) *
                                  (static_cast<double>(columns.size()) - 1));
}

double three_way(const Cube& cube, const Margins& m) {
    double sum = 0;
    for (std::size_t a = 0; a < cube.treatments; ++a)
        for (std::size_t b = 0; b < cube.readers; ++b)
            for (std::size_t c = 0; c < cube.cases; ++c)
                sum += square(cube.at(a, b, c) - m.ij[a][b] - m.ik[a][c] - m.jk[b][c] + m.i[a] +
                              m.j[b] + m.k[c] - m.all);
    return share(sum, (static_cast<double>(cube.treatments) - 1) *
                          (static_cast<double>(cube.readers) - 1) *
                          (static_cast<double>(cube.cases) - 1));
}

Cube cube_of(const std::vector<std::vector<TwoSample>>& figures) {
    const std::size_t cases = figures[0][0].of_diseased.size() + figures[0][0].of_normal.size();
    Cube cube(figures.size(), figures[0].size(), cases);
    for (std::size_t i = 0; i < cube.treatments; ++i)
        for (std::size_t j = 0; j < cube.readers; ++j) {
            const std::vector<double> values = pseudovalues(figures[i][j]);
            for (std::size_t k = 0; k < cases; ++k) cube.at(i, j, k) = values[k];
        }
    return cube;
}

/// One treatment's own mean squares: readers, cases, and their interaction.
struct OwnSquares {
    double reader = 0;
    double of_case = 0;
    double reader_case = 0;
};

OwnSquares own_squares(const Cube& cube, std::size_t treatment) {
    Cube slice(1, cube.readers, cube.cases);
    for (std::size_t j = 0; j < cube.readers; ++j)
        for (std::size_t k = 0; k < cube.cases; ++k) slice.at(0, j, k) = cube.at(treatment, j, k);
    const Margins m(slice);
    return {main_effect(m.j, m.all, static_cast<double>(cube.cases)),
            main_effect(m.k, m.all, static_cast<double>(cube.readers)),
            two_way(m.jk, m.j, m.k, m.all, 1)};
}

/// The error terms, brought from the scale of pseudovalues to that of figures by 1 / cases.
ErrorTerms terms_of(const DbmAnalysis& a, const Cube& cube, Generalisation to) {
    const auto treatments = static_cast<double>(cube.treatments);
    const auto readers = static_cast<double>(cube.readers);
    const auto cases = static_cast<double>(cube.cases);
    ErrorTerms terms;
    terms.generalises_to = to;
    const double case_part = std::max(a.ms_treatment_case - a.ms_treatment_reader_case, 0.0);
    if (to == Generalisation::kCases) {
        terms.error = a.ms_treatment_case / cases;
        terms.error_df = (treatments - 1) * (cases - 1);
    } else {
        const double rest = to == Generalisation::kReaders ? 0 : case_part;
        terms.error = (a.ms_treatment_reader + rest) / cases;
        terms.error_df = hillis_df(a.ms_treatment_reader, rest, (treatments - 1) * (readers - 1));
    }
    for (std::size_t i = 0; i < cube.treatments; ++i) {
        const OwnSquares own = own_squares(cube, i);
        if (to == Generalisation::kCases) {
            terms.treatment_error.push_back(own.of_case / cases);
            terms.treatment_df.push_back(cases - 1);
            continue;
        }
        const double rest =
            to == Generalisation::kReaders ? 0 : std::max(own.of_case - own.reader_case, 0.0);
        terms.treatment_error.push_back((own.reader + rest) / cases);
        terms.treatment_df.push_back(hillis_df(own.reader, rest, readers - 1));
    }
    return terms;
}

}  // namespace

DbmAnalysis dorfman_berbaum_metz(const ReaderStudy& study, FigureOfMerit figure) {
    const auto components = study_figures(study, figure);
    const Cube cube = cube_of(components);
    const Margins m(cube);
    const auto treatments = static_cast<double>(cube.treatments);
    const auto readers = static_cast<double>(cube.readers);
    const auto cases = static_cast<double>(cube.cases);
    DbmAnalysis a;
    for (const auto& row : components) {
        a.figures.emplace_back();
        for (const TwoSample& one : row) a.figures.back().push_back(one.value);
    }
    a.ms_treatment = main_effect(m.i, m.all, readers * cases);
    a.ms_reader = main_effect(m.j, m.all, treatments * cases);
    a.ms_case = main_effect(m.k, m.all, treatments * readers);
    a.ms_treatment_reader = two_way(m.ij, m.i, m.j, m.all, cases);
    a.ms_treatment_case = two_way(m.ik, m.i, m.k, m.all, readers);
    a.ms_reader_case = two_way(m.jk, m.j, m.k, m.all, treatments);
    a.ms_treatment_reader_case = three_way(cube, m);
    const auto conclude = [&](Generalisation to) {
        a.inferences.push_back(
            infer_from(m.i, cube.readers, a.ms_treatment / cases, terms_of(a, cube, to)));
    };
    if (cube.readers > 1) conclude(Generalisation::kReadersAndCases);
    conclude(Generalisation::kCases);
    if (cube.readers > 1) conclude(Generalisation::kReaders);
    return a;
}

}  // namespace lucerna::evaluate
