#pragma once

#include <optional>
#include <string>

#include "deidentify/private_data.h"
#include "deidentify/profile.h"
#include "deidentify/project.h"
#include "deidentify/report.h"

namespace lucerna::deidentify {

/// What holds for one object.
struct Rules {
    const Profile& profile;
    const Project& project;
    const SafePrivates& safe_privates;
    std::string sop_class_uid;
    std::string pseudonym;
    int shift_days = 0;
    /// Later days become this one (YYYYMMDD) before they are moved; what is no day leaves none.
    std::optional<std::string> last_day;
};

/// Takes the table's action on every attribute of the object and, item by item, of its sequences.
/// Adds what was done to `steps`: nothing for attributes that no rule is for and that stay.
void apply_table(dicom::DataSet& object, const Rules& rules, Steps& steps);

}  // namespace lucerna::deidentify
