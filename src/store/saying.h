#pragma once

#include <string>
#include <vector>

#include "store/archive.h"

namespace lucerna::store {

/// What a record says of whom it is of, beside its Patient ID.
struct Saying {
    std::string name = {};
    std::string birth_date = {};
    std::vector<std::string> accession_numbers = {};
    std::vector<std::string> admission_ids = {};
    /// Other Patient IDs, and the studies, series and objects that it names: of a work item alone.
    std::vector<PatientKey> other_ids = {};
    std::vector<std::string> studies = {};
    std::vector<std::string> parts = {};
};

/// As the index holds them (order_json, performed_steps.data_set, dataset_json). The first two
/// throw Error where it is none.
[[nodiscard]] Saying said_in_order(const std::string& order_json);
[[nodiscard]] Saying said_in_performed(const std::string& data_set);
[[nodiscard]] Saying said_in_workitem(const std::string& dataset_json);

}  // namespace lucerna::store
