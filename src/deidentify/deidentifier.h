#pragma once

#include <string>
#include <variant>
#include <vector>

#include "deidentify/private_data.h"
#include "deidentify/profile.h"
#include "deidentify/project.h"
#include "deidentify/report.h"
#include "dicom/framed_object.h"
#include "dicom/piecewise_file.h"
#include "exam/refusal.h"

namespace lucerna::deidentify {

struct Deidentified {
    /// Pixels are made while it is read: of a large object no more is held than `object` held.
    dicom::PiecewiseFile file;
    /// As it is called now.
    std::string study_instance_uid;
    ObjectReport report;
};

/// De-identifies objects by one profile for one project (PS3.15 E.1.1). Safe from several threads.
class Deidentifier {
  public:
    /// `program` is what De-identification Method names: "Lucerna 0.1.0".
    Deidentifier(Profile profile, Project project, std::string program,
                 std::vector<SafePrivate> safe_privates = {});

    /// Every attribute of the object and of its items, in any depth, is kept, changed or taken out
    /// as the table says. Beyond the table: attributes that the dictionary does not know go; names,
    /// dates, times and UIDs that the table does not list are treated like those that it lists.
    /// A refusal where pixels, document or sound cannot be cleaned as the profile asks, or where
    /// the object may be of another person than its study (exam::may_be_two_people): nothing of it
    /// may be given out then. Pseudonym and dates go by the patient of `study`.
    [[nodiscard]] std::variant<Deidentified, exam::Refusal> run(
        dicom::FramedObject object, const PatientOfStudy& study = {}) const;

    /// What an object is called that is given out, or would be.
    [[nodiscard]] std::string name_of(const std::string& sop_instance_uid) const;

    [[nodiscard]] const Profile& profile() const { return profile_; }
    [[nodiscard]] const Project& project() const { return project_; }
    [[nodiscard]] const std::string& program() const { return program_; }

  private:
    Profile profile_;
    Project project_;
    std::string program_;
    std::vector<SafePrivate> safe_privates_;
};

}  // namespace lucerna::deidentify
