#include "receive/hl7_orders.h"

#include <algorithm>
#include <optional>

#include "dicom/uids.h"
#include "receive/order_text.h"

namespace lucerna::receive {
namespace {

using exam::CodedTerm;
using exam::Order;
using exam::OrderAction;
using exam::ScheduledStep;
using hl7::At;
using hl7::Fault;
using hl7::FaultCode;
using hl7::Segment;

constexpr std::size_t kMostSteps = 64;

/// Order control (table 0119) as this program understands it.
constexpr std::pair<std::string_view, OrderAction> kControls[] = {
    {"NW", OrderAction::kPlace},  {"XO", OrderAction::kChange}, {"XX", OrderAction::kChange},
    {"CA", OrderAction::kCancel}, {"OC", OrderAction::kCancel}, {"DC", OrderAction::kCancel},
    {"OD", OrderAction::kCancel}};

/// Priority (tables 0027, 0485) as Requested Procedure Priority (IHE RAD TF-2 B.1).
constexpr std::pair<std::string_view, std::string_view> kPriorities[] = {
    {"S", "STAT"}, {"A", "HIGH"}, {"R", "ROUTINE"}, {"P", "HIGH"}, {"C", "HIGH"}, {"T", "MEDIUM"}};

/// Reads fields and remembers the first fault.
class FieldReader {
  public:
    [[nodiscard]] const std::optional<Fault>& fault() const { return fault_; }

    void blame(const Segment& segment, int field, int component, FaultCode code,
               const std::string& why) {
        if (fault_) return;
        hl7::Place place;
        place.segment = segment.name();
        place.occurrence = segment.occurrence();
        place.field = field;
        place.component = component;
        fault_ = hl7::fault_at(place, code, why);
    }

    std::string identifier(const Segment* segment, int field, At at, std::size_t most) {
        if (segment == nullptr) return {};
        const auto text = as_identifier(segment->text(field, at), most);
        if (!text)
            blame(*segment, field, at.component, FaultCode::kDataType,
                  "an identifier of more than " + std::to_string(most) +
                      " characters, or with a backslash or control character");
        return text.value_or("");
    }

    /// One that is all of its component: what is parted by an ampersand would be cut, and be
    /// another's.
    std::string whole_identifier(const Segment* segment, int field, At at, std::size_t most) {
        constexpr int kMostSubcomponents = 10;
        for (int i = 2; segment != nullptr && i <= kMostSubcomponents; ++i)
            if (!segment->text(field, {at.component, i, at.repetition}).empty())
                blame(*segment, field, at.component, FaultCode::kDataType,
                      "an identifier with subcomponents");
        return identifier(segment, field, at, most);
    }

    static std::string description(const Segment* segment, int field, At at, std::size_t most) {
        return segment == nullptr ? "" : as_description(segment->text(field, at), most);
    }

    std::optional<Moment> moment(const Segment* segment, int field, At at) {
        if (segment == nullptr) return {};
        const std::string text = segment->text(field, at);
        if (text.empty()) return {};
        const auto moment = moment_from(text);
        if (!moment) blame(*segment, field, at.component, FaultCode::kDataType, "no date and time");
        return moment;
    }

    /// EI: identifier, namespace, universal identifier.
    exam::OrderNumber number(const Segment* segment, int field) {
        exam::OrderNumber number{whole_identifier(segment, field, {1, 1, 1}, kLong),
                                 identifier(segment, field, {3, 1, 1}, kLong)};
        if (number.issuer.empty()) number.issuer = identifier(segment, field, {2, 1, 1}, kLong);
        return number;
    }

    /// CE or CWE, from component `first` on.
    CodedTerm term(const Segment* segment, int field, int first) {
        CodedTerm term{identifier(segment, field, {first, 1, 1}, kLong),
                       identifier(segment, field, {first + 2, 1, 1}, kShort),
                       description(segment, field, {first + 1, 1, 1}, kLong)};
        if (!term.value.empty() && term.scheme.empty()) term.scheme = "L";
        return term;
    }

