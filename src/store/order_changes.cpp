#include "store/order_changes.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/hash.h"
#include "dicom/uids.h"
#include "store/matching.h"
#include "store/same_patient.h"

namespace lucerna::store {
namespace {

using exam::Order;
using exam::OrderAction;
using exam::OrderRequest;
using exam::ScheduledStep;

/// Upper-case hexadecimal digits, the same for the same order: an SH holds them.
std::string made_up(const std::string& seed, const char* what, std::size_t digits) {
    std::string text = sha256(as_byte_view(seed + "\x1F" + what)).substr(0, digits);
    for (char& digit : text)
        if (digit >= 'a') digit = static_cast<char>(digit - 'a' + 'A');
    return text;
}

std::string seed_of(const Order& order, bool is_one_of_several) {
    const exam::OrderNumber& number = order.placer.empty() ? order.filler : order.placer;
    std::string seed = std::string(order.placer.empty() ? "filler" : "placer") + "\x1F" +
                       number.number + "\x1F" + number.issuer;
    if (is_one_of_several) seed += "\x1F" + order.filler.number + "\x1F" + order.filler.issuer;
    return seed;
}

std::string made_up_procedure(const std::string& seed) {
    return "R" + made_up(seed, "procedure", 15);
}

/// What indexes before version 12 made up, and do not say that they did.
std::string formerly_made_up_study(const std::string& seed) {
    return dicom::derived_uid("order\x1F" + seed);
}

template <typename Text>
void fill(Text& text, const Text& known) {
    if (text.empty()) text = known;
}

template <typename Text>
bool differ(const Text& one, const Text& other) {
    return !one.empty() && !other.empty() && one != other;
}

/// Known steps, each of which becomes at most one of a change's.
class KnownSteps {
  public:
    using Fits = std::function<bool(const ScheduledStep& step, StepState state)>;

    explicit KnownSteps(const KeptOrder& known)
        : known_(known), taken_(known.order.steps.size(), false) {}

    /// The first of the others that fits, or none.
    std::optional<std::size_t> take(const Fits& fits) {
        for (std::size_t i = 0; i < taken_.size(); ++i) {
            if (taken_[i] || !fits(known_.order.steps[i], known_.states[i])) continue;
            taken_[i] = true;
            return i;
        }
        return {};
    }

