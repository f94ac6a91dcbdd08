#include "report/readers.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "report/page_style.h"
#include "report/workbench.h"

namespace lucerna::report {
namespace {

using evaluate::FigureOfMerit;
using evaluate::Generalisation;
using evaluate::StudyInference;
using Json = nlohmann::ordered_json;

Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json();
}

std::string id_of(Generalisation to) {
    switch (to) {
        case Generalisation::kReadersAndCases:
            return "random_readers_random_cases";
        case Generalisation::kCases:
            return "fixed_readers_random_cases";
        case Generalisation::kReaders:
            break;
    }
    return "random_readers_fixed_cases";
}

std::string id_of(FigureOfMerit figure) {
    return figure == FigureOfMerit::kRocAuc ? "roc_auc" : "wafroc";
}

std::string title_of(FigureOfMerit figure) {
    return figure == FigureOfMerit::kRocAuc ? "ROC AUC" : "wAFROC figure of merit";
}

Json json_of(const StudyInference& inference, const evaluate::ReaderStudy& study) {
    Json treatments = Json::array();
    for (const auto& one : inference.treatments)
        treatments.push_back({{"treatment", study.treatments[one.treatment]},
                              {"value", one.estimate.value},
                              {"interval", {one.estimate.interval.low, one.estimate.interval.high}},
                              {"standard_error", one.standard_error},
                              {"df", number(one.df)}});
    Json differences = Json::array();
    for (const auto& one : inference.differences)
        differences.push_back(
            {{"first", study.treatments[one.first]},
             {"second", study.treatments[one.second]},
             {"value", one.estimate.value},
             {"interval", {one.estimate.interval.low, one.estimate.interval.high}},
             {"standard_error", one.standard_error},
             {"df", number(one.df)},
             {"t", number(one.t)},
             {"p", one.p}});
    Json json{{"treatments", treatments}, {"differences", differences}, {"test", nullptr}};
    if (!inference.differences.empty())
        json["test"] = {{"f", number(inference.test.statistic)},
                        {"df1", inference.test.df1},
                        {"df2", number(inference.test.df2)},
                        {"p", inference.test.p}};
    return json;
}

Json json_of(const evaluate::StudyAnalysis& analysis, const evaluate::ReaderStudy& study) {
    Json json = Json::object();
    for (const StudyInference& one : analysis.inferences)
        json[id_of(one.generalises_to)] = json_of(one, study);
    return json;
}

Json components_of(const evaluate::OrAnalysis& a) {
    return {{"ms_treatment", a.ms_treatment},
            {"ms_reader", a.ms_reader},
            {"ms_treatment_reader", a.ms_treatment_reader},
            {"variance", a.variance},
            {"cov1", a.cov1},
            {"cov2", a.cov2},
            {"cov3", a.cov3}};
}

Json components_of(const evaluate::DbmAnalysis& a) {
    return {{"ms_treatment", a.ms_treatment},
            {"ms_reader", a.ms_reader},
            {"ms_case", a.ms_case},
            {"ms_treatment_reader", a.ms_treatment_reader},
            {"ms_treatment_case", a.ms_treatment_case},
            {"ms_reader_case", a.ms_reader_case},
            {"ms_treatment_reader_case", a.ms_treatment_reader_case}};
}

std::string general_text(Generalisation to) {
    switch (to) {
        case Generalisation::kReadersAndCases:
            return "random readers, random cases";
        case Generalisation::kCases:
            return "these readers, random cases";
        case Generalisation::kReaders:
            break;
    }
    return "random readers, these cases";
}

std::string df_text(double df) {
    return std::isfinite(df) ? number_text(df, 2) : "infinite";
}

std::string interval_text(const evaluate::Estimate& estimate) {
    return number_text(estimate.value, 5) + " (" + number_text(estimate.interval.low, 5) + " to " +
           number_text(estimate.interval.high, 5) + ")";
}

std::string test_text(const StudyInference& inference) {
    if (inference.differences.empty()) return "one treatment: nothing to test";
    return "F = " + number_text(inference.test.statistic, 4) + " on " +
           df_text(inference.test.df1) + " and " + df_text(inference.test.df2) +
           " degrees, p = " + number_text(inference.test.p, 5);
}

std::string cell(const std::string& text) {
    return "<td>" + markup_escaped(text) + "</td>";
}

std::string figures_html(const evaluate::StudyAnalysis& analysis,
                         const evaluate::ReaderStudy& study) {
    std::string html = "<table><thead><tr><th>Treatment</th>";
    for (const std::string& reader : study.readers)
        html += "<th>Reader " + markup_escaped(reader) + "</th>";
    html += "</tr></thead><tbody>";
    for (std::size_t i = 0; i < study.treatments.size(); ++i) {
        html += "<tr>" + cell(study.treatments[i]);
        for (const double value : analysis.figures[i]) html += cell(number_text(value, 4));
        html += "</tr>";
    }
    return html + "</tbody></table>";
}

std::string inferences_html(const std::string& method, const evaluate::StudyAnalysis& analysis,
                            const evaluate::ReaderStudy& study) {
    std::string html = "<h3>" + markup_escaped(method) +
                       "</h3><table><thead><tr><th>Generalises to</th><th>Treatments</th>"
                       "<th>Differences</th><th>Test</th></tr></thead><tbody>";
    for (const StudyInference& one : analysis.inferences) {
        html += "<tr>" + cell(general_text(one.generalises_to)) + "<td>";
        for (const auto& treatment : one.treatments)
            html += markup_escaped(study.treatments[treatment.treatment]) + ": " +
                    interval_text(treatment.estimate) + "<br>";
        html += "</td><td>";
        for (const auto& gap : one.differences)
            html +=
                markup_escaped(study.treatments[gap.first] + " - " + study.treatments[gap.second]) +
                ": " + interval_text(gap.estimate) + ", p = " + number_text(gap.p, 5) + "<br>";
        html += "</td>" + cell(test_text(one)) + "</tr>";
    }
    return html + "</tbody></table>";
}

}  // namespace

