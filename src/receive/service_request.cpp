#include <algorithm>
#include <array>
#include <optional>

#include "dicom/uids.h"
#include "receive/code_systems.h"
#include "receive/fhir_orders.h"
#include "receive/order_text.h"

namespace lucerna::receive {
namespace {

using exam::CodedTerm;
using exam::Order;
using exam::OrderAction;
using exam::ScheduledStep;
using fhir::Identifier;
using fhir::Issue;

constexpr std::pair<std::string_view, OrderAction> kStatuses[] = {
    {"active", OrderAction::kPlace},
    {"revoked", OrderAction::kCancel},
    {"entered-in-error", OrderAction::kCancel}};
constexpr std::string_view kIntents[] = {"order", "original-order", "reflex-order", "filler-order",
                                         "instance-order"};
constexpr std::pair<std::string_view, std::string_view> kPriorities[] = {
    {"routine", "ROUTINE"}, {"urgent", "HIGH"}, {"asap", "HIGH"}, {"stat", "STAT"}};

constexpr std::string_view kModalitySystem = kCodeSystems[0].first;

std::string_view without_oid(std::string_view system) {
    constexpr std::string_view kOid = "urn:oid:";
    return system.starts_with(kOid) ? system.substr(kOid.size()) : system;
}

/// "2026-03-02T09:30:00+01:00" as moment_from takes it.
std::optional<Moment> moment_of(std::string_view text) {
    if (text.size() < 10 || text[4] != '-' || text[7] != '-') return {};
    std::string digits(text.substr(0, 4));
    digits += text.substr(5, 2);
    digits += text.substr(8, 2);
    if (text.size() > 10) {
        if (text[10] != 'T') return {};
        const std::string_view time = text.substr(11);
        const std::size_t utc = std::min(time.find('Z'), time.size());
        for (const char c : time.substr(0, utc))
            if (c != ':') digits += c;
        if (digits.size() == 8 || utc + 1 < time.size()) return {};
        if (utc < time.size()) digits += "+0000";
    }
    return moment_from(digits);
}

std::string joined(const std::vector<std::string>& parts, std::size_t from = 0) {
    std::string text;
    for (std::size_t i = from; i < parts.size(); ++i) text += (text.empty() ? "" : " ") + parts[i];
    return text;
}

/// The first of the best use; none of those that are not in use any more.
const fhir::HumanName* name_in(const std::vector<fhir::HumanName>& names, std::string_view today) {
    constexpr std::string_view kUses[] = {"official", "usual",    "",         "maiden",
                                          "temp",     "nickname", "anonymous"};
    for (const std::string_view use : kUses)
        for (const fhir::HumanName& name : names)
            if (name.use == use && name.is_in_use(today)) return &name;
    return nullptr;
}

std::string written(const fhir::HumanName& name) {
    if (name.family.empty() && name.given.empty()) return as_name_part(name.text);
    return name_group(name.family, name.given.empty() ? "" : name.given.front(),
                      joined(name.given, 1), joined(name.prefix), joined(name.suffix));
}

class RequestReader {
  public:
    RequestReader(const fhir::ServiceRequest& request, const fhir::Submission& submission,
                  const OrderDefaults& defaults, std::string_view today)
        : request_(request), submission_(submission), defaults_(defaults), today_(today) {}

    std::variant<exam::OrderRequest, Issue> read() {
        exam::OrderRequest request;
        request.action = action();
        read_identifiers(request.order);
        if (request.action == OrderAction::kPlace) {
            require_order();
            read_patient(request.order);
            read_procedure(request.order);
            read_step(request.order);
            read_written(request);
        } else {
            read_whose(request);
        }
        if (issue_) return *issue_;
        return request;
    }

  private:
    void blame(const char* code, const std::string& element, std::string why) {
        if (!issue_) issue_ = Issue{code, element, std::move(why)};
    }
    [[nodiscard]] std::string at(const std::string& element) const {
        return request_.path + "." + element;
    }
    std::string identifier(std::string_view text, std::size_t most, const std::string& element) {
        const auto good = as_identifier(text, most);
        if (!good)
            blame("value", element,
                  "more than " + std::to_string(most) +
                      " characters, or a backslash or control character in it");
        return good.value_or("");
    }