    /// XCN: family, given, middle, suffix, prefix behind the number.
    std::string physician(const Segment* segment, int field) {
        if (segment == nullptr) return {};
        const auto part = [&](int component) { return segment->text(field, {component, 1, 1}); };
        return name(*segment, field, name_group(part(2), part(3), part(4), part(6), part(5)));
    }

    std::string name(const Segment& segment, int field, std::string name) {
        if (!as_identifier(name, kLong))
            blame(segment, field, 0, FaultCode::kDataType, "a name of more than 64 characters");
        return name;
    }

  private:
    std::optional<Fault> fault_;
};

/// The segments of one order, those that are not there null.
struct Group {
    const Segment* common = nullptr;
    const Segment* timing = nullptr;
    const Segment* request = nullptr;
    /// Nobody says which of the two the rest is about.
    const Segment* second_request = nullptr;
    const Segment* study = nullptr;
    std::vector<const Segment*> imaging;
    std::vector<const Segment*> notes;
    bool is_in_observations = false;
};

std::vector<Group> groups_of(const hl7::Message& message) {
    std::vector<Group> groups;
    for (const Segment& segment : message.segments()) {
        if (segment.name() == "ORC") groups.emplace_back().common = &segment;
        if (groups.empty()) continue;
        Group& group = groups.back();
        if (segment.name() == "TQ1" && group.timing == nullptr) group.timing = &segment;
        if (segment.name() == "OBR")
            (group.request == nullptr ? group.request : group.second_request) = &segment;
        if (segment.name() == "ZDS" && group.study == nullptr) group.study = &segment;
        if (segment.name() == "IPC") group.imaging.push_back(&segment);
        // Behind an observation it is about that.
        if (segment.name() == "OBX") group.is_in_observations = true;
        if (segment.name() == "NTE" && !group.is_in_observations) group.notes.push_back(&segment);
    }
    return groups;
}

class OrderReader {
  public:
    OrderReader(const hl7::Message& message, const OrderDefaults& defaults, std::string today)
        : message_(message),
          defaults_(defaults),
          today_(std::move(today)),
          patient_(message.find("PID")),
          visit_(message.find("PV1")) {}

    std::variant<Hl7Orders, Fault> read() {
        if (patient_ == nullptr) return lacking("PID");
        if (auto fault = prior_results()) return *std::move(fault);
        const std::vector<Group> groups = groups_of(message_);
        if (groups.empty()) return lacking("ORC");
        for (const Group& group : groups) {
            read_group(group);
            if (fields_.fault()) return *fields_.fault();
        }
        return std::move(orders_);
    }

  private:
    static Fault lacking(const char* segment) {
        hl7::Place place;
        place.segment = segment;
        return hl7::fault_at(place, FaultCode::kSegmentSequence, "there is no " + place.segment);
    }

    /// OMG^O19 may have them behind each order (HL7 v2.5.1 4.4.6).
    std::optional<Fault> prior_results() const {
        for (const Segment& segment : message_.segments()) {
            if (segment.name() != "PID" || segment.occurrence() == 1) continue;
            hl7::Place place;
            place.segment = "PID";
            place.occurrence = segment.occurrence();
            return hl7::fault_at(place, FaultCode::kSegmentSequence,
                                 "prior results, or orders of several patients, are not taken");
        }
        return {};
    }

    void read_group(const Group& group) {
        exam::OrderRequest request;
        request.action = action_of(*group.common);
        Order& order = request.order;
        read_numbers(order, group);
        if (group.second_request != nullptr)
            fields_.blame(*group.second_request, 0, 0, FaultCode::kSegmentSequence,
                          "a second OBR behind one ORC");
        if (request.action == OrderAction::kCancel) {
            take_whose(order);
        } else {
            if (group.request == nullptr)
                fields_.blame(*group.common, 0, 0, FaultCode::kSegmentSequence,
                              "no OBR follows the ORC");
            take_subject(order);
            read_procedure(order, group);
            read_steps(order, group);
            if (order.steps.front().start_date.empty()) read_written(request);
        }
        add(std::move(request), group);
    }

