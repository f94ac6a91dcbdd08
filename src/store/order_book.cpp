#include "store/order_book.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <set>

#include "base/error.h"
#include "store/matching.h"
#include "store/order_changes.h"
#include "store/order_json.h"
#include "store/parts.h"
#include "store/performed_book.h"
#include "store/same_patient.h"

namespace lucerna::store {
namespace {

using exam::Order;
using exam::OrderFate;
using exam::OrderOutcome;
using exam::OrderRequest;

constexpr std::array<std::string_view, 5> kNames = {"SCHEDULED", "STARTED", "COMPLETED",
                                                    "DISCONTINUED", "CANCELED"};

struct Row {
    std::int64_t id = 0;
    KeptOrder kept;
};

void read_states(Connection& index, std::int64_t id, KeptOrder& kept) {
    Statement find = index.prepare(
        "SELECT state, state_before FROM scheduled_steps WHERE order_id = ? ORDER BY place");
    find.bind(id);
    while (find.step()) {
        const auto state = static_cast<StepState>(find.small(0));
        kept.states.push_back(state);
        kept.unbegun.push_back(is_performed(state) ? static_cast<StepState>(find.small(1)) : state);
    }
}

std::optional<Row> row_of(Connection& index, std::int64_t id) {
    Row row{id, {}};
    {
        Statement find = index.prepare("SELECT order_json, made_study FROM orders WHERE id = ?");
        if (!find.bind(id).step()) return {};
        row.kept.order = order_from_json(find.text(0));
        row.kept.made_study = find.text(1);
    }
    read_states(index, id, row.kept);
    if (row.kept.states.size() != row.kept.order.steps.size())
        throw Error(ErrorCode::kCorrupt, "an order in the index has other steps than its own");
    return row;
}

/// An order has a few procedures, and a study is of a few orders. Each that comes is compared with
/// all of them.
constexpr std::size_t kMostOfANumber = 32;
constexpr std::int64_t kMostOfAStudy = 128;

/// The orders that a request may be about.
struct Known {
    /// Of the filler's number, or, while that is not known of either, of the placer's.
    std::vector<Row> same;
    /// The placer's number is also of orders with other fillers' numbers.
    bool has_others = false;
    bool is_full = false;
};

/// Throws RefusedOrder where its numbers are of two different orders.
Known known_of(Connection& index, const Order& order) {
    const auto look = [&](const char* sql, const exam::OrderNumber& number) {
        std::set<std::int64_t> ids;
        if (number.empty()) return ids;
        Statement find = index.prepare(sql);
        find.bind(indexed_text(number.number)).bind(indexed_text(number.issuer));
        while (find.step()) ids.insert(find.integer(0));
        return ids;
    };
    const std::set<std::int64_t> by_filler =
        look("SELECT id FROM orders WHERE filler_number = ? AND filler_issuer = ?", order.filler);
    std::set<std::int64_t> ids = by_filler;
    ids.merge(
        look("SELECT id FROM orders WHERE placer_number = ? AND placer_issuer = ?", order.placer));
    Known known;
    known.is_full = ids.size() >= kMostOfANumber;
    // The filler's number is of an order with another placer's number.
    bool places_elsewhere = false;
    for (const std::int64_t id : ids) {
        std::optional<Row> row = row_of(index, id);
        if (!row) continue;
        places_elsewhere = places_elsewhere ||
                           (by_filler.contains(id) && !agree(order.placer, row->kept.order.placer));
        if (by_filler.contains(id) || agree(order.filler, row->kept.order.filler))
            known.same.push_back(*std::move(row));
        else
            known.has_others = true;
    }
    if ((known.same.size() > 1 && !order.filler.empty()) || (places_elsewhere && known.has_others))
        throw RefusedOrder(ErrorCode::kConflict,
                           "the placer's number and the filler's number are of two different "
                           "orders");
    return known;
}

void save_steps(Connection& index, std::int64_t id, const KeptOrder& kept) {
    const Order& order = kept.order;
    index.prepare("DELETE FROM scheduled_steps WHERE order_id = ?").bind(id).run();
    for (std::size_t i = 0; i < order.steps.size(); ++i)
        index
            .prepare(
                "INSERT INTO scheduled_steps (order_id, place, step_id, state, start_date, "
                "start_time_key, state_before) VALUES (?, ?, ?, ?, ?, ?, ?)")
            .bind(id)
            .bind(static_cast<std::int64_t>(i))
            .bind(indexed_text(order.steps[i].step_id))
            .bind(static_cast<int>(kept.states[i]))
            .bind(date_key(order.steps[i].start_date))
            .bind(time_key(order.steps[i].start_time))
            .bind(static_cast<int>(kept.unbegun[i]))
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

std::int64_t insert(Connection& index, const KeptOrder& kept, Instant now) {
    // It names the order for good (exam::OrderOutcome): not another one once this is erased.
    index.execute("UPDATE counters SET value = value + 1 WHERE name = 'orders'");
    const std::int64_t id = index.number("SELECT value FROM counters WHERE name = 'orders'");
    Statement add = index.prepare(
        "INSERT INTO orders (placer_number, placer_issuer, filler_number, filler_issuer, "
        "patient_id, issuer_of_patient_id, accession_number, study_instance_uid, order_json, "
        "changed_at, received_at, id, made_study) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
        "?10, ?11, ?12)");
    bind_order(add, kept.order, now);
    add.bind(id).bind(kept.made_study).run();
    return id;
}

void update(Connection& index, std::int64_t id, const Order& order, Instant now) {
    Statement change = index.prepare(
        "UPDATE orders SET placer_number = ?, placer_issuer = ?, filler_number = ?, filler_issuer "
        "= ?, patient_id = ?, issuer_of_patient_id = ?, accession_number = ?, study_instance_uid = "
        "?, order_json = ?, changed_at = ? WHERE id = ?");
    bind_order(change, order, now);
    change.bind(id).run();
}

/// Images that are made for it would join the study that is there. `id` is the order's own, if it
/// is known; what images say of the study that it has had since then may have been her name before.
void check_study(Connection& index, const Order& order, std::int64_t id, const Order* known) {
    const Person person = person_of(order);
    const std::string study = indexed_text(order.study_instance_uid);
    const bool is_its_own =
        known != nullptr && known->study_instance_uid == order.study_instance_uid;
    if (is_its_own ? is_study_of_another(index, study, person.patient, id)
                   : is_study_of_another(index, study, person, id))
        throw NumberIsTaken(ErrorCode::kConflict,
                            "the Study Instance UID is of another patient's study or order");
}

OrderOutcome enter(Connection& index, const OrderRequest& request, bool is_one_of_several,
                   Instant now) {
    const KeptOrder made = new_order(request, is_one_of_several);
    check_study(index, made.order, 0, nullptr);
    Statement count = index.prepare("SELECT count(*) FROM orders WHERE study_instance_uid = ?");
    count.bind(indexed_text(made.order.study_instance_uid));
    if (count.step() && count.integer(0) >= kMostOfAStudy)
        throw NumberIsTaken(ErrorCode::kConflict,
                            "the Study Instance UID has as many orders as one may have: " +
                                std::to_string(kMostOfAStudy));
    const std::int64_t id = insert(index, made, now);
    save_steps(index, id, made);
    return {OrderFate::kNew, std::to_string(id), made.order.study_instance_uid};
}

OrderOutcome change(Connection& index, const OrderRequest& request, const Row& row, Instant now) {
    require_same_patient(request, row.kept);
    if (request.only_if_new)
        return {OrderFate::kUnchanged, std::to_string(row.id), row.kept.order.study_instance_uid};
    const KeptOrder changed = changed_by(request, row.kept);
    check_study(index, changed.order, row.id, &row.kept.order);
    OrderOutcome outcome{OrderFate::kUnchanged, std::to_string(row.id),
                         changed.order.study_instance_uid};
    if (changed == row.kept) return outcome;
    outcome.fate = OrderFate::kChanged;
    update(index, row.id, changed.order, now);
    save_steps(index, row.id, changed);
    give_performed_to_patient_of(index, changed.order, row.kept.order, now);
    return outcome;
}

OrderOutcome place(Connection& index, const OrderRequest& request, Instant now) {
    const Known known = known_of(index, request.order);
    if (known.same.size() > 1)
        throw NumberIsTaken(ErrorCode::kConflict,
                            "several requested procedures have that placer's number, and the "
                            "filler's is not said");
    if (!known.same.empty()) return change(index, request, known.same.front(), now);
    if (known.has_others && request.action == exam::OrderAction::kChange)
        throw NumberIsTaken(ErrorCode::kConflict,
                            "the order of that placer's number has another filler's number");
    if (known.is_full)
        throw NumberIsTaken(ErrorCode::kConflict,
                            "the placer's number has as many procedures as one may have: " +
                                std::to_string(kMostOfANumber));
    return enter(index, request, known.has_others, now);
}

/// By all that is said of a name and a birth date.
bool are_named_as_one(Person one, Person other) {
    one.patient = other.patient = {};
    return !one.birth_date.empty() && !other.birth_date.empty() && !one.name.empty() &&
           !other.name.empty() && !disagree(one, other);
}

/// By their IDs; or by their names, but for one who has married, or whose issuer says who she is.
bool may_be_two(Person one, Person other) {
    if (may_be_two_people(one, other)) return true;
    if (!one.patient.id.empty() && !one.patient.issuer.empty() &&
        one.patient.id == other.patient.id && one.patient.issuer == other.patient.issuer)
        return are_named_as_two(one, other);
    const bool are_of_one_day = !one.birth_date.empty() && one.birth_date == other.birth_date;
    one.birth_date = other.birth_date = {};
    return !are_of_one_day && disagree(one, other);
}

/// Two systems may have given out one number, which the filler's numbers tell apart: those of the
/// patient who is named, where any are. Throws NumberIsTaken where it is not clear which those are.
void leave_those_of_others(std::vector<Row>& same, const OrderRequest& request) {
    const auto others = std::stable_partition(same.begin(), same.end(), [&](const Row& row) {
        return !is_of_another_patient(request, row.kept);
    });
    for (auto one = same.begin(); one != others; ++one) {
        const Person whose = person_of(one->kept.order);
        for (auto other = std::next(one); other != others; ++other) {
            const Person second = person_of(other->kept.order);
            if (may_be_two(whose, second))
                throw NumberIsTaken(ErrorCode::kConflict,
                                    "orders of two patients may have that number: say whose it "
                                    "is, or the filler's number");
        }
        // Of whom one order has another Patient ID by now.
        for (auto other = others; other != same.end(); ++other)
            if (are_named_as_one(whose, person_of(other->kept.order)))
                throw NumberIsTaken(ErrorCode::kConflict,
                                    "orders of that number are of one name and two Patient IDs: "
                                    "say the filler's number");
    }
    if (others != same.begin()) same.erase(others, same.end());
}

/// Of a placer's number all that he has ordered under it, where the filler's is not said.
OrderOutcome cancel(Connection& index, const OrderRequest& request) {
    Known known = known_of(index, request.order);
    if (known.same.empty())
        throw RefusedOrder(ErrorCode::kNotFound, "no order of that number is kept");
    leave_those_of_others(known.same, request);
    OrderOutcome outcome{OrderFate::kUnchanged, std::to_string(known.same.front().id),
                         known.same.front().kept.order.study_instance_uid};
    if (request.only_if_new) return outcome;
    for (const Row& row : known.same) {
        require_same_patient(request, row.kept);
        if (!agree(request.order.placer, row.kept.order.placer))
            require_same_procedure(request, row.kept);
        if (is_any_performed(row.kept.states))
            throw RefusedOrder(ErrorCode::kConflict, "a step of the order is under way or done");
        index.prepare("UPDATE scheduled_steps SET state = ?1 WHERE order_id = ?2 AND state <> ?1")
            .bind(static_cast<int>(StepState::kCancelled))
            .bind(row.id)
            .run();
        if (index.changes() > 0) outcome.fate = OrderFate::kCancelled;
    }
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
            std::set<std::string> placed;
            for (const OrderRequest& request : requests) {
                if (request.action == exam::OrderAction::kCancel) {
                    outcomes.push_back(cancel(index, request));
                    continue;
                }
                const OrderOutcome outcome = place(index, request, parts_.clock.now());
                // One of them would be lost without a word.
                if (!placed.insert(outcome.name).second && outcome.fate == OrderFate::kChanged)
                    throw NumberIsTaken(ErrorCode::kConflict,
                                        "two that came together have one number, and differ");
                outcomes.push_back(outcome);
            }
        });
    } catch (const NumberIsTaken& refused) {
        return exam::OrderRefusal{outcomes.size(), refused.code(), refused.what(), true};
    } catch (const RefusedOrder& refused) {
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
        return std::move(row->kept);
    });
}

