#include "store/order_book.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "dicom/uids.h"
#include "store/matching.h"
#include "store/order_json.h"
#include "store/parts.h"
#include "store/same_patient.h"

namespace lucerna::store {
namespace {

using exam::Order;
using exam::OrderFate;
using exam::OrderOutcome;
using exam::OrderRequest;

constexpr std::array<std::string_view, 5> kNames = {"SCHEDULED", "STARTED", "COMPLETED",
                                                    "DISCONTINUED", "CANCELED"};

/// Ends the transaction; told to the caller as a value.
class Refused : public Error {
  public:
    using Error::Error;
};
class OtherPatient : public Refused {
  public:
    using Refused::Refused;
};

/// An order as it is kept.
struct Row {
    std::int64_t id = 0;
    Order order;
    /// In the order of its steps.
    std::vector<StepState> states;
};

bool is_under_way_or_done(StepState state) {
    return state == StepState::kStarted || state == StepState::kCompleted;
}

std::vector<StepState> states_of(Connection& index, std::int64_t id) {
    std::vector<StepState> states;
    Statement find =
        index.prepare("SELECT state FROM scheduled_steps WHERE order_id = ? ORDER BY place");
    find.bind(id);
    while (find.step()) states.push_back(static_cast<StepState>(find.small(0)));
    return states;
}

std::optional<Row> row_of(Connection& index, std::int64_t id) {
    Row row{id, {}, {}};
    {
        Statement find = index.prepare("SELECT order_json FROM orders WHERE id = ?");
        if (!find.bind(id).step()) return {};
        row.order = order_from_json(find.text(0));
    }
    row.states = states_of(index, id);
    return row;
}

std::optional<Row> kept(Connection& index, const Order& order) {
    std::set<std::int64_t> ids;
    const auto look = [&](const char* sql, const exam::OrderNumber& number) {
        if (number.empty()) return;
        Statement find = index.prepare(sql);
        find.bind(indexed_text(number.number)).bind(indexed_text(number.issuer));
        while (find.step()) ids.insert(find.integer(0));
    };
    look("SELECT id FROM orders WHERE placer_number = ? AND placer_issuer = ?", order.placer);
    look("SELECT id FROM orders WHERE filler_number = ? AND filler_issuer = ?", order.filler);
    if (ids.size() > 1)
        throw Refused(ErrorCode::kConflict,
                      "the placer's number and the filler's number are of two different orders");
    if (ids.empty()) return {};
    return row_of(index, *ids.begin());
}

/// Upper-case hexadecimal digits, the same for the same order: an SH holds them.
std::string made_up(const std::string& seed, const char* what, std::size_t digits) {
    std::string text = sha256(as_byte_view(seed + "\x1F" + what)).substr(0, digits);
    for (char& digit : text)
        if (digit >= 'a') digit = static_cast<char>(digit - 'a' + 'A');
    return text;
}

template <typename Text>
void fill(Text& text, const Text& known) {
    if (text.empty()) text = known;
}

void fill_steps(Order& order, const Row* known, const std::string& seed) {
    for (std::size_t i = 0; i < order.steps.size(); ++i) {
        std::string& id = order.steps[i].step_id;
        if (!id.empty()) continue;
        if (known != nullptr && i < known->order.steps.size())
            id = known->order.steps[i].step_id;
        else
            id = "S" + made_up(seed, "step", 12) + "-" + std::to_string(i + 1);
    }
    std::set<std::string> ids;
    for (const exam::ScheduledStep& step : order.steps)
        if (!ids.insert(step.step_id).second)
            throw Refused(ErrorCode::kInvalidInput, "two of the order's steps have the same ID");
}

/// What the order does not say of itself is what is known of it, or made up from its number.
void fill_in(Order& order, const Row* known) {
    if (known != nullptr) {
        fill(order.placer, known->order.placer);
        fill(order.filler, known->order.filler);
        fill(order.patient_id, known->order.patient_id);
        if (order.patient_id == known->order.patient_id)
            fill(order.issuer_of_patient_id, known->order.issuer_of_patient_id);
        fill(order.accession_number, known->order.accession_number);
        fill(order.requested_procedure_id, known->order.requested_procedure_id);
        fill(order.study_instance_uid, known->order.study_instance_uid);
    }
    const exam::OrderNumber& number = order.placer.empty() ? order.filler : order.placer;
    const std::string seed = std::string(order.placer.empty() ? "filler" : "placer") + "\x1F" +
                             number.number + "\x1F" + number.issuer;
    if (order.requested_procedure_id.empty())
        order.requested_procedure_id = "R" + made_up(seed, "procedure", 15);
    if (order.study_instance_uid.empty())
        order.study_instance_uid = dicom::derived_uid("order\x1F" + seed);
    fill_steps(order, known, seed);
}

/// Where each step of a changed order stands. What was discontinued is to be done again where it is
/// scheduled otherwise now; what has begun and is not named any more stays.
std::vector<StepState> merge_steps(Order& order, const Row& known) {
    struct Before {
        StepState state;
        const exam::ScheduledStep& step;
    };
    std::map<std::string, Before> before;
    for (std::size_t i = 0; i < known.order.steps.size() && i < known.states.size(); ++i)
        before.emplace(known.order.steps[i].step_id, Before{known.states[i], known.order.steps[i]});
    std::vector<StepState> states;
    for (const exam::ScheduledStep& step : order.steps) {
        const auto found = before.find(step.step_id);
        const bool stays =
            found != before.end() &&
            (is_under_way_or_done(found->second.state) ||
             (found->second.state == StepState::kDiscontinued && found->second.step == step));
        states.push_back(stays ? found->second.state : StepState::kScheduled);
        if (found != before.end()) before.erase(found);
    }
    for (const exam::ScheduledStep& step : known.order.steps)
        if (const auto found = before.find(step.step_id);
            found != before.end() && is_under_way_or_done(found->second.state)) {
            order.steps.push_back(step);
            states.push_back(found->second.state);
        }
    return states;
}

void save_steps(Connection& index, std::int64_t id, const Order& order,
                const std::vector<StepState>& states) {
    index.prepare("DELETE FROM scheduled_steps WHERE order_id = ?").bind(id).run();
    for (std::size_t i = 0; i < order.steps.size(); ++i)
        index
            .prepare(
                "INSERT INTO scheduled_steps (order_id, place, step_id, state, start_date, "
                "start_time_key) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(id)
            .bind(static_cast<std::int64_t>(i))
            .bind(indexed_text(order.steps[i].step_id))
            .bind(static_cast<int>(states[i]))
            .bind(date_key(order.steps[i].start_date))
            .bind(time_key(order.steps[i].start_time))
            .run();
}

/// The columns that are not the row's id or the time of its receipt, in the order of both texts.
void bind_order(Statement& statement, const Order& order, Instant now) {
    statement.bind(indexed_text(order.placer.number))
        .bind(indexed_text(order.placer.issuer))
        .bind(indexed_text(order.filler.number))
        .bind(indexed_text(order.filler.issuer))
        .bind(indexed_text(order.patient_id.reveal()))
        .bind(indexed_text(order.issuer_of_patient_id))
        .bind(indexed_text(order.accession_number.reveal()))
        .bind(indexed_text(order.study_instance_uid))
        .bind(to_json(order))
        .bind(now);
}

std::int64_t insert(Connection& index, const Order& order, Instant now) {
    Statement add = index.prepare(
        "INSERT INTO orders (placer_number, placer_issuer, filler_number, filler_issuer, "
        "patient_id, issuer_of_patient_id, accession_number, study_instance_uid, order_json, "
        "changed_at, received_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)");
    bind_order(add, order, now);
    add.run();
    return index.last_row();
}

void update(Connection& index, std::int64_t id, const Order& order, Instant now) {
    Statement change = index.prepare(
        "UPDATE orders SET placer_number = ?, placer_issuer = ?, filler_number = ?, filler_issuer "
        "= ?, patient_id = ?, issuer_of_patient_id = ?, accession_number = ?, study_instance_uid = "
        "?, order_json = ?, changed_at = ? WHERE id = ?");
    bind_order(change, order, now);
    change.bind(id).run();
}

PatientKey patient_of(const Order& order) {
    return {indexed_text(order.patient_id.reveal()), indexed_text(order.issuer_of_patient_id)};
}

/// A number that is used twice must not give one patient the study and the steps of another.
void check_patient(const Order& order, const Row& known, exam::OrderAction action) {
    if (!are_of_two_patients(patient_of(order), patient_of(known.order))) return;
    if (action != exam::OrderAction::kChange)
        throw OtherPatient(ErrorCode::kConflict, "the order of that number is another patient's");
    if (std::any_of(known.states.begin(), known.states.end(), is_under_way_or_done))
        throw OtherPatient(ErrorCode::kConflict,
                           "the order of that number is another patient's, and a step of it is "
                           "under way or done");
}

/// Images that are made for it would join the study that is there.
void check_study(Connection& index, const Order& order, const Row* known) {
    if (is_study_of_another(index, indexed_text(order.study_instance_uid), patient_of(order),
                            known == nullptr ? 0 : known->id))
        throw OtherPatient(ErrorCode::kConflict,
                           "the Study Instance UID is of another patient's study or order");
}

/// What was performed of an order goes with it, so that it is erased with its patient.
void move_performed(Connection& index, const Order& order, const Order& known, Instant now) {
    if (order.patient_id == known.patient_id &&
        order.issuer_of_patient_id == known.issuer_of_patient_id)
        return;
    index
        .prepare(
            "UPDATE performed_steps SET patient_id = ?, issuer_of_patient_id = ?, changed_at = ? "
            "WHERE patient_id = ? AND issuer_of_patient_id = ? AND sop_instance_uid IN (SELECT "
            "performed FROM performed_of WHERE study_instance_uid = ?)")
        .bind(indexed_text(order.patient_id.reveal()))
        .bind(indexed_text(order.issuer_of_patient_id))
        .bind(now)
        .bind(indexed_text(known.patient_id.reveal()))
        .bind(indexed_text(known.issuer_of_patient_id))
        .bind(known.study_instance_uid)
        .run();
}

OrderOutcome place(Connection& index, const OrderRequest& request, Instant now) {
    Order order = request.order;
    const std::optional<Row> known = kept(index, order);
    if (known) check_patient(order, *known, request.action);
    fill_in(order, known ? &*known : nullptr);
    check_study(index, order, known ? &*known : nullptr);
    if (!known) {
        const std::int64_t id = insert(index, order, now);
        save_steps(index, id, order,
                   std::vector<StepState>(order.steps.size(), StepState::kScheduled));
        return {OrderFate::kNew, std::to_string(id), order.study_instance_uid};
    }
    const std::vector<StepState> states = merge_steps(order, *known);
    OrderOutcome outcome{OrderFate::kUnchanged, std::to_string(known->id),
                         order.study_instance_uid};
    if (order == known->order && states == known->states) return outcome;
    outcome.fate = OrderFate::kChanged;
    update(index, known->id, order, now);
    save_steps(index, known->id, order, states);
    move_performed(index, order, known->order, now);
    return outcome;
}

OrderOutcome cancel(Connection& index, const Order& order) {
    const std::optional<Row> known = kept(index, order);
    if (!known) throw Refused(ErrorCode::kNotFound, "no order of that number is kept");
    const auto& states = known->states;
    if (std::any_of(states.begin(), states.end(), is_under_way_or_done))
        throw Refused(ErrorCode::kConflict, "a step of the order is under way or done");
    OrderOutcome outcome{OrderFate::kUnchanged, std::to_string(known->id),
                         known->order.study_instance_uid};
    index.prepare("UPDATE scheduled_steps SET state = ? WHERE order_id = ? AND state = ?")
        .bind(static_cast<int>(StepState::kCancelled))
        .bind(known->id)
        .bind(static_cast<int>(StepState::kScheduled))
        .run();
    if (index.changes() > 0) outcome.fate = OrderFate::kCancelled;
    return outcome;
}

/// Where reading goes on.
struct Place {
    std::string date;
    std::string time;
    std::int64_t id = -1;
};

std::vector<WorklistEntry> page_of(Connection& index, const WorklistFilter& filter, Place& after) {
    Statement find = index.prepare(
        "SELECT t.start_date, t.start_time_key, t.id, t.place, t.state, o.order_json FROM "
        "scheduled_steps t JOIN orders o ON o.id = t.order_id WHERE t.state = ?1 AND t.start_date "
        ">= ?2 AND (?3 = '' OR t.start_date <= ?3) AND (?4 = '' OR o.patient_id = ?4) AND (?5 = '' "
        "OR o.accession_number = ?5) AND (t.start_date, t.start_time_key, t.id) > (?6, ?7, ?8) "
        "ORDER BY t.start_date, t.start_time_key, t.id LIMIT 256");
    find.bind(static_cast<int>(filter.state))
        .bind(filter.from_date)
        .bind(filter.to_date)
        .bind(indexed_text(filter.patient_id))
        .bind(indexed_text(filter.accession_number))
        .bind(after.date)
        .bind(after.time)
        .bind(after.id);
    std::vector<WorklistEntry> entries;
    while (find.step()) {
        after = {find.text(0), find.text(1), find.integer(2)};
        WorklistEntry entry{
            order_from_json(find.text(5)), {}, static_cast<StepState>(find.small(4))};
        const auto at = static_cast<std::size_t>(find.integer(3));
        if (at >= entry.order.steps.size())
            throw Error(ErrorCode::kCorrupt, "an order in the index lacks a step of its own");
        entry.step = entry.order.steps[at];
        entries.push_back(std::move(entry));
    }
    return entries;
}

}  // namespace

std::string_view name_of(StepState state) {
    return kNames[static_cast<std::size_t>(state)];
}

std::optional<StepState> step_state_from(std::string_view name) {
    const auto found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) return {};
    return static_cast<StepState>(found - kNames.begin());
}

OrderBook::OrderBook(Parts& parts) : parts_(parts) {}

exam::OrderOutcomes OrderBook::take(std::span<const OrderRequest> requests) {
    std::vector<OrderOutcome> outcomes;
    try {
        parts_.index.write([&](Connection& index) {
            outcomes.clear();
            for (const OrderRequest& request : requests)
                outcomes.push_back(request.action == exam::OrderAction::kCancel
                                       ? cancel(index, request.order)
                                       : place(index, request, parts_.clock.now()));
        });
    } catch (const OtherPatient& refused) {
        return exam::OrderRefusal{outcomes.size(), refused.code(), refused.what(), true};
    } catch (const Refused& refused) {
        return exam::OrderRefusal{outcomes.size(), refused.code(), refused.what(), false};
    }
    return outcomes;
}

void OrderBook::for_each_step(const WorklistFilter& filter,
                              const std::function<bool(const WorklistEntry&)>& visit) {
    Place after;
    for (;;) {
        // A page at a time: no snapshot is held while the visitor works.
        const std::vector<WorklistEntry> page =
            parts_.index.read([&](Connection& index) { return page_of(index, filter, after); });
        if (page.empty()) return;
        for (const WorklistEntry& entry : page)
            if (!visit(entry)) return;
    }
}

std::optional<KeptOrder> OrderBook::order(const std::string& name) {
    std::int64_t id = 0;
    const char* const end = name.data() + name.size();
    if (std::from_chars(name.data(), end, id).ptr != end || name.empty()) return {};
    return parts_.index.read([&](Connection& index) -> std::optional<KeptOrder> {
        std::optional<Row> row = row_of(index, id);
        if (!row) return {};
        return KeptOrder{std::move(row->order), std::move(row->states)};
    });
}

std::size_t erase_orders_of_patient(Connection& index, const std::string& patient_id,
                                    const std::string& issuer_of_patient_id) {
    std::int64_t erased = 0;
    for (const char* sql :
         {"DELETE FROM orders WHERE patient_id = ?1 AND issuer_of_patient_id = ?2 AND NOT (?2 = '' "
          "AND EXISTS (SELECT 1 FROM studies s WHERE s.study_instance_uid = "
          "orders.study_instance_uid AND s.patient_id = ?1 AND s.issuer_of_patient_id <> ''))",
          "DELETE FROM performed_steps WHERE patient_id = ?1 AND issuer_of_patient_id = ?2 AND NOT "
          "(?2 = '' AND EXISTS (SELECT 1 FROM performed_of f JOIN studies s ON "
          "s.study_instance_uid = f.study_instance_uid WHERE f.performed = "
          "performed_steps.sop_instance_uid AND s.patient_id = ?1 AND s.issuer_of_patient_id <> "
          "''))"}) {
        index.prepare(sql)
            .bind(indexed_text(patient_id))
            .bind(indexed_text(issuer_of_patient_id))
            .run();
        erased += index.changes();
    }
    return static_cast<std::size_t>(erased);
}

std::size_t erase_orders_of_study(Connection& index, const std::string& study_instance_uid) {
    std::int64_t erased = 0;
    for (const char* sql :
         {"DELETE FROM orders WHERE study_instance_uid = ?",
          "DELETE FROM performed_steps WHERE sop_instance_uid IN (SELECT performed FROM "
          "performed_of WHERE study_instance_uid = ?)"}) {
        index.prepare(sql).bind(study_instance_uid).run();
        erased += index.changes();
    }
    return static_cast<std::size_t>(erased);
}

}  // namespace lucerna::store