    OrderAction action() {
        for (const auto& [name, action] : kStatuses)
            if (request_.status == name) return action;
        blame(request_.status.empty() ? "required" : "not-supported", at("status"),
              "the status has to be active, revoked or entered-in-error");
        return OrderAction::kPlace;
    }

    void require_order() {
        if (std::find(std::begin(kIntents), std::end(kIntents), request_.intent) ==
            std::end(kIntents))
            blame(request_.intent.empty() ? "required" : "not-supported", at("intent"),
                  "only orders are taken");
        if (request_.do_not_perform)
            blame("not-supported", at("doNotPerform"), "what is not to be done is not scheduled");
    }

    void read_identifiers(Order& order) {
        for (std::size_t i = 0; i < request_.identifier.size(); ++i) {
            const Identifier& one = request_.identifier[i];
            if (!one.is_in_use(today_)) continue;
            const std::string element = at("identifier[" + std::to_string(i) + "]");
            const auto number = [&] {
                return exam::OrderNumber{
                    identifier(one.value, kLong, element + ".value"),
                    identifier(without_oid(one.system), kLong, element + ".system")};
            };
            if (one.system == "urn:dicom:uid")
                read_study(order, one, element);
            else if (one.type.has("ACSN"))
                order.accession_number =
                    AccessionNumber(identifier(one.value, kShort, element + ".value"));
            else if (one.type.has("FILL"))
                order.filler = number();
            else if (one.type.has("PLAC") || (one.type.coding.empty() && order.placer.empty()))
                order.placer = number();
        }
        if (order.placer.empty() && order.filler.empty())
            blame("required", at("identifier"), "neither a placer's nor a filler's order number");
    }

    void read_study(Order& order, const Identifier& one, const std::string& element) {
        order.study_instance_uid = without_oid(one.value);
        if (!dicom::is_valid_uid(order.study_instance_uid))
            blame("value", element + ".value", "no UID");
    }

    void read_patient(Order& order) {
        const fhir::Resource* const resource = submission_.resolve(request_, request_.subject);
        const auto* const patient =
            resource == nullptr ? nullptr : std::get_if<fhir::Patient>(resource);
        if (patient == nullptr) {
            const bool is_named = !request_.subject.reference.empty();
            return blame(is_named ? "not-found" : "required",
                         at(is_named ? "subject.reference" : "subject"),
                         "the patient has to be contained, or in the same Bundle");
        }
        if (!patient->is_active || patient->is_replaced)
            return blame("business-rule",
                         patient->path + (patient->is_active ? ".link" : ".active"),
                         "the patient's record is not in use any more");
        require_same(*patient);
        read_patient_id(order, *patient);
        read_person(order, *patient);
    }

    /// What is said of the subject beside the reference may not be of another patient.
    void require_same(const fhir::Patient& patient) {
        const Identifier& said = request_.subject.identifier;
        bool has_others = false;
        for (const Identifier& one : patient.identifier) {
            if (said.value.empty() || one.system != said.system) continue;
            if (one.value == said.value) return;
            has_others = true;
        }
        if (has_others)
            blame("business-rule", at("subject.identifier"),
                  "the patient who is referred to has another one of that system");
    }

    /// Whose a revoked order is to be, if that is said.
    void read_whose(exam::OrderRequest& cancelled) {
        Order& order = cancelled.order;
        const fhir::Resource* const resource = submission_.resolve(request_, request_.subject);
        const auto* const patient =
            resource == nullptr ? nullptr : std::get_if<fhir::Patient>(resource);
        if (patient == nullptr) {
            cancelled.is_any_id_of_hers = true;
            return read_said_identifier(order);
        }
        if (!patient->identifier.empty()) {
            require_same(*patient);
            read_patient_id(order, *patient);
        }
        if (const fhir::HumanName* const name = name_in(patient->name, today_))
            order.patient_name = PatientName(as_identifier(written(*name), kLong).value_or(""));
        // What an order may not say of her is not said here.
        if (const auto birth = moment_of(patient->birth_date);
            patient->birth_date.size() > 7 && birth)
            order.patient_birth_date = BirthDate(birth->date);
    }

