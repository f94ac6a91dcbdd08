#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "evaluate/decision.h"
#include "evaluate/froc.h"
#include "report/workbench.h"

namespace lucerna::report {
namespace {

using evaluate::DrawnFigure;
using evaluate::Draws;
using evaluate::Ranking;
using Members = std::vector<bool>;

/// Patients of each kind among the members; a metric needs enough of those it is about.
struct Sizes {
    std::size_t images = 0;
    std::size_t patients = 0;
    std::size_t malignant = 0;
    std::size_t others = 0;
    std::size_t with_lesions = 0;
};

struct Metric {
    std::string id;
    std::string title;
    DrawnFigure (*over)(const MeasuredSet& set, const Members& members, double threshold);
    std::size_t (*enough)(const Sizes& sizes);
};

Ranking members_ranking(const MeasuredSet& set, const Members& members) {
    std::vector<evaluate::RankedItem> items;
    for (std::size_t i = 0; i < set.size(); ++i)
        if (members[i])
            items.push_back(
                {set.predictions[i].score, set.records[i].malignant, set.patient_of[i], 1});
    return Ranking(std::move(items));
}

DrawnFigure auc_over(const MeasuredSet& set, const Members& members, double) {
    return [r = std::make_shared<const Ranking>(members_ranking(set, members))](Draws d) {
        return r->auc(d);
    };
}
DrawnFigure sensitivity_over(const MeasuredSet& set, const Members& members, double threshold) {
    return [r = std::make_shared<const Ranking>(members_ranking(set, members)),
            threshold](Draws d) { return r->sensitivity_from(d, threshold); };
}
DrawnFigure specificity_over(const MeasuredSet& set, const Members& members, double threshold) {
    return [r = std::make_shared<const Ranking>(members_ranking(set, members)),
            threshold](Draws d) { return r->specificity_from(d, threshold); };
}
DrawnFigure lesions_over(const MeasuredSet& set, const Members& members, double) {
    const auto all = matched_images(set, Asked::kLesions, evaluate::HitRule::kCentre);
    std::vector<evaluate::MatchedImage> matched;
    std::vector<std::uint32_t> patient_of;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!members[i]) continue;
        matched.push_back(all[i]);
        patient_of.push_back(set.patient_of[i]);
    }
    return [r = std::make_shared<const evaluate::FrocRanking>(matched, patient_of, set.patients)](
               Draws d) { return r->sensitivity_at(d, 1); };
}

const std::vector<Metric>& metrics() {
    static const std::vector<Metric> kMetrics{
        {"auc", "AUC", auc_over, [](const Sizes& s) { return std::min(s.malignant, s.others); }},
        {"sensitivity", "Sensitivity", sensitivity_over,
         [](const Sizes& s) { return s.malignant; }},
        {"specificity", "Specificity", specificity_over, [](const Sizes& s) { return s.others; }},
        {"lesion_sensitivity", "Lesions found at 1 false mark an image", lesions_over,
         [](const Sizes& s) { return s.with_lesions; }},
    };
    return kMetrics;
}

Sizes sizes_of(const MeasuredSet& set, const Members& members) {
    std::set<std::uint32_t> patients, malignant, others, with_lesions;
    Sizes sizes;
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (!members[i]) continue;
        ++sizes.images;
        patients.insert(set.patient_of[i]);
        (set.records[i].malignant ? malignant : others).insert(set.patient_of[i]);
        if (!set.records[i].lesions.empty()) with_lesions.insert(set.patient_of[i]);
    }
    sizes.patients = patients.size();
    sizes.malignant = malignant.size();
    sizes.others = others.size();
    sizes.with_lesions = with_lesions.size();
    return sizes;
}

std::string value_of(const collection::ImageRecord& record, const std::string& column) {
    const auto own = record.subgroups.find(column);
    if (own != record.subgroups.end()) return own->second.empty() ? "(empty)" : own->second;
    if (column == "laterality")
        return record.view.laterality == exam::Laterality::kRight ? "RIGHT" : "LEFT";
    if (column == "view") return exam::to_string(record.view).substr(2);
    if (column == "split") return record.split.empty() ? "(empty)" : record.split;
    return {};
}

bool knows(const MeasuredSet& set, const std::string& column) {
    return column == "laterality" || column == "view" || column == "split" ||
           std::any_of(set.records.begin(), set.records.end(),
                       [&](const auto& record) { return record.subgroups.contains(column); });
}

