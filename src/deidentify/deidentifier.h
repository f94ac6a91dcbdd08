#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/encoding.h"
#include "deidentify/private_data.h"
#include "deidentify/profile.h"
#include "deidentify/project.h"
#include "deidentify/report.h"
#include "dicom/data_set.h"
#include "exam/refusal.h"

namespace lucerna::deidentify {

struct Deidentified {
    dicom::DataSet object;
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
    /// A refusal where pixels, document or sound cannot be cleaned as the profile asks: nothing of
    /// the object may be given out then. Pseudonym and dates go by the patient of `study`.
    [[nodiscard]] std::variant<Deidentified, exam::Refusal> run(
        dicom::DataSet object, const PatientOfStudy& study = {}) const;

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
