#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exam/order.h"
#include "store/connection.h"

namespace lucerna::store {

struct Parts;
struct PatientKey;

/// Where a scheduled step stands. Its number is what the index holds.
enum class StepState { kScheduled, kStarted, kCompleted, kDiscontinued, kCancelled };

/// Scheduled Procedure Step Status (0040,0020): "SCHEDULED", "STARTED", and our own "COMPLETED",
/// "DISCONTINUED", "CANCELED"; and back.
[[nodiscard]] std::string_view name_of(StepState state);
[[nodiscard]] std::optional<StepState> step_state_from(std::string_view name);

/// Narrows down which steps are looked at; what is empty does not count.
struct WorklistFilter {
    StepState state = StepState::kScheduled;
    /// "20260301", both included.
    std::string from_date = {};
    std::string to_date = {};
    std::string patient_id = {};
    std::string accession_number = {};
};

/// A step with the order that it is of.
struct WorklistEntry {
    exam::Order order;
    exam::ScheduledStep step;
    StepState state = StepState::kScheduled;
};

struct KeptOrder {
    exam::Order order;
    /// Of each of its steps.
    std::vector<StepState> states;
    /// Where each would stand had nobody begun it: where it goes if that was a mistake.
    std::vector<StepState> unbegun;
    /// The Study Instance UID that was made up for it, while the sender said none; or empty.
    std::string made_study;

    friend bool operator==(const KeptOrder&, const KeptOrder&) = default;
};

/// The orders, and where their steps stand. Safe from several threads.
class OrderBook {
  public:
    explicit OrderBook(Parts& parts);

    /// Carries out all requests or none, durably on return. An order is told by its placer's or
    /// filler's number: one that is known is changed, never entered twice. A placer's number with
    /// several fillers' is as many orders. What a change leaves empty of numbers, identifiers and
    /// times stays as it was. One of another patient's is refused, unless as a change, and none of
    /// its steps under way or done: then what was performed of it is the new patient's, too. Steps
    /// that are under way or done stay so whatever a change says, and an order with such a step
    /// cannot be cancelled; one that was discontinued is to be done again once it is scheduled
    /// otherwise, one that was cancelled once its order is placed again.
    [[nodiscard]] exam::OrderOutcomes take(std::span<const exam::OrderRequest> requests);

    /// Steps by their start, the earliest first, until `visit` returns false. What comes in
    /// meanwhile may or may not be among them.
    void for_each_step(const WorklistFilter& filter,
                       const std::function<bool(const WorklistEntry&)>& visit);

    /// By what OrderOutcome calls it.
    [[nodiscard]] std::optional<KeptOrder> order(const std::string& name);

  private:
    Parts& parts_;
};

/// Parts of an erasure's transaction.

/// The studies that orders of a patient name, of those that erase_orders_of_patient takes out.
[[nodiscard]] std::set<std::string> studies_ordered_for(Connection& index,
                                                        const std::string& patient_id,
                                                        const std::string& issuer_of_patient_id);
/// Takes out what was ordered and performed of a patient; returns how many orders and performed
/// steps there were. Where no issuer is given, not what names a study that has one: that is whose
/// it is.
std::size_t erase_orders_of_patient(Connection& index, const std::string& patient_id,
                                    const std::string& issuer_of_patient_id);
enum class Orders {
    kAll,
    /// Those of which nothing is still to be done.
    kDone
};
/// Takes out the orders that name a study, but those of another patient than `whose`.
std::size_t erase_orders_of_study(Connection& index, const std::string& study_instance_uid,
                                  const PatientKey& whose, Orders which);

}  // namespace lucerna::store
