#include "dicom/patient_issuer.h"

#include <gtest/gtest.h>

namespace lucerna::dicom {
namespace {

TEST(IssuerOfPatientId, IsTheUniversalEntityIdWhereNoOtherIsSaid) {
    DataSet object;
    EXPECT_EQ(issuer_of_patient_id(object), "");
    object.set_empty(kIssuerOfPatientIdQualifiersSequence);
    EXPECT_EQ(issuer_of_patient_id(object), "");
    object.add_item(kIssuerOfPatientIdQualifiersSequence)
        .set_text(kUniversalEntityId, "https://hospital.example/ids");
    object.add_item(kIssuerOfPatientIdQualifiersSequence).set_text(kUniversalEntityId, "1.2.3");
    EXPECT_EQ(issuer_of_patient_id(object), "https://hospital.example/ids");
    for (const char* none : {"", "  "}) {
        object.set_text(kIssuerOfPatientId, none);
        EXPECT_EQ(issuer_of_patient_id(object), "https://hospital.example/ids");
    }
    object.set_text(kIssuerOfPatientId, "HOSPITAL ");
    EXPECT_EQ(issuer_of_patient_id(object), "HOSPITAL");
}

TEST(IssuerOfPatientId, IsNotThatOfAnItemWithoutOne) {
    DataSet object;
    object.add_item(kIssuerOfPatientIdQualifiersSequence).set_text(kUniversalEntityIdType, "ISO");
    EXPECT_EQ(issuer_of_patient_id(object), "");
}

}  // namespace
}  // namespace lucerna::dicom
