#include "store/order_json.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace lucerna::store {
namespace {

using nlohmann::json;

/// Each field by its name: the one table of them, for both directions.
template <typename Term, typename Visit>
void visit_term(Term& term, Visit&& visit) {
    visit("value", term.value);
    visit("scheme", term.scheme);
    visit("meaning", term.meaning);
}

template <typename Number, typename Visit>
void visit_number(Number& number, Visit&& visit) {
    visit("number", number.number);
    visit("issuer", number.issuer);
}

template <typename Step, typename Visit>
void visit_step(Step& step, Visit&& visit) {
    visit("step_id", step.step_id);
    visit("modality", step.modality);
    visit("station_aet", step.station_aet);
    visit("station_name", step.station_name);
    visit("location", step.location);
    visit("start_date", step.start_date);
    visit("start_time", step.start_time);
    visit("performing_physician", step.performing_physician);
    visit("description", step.description);
    visit("protocol", step.protocol);
}

template <typename Order, typename Visit>
void visit_order(Order& order, Visit&& visit) {
    visit("placer", order.placer);
    visit("filler", order.filler);
    visit("accession_number", order.accession_number);
    visit("patient_name", order.patient_name);
    visit("patient_id", order.patient_id);
    visit("issuer_of_patient_id", order.issuer_of_patient_id);
    visit("patient_birth_date", order.patient_birth_date);
    visit("patient_sex", order.patient_sex);
    visit("admission_id", order.admission_id);
    visit("patient_location", order.patient_location);
    visit("patient_state", order.patient_state);
    visit("confidentiality", order.confidentiality);
    visit("pregnancy_status", order.pregnancy_status);
    visit("medical_alerts", order.medical_alerts);
    visit("referring_physician", order.referring_physician);
    visit("requesting_physician", order.requesting_physician);
    visit("requesting_service", order.requesting_service);
    visit("requested_procedure_id", order.requested_procedure_id);
    visit("study_instance_uid", order.study_instance_uid);
    visit("description", order.description);
    visit("procedure", order.procedure);
    visit("priority", order.priority);
    visit("reason", order.reason);
    visit("transport", order.transport);
    visit("comments", order.comments);
    visit("steps", order.steps);
}

class Writer {
  public:
    void operator()(const char* name, const std::string& text) {
        if (!text.empty()) object[name] = text;
    }
    template <typename Tag>
    void operator()(const char* name, const Identifying<Tag>& value) {
        (*this)(name, value.reveal());
    }
    void operator()(const char* name, const exam::CodedTerm& term) {
        Writer inner;
        visit_term(term, inner);
        if (!inner.object.empty()) object[name] = std::move(inner.object);
    }
    void operator()(const char* name, const exam::OrderNumber& number) {
        Writer inner;
        visit_number(number, inner);
        if (!inner.object.empty()) object[name] = std::move(inner.object);
    }
    void operator()(const char* name, const std::vector<exam::ScheduledStep>& steps) {
        json list = json::array();
        for (const exam::ScheduledStep& step : steps) {
            Writer inner;
            visit_step(step, inner);
            list.push_back(std::move(inner.object));
        }
        object[name] = std::move(list);
    }

    json object = json::object();
};

class Reader {
  public:
    explicit Reader(const json& from) : object_(from) {}

    void operator()(const char* name, std::string& text) const {
        if (const auto found = object_.find(name); found != object_.end())
            text = found->get<std::string>();
    }
    template <typename Tag>
    void operator()(const char* name, Identifying<Tag>& value) const {
        std::string text;
        (*this)(name, text);
        value = Identifying<Tag>(std::move(text));
    }
    void operator()(const char* name, exam::CodedTerm& term) const {
        if (const auto found = object_.find(name); found != object_.end())
            visit_term(term, Reader(*found));
    }
    void operator()(const char* name, exam::OrderNumber& number) const {
        if (const auto found = object_.find(name); found != object_.end())
            visit_number(number, Reader(*found));
    }
    void operator()(const char* name, std::vector<exam::ScheduledStep>& steps) const {
        for (const json& one : object_.at(name)) visit_step(steps.emplace_back(), Reader(one));
    }

  private:
    const json& object_;
};

}  // namespace

std::string to_json(const exam::Order& order) {
    Writer writer;
    visit_order(order, writer);
    return writer.object.dump(-1, ' ', false, json::error_handler_t::replace);
}

exam::Order order_from_json(const std::string& text) {
    try {
        exam::Order order;
        const json object = json::parse(text);
        visit_order(order, Reader(object));
        return order;
    } catch (const json::exception&) {
        throw Error(ErrorCode::kCorrupt, "an order in the index is not what was stored");
    }
}

}  // namespace lucerna::store
