#pragma once

#include "deidentify/project.h"
#include "dicom/data_set.h"
#include "store/archive.h"
#include "store/same_patient.h"

namespace lucerna::pipeline {

/// Whose an object is, and whose its study, for who gives it out de-identified.
[[nodiscard]] deidentify::PatientOfStudy patient_of_study(const store::Person& study,
                                                          const dicom::DataSet& object);

/// The same where it is kept.
[[nodiscard]] deidentify::PatientOfStudy patient_of_study(store::Archive& archive,
                                                          const dicom::DataSet& object);

}  // namespace lucerna::pipeline