namespace {

/// Of orders ?1 and ?2: a patient's, and her issuer's.
constexpr const char* kOrderedForPatient =
    " FROM orders WHERE patient_id = ?1 AND issuer_of_patient_id = ?2 AND NOT (?2 = '' AND EXISTS "
    "(SELECT 1 FROM studies s WHERE s.study_instance_uid = orders.study_instance_uid AND "
    "s.patient_id = ?1 AND s.issuer_of_patient_id <> ''))";

}  // namespace

std::set<std::string> studies_ordered_for(Connection& index, const std::string& patient_id,
                                          const std::string& issuer_of_patient_id) {
    Statement find = index.prepare(std::string("SELECT study_instance_uid") + kOrderedForPatient);
    find.bind(indexed_text(patient_id)).bind(indexed_text(issuer_of_patient_id));
    std::set<std::string> studies;
    while (find.step()) studies.insert(find.text(0));
    return studies;
}

std::size_t erase_orders_of_patient(Connection& index, const std::string& patient_id,
                                    const std::string& issuer_of_patient_id) {
    std::int64_t erased = 0;
    for (const std::string& sql :
         {std::string("DELETE") + kOrderedForPatient,
          std::string("DELETE FROM performed_steps WHERE patient_id = ?1 AND issuer_of_patient_id "
                      "= ?2 AND NOT "
                      "(?2 = '' AND EXISTS (SELECT 1 FROM performed_of f JOIN studies s ON "
                      "s.study_instance_uid = f.study_instance_uid WHERE f.performed = "
                      "performed_steps.sop_instance_uid AND s.patient_id = ?1 AND "
                      "s.issuer_of_patient_id <> "
                      "''))")}) {
        index.prepare(sql)
            .bind(indexed_text(patient_id))
            .bind(indexed_text(issuer_of_patient_id))
            .run();
        erased += index.changes();
    }
    return static_cast<std::size_t>(erased);
}

std::size_t erase_orders_of_study(Connection& index, const std::string& study_instance_uid,
                                  const PatientKey& whose, Orders which) {
    std::vector<std::int64_t> orders;
    {
        Statement find = index.prepare(
            "SELECT id, patient_id, issuer_of_patient_id FROM orders WHERE study_instance_uid = ? "
            "ORDER BY id");
        find.bind(study_instance_uid);
        while (find.step())
            if (!are_of_two_patients({find.text(1), find.text(2)}, whose))
                orders.push_back(find.integer(0));
    }
    std::size_t erased = 0;
    for (const std::int64_t id : orders) {
        KeptOrder kept;
        read_states(index, id, kept);
        const std::vector<StepState>& states = kept.states;
        const bool is_done =
            std::find(states.begin(), states.end(), StepState::kScheduled) == states.end();
        if (which == Orders::kDone && !is_done) continue;
        index.prepare("DELETE FROM orders WHERE id = ?").bind(id).run();
        ++erased;
    }
    return erased;
}

}  // namespace lucerna::store
