#pragma once

#include <string>

#include "dicom/data_set.h"

namespace lucerna::dicom {

/// Who gave the Patient ID (0010,0020) of a data set, which is one person's within its issuer alone
/// (PS3.3 C.7.1.1, Table 10-18): Issuer of Patient ID (0010,0021) or, where that has no value, the
/// Universal Entity ID (0040,0032) of the first item of Issuer of Patient ID Qualifiers Sequence
/// (0010,0024). Without what pads it; empty where neither says it.
[[nodiscard]] std::string issuer_of_patient_id(const DataSet& data_set);

}  // namespace lucerna::dicom
