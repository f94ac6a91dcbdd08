#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "dicom/tags.h"
#include "prepare/run_steps.h"
#include "prepare/view.h"

namespace lucerna::prepare {
namespace {

using exam::Refusal;
using exam::RefusalReason;

/// Breasts whose areas differ by less count as equally well shown.
constexpr double kSameArea = 0.1;

struct Candidate {
    exam::PreparedView view;
    double breast_area_mm2 = 0;
    /// Date and time of acquisition, as text that sorts.
    std::string acquired;
};

using Outcome = std::variant<Candidate, Refusal>;

std::string acquired_at(const dicom::DataSet& data_set) {
    using namespace dicom;
    const std::string date = data_set.text_or(kAcquisitionDate, data_set.text_or(kContentDate, ""));
    const std::string time = data_set.text_or(kAcquisitionTime, data_set.text_or(kContentTime, ""));
    return date + time;
}

double breast_area_mm2(const exam::PreparedView& view) {
    const auto breast = std::count_if(view.pixels.pixels.begin(), view.pixels.pixels.end(),
                                      [](float value) { return value > 0; });
    return static_cast<double>(breast) * view.spacing_mm * view.spacing_mm;
}

bool is_better(const Candidate& one, const Candidate& other) {
    const double larger = std::max(one.breast_area_mm2, other.breast_area_mm2);
    if (std::abs(one.breast_area_mm2 - other.breast_area_mm2) > kSameArea * larger)
        return one.breast_area_mm2 > other.breast_area_mm2;
    return one.acquired > other.acquired;
}

Refusal duplicate(const exam::PreparedView& left_out) {
    return {RefusalReason::kDuplicateView,
            "Another image of the same view shows more of the breast or was taken later; that one "
            "was read.",
            describe(dicom::kViewCodeSequence),
            "Nothing, unless this image is the better one: then take the other out of the exam.",
            left_out.source.sop_instance_uid,
            left_out.source.name ? to_string(*left_out.source.name) : ""};
}

Refusal missing(const std::string& view, const std::vector<Refusal>& refused) {
    const bool was_sent = std::any_of(refused.begin(), refused.end(),
                                      [&](const Refusal& each) { return each.view == view; });
    return {RefusalReason::kMissingView,
            was_sent ? "No usable image shows the view " + view + ": what was sent is refused."
                     : "No image shows the view " + view + ".",
            describe(dicom::kViewCodeSequence),
            was_sent ? "See why the image was refused." : "Send the view, then read again.",
            {},
            view};
}

Refusal unreadable(const Error& error) {
    const bool unsupported = error.code() == ErrorCode::kUnsupported;
    return {unsupported ? RefusalReason::kUnsupportedEncoding : RefusalReason::kUnreadable,
            error.what(),
            "file",
            "Send the object again.",
            {},
            {}};
}

Outcome outcome_of(const ExamObjects& objects, std::size_t index,
                   const exam::InputContract& contract) {
    std::optional<dicom::DataSet> data_set;
    try {
        data_set = objects.load(index);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kUnavailable) throw;
        return unreadable(error);
    }
    dicom::FirstFrame first_frame(*data_set);
    auto prepared = prepare_view(*data_set, first_frame, contract);
    if (objects.see) objects.see(index, *data_set, first_frame);
    if (auto* refusal = std::get_if<Refusal>(&prepared)) return std::move(*refusal);
    Candidate candidate{std::get<exam::PreparedView>(std::move(prepared)), 0,
                        acquired_at(*data_set)};
    candidate.breast_area_mm2 = breast_area_mm2(candidate.view);
    return candidate;
}

/// What the contract asks for first comes first; views without a name keep their order, last.
void put_in_order(std::vector<Candidate>& candidates, const std::vector<std::string>& views) {
    const auto rank = [&](const Candidate& candidate) {
        const auto& name = candidate.view.source.name;
        return name ? std::find(views.begin(), views.end(), to_string(*name)) - views.begin()
                    : static_cast<std::ptrdiff_t>(views.size());
    };
    std::stable_sort(candidates.begin(), candidates.end(),
                     [&](const Candidate& a, const Candidate& b) { return rank(a) < rank(b); });
}

}  // namespace

exam::Preparation prepare_exam(const ExamObjects& objects, const exam::InputContract& contract,
                               const RunParts& run) {
    // A broken contract is the caller's defect, not the image's: it throws here, before any try.
    static_cast<void>(steps_of(contract));
    std::vector<Outcome> outcomes(objects.count);
    run(objects.count, [&](std::size_t i) { outcomes[i] = outcome_of(objects, i, contract); });

    exam::Preparation preparation;
    std::vector<Candidate> accepted;
    for (Outcome& outcome : outcomes) {
        if (auto* refusal = std::get_if<Refusal>(&outcome)) {
            preparation.refused.push_back(std::move(*refusal));
            continue;
        }
        auto& candidate = std::get<Candidate>(outcome);
        const auto same =
            std::find_if(accepted.begin(), accepted.end(), [&](const Candidate& each) {
                return each.view.source.name && each.view.source.name == candidate.view.source.name;
            });
        if (same == accepted.end()) {
            accepted.push_back(std::move(candidate));
            continue;
        }
        if (is_better(candidate, *same)) std::swap(candidate, *same);
        preparation.refused.push_back(duplicate(candidate.view));
    }
    put_in_order(accepted, contract.views);
    for (Candidate& candidate : accepted) preparation.accepted.push_back(std::move(candidate.view));
    for (const std::string& view : contract.views) {
        const bool seen = std::any_of(
            preparation.accepted.begin(), preparation.accepted.end(), [&](const auto& each) {
                return each.source.name && to_string(*each.source.name) == view;
            });
        if (!seen) preparation.refused.push_back(missing(view, preparation.refused));
    }
    return preparation;
}

exam::Preparation prepare_exam(std::span<const dicom::DataSet> data_sets,
                               const exam::InputContract& contract) {
    return prepare_exam({data_sets.size(), [&](std::size_t i) { return data_sets[i].clone(); }, {}},
                        contract);
}

}  // namespace lucerna::prepare