    /// Of a patient who is not among what was sent.
    void read_said_identifier(Order& order) {
        const Identifier& said = request_.subject.identifier;
        if (!said.is_in_use(today_)) return;
        const std::string element = at("subject.identifier");
        order.patient_id = PatientId(identifier(said.value, kLong, element + ".value"));
        if (!said.value.empty())
            order.issuer_of_patient_id =
                identifier(without_oid(said.system), kLong, element + ".system");
    }

    void read_patient_id(Order& order, const fhir::Patient& patient) {
        const std::vector<Identifier>& all = patient.identifier;
        const auto find = [&](bool is_record_number) {
            return std::find_if(all.begin(), all.end(), [&](const Identifier& one) {
                return one.is_in_use(today_) && (!is_record_number || one.type.has("MR"));
            });
        };
        auto found = find(true);
        if (found == all.end()) found = find(false);
        if (found == all.end())
            return blame("required", patient.path + ".identifier", "the patient has none");
        const Identifier& id = *found;
        const std::string element =
            patient.path + ".identifier[" + std::to_string(found - all.begin()) + "]";
        order.patient_id = PatientId(identifier(id.value, kLong, element + ".value"));
        order.issuer_of_patient_id = identifier(without_oid(id.system), kLong, element + ".system");
        if (order.patient_id.empty()) blame("required", element + ".value", "there is no value");
    }

    void read_person(Order& order, const fhir::Patient& patient) {
        const fhir::HumanName* const name = name_in(patient.name, today_);
        order.patient_name = PatientName(
            name == nullptr ? "" : identifier(written(*name), kLong, patient.path + ".name"));
        if (order.patient_name.empty())
            blame("required", patient.path + ".name", "the patient has none");
        if (patient.gender == "female") order.patient_sex = "F";
        if (patient.gender == "male") order.patient_sex = "M";
        if (patient.gender == "other") order.patient_sex = "O";
        const std::string& date = patient.birth_date;
        if (date.empty()) return;
        // A year or a month alone is a birth date of FHIR, but none of DICOM.
        const bool is_day = date.size() != 4 && date.size() != 7;
        const auto birth =
            moment_of(is_day ? date : date + std::string("-01-01", 10 - date.size()));
        if (!birth) return blame("value", patient.path + ".birthDate", "no date");
        if (is_day) order.patient_birth_date = BirthDate(birth->date);
    }

    CodedTerm term(const fhir::CodeableConcept& concept_, const std::string& element) {
        CodedTerm term;
        term.meaning = as_description(concept_.words(), kLong);
        if (concept_.coding.empty()) return term;
        const fhir::Coding& coding = concept_.coding.front();
        term.value = identifier(coding.code, kLong, element + ".coding[0].code");
        term.scheme = "99FHIR";
        for (const auto& [system, designator] : kCodeSystems)
            if (coding.system == system) term.scheme = designator;
        if (!coding.display.empty()) term.meaning = as_description(coding.display, kLong);
        return term;
    }

    /// By the resource where it is among what was sent, else by what the reference shows.
    std::string person(const fhir::Reference& reference, const std::string& element) {
        const fhir::Resource* const resource = submission_.resolve(request_, reference);
        const auto* const who =
            resource == nullptr ? nullptr : std::get_if<fhir::Practitioner>(resource);
        const fhir::HumanName* const name = who == nullptr ? nullptr : name_in(who->name, today_);
        return identifier(name == nullptr ? as_name_part(reference.display) : written(*name), kLong,
                          element);
    }

