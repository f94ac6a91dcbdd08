#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dicom/data_set.h"
#include "store/archive.h"
#include "store/connection.h"

namespace lucerna::store {

/// What the index holds of one file.
struct Facts {
    std::string study_instance_uid;
    std::string patient_id;
    std::string issuer_of_patient_id;
    std::string patient_name;
    std::string patient_birth_date;
    std::string patient_sex;
    std::string study_date;
    std::string study_time;
    std::string accession_number;
    std::string study_id;
    std::string study_description;
    std::string referring_physician_name;
    /// "+0100": of the dates and times of study and series.
    std::string timezone_offset_from_utc;

    std::string series_instance_uid;
    std::string modality;
    std::optional<long long> series_number;
    std::string series_description;
    std::string body_part_examined;
    std::string laterality;
    std::string series_date;
    std::string series_time;
    std::string step_start_date;
    std::string step_start_time;
    /// Of Request Attributes Sequence.
    struct RequestItem {
        std::string scheduled_procedure_step_id;
        std::string requested_procedure_id;
    };
    std::vector<RequestItem> request_items;

    std::string sop_instance_uid;
    std::string sop_class_uid;
    std::string transfer_syntax_uid;
    std::optional<long long> instance_number;
    std::optional<long long> rows;
    std::optional<long long> columns;
    std::optional<long long> bits_allocated;
    std::optional<long long> number_of_frames;
    std::string view_position;
    std::string image_laterality;
    /// "R-CC", or empty.
    std::string view;

    /// Whose data key seals it: the patient, or the study where no Patient ID is given.
    [[nodiscard]] std::string key_owner() const;
    /// It has a picture, of a kind that makes its study an exam (exam_kinds.h).
    [[nodiscard]] bool is_exam_image() const;
};

/// What it says of its patient and study, all of which may be empty, UIDs left out.
[[nodiscard]] Facts study_facts_of(const dicom::DataSet& data_set);

using ViewOf = std::function<std::string(const dicom::DataSet&)>;

/// Throws Error(kInvalidInput), naming the attribute, where one of the four UIDs is missing or is
/// no UID (PS3.5 9.1).
[[nodiscard]] Facts facts_of(const dicom::DataSet& data_set, const ViewOf& view_of);

/// The same of one that arrives. Throws Error(kInvalidInput) also where an ID that tells patients,
/// studies, series or objects apart has several values, of which the first would be taken for it: a
/// Patient ID with a backslash in it (PS3.5 6.2).
[[nodiscard]] Facts facts_of_arriving(const dicom::DataSet& data_set, const ViewOf& view_of);

/// Where and how the file lies.
struct Placing {
    std::string object;
    std::string data_key;
    std::uint64_t bytes = 0;
    std::uint64_t head_bytes = 0;
    Role role = Role::kReceived;
    Instant received_at{};
    /// Sealed before it is known whose it is, under a key that this process alone has: it is never
    /// entered.
    bool is_nobodys = false;
};

/// The owner of a patient's data key as the index names it.
[[nodiscard]] std::string key_owner_of_patient(const std::string& patient_id,
                                               const std::string& issuer_of_patient_id);

}  // namespace lucerna::store