    OrderAction action_of(const Segment& common) {
        const std::string control = common.text(1);
        for (const auto& [name, action] : kControls)
            if (name == control) return action;
        if (control.empty())
            fields_.blame(common, 1, 0, FaultCode::kRequiredFieldMissing, "no order control");
        else
            fields_.blame(common, 1, 0, FaultCode::kTableValue,
                          "an order control other than NW, XO, XX, CA, OC, DC, OD");
        return OrderAction::kPlace;
    }

    void read_numbers(Order& order, const Group& group) {
        order.placer = fields_.number(group.common, 2);
        order.filler = fields_.number(group.common, 3);
        if (order.placer.empty()) order.placer = fields_.number(group.request, 2);
        if (order.filler.empty()) order.filler = fields_.number(group.request, 3);
        if (order.placer.empty() && order.filler.empty())
            fields_.blame(*group.common, 2, 0, FaultCode::kRequiredFieldMissing,
                          "neither a placer's nor a filler's order number");
    }

    /// Whose the order is. Read once: there may be hundreds of orders behind a long PID.
    void take_subject(Order& order) {
        if (!subject_) {
            subject_.emplace();
            read_patient(*subject_);
            read_visit(*subject_);
        }
        Order subject = *subject_;
        subject.placer = std::move(order.placer);
        subject.filler = std::move(order.filler);
        order = std::move(subject);
    }

    /// Whose a cancelled order is to be, if that is said. Read once, too.
    void take_whose(Order& order) {
        if (!whose_) {
            whose_.emplace();
            read_patient_id(*whose_);
            // No order has one that is too long, and what a cancelled one has beside is no matter.
            whose_->patient_name = PatientName(patient_name(TooLong::kLeftOut));
            if (const std::string birth = patient_->text(7); birth.size() >= 8)
                whose_->patient_birth_date = BirthDate(day_from(birth).value_or(""));
        }
        order.patient_id = whose_->patient_id;
        order.issuer_of_patient_id = whose_->issuer_of_patient_id;
        order.patient_name = whose_->patient_name;
        order.patient_birth_date = whose_->patient_birth_date;
    }

    void read_patient_id(Order& order) {
        // The first of a medical record, else the first; of those that have not ended (CX-8).
        int which = 0;
        bool is_record = false;
        for (int i = 1; i <= patient_->repetitions(3) && !is_record; ++i) {
            const auto end = day_from(patient_->text(3, {8, 1, i}));
            if (end && *end < today_) continue;
            is_record = patient_->text(3, {5, 1, i}) == "MR";
            if (which == 0 || is_record) which = i;
        }
        if (which == 0 && patient_->repetitions(3) > 0)
            return fields_.blame(*patient_, 3, 8, FaultCode::kDataType,
                                 "no identifier of the patient that has not ended");
        which = std::max(which, 1);
        order.patient_id = PatientId(fields_.whole_identifier(patient_, 3, {1, 1, which}, kLong));
        order.issuer_of_patient_id = fields_.identifier(patient_, 3, {4, 1, which}, kLong);
        if (order.issuer_of_patient_id.empty())
            order.issuer_of_patient_id = fields_.identifier(patient_, 3, {4, 2, which}, kLong);
    }

    void read_patient(Order& order) {
        read_patient_id(order);
        if (order.patient_id.empty())
            fields_.blame(*patient_, 3, 0, FaultCode::kRequiredFieldMissing,
                          "no identifier of the patient");
        order.patient_name = PatientName(patient_name(TooLong::kBlamed));
        if (order.patient_name.empty())
            fields_.blame(*patient_, 5, 0, FaultCode::kRequiredFieldMissing,
                          "no name of the patient");
        if (const std::string birth = patient_->text(7); !birth.empty()) {
            // A year or a month alone is none of DICOM's dates.
            const bool is_day = birth.size() != 4 && birth.size() != 6;
            const auto day =
                day_from(is_day ? birth : birth + std::string("0101", 8 - birth.size()));
            if (!day) fields_.blame(*patient_, 7, 1, FaultCode::kDataType, "no date");
            if (is_day) order.patient_birth_date = BirthDate(day.value_or(""));
        }
        const std::string sex = patient_->text(8);
        if (sex == "F" || sex == "M") order.patient_sex = sex;
        if (sex == "O" || sex == "A" || sex == "N") order.patient_sex = "O";
    }