    void read_procedure(Order& order) {
        order.procedure = term(request_.code, at("code"));
        order.description = as_description(request_.code.words(), kLong);
        if (order.description.empty()) order.description = order.procedure.meaning;
        order.requesting_physician = person(request_.requester, at("requester"));
        order.referring_physician = order.requesting_physician;
        for (const auto& [name, priority] : kPriorities)
            if (request_.priority == name) order.priority = priority;
        if (!request_.reason_code.empty())
            order.reason = as_description(request_.reason_code.front().words(), kLong);
        std::vector<std::string> comments = request_.note;
        if (!request_.patient_instruction.empty()) comments.push_back(request_.patient_instruction);
        order.comments = as_description(joined(comments), kLongText);
    }

    void read_step(Order& order) {
        ScheduledStep step;
        read_start(step);
        step.modality = defaults_.modality;
        step.description = order.description;
        for (std::size_t i = 0; i < request_.order_detail.size(); ++i) {
            const fhir::CodeableConcept& detail = request_.order_detail[i];
            const std::string element = at("orderDetail[" + std::to_string(i) + "]");
            const bool is_modality =
                !detail.coding.empty() && detail.coding.front().system == kModalitySystem;
            if (is_modality)
                read_modality(step, detail.coding.front(), element);
            else if (step.protocol.empty())
                step.protocol = term(detail, element);
        }
        if (!request_.location_code.empty())
            step.location = as_description(request_.location_code.front().words(), kShort);
        for (std::size_t i = 0; i < request_.performer.size(); ++i)
            read_performer(step, request_.performer[i], at("performer[" + std::to_string(i) + "]"));
        order.steps.push_back(std::move(step));
    }

    /// Nothing where it is not said.
    std::optional<Moment> moment_at(const std::string& text, const std::string& element) {
        if (text.empty()) return {};
        auto moment = moment_of(text);
        if (!moment) blame("value", at(element), "no day, or no time");
        if (moment && moment->time.empty()) moment->time = "0000";
        return moment;
    }

    void read_start(ScheduledStep& step) {
        if (const auto start = moment_at(request_.occurrence, request_.occurrence_element)) {
            step.start_date = start->date;
            step.start_time = start->time;
        }
    }

    /// Where that is what counts.
    void read_written(exam::OrderRequest& request) {
        if (!request_.occurrence.empty()) return;
        if (const auto written = moment_at(request_.authored_on, "authoredOn")) {
            request.written_date = written->date;
            request.written_time = written->time;
        }
        if (request_.authored_on.empty())
            blame("required", at("occurrenceDateTime"),
                  "neither this nor occurrencePeriod or authoredOn says a time");
    }

    void read_modality(ScheduledStep& step, const fhir::Coding& coding,
                       const std::string& element) {
        const auto code = as_code_string(coding.code);
        if (!code || code->empty())
            return blame("value", element + ".coding[0].code", "no modality");
        step.modality = *code;
    }

    void read_performer(ScheduledStep& step, const fhir::Reference& reference,
                        const std::string& element) {
        const fhir::Resource* const resource = submission_.resolve(request_, reference);
        const auto* const device =
            resource == nullptr ? nullptr : std::get_if<fhir::Device>(resource);
        if (device == nullptr) {
            if (step.performing_physician.empty())
                step.performing_physician = person(reference, element);
            return;
        }
        if (!device->identifier.empty())
            step.station_aet = identifier(device->identifier.front().value, kShort,
                                          device->path + ".identifier[0].value");
        if (!device->name.empty())
            step.station_name =
                identifier(device->name.front(), kShort, device->path + ".deviceName[0].name");
    }

    const fhir::ServiceRequest& request_;
    const fhir::Submission& submission_;
    const OrderDefaults& defaults_;
    const std::string_view today_;
    std::optional<Issue> issue_;
};

}  // namespace

std::variant<exam::OrderRequest, Issue> order_in(const fhir::ServiceRequest& request,
                                                 const fhir::Submission& submission,
                                                 const OrderDefaults& defaults,
                                                 std::string_view today) {
    return RequestReader(request, submission, defaults, today).read();
}

}  // namespace lucerna::receive