  private:
    const KeptOrder& known_;
    std::vector<bool> taken_;
};

/// What a code means may be said in other words.
bool are_same(const exam::CodedTerm& one, const exam::CodedTerm& other) {
    if (one.value.empty() || other.value.empty()) return one == other;
    return one.value == other.value && one.scheme == other.scheme;
}

/// Of each of the steps, which known one it is. Those without an ID are told by what is to be done;
/// what nobody has begun may be another work than it was.
std::vector<std::optional<std::size_t>> counterparts(const std::vector<ScheduledStep>& steps,
                                                     const KeptOrder& known) {
    std::vector<std::optional<std::size_t>> found(steps.size());
    KnownSteps left(known);
    const auto look = [&](const auto& fits) {
        for (std::size_t i = 0; i < steps.size(); ++i)
            if (!found[i])
                found[i] = left.take([&](const ScheduledStep& step, StepState state) {
                    return fits(steps[i], step, state);
                });
    };
    look([](const ScheduledStep& asked, const ScheduledStep& step, StepState) {
        return asked.step_id == step.step_id;
    });
    const auto is_unnamed_and = [&](const auto& fits) {
        look([&](const ScheduledStep& asked, const ScheduledStep& step, StepState state) {
            return asked.step_id.empty() && fits(asked, step, state);
        });
    };
    is_unnamed_and([](const ScheduledStep& asked, const ScheduledStep& step, StepState) {
        return asked.modality == step.modality && asked.protocol == step.protocol &&
               asked.description == step.description;
    });
    is_unnamed_and([](const ScheduledStep& asked, const ScheduledStep& step, StepState) {
        return asked.modality == step.modality && are_same(asked.protocol, step.protocol);
    });
    // An order of one step has it still, whatever it is called now.
    if (steps.size() == 1 && known.order.steps.size() == 1)
        is_unnamed_and([](const ScheduledStep& asked, const ScheduledStep& step, StepState) {
            return asked.modality == step.modality;
        });
    is_unnamed_and([](const ScheduledStep& asked, const ScheduledStep& step, StepState state) {
        return asked.modality == step.modality && !is_performed(state);
    });
    is_unnamed_and([](const ScheduledStep&, const ScheduledStep&, StepState state) {
        return !is_performed(state);
    });
    return found;
}

/// IDs that are made up, and of none of `known`.
void name_steps(std::vector<ScheduledStep>& steps, const std::vector<ScheduledStep>& known,
                const std::string& seed) {
    std::set<std::string> ids;
    for (const ScheduledStep& step : known) ids.insert(step.step_id);
    for (const ScheduledStep& step : steps) ids.insert(step.step_id);
    for (std::size_t i = 0; i < steps.size(); ++i)
        for (std::size_t number = i + 1; steps[i].step_id.empty(); ++number) {
            std::string id = "S" + made_up(seed, "step", 12) + "-" + std::to_string(number);
            if (ids.insert(id).second) steps[i].step_id = std::move(id);
        }
    ids.clear();
    for (const ScheduledStep& step : steps)
        if (!ids.insert(step.step_id).second)
            throw RefusedOrder(ErrorCode::kInvalidInput,
                               "two of the order's steps have the same ID");
}

void schedule(ScheduledStep& step, const std::string& date, const std::string& time) {
    if (!step.start_date.empty()) return;
    step.start_date = date;
    step.start_time = time;
}

/// Where a step stands that was there before, and that nobody has begun.
StepState state_after(const ScheduledStep& step, OrderAction action, const ScheduledStep& before,
                      StepState state) {
    // To be done again where it is scheduled otherwise now.
    if (state == StepState::kDiscontinued && before == step) return state;
    // Only who places an order again wants it done after all.
    if (state == StepState::kCancelled && action == OrderAction::kChange) return state;
    return StepState::kScheduled;
}

void require_changeable(const Order& order, const KeptOrder& known) {
    if (differ(order.study_instance_uid, known.order.study_instance_uid) &&
        is_any_performed(known.states))
        throw RefusedOrder(ErrorCode::kConflict,
                           "the order has another Study Instance UID, and a step of it is under "
                           "way or done");
}

}  // namespace

bool is_performed(StepState state) {
    return state == StepState::kStarted || state == StepState::kCompleted;
}

bool is_any_performed(const std::vector<StepState>& states) {
    return std::any_of(states.begin(), states.end(), is_performed);
}

bool agree(const exam::OrderNumber& one, const exam::OrderNumber& other) {
    if (one.empty() || other.empty()) return true;
    return one.number == other.number && !differ(one.issuer, other.issuer);
}

namespace {

bool has_another_id(const OrderRequest& request, const Person& whose) {
    const Person asked = person_of(request.order);
    const bool is_said = !request.is_any_id_of_hers || asked.patient.issuer.empty() ||
                         asked.patient.issuer == whose.patient.issuer;
    return is_said && are_of_two_patients(asked.patient, whose.patient);
}

}  // namespace

bool is_of_another_patient(const OrderRequest& request, const KeptOrder& known) {
    const Person whose = person_of(known.order);
    return has_another_id(request, whose) || are_named_as_two(person_of(request.order), whose);
}

void require_same_patient(const OrderRequest& request, const KeptOrder& known) {
    // A change names whoever was not known by name, also while she is examined.
    const bool is_anothers = request.action == OrderAction::kChange
                                 ? has_another_id(request, person_of(known.order))
                                 : is_of_another_patient(request, known);
    if (!is_anothers) return;
    if (request.action != OrderAction::kChange)
        throw NumberIsTaken(ErrorCode::kConflict, "the order of that number is another patient's");
    if (is_any_performed(known.states))
        throw NumberIsTaken(ErrorCode::kConflict,
                            "the order of that number is another patient's, and a step of it is "
                            "under way or done");
}

void require_same_procedure(const OrderRequest& request, const KeptOrder& kept) {
    const Order& order = request.order;
    const Order& known = kept.order;
    const bool are_told_apart =
        !order.filler.empty() && !known.filler.empty() && agree(order.placer, known.placer);
    if (request.action == OrderAction::kChange || are_told_apart) return;
    // The placer's number may have come later.
    Order by_filler = known;
    by_filler.placer = {};
    const std::string seeds[] = {seed_of(known, false), seed_of(known, true),
                                 seed_of(by_filler, false)};
    const auto is_made_up = [&](const auto& made_up_from, const std::string& value) {
        return std::any_of(std::begin(seeds), std::end(seeds),
                           [&](const std::string& seed) { return value == made_up_from(seed); });
    };
    const bool is_another = differ(order.accession_number, known.accession_number) ||
                            (differ(order.requested_procedure_id, known.requested_procedure_id) &&
                             !is_made_up(made_up_procedure, known.requested_procedure_id)) ||
                            (differ(order.study_instance_uid, known.study_instance_uid) &&
                             known.study_instance_uid != kept.made_study &&
                             !is_made_up(formerly_made_up_study, known.study_instance_uid));
    if (is_another)
        throw NumberIsTaken(ErrorCode::kConflict,
                            "the order of that number is another requested procedure");
}

KeptOrder new_order(const OrderRequest& request, bool is_one_of_several) {
    KeptOrder made{request.order, {}, {}, {}};
    Order& order = made.order;
    const std::string seed = seed_of(order, is_one_of_several);
    if (order.requested_procedure_id.empty())
        order.requested_procedure_id = made_up_procedure(seed);
    if (order.study_instance_uid.empty())
        order.study_instance_uid = made.made_study = dicom::new_uid();
    name_steps(order.steps, {}, seed);
    for (ScheduledStep& step : order.steps)
        schedule(step, request.written_date, request.written_time);
    made.states.assign(order.steps.size(), StepState::kScheduled);
    made.unbegun = made.states;
    return made;
}

KeptOrder changed_by(const OrderRequest& request, const KeptOrder& known) {
    require_same_procedure(request, known);
    require_changeable(request.order, known);
    KeptOrder changed{request.order, {}, {}, known.made_study};
    Order& order = changed.order;
    fill(order.placer, known.order.placer);
    fill(order.filler, known.order.filler);
    fill(order.patient_id, known.order.patient_id);
    if (order.patient_id == known.order.patient_id)
        fill(order.issuer_of_patient_id, known.order.issuer_of_patient_id);
    fill(order.accession_number, known.order.accession_number);
    fill(order.requested_procedure_id, known.order.requested_procedure_id);
    fill(order.study_instance_uid, known.order.study_instance_uid);

    const auto before = counterparts(order.steps, known);
    for (std::size_t i = 0; i < order.steps.size(); ++i) {
        ScheduledStep& step = order.steps[i];
        if (before[i]) {
            const ScheduledStep& same = known.order.steps[*before[i]];
            step.step_id = same.step_id;
            schedule(step, same.start_date, same.start_time);
        }
        schedule(step, request.written_date, request.written_time);
    }
    const bool is_one_of_several =
        known.order.requested_procedure_id == made_up_procedure(seed_of(known.order, true));
    name_steps(order.steps, known.order.steps, seed_of(order, is_one_of_several));

    // What has begun by mistake counts as it was, what was done does not.
    std::vector<StepState> meant = known.states;
    for (std::size_t i = 0; i < meant.size(); ++i)
        if (meant[i] == StepState::kStarted) meant[i] = known.unbegun[i];
    const bool was_cancelled =
        !meant.empty() && std::all_of(meant.begin(), meant.end(), [](StepState state) {
            return state == StepState::kCancelled;
        });
    const StepState of_others = was_cancelled && request.action == OrderAction::kChange
                                    ? StepState::kCancelled
                                    : StepState::kScheduled;
    std::vector<bool> is_named(known.order.steps.size(), false);
    for (std::size_t i = 0; i < order.steps.size(); ++i) {
        const std::size_t same = before[i].value_or(known.states.size());
        if (before[i]) is_named[same] = true;
        changed.unbegun.push_back(before[i]
                                      ? state_after(order.steps[i], request.action,
                                                    known.order.steps[same], known.unbegun[same])
                                      : of_others);
        changed.states.push_back(before[i] && is_performed(known.states[same])
                                     ? known.states[same]
                                     : changed.unbegun.back());
    }
    for (std::size_t i = 0; i < is_named.size(); ++i) {
        if (is_named[i] || !is_performed(known.states[i])) continue;
        order.steps.push_back(known.order.steps[i]);
        changed.states.push_back(known.states[i]);
        changed.unbegun.push_back(known.unbegun[i]);
    }
    return changed;
}

}  // namespace lucerna::store
