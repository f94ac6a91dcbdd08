#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/guarded.h"
#include "dicom/tags.h"
#include "prepare/claim.h"
#include "prepare/run_steps.h"
#include "prepare/view.h"

namespace lucerna::prepare {
namespace {

using exam::Refusal;
using exam::RefusalReason;

/// Breasts whose areas differ by less count as equally well shown.
constexpr double kSameArea = 0.1;
/// Of one view, each with its pixels, while it is not known yet which is read.
constexpr std::size_t kMostHeld = 8;

struct Candidate {
    exam::PreparedView view;
    double breast_area_mm2 = 0;
    Claim claim;
};

struct Outcome {
    std::variant<Candidate, Refusal> of;
    /// Also where it is refused: an exam with one is a patient's.
    bool is_of_a_patient = false;
};

double breast_area_mm2(const exam::PreparedView& view) {
    const auto breast = std::count_if(view.pixels.pixels.begin(), view.pixels.pixels.end(),
                                      [](float value) { return value > 0; });
    return static_cast<double>(breast) * view.spacing_mm * view.spacing_mm;
}

/// Whether one shows so much more of the breast than another that it counts.
bool shows_more(const Candidate& one, const Candidate& other) {
    return one.breast_area_mm2 - other.breast_area_mm2 > kSameArea * one.breast_area_mm2;
}

/// Of those of one view, which are of one kind (by_kind): of what shows as much of the breast as
/// the one that shows most the latest; of these the first. Not a comparison of two: what shows a
/// little less than another, which shows a little less than a third, may show much less than that.
std::size_t best_of(const std::vector<Candidate>& all) {
    const auto most = std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return a.breast_area_mm2 < b.breast_area_mm2;
    });
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (!shows_more(*most, all[i]) && (!best || outranks(all[i].claim, all[*best].claim)))
            best = i;
    return *best;
}

/// Whether whatever comes `one` is not the best while `other`, which came before or after, is
/// there.
bool is_beaten_by(const Candidate& one, const Candidate& other, bool came_before) {
    if (const auto kind = by_kind(other.claim, one.claim); kind != 0) return kind < 0;
    if (shows_more(other, one)) return true;
    if (other.breast_area_mm2 < one.breast_area_mm2) return false;
    return outranks(other.claim, one.claim) || (came_before && !outranks(one.claim, other.claim));
}

Refusal duplicate(const exam::PreparedView& left_out) {
    return {
        RefusalReason::kDuplicateView,
        "Another image of the same view was read, which is an exposure of the patient and this is "
        "not, shows more of the breast, was taken later or, where nothing tells them apart, came "
        "first.",
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
    std::shared_ptr<const dicom::DataSet> data_set;
    Claim claim;
    try {
        data_set = objects.load(index).data_set;
        claim = claim_of(*data_set, contract);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kUnavailable) throw;
        return {unreadable(error)};
    }
    const bool is_of_a_patient = claim.is_of_a_patient;
    if (objects.refuse)
        if (auto refusal = objects.refuse(*data_set)) return {*std::move(refusal), is_of_a_patient};
    dicom::FirstFrame first_frame(*data_set);
    auto prepared = prepare_view(*data_set, first_frame, contract);
    if (objects.see) objects.see(index, *data_set, first_frame);
    if (auto* refusal = std::get_if<Refusal>(&prepared))
        return {std::move(*refusal), is_of_a_patient};
    Candidate candidate{std::get<exam::PreparedView>(std::move(prepared)), 0, std::move(claim)};
    candidate.breast_area_mm2 = breast_area_mm2(candidate.view);
    return {std::move(candidate), is_of_a_patient};
}

/// What came of the objects, put together in their order, as which of two is the better may depend
/// on it.
class Gathering {
  public:
    void add(std::size_t index, Outcome outcome) {
        early_.emplace(index, std::move(outcome));
        while (!early_.empty() && early_.begin()->first == next_) {
            put(std::move(early_.begin()->second));
            early_.erase(early_.begin());
            ++next_;
        }
    }
    struct Result {
        std::vector<Candidate> accepted;
        std::vector<Refusal> refused;
        bool has_a_patient = false;
    };
    [[nodiscard]] Result result() && {
        std::vector<Candidate> accepted;
        for (std::vector<Candidate>& view : views_) {
            const std::size_t best = best_of(view);
            for (std::size_t i = 0; i < view.size(); ++i)
                if (i != best) refused_.push_back(duplicate(view[i].view));
            accepted.push_back(std::move(view[best]));
        }
        return {std::move(accepted), std::move(refused_), has_a_patient_};
    }

