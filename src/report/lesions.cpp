#include <array>
#include <cmath>
#include <memory>

#include "evaluate/froc.h"
#include "report/workbench.h"

namespace lucerna::report {
namespace {

using evaluate::Draws;
using evaluate::FalseMarks;
using evaluate::HitRule;

constexpr std::array<double, 6> kFalseRates{0.125, 0.25, 0.5, 1, 2, 4};

struct Question {
    Asked asked;
    HitRule rule;
    std::string id;
    std::string title;
};

std::array<Question, 4> questions() {
    return {{{Asked::kLesions, HitRule::kCentre, "lesions_centre", "all lesions, centre rule"},
             {Asked::kLesions, HitRule::kOverlap, "lesions_overlap", "all lesions, IoU >= 0.2"},
             {Asked::kMalignant, HitRule::kCentre, "malignant_centre",
              "malignant lesions, centre rule"},
             {Asked::kMalignant, HitRule::kOverlap, "malignant_overlap",
              "malignant lesions, IoU >= 0.2"}}};
}

/// The two rules of one question share a colour.
Curve::Style style_of(const Question& question) {
    return question.rule == HitRule::kOverlap ? Curve::Style::kDashed : Curve::Style::kLine;
}

std::string why_no_targets(Asked asked) {
    return asked == Asked::kLesions ? "no image has a lesion box"
                                    : "no image has the box of a lesion known to be malignant";
}

/// Returns the curve; empty when there is nothing to find.
Curve add_froc(Workbench& bench, Section& section, const MeasuredSet& set,
               const Question& question) {
    const auto matched = matched_images(set, question.asked, question.rule);
    std::size_t targets = 0;
    for (const auto& image : matched) targets += image.targets;
    const auto ranking =
        std::make_shared<const evaluate::FrocRanking>(matched, set.patient_of, set.patients);
    for (const double rate : kFalseRates) {
        Figure& figure = section.figures.emplace_back(Figure{
            "froc_" + question.id + "_at_" + number_text(rate),
            "Sensitivity at " + number_text(rate) + " false marks an image, " + question.title,
            {},
            {},
            targets});
        figure.undefined_because = why_no_targets(question.asked);
        bench.fill(figure,
                   [ranking, rate](Draws draws) { return ranking->sensitivity_at(draws, rate); });
    }
    Curve curve{question.title, {}, style_of(question)};
    if (targets == 0) return curve;
    curve.points.emplace_back(0, 0);
    for (const auto& point : evaluate::froc_curve(matched))
        curve.points.emplace_back(point.false_marks_per_image, point.sensitivity);
    return curve;
}

struct WafrocCurve {
    Curve curve;
    std::string undefined_because;
};

WafrocCurve add_wafroc(Report& report, Workbench& bench, Section& section, const MeasuredSet& set,
                       const Question& question) {
    const MatchedForWafroc matched = matched_for_wafroc(set, question.asked, question.rule);
    // wAFROC1 is the published remedy where there are too few normal images to rank against.
    const bool few_normals = matched.normals < 20;
    const auto items =
        evaluate::wafroc_items(matched.images, set.patient_of, matched.counts,
                               few_normals ? FalseMarks::kOfAll : FalseMarks::kOfNormals);
    const auto ranking = std::make_shared<const evaluate::Ranking>(items);
    const std::string name = few_normals ? "wAFROC1" : "wAFROC";
    Figure& figure =
        section.figures.emplace_back(Figure{"wafroc_" + question.id,
                                            name + " figure of merit, " + question.title,
                                            {},
                                            {},
                                            matched.diseased + matched.normals});
    if (few_normals)
        figure.title += " (" + std::to_string(matched.normals) +
                        " normal images: false marks of all images count)";
    if (matched.diseased == 0) figure.undefined_because = why_no_targets(question.asked);
    bench.fill(figure, [ranking](Draws draws) { return ranking->auc(draws); });
    WafrocCurve out{{question.title + (few_normals ? " (wAFROC1)" : ""), {}, style_of(question)},
                    figure.undefined_because};
    if (matched.diseased == 0) return out;
    out.curve.points.emplace_back(0, 0);
    const auto once = evaluate::every_cluster_once(static_cast<std::uint32_t>(report.patients));
    for (const auto& point : ranking->curve(once))
        out.curve.points.emplace_back(point.negative_share, point.positive_share);
    return out;
}

}  // namespace

void add_lesions(Report& report, Workbench& bench, const MeasuredSet& set) {
    Section& section = report.sections.emplace_back();
    section.id = "lesions";
    section.title = "Lesions: found or missed";
    section.explanation =
        "A mark finds a lesion when its centre lies in the lesion's box (centre rule), or when the "
        "two boxes share a fifth of their union (IoU >= 0.2). Each lesion is found once. When "
        "malignant lesions are asked for, FROC drops marks on other lesions; wAFROC counts them as "
        "false on images that hold no malignant lesion.";
    Plot froc{"froc", "FROC", "False marks an image", "Sensitivity (lesions)"};
    froc.x_max = 4;
    Plot wafroc{"wafroc", "wAFROC", "Share of normal images with a false mark",
                "Weighted share of lesions found"};
    for (const Question& question : questions()) {
        Curve curve = add_froc(bench, section, set, question);
        if (curve.points.empty())
            froc.undefined_because = why_no_targets(question.asked);
        else
            froc.curves.push_back(std::move(curve));
    }
    for (const Question& question : questions()) {
        WafrocCurve one = add_wafroc(report, bench, section, set, question);
        if (one.curve.points.empty())
            wafroc.undefined_because = one.undefined_because;
        else
            wafroc.curves.push_back(std::move(one.curve));
    }
    section.plots = {froc, wafroc};
}

}  // namespace lucerna::report