    /// What a group of more than 64 characters is.
    enum class TooLong { kBlamed, kLeftOut };

    /// XPN; repetitions in other scripts (XPN-8) are the name's other component groups.
    std::string patient_name(TooLong too_long) {
        std::string groups[3];
        for (int i = 1; i <= patient_->repetitions(5); ++i) {
            const auto part = [&](int component) { return patient_->text(5, {component, 1, i}); };
            const std::string script = part(8);
            std::string& group = groups[script == "I" ? 1 : script == "P" ? 2 : 0];
            if (!group.empty()) continue;
            group = name_group(part(1), part(2), part(3), part(5), part(4));
            if (too_long == TooLong::kBlamed)
                group = fields_.name(*patient_, 5, std::move(group));
            else if (!as_identifier(group, kLong))
                group.clear();
        }
        std::string name = groups[0] + "=" + groups[1] + "=" + groups[2];
        while (name.ends_with('=')) name.pop_back();
        return name;
    }

    void read_visit(Order& order) {
        order.admission_id = fields_.identifier(visit_, 19, {1, 1, 1}, kLong);
        if (order.admission_id.empty())
            order.admission_id = fields_.identifier(patient_, 18, {1, 1, 1}, kLong);
        std::string location;
        for (int component = 1; visit_ != nullptr && component <= 3; ++component)
            if (const std::string part = visit_->text(3, {component, 1, 1}); !part.empty())
                location += (location.empty() ? "" : " ") + part;
        order.patient_location = as_description(location, kLong);
        order.confidentiality = FieldReader::description(visit_, 16, {}, kLong);
        order.referring_physician = fields_.physician(visit_, 8);
        for (int i = 1; visit_ != nullptr && i <= visit_->repetitions(15); ++i)
            if (visit_->text(15, {1, 1, i}) == "B6") order.pregnancy_status = "3";
    }

    void read_procedure(Order& order, const Group& group) {
        const Segment* const request = group.request;
        const auto either = [&](int ipc, int obr) {
            std::string text = said_in_all(group, ipc, [&](const Segment& imaging) {
                return fields_.identifier(&imaging, ipc, {}, kShort);
            });
            return text.empty() ? fields_.identifier(request, obr, {}, kShort) : text;
        };
        order.accession_number = AccessionNumber(either(1, 18));
        order.requested_procedure_id = either(2, 19);
        order.study_instance_uid = study_of(group);
        order.procedure = fields_.term(request, 44, 1);
        if (order.procedure.empty()) order.procedure = fields_.term(request, 4, 1);
        order.description = order.procedure.meaning;
        order.requesting_physician = fields_.physician(request, 16);
        if (order.requesting_physician.empty())
            order.requesting_physician = fields_.physician(group.common, 12);
        if (order.referring_physician.empty())
            order.referring_physician = order.requesting_physician;
        order.requesting_service = first_of(group.common, 17, {2, 1}, kLong);
        order.priority = priority_of(group);
        order.reason = first_of(request, 31, {2, 1}, kLong);
        order.transport = FieldReader::description(request, 30, {}, kLong);
        order.patient_state = first_of(request, 12, {2, 1}, kLong);
        order.medical_alerts = FieldReader::description(request, 13, {}, kLong);
        std::string comments;
        for (const Segment* note : group.notes)
            for (int i = 1; i <= note->repetitions(3); ++i)
                comments += (comments.empty() ? "" : " ") + note->text(3, {1, 1, i});
        order.comments = as_description(comments, kLongText);
    }