  private:
    void put(Outcome outcome) {
        has_a_patient_ = has_a_patient_ || outcome.is_of_a_patient;
        if (auto* refusal = std::get_if<Refusal>(&outcome.of)) {
            refused_.push_back(std::move(*refusal));
            return;
        }
        auto& candidate = std::get<Candidate>(outcome.of);
        const auto same =
            std::find_if(views_.begin(), views_.end(), [&](const std::vector<Candidate>& each) {
                return candidate.view.source.name &&
                       each.front().view.source.name == candidate.view.source.name;
            });
        if (same == views_.end())
            views_.emplace_back().push_back(std::move(candidate));
        else
            enter(*same, std::move(candidate));
    }

    /// Those that cannot be the best any more are let go, another kind among them: each has its
    /// pixels.
    void enter(std::vector<Candidate>& view, Candidate candidate) {
        for (const Candidate& each : view)
            if (is_beaten_by(candidate, each, true)) {
                refused_.push_back(duplicate(candidate.view));
                return;
            }
        std::erase_if(view, [&](const Candidate& each) {
            if (!is_beaten_by(each, candidate, false)) return false;
            refused_.push_back(duplicate(each.view));
            return true;
        });
        view.push_back(std::move(candidate));
        if (view.size() <= kMostHeld) return;
        // None is beaten, so each is later than all that show more: the best so far is the one that
        // shows least, and the one that shows most says which may be it. The next to that one goes.
        const auto by_area = [](const auto& a, const auto& b) {
            return a.breast_area_mm2 < b.breast_area_mm2;
        };
        const auto most = std::max_element(view.begin(), view.end(), by_area);
        const auto before = std::max_element(view.begin(), most, by_area);
        const auto behind = std::max_element(most + 1, view.end(), by_area);
        const bool is_behind =
            before == most || (behind != view.end() && by_area(*before, *behind));
        const auto next = is_behind ? behind : before;
        refused_.push_back(duplicate(next->view));
        view.erase(next);
    }

    /// Done before others in front of them.
    std::map<std::size_t, Outcome> early_;
    std::size_t next_ = 0;
    /// Of each view those of which one may be the best, in their order.
    std::vector<std::vector<Candidate>> views_;
    std::vector<Refusal> refused_;
    bool has_a_patient_ = false;
};

Refusal of_no_patient(const exam::PreparedView& left_out, dicom::Tag where) {
    return {RefusalReason::kNotAPlainImage,
            "The image is for quality control, and others of the exam are of a patient.",
            describe(where),
            "Send the images of the breast.",
            left_out.source.sop_instance_uid,
            left_out.source.name ? to_string(*left_out.source.name) : ""};
}

/// A phantom's views are read where all images are of one: read beside a patient's that were
/// refused, they would be taken for hers.
void leave_out_phantoms(Gathering::Result& of) {
    if (!of.has_a_patient) return;
    const auto left_out =
        std::stable_partition(of.accepted.begin(), of.accepted.end(),
                              [](const Candidate& each) { return !each.claim.quality_control; });
    for (auto each = left_out; each != of.accepted.end(); ++each)
        of.refused.push_back(of_no_patient(each->view, *each->claim.quality_control));
    of.accepted.erase(left_out, of.accepted.end());
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
    Guarded<Gathering> gathering;
    run(objects.count, [&](std::size_t i) {
        Outcome outcome = outcome_of(objects, i, contract);
        gathering.with([&](Gathering& all) { all.add(i, std::move(outcome)); });
    });
    auto gathered = gathering.with([](Gathering& all) { return std::move(all).result(); });
    gathered.has_a_patient = gathered.has_a_patient || objects.are_beside_a_patients;
    leave_out_phantoms(gathered);
    exam::Preparation preparation;
    preparation.refused = std::move(gathered.refused);
    put_in_order(gathered.accepted, contract.views);
    for (Candidate& candidate : gathered.accepted)
        preparation.accepted.push_back(std::move(candidate.view));
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
