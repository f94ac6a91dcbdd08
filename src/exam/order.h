#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/log.h"

namespace lucerna::exam {

/// A coded concept (PS3.3 8): value, coding scheme designator, meaning.
struct CodedTerm {
    std::string value;
    std::string scheme;
    std::string meaning;

    [[nodiscard]] bool empty() const { return value.empty() && meaning.empty(); }
    friend bool operator==(const CodedTerm&, const CodedTerm&) = default;
};

/// What one system calls an order: unique within its issuer, which may be unknown.
struct OrderNumber {
    std::string number;
    std::string issuer;

    [[nodiscard]] bool empty() const { return number.empty(); }
    friend bool operator==(const OrderNumber&, const OrderNumber&) = default;
};

/// What a modality is to do, and when (PS3.3 C.4.10). Dates and times are DICOM's (DA, TM), of the
/// place where it is done.
struct ScheduledStep {
    std::string step_id;
    std::string modality;
    /// Empty: whichever station takes it.
    std::string station_aet;
    std::string station_name;
    std::string location;
    std::string start_date;
    std::string start_time;
    /// Names are DICOM's (PS3.5 6.2.1): "Family^Given^Middle^Prefix^Suffix".
    std::string performing_physician;
    std::string description;
    CodedTerm protocol;

    friend bool operator==(const ScheduledStep&, const ScheduledStep&) = default;
};

/// An imaging service request with its one requested procedure (PS3.3 C.4.11, C.4.12), the patient
/// and the steps that are scheduled for it. Everything in it may identify a person. UTF-8; each
/// text fits the attribute that it goes to.
struct Order {
    /// Either identifies it.
    OrderNumber placer;
    OrderNumber filler;
    AccessionNumber accession_number;

    PatientName patient_name;
    PatientId patient_id;
    std::string issuer_of_patient_id;
    BirthDate patient_birth_date;
    /// "F", "M", "O" or empty.
    std::string patient_sex;
    std::string admission_id;
    std::string patient_location;
    std::string patient_state;
    std::string confidentiality;
    /// 1 not pregnant ... 4 unknown (PS3.3 C.2.3), as text; or empty.
    std::string pregnancy_status;
    std::string medical_alerts;

    std::string referring_physician;
    std::string requesting_physician;
    std::string requesting_service;

    /// Those that are empty are made up when it is first kept, and stay.
    std::string requested_procedure_id;
    std::string study_instance_uid;
    std::string description;
    CodedTerm procedure;
    /// "STAT", "HIGH", "ROUTINE", "MEDIUM", "LOW" or empty.
    std::string priority;
    std::string reason;
    std::string transport;
    std::string comments;

    std::vector<ScheduledStep> steps;

    friend bool operator==(const Order&, const Order&) = default;
};

/// What is asked of whoever keeps orders.
enum class OrderAction {
    /// To be as it says from now on, whether it is known or not; of a known one, the same
    /// patient's.
    kPlace,
    /// The same, and it may correct the patient as long as nothing of the order is under way.
    kChange,
    kCancel,
};
struct OrderRequest {
    OrderAction action = OrderAction::kPlace;
    Order order;
    /// When it was written (DA, TM): the start of a new step of which it does not say one.
    std::string written_date = {};
    std::string written_time = {};
    /// The Patient ID is one of those that she has: one of another issuer than the order's says
    /// nothing of whose that is.
    bool is_any_id_of_hers = false;
    /// One of a known number is left as it is.
    bool only_if_new = false;
};

/// What became of a request.
enum class OrderFate { kNew, kChanged, kUnchanged, kCancelled };
[[nodiscard]] std::string_view name_of(OrderFate fate);

struct OrderOutcome {
    OrderFate fate = OrderFate::kNew;
    /// What the keeper calls it.
    std::string name;
    std::string study_instance_uid;
};

/// Why none of the requests was carried out.
struct OrderRefusal {
    /// Which of them, from 0.
    std::size_t request = 0;
    /// kNotFound: nothing of that number to cancel. kConflict: it contradicts what is kept.
    /// kInvalidInput: it contradicts itself.
    ErrorCode code = ErrorCode::kConflict;
    /// Free of patient identifiers.
    std::string why;
    /// The number is in use for something else, as another patient's order; kConflict.
    bool is_number_taken = false;
};
using OrderOutcomes = std::variant<std::vector<OrderOutcome>, OrderRefusal>;

}  // namespace lucerna::exam