    /// What the IPCs of an order, one for each step, say of its one requested procedure; one that
    /// says nothing means the same.
    template <typename Read>
    std::string said_in_all(const Group& group, int field, const Read& read) {
        std::string said;
        for (const Segment* imaging : group.imaging) {
            std::string text = read(*imaging);
            if (said.empty())
                said = std::move(text);
            else if (!text.empty() && text != said)
                fields_.blame(*imaging, field, 0, FaultCode::kDuplicateKey,
                              "two requested procedures under one order number");
        }
        return said;
    }

    static std::string first_of(const Segment* segment, int field,
                                std::initializer_list<int> components, std::size_t most) {
        for (const int component : components)
            if (std::string text =
                    FieldReader::description(segment, field, {component, 1, 1}, most);
                !text.empty())
                return text;
        return {};
    }

    std::string study_of(const Group& group) {
        const auto read = [&](const Segment* segment, int field) -> std::string {
            std::string uid = fields_.identifier(segment, field, {}, kLong);
            if (!uid.empty() && !dicom::is_valid_uid(uid))
                fields_.blame(*segment, field, 1, FaultCode::kDataType, "no UID");
            return uid;
        };
        std::string uid =
            said_in_all(group, 3, [&](const Segment& imaging) { return read(&imaging, 3); });
        return uid.empty() ? read(group.study, 1) : uid;
    }

    static std::string priority_of(const Group& group) {
        const std::pair<const Segment*, std::pair<int, int>> places[] = {{group.timing, {9, 1}},
                                                                         {group.common, {7, 6}},
                                                                         {group.request, {27, 6}},
                                                                         {group.request, {5, 1}}};
        for (const auto& [segment, place] : places) {
            if (segment == nullptr) continue;
            const std::string text = segment->text(place.first, {place.second, 1, 1});
            for (const auto& [code, priority] : kPriorities)
                if (text.substr(0, 1) == code) return std::string(priority);
        }
        return {};
    }

    /// Where it is said first, if it is.
    Moment start_of(const Group& group) {
        const std::pair<const Segment*, std::pair<int, int>> places[] = {{group.timing, {7, 1}},
                                                                         {group.common, {7, 4}},
                                                                         {group.request, {27, 4}},
                                                                         {group.request, {36, 1}}};
        for (const auto& [segment, place] : places)
            if (auto moment = fields_.moment(segment, place.first, {place.second, 1, 1})) {
                if (moment->time.empty()) moment->time = "0000";
                return *moment;
            }
        return {};
    }

    /// What is new of it starts then.
    void read_written(exam::OrderRequest& request) {
        const auto written = fields_.moment(&message_.header(), 7, {1, 1, 1});
        if (!written)
            return fields_.blame(message_.header(), 7, 0, FaultCode::kRequiredFieldMissing,
                                 "neither the order nor the message says a time");
        request.written_date = written->date;
        request.written_time = written->time.empty() ? "0000" : written->time;
    }

    void read_steps(Order& order, const Group& group) {
        ScheduledStep step;
        const Moment start = start_of(group);
        step.start_date = start.date;
        step.start_time = start.time;
        step.description = FieldReader::description(group.request, 4, {5, 1, 1}, kLong);
        if (step.description.empty()) step.description = order.description;
        step.protocol = fields_.term(group.request, 4, 4);
        step.performing_physician = technician_of(group.request);
        if (group.imaging.empty()) {
            step.step_id = fields_.identifier(group.request, 20, {}, kShort);
            step.modality = modality_of(group.request, 24);
            order.steps.push_back(std::move(step));
            return;
        }
        for (const Segment* imaging : group.imaging) {
            ScheduledStep one = step;
            one.step_id = fields_.identifier(imaging, 4, {}, kShort);
            one.modality = modality_of(imaging, 5);
            if (CodedTerm protocol = fields_.term(imaging, 6, 1); !protocol.empty()) {
                if (!protocol.meaning.empty()) one.description = protocol.meaning;
                one.protocol = std::move(protocol);
            }
            one.station_name = fields_.identifier(imaging, 7, {}, kShort);
            one.location = fields_.identifier(imaging, 8, {}, kShort);
            one.station_aet = fields_.identifier(imaging, 9, {}, kShort);
            order.steps.push_back(std::move(one));
        }
    }

