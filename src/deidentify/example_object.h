#pragma once

#include <string>
#include <vector>

#include "deidentify/deidentifier.h"
#include "dicom/data_set.h"
#include "dicom/uids.h"

namespace lucerna::deidentify::test {

inline vault::SecretKey secret(std::uint8_t fill) {
    return vault::SecretKey::from(Bytes(vault::SecretKey::kBytes, fill));
}

inline Deidentifier deidentifier(std::string_view profile, std::uint8_t fill = 7,
                                 std::vector<SafePrivate> safe = {}) {
    return Deidentifier(Profile::from(profile), Project("test", secret(fill)), "Lucerna test",
                        std::move(safe));
}

/// A secondary capture of a patient, with pixels.
inline dicom::DataSet example(const std::string& uid = "1.2.3.4") {
    namespace tags = dicom::tags;
    dicom::DataSet d;
    d.set_text(tags::kSopClassUid, dicom::sop_class::kSecondaryCapture);
    d.set_text(tags::kSopInstanceUid, uid);
    d.set_text(tags::kStudyInstanceUid, "1.2.3");
    d.set_text(tags::kSeriesInstanceUid, "1.2.3.1");
    d.set_text(tags::kPatientId, "4711");
    d.set_text(tags::kPatientName, "Doe^Jane");
    d.set_text(tags::kPatientBirthDate, "19610203");
    d.set_text(tags::kStudyDate, "20240310");
    d.set_text(tags::kStudyTime, "101112");
    d.set_text(tags::kAccessionNumber, "ACC-9");
    d.set_text(tags::kModality, "OT");
    d.set_pixels({.rows = 16, .columns = 16, .bits_allocated = 8, .bits_stored = 8}, Bytes(256, 9));
    return d;
}

/// What came of it, as read back from its file.
inline dicom::DataSet made(const Deidentifier& one, dicom::DataSet object) {
    auto outcome = one.run(std::move(object));
    return dicom::DataSet::parse(std::get<Deidentified>(outcome).file.whole());
}

}  // namespace lucerna::deidentify::test
