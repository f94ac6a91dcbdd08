#include <algorithm>

#include "report/workbench.h"

namespace lucerna::report {
namespace {

/// The interval that a requirement is held against: the one that keeps patients together first.
const evaluate::Interval* interval_of(const Figure& figure) {
    for (const char* method : {"patient_bootstrap", "delong", "sandwich", "wilson"}) {
        const auto at = figure.intervals.find(method);
        if (at != figure.intervals.end()) return &at->second;
    }
    return nullptr;
}

std::string with_interval(const Figure& figure, const evaluate::Interval& interval) {
    return number_text(*figure.value) + " (" + number_text(interval.low) + " to " +
           number_text(interval.high) + ")";
}

Check check_requirement(const Report& report, const Requirement& requirement) {
    Check check;
    check.name = requirement.figure + " >= " + number_text(requirement.at_least, 4);
    const Figure* figure = report.figure(requirement.figure);
    if (figure == nullptr) {
        check.detail = "there is no figure of that name";
        return check;
    }
    const evaluate::Interval* interval = interval_of(*figure);
    if (!figure->value || interval == nullptr) {
        check.detail = figure->value ? "too few cases for an interval" : figure->undefined_because;
        return check;
    }
    check.detail = with_interval(*figure, *interval);
    if (interval->low >= requirement.at_least)
        check.outcome = Outcome::kPass;
    else if (interval->high < requirement.at_least)
        check.outcome = Outcome::kFail;
    return check;
}

/// A group must be shown to be no more than the tolerance worse than the rest.
Check check_gap(const Group& group, const GroupMetric& metric, double tolerance) {
    Check check;
    check.name = group.column + " = " + group.name + ": " + metric.title;
    if (metric.too_small) {
        check.detail = "too small a group to say (" + std::to_string(group.patients) +
                       " patients, " + std::to_string(group.malignant_patients) +
                       " with malignant images)";
        return check;
    }
    const evaluate::Interval* interval = interval_of(metric.gap);
    if (!metric.gap.value || interval == nullptr) {
        check.detail =
            metric.gap.value ? "too few cases for an interval" : metric.gap.undefined_because;
        return check;
    }
    check.detail = "gap to the rest " + with_interval(metric.gap, *interval);
    if (metric.p_holm) check.detail += ", Holm p " + number_text(*metric.p_holm, 4);
    if (*metric.gap.value < -tolerance && metric.p_holm && *metric.p_holm < 0.05)
        check.outcome = Outcome::kFail;
    else if (interval->low >= -tolerance)
        check.outcome = Outcome::kPass;
    return check;
}

}  // namespace

std::string name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::kPass:
            return "pass";
        case Outcome::kFail:
            return "fail";
        case Outcome::kUndecided:
            break;
    }
    return "undecided";
}

Verdict verdict_of(const Report& report) {
    Verdict verdict;
    for (const Requirement& one : report.options.requirements)
        verdict.checks.push_back(check_requirement(report, one));
    for (const Group& group : report.groups)
        for (const GroupMetric& metric : group.metrics)
            verdict.checks.push_back(check_gap(group, metric, report.options.tolerance));
    const auto any = [&](Outcome outcome) {
        return std::any_of(verdict.checks.begin(), verdict.checks.end(),
                           [&](const Check& check) { return check.outcome == outcome; });
    };
    if (any(Outcome::kFail))
        verdict.outcome = Outcome::kFail;
    else if (!verdict.checks.empty() && !any(Outcome::kUndecided))
        verdict.outcome = Outcome::kPass;
    return verdict;
}

}  // namespace lucerna::report