ReaderReport analyse_readers(evaluate::ReaderStudy study) {
    ReaderReport report;
    report.study = std::move(study);
    // Where each diseased case has one lesion and no case both, wAFROC would say ROC again.
    const bool marked = std::any_of(
        report.study.ratings.begin(), report.study.ratings.end(), [](const auto& treatment) {
            return std::any_of(treatment.begin(), treatment.end(), [](const auto& cases) {
                return std::any_of(cases.begin(), cases.end(), [](const auto& one) {
                    return one.lesions.size() > 1 ||
                           (!one.lesions.empty() && one.highest_false > evaluate::kNever);
                });
            });
        });
    std::vector<FigureOfMerit> figures{FigureOfMerit::kRocAuc};
    if (marked) figures.push_back(FigureOfMerit::kWafroc);
    for (const FigureOfMerit figure : figures)
        report.analyses.push_back(
            {figure,
             evaluate::obuchowski_rockette(report.study, figure, evaluate::Covariance::kDelong),
             evaluate::obuchowski_rockette(report.study, figure, evaluate::Covariance::kJackknife),
             evaluate::dorfman_berbaum_metz(report.study, figure)});
    return report;
}

std::string readers_json(const ReaderReport& report) {
    const evaluate::ReaderStudy& study = report.study;
    Json analyses = Json::object();
    for (const ReaderReport::Analysis& one : report.analyses) {
        Json figures = Json::array();
        for (std::size_t i = 0; i < study.treatments.size(); ++i)
            for (std::size_t j = 0; j < study.readers.size(); ++j)
                figures.push_back({{"treatment", study.treatments[i]},
                                   {"reader", study.readers[j]},
                                   {"value", one.or_delong.figures[i][j]}});
        analyses[id_of(one.figure)] = {
            {"figures", figures},
            {"obuchowski_rockette_delong",
             {{"components", components_of(one.or_delong)},
              {"inference", json_of(one.or_delong, study)}}},
            {"obuchowski_rockette_jackknife",
             {{"components", components_of(one.or_jackknife)},
              {"inference", json_of(one.or_jackknife, study)}}},
            {"dorfman_berbaum_metz",
             {{"components", components_of(one.dbm)}, {"inference", json_of(one.dbm, study)}}}};
    }
    const auto normals =
        std::count(study.lesions_of_case.begin(), study.lesions_of_case.end(), std::size_t{0});
    const Json document{{"format", "lucerna-reader-report"},
                        {"format_version", 1},
                        {"ratings_sha256", report.manifest_sha256},
                        {"treatments", study.treatments},
                        {"readers", study.readers},
                        {"cases", study.lesions_of_case.size()},
                        {"normal_cases", normals},
                        {"analyses", analyses}};
    return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string readers_html(const ReaderReport& report) {
    std::string html = std::string(
                           "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
                           "<meta name='viewport' content='width=device-width'>"
                           "<title>Reader study</title><style>") +
                       kPageStyle + "</style></head><body><main><h1>Reader study</h1><p>" +
                       std::to_string(report.study.treatments.size()) + " treatments, " +
                       std::to_string(report.study.readers.size()) + " readers, " +
                       std::to_string(report.study.lesions_of_case.size()) +
                       " cases. Intervals are 95%. <b>Research use only.</b></p>";
    for (const ReaderReport::Analysis& one : report.analyses)
        html +=
            "<section><h2>" + title_of(one.figure) + "</h2>" +
            figures_html(one.or_delong, report.study) +
            inferences_html("Obuchowski-Rockette, DeLong covariances", one.or_delong,
                            report.study) +
            inferences_html("Obuchowski-Rockette, jackknife covariances", one.or_jackknife,
                            report.study) +
            inferences_html("Dorfman-Berbaum-Metz, jackknife pseudovalues", one.dbm, report.study) +
            "</section>";
    return html + "</main></body></html>\n";
}

std::string readers_text(const ReaderReport& report) {
    std::string text;
    for (const ReaderReport::Analysis& one : report.analyses) {
        text += title_of(one.figure) + "\n";
        for (const auto& [name, analysis] :
             {std::pair<const char*, const evaluate::StudyAnalysis*>{"OR, DeLong", &one.or_delong},
              {"OR, jackknife", &one.or_jackknife},
              {"DBM", &one.dbm}})
            for (const StudyInference& inference : analysis->inferences)
                text += "  " + std::string(name) + ", " + general_text(inference.generalises_to) +
                        ": " + test_text(inference) + "\n";
    }
    return text;
}

}  // namespace lucerna::report