    /// OBR-34.1, a CN in subcomponents; some send it as an XCN in components.
    std::string technician_of(const Segment* request) {
        if (request == nullptr) return {};
        const auto part = [&](int number) { return request->text(34, {1, number, 1}); };
        if (part(2).empty()) return fields_.physician(request, 34);
        return fields_.name(*request, 34, name_group(part(2), part(3), part(4), part(6), part(5)));
    }

    std::string modality_of(const Segment* segment, int field) {
        const std::string text = segment == nullptr ? "" : segment->text(field);
        if (text.empty()) return defaults_.modality;
        const auto code = as_code_string(text);
        if (!code) fields_.blame(*segment, field, 1, FaultCode::kDataType, "no modality");
        return code.value_or("");
    }

    /// A group of the numbers of the one before it is another step of that order.
    void add(exam::OrderRequest request, const Group& group) {
        if (!orders_.requests.empty()) {
            exam::OrderRequest& last = orders_.requests.back();
            const auto is_cancelled = [](const exam::OrderRequest& one) {
                return one.action == OrderAction::kCancel;
            };
            if (is_cancelled(last) == is_cancelled(request) &&
                last.order.placer == request.order.placer &&
                last.order.filler == request.order.filler) {
                if (request.action == OrderAction::kPlace) last.action = request.action;
                if (last.written_date.empty()) {
                    last.written_date = request.written_date;
                    last.written_time = request.written_time;
                }
                return merge(last.order, request.order, group);
            }
        }
        orders_.requests.push_back(std::move(request));
        orders_.orc.push_back(group.common->occurrence());
    }

    static void add_text(std::string& text, const std::string& more, std::size_t most) {
        if (more.empty() || text == more) return;
        text = as_description(text + (text.empty() ? "" : " ") + more, most);
    }

    void merge(Order& order, const Order& more, const Group& group) {
        const auto differ = [](const auto& one, const auto& other) {
            return !one.empty() && !other.empty() && one != other;
        };
        if ((!more.requested_procedure_id.empty() &&
             order.requested_procedure_id != more.requested_procedure_id) ||
            differ(order.accession_number, more.accession_number) ||
            differ(order.study_instance_uid, more.study_instance_uid) ||
            differ(order.procedure.value, more.procedure.value) ||
            // Words may be of the step alone.
            (order.procedure.value.empty() && more.procedure.value.empty() &&
             more.requested_procedure_id.empty() &&
             differ(order.procedure.meaning, more.procedure.meaning)))
            fields_.blame(*group.common, 2, 0, FaultCode::kDuplicateKey,
                          "two requested procedures under one order number");
        if (order.study_instance_uid.empty()) order.study_instance_uid = more.study_instance_uid;
        if (order.accession_number.empty()) order.accession_number = more.accession_number;
        if (order.reason.empty()) order.reason = more.reason;
        add_text(order.comments, more.comments, kLongText);
        add_text(order.medical_alerts, more.medical_alerts, kLong);
        order.steps.insert(order.steps.end(), more.steps.begin(), more.steps.end());
        if (order.steps.size() > kMostSteps)
            fields_.blame(*group.common, 0, 0, FaultCode::kInternal,
                          "an order of more than 64 steps");
    }

    const hl7::Message& message_;
    const OrderDefaults& defaults_;
    const std::string today_;
    const Segment* patient_;
    const Segment* visit_;
    std::optional<Order> subject_;
    std::optional<Order> whose_;
    FieldReader fields_;
    Hl7Orders orders_;
};

}  // namespace

std::variant<Hl7Orders, Fault> orders_in(const hl7::Message& message, const OrderDefaults& defaults,
                                         std::string today) {
    return OrderReader(message, defaults, std::move(today)).read();
}

}  // namespace lucerna::receive
