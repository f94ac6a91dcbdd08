#include "retrieve/worklist.h"

#include <vector>

#include "base/log.h"
#include "base/split.h"
#include "dicom/dimse_status.h"
#include "retrieve/key_matching.h"
#include "retrieve/order_tags.h"
#include "store/matching.h"

namespace lucerna::retrieve {
namespace {

namespace tags = dicom::tags;
namespace status = dicom::status;
using dicom::DataSet;
using store::StepState;

/// The one item of Scheduled Procedure Step Sequence; an empty data set where there is none.
const DataSet& step_keys(const DataSet& identifier) {
    static const DataSet kNone;
    const auto& items = identifier.items(order_tags::kStepSequence);
    return items.empty() ? kNone : items.front();
}

/// Those that are asked for by name, else what is still to be done.
std::vector<StepState> states_asked_for(const DataSet& keys) {
    if (is_universal(keys, order_tags::kStepStatus)) return {StepState::kScheduled};
    std::vector<StepState> states;
    for (const std::string& name : keys.texts(order_tags::kStepStatus))
        if (const auto state = store::step_state_from(store::trimmed(name)))
            states.push_back(*state);
    return states;
}

/// What the index can narrow down by; the keys are all looked at afterwards, too.
store::WorklistFilter filter_from(const DataSet& identifier) {
    store::WorklistFilter filter;
    filter.patient_id = single_value(identifier, tags::kPatientId);
    filter.accession_number = single_value(identifier, tags::kAccessionNumber);
    const std::string dates = step_keys(identifier).text_or(order_tags::kStepStartDate, "");
    const std::vector<std::string_view> ends = split(dates, "-");
    if (ends.size() > 2) return filter;
    filter.from_date = store::date_key(ends.front());
    filter.to_date = store::date_key(ends.back());
    return filter;
}

class Answers {
  public:
    Answers(dicom::ScpExchange& exchange)
        : exchange_(exchange),
          station_(single_value(step_keys(exchange.data_set()), order_tags::kStationAeTitle)) {
        if (station_.empty()) station_ = exchange.sender().calling_aet;
    }

    /// False when the peer wants no more.
    bool give(const store::WorklistEntry& entry) {
        is_cancelled_ = exchange_.is_cancelled();
        if (is_cancelled_) return false;
        const DataSet item = worklist_item(entry, station_);
        const KeyMatch match = match_keys(exchange_.data_set(), item);
        if (!match.matches) return true;
        const DataSet answer = asked_for(exchange_.data_set(), item);
        exchange_.gather(
            {.status = match.ignores_some ? status::kPendingKeysIgnored : status::kPending,
             .data_set = &answer});
        ++count_;
        return true;
    }
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] bool is_cancelled() const { return is_cancelled_; }

  private:
    dicom::ScpExchange& exchange_;
    std::string station_;
    std::size_t count_ = 0;
    bool is_cancelled_ = false;
};

}  // namespace

void answer_worklist(dicom::ScpExchange& exchange, store::OrderBook& orders) {
    const DataSet& identifier = exchange.data_set();
    // A key that makes no sense is told of even where there is nothing to match.
    (void)match_keys(identifier, worklist_item({}, ""));
    Answers answers(exchange);
    store::WorklistFilter filter = filter_from(identifier);
    for (const StepState state : states_asked_for(step_keys(identifier))) {
        filter.state = state;
        orders.for_each_step(
            filter, [&](const store::WorklistEntry& entry) { return answers.give(entry); });
    }
    const std::uint16_t last = answers.is_cancelled() ? status::kCancelled : status::kSuccess;
    exchange.answer({.status = last});
    log_event(LogLevel::kInfo, "worklist.answered",
              {{"association", exchange.sender().association},
               {"caller", exchange.sender().calling_aet},
               {"steps", answers.count()},
               {"status", dicom::describe_status(last)}});
}

}  // namespace lucerna::retrieve