/// Numbers of many values (ages) become four bands of equally many images.
std::vector<std::string> banded(std::vector<std::string> values) {
    constexpr std::size_t kMostValues = 12;
    if (std::set<std::string>(values.begin(), values.end()).size() <= kMostValues) return values;
    std::vector<double> numbers;
    for (const std::string& text : values) {
        double number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || end != text.data() + text.size()) {
            if (text == "(empty)") continue;
            return values;
        }
        numbers.push_back(number);
    }
    std::sort(numbers.begin(), numbers.end());
    double cuts[3];
    for (std::size_t i = 0; i < 3; ++i) cuts[i] = numbers[(i + 1) * numbers.size() / 4];
    for (std::string& text : values) {
        if (text == "(empty)") continue;
        double number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        const auto c = [&](std::size_t i) { return number_text(cuts[i]); };
        text = number < cuts[0]   ? "below " + c(0)
               : number < cuts[1] ? c(0) + " to below " + c(1)
               : number < cuts[2] ? c(1) + " to below " + c(2)
                                  : c(2) + " and above";
    }
    return values;
}

void add_group(Report& report, Workbench& bench, const MeasuredSet& set, const std::string& column,
               const std::string& name, const Members& members, double threshold) {
    Members rest(members.size());
    for (std::size_t i = 0; i < rest.size(); ++i) rest[i] = !members[i];
    const Sizes sizes = sizes_of(set, members);
    const Sizes rest_sizes = sizes_of(set, rest);
    Group& group = report.groups.emplace_back();
    group.column = column;
    group.name = name;
    group.images = sizes.images;
    group.patients = sizes.patients;
    group.malignant_patients = sizes.malignant;
    for (const Metric& metric : metrics()) {
        GroupMetric& one = group.metrics.emplace_back();
        one.metric = metric.id;
        one.title = metric.title;
        one.value.id = "value";
        one.rest.id = "rest";
        one.gap.id = "gap";
        one.too_small = metric.enough(sizes) < report.options.smallest_group ||
                        metric.enough(rest_sizes) < report.options.smallest_group;
        const std::size_t own = bench.fill(one.value, metric.over(set, members, threshold));
        const std::size_t others = bench.fill(one.rest, metric.over(set, rest, threshold));
        bench.fill_difference(one.gap, own, others);
    }
    group.too_small = std::all_of(group.metrics.begin(), group.metrics.end(),
                                  [](const GroupMetric& one) { return one.too_small; });
}

}  // namespace

void add_groups(Report& report, Workbench& bench, const MeasuredSet& set) {
    constexpr std::size_t kMostGroups = 30;
    const Level images = levels_of(set).front();
    const double threshold = group_threshold(report, images).threshold;
    for (const std::string& column : report.options.subgroups) {
        if (!knows(set, column)) {
            report.notes.push_back("The manifest has no column '" + column +
                                   "': no subgroups of it.");
            continue;
        }
        std::vector<std::string> values;
        for (const auto& record : set.records) values.push_back(value_of(record, column));
        values = banded(std::move(values));
        const std::set<std::string> names(values.begin(), values.end());
        if (names.size() > kMostGroups) {
            report.notes.push_back("Column '" + column + "' has " + std::to_string(names.size()) +
                                   " values: too many for subgroups.");
            continue;
        }
        if (names.size() < 2)
            report.notes.push_back("Column '" + column +
                                   "' has one value: there is no rest to compare with.");
        for (const std::string& name : names) {
            Members members(set.size());
            for (std::size_t i = 0; i < set.size(); ++i) members[i] = values[i] == name;
            add_group(report, bench, set, column, name, members, threshold);
        }
    }
}

void conclude_groups(Report& report) {
    std::vector<GroupMetric*> tested;
    std::vector<double> p_values;
    for (Group& group : report.groups)
        for (GroupMetric& metric : group.metrics)
            if (metric.gap.p && !metric.too_small) {
                tested.push_back(&metric);
                p_values.push_back(*metric.gap.p);
            }
    const auto adjusted = evaluate::holm(p_values);
    for (std::size_t i = 0; i < tested.size(); ++i) tested[i]->p_holm = adjusted[i];
}

}  // namespace lucerna::report
