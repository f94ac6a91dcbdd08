#include "pipeline/whose_object.h"

#include "dicom/tags.h"
#include "store/facts.h"

namespace lucerna::pipeline {

deidentify::PatientOfStudy patient_of_study(const store::Person& study,
                                            const dicom::DataSet& object) {
    return {study.patient.id, study.patient.issuer, store::keys_of(study),
            store::keys_of(store::person_of(store::study_facts_of(object)))};
}

deidentify::PatientOfStudy patient_of_study(store::Archive& archive, const dicom::DataSet& object) {
    return patient_of_study(
        archive.person_of_study(object.text_or(dicom::tags::kStudyInstanceUid, "")), object);
}

}  // namespace lucerna::pipeline
