#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "deidentify/project_place.h"
#include "dicom/data_set.h"
#include "exam/person.h"
#include "vault/secret_key.h"

namespace lucerna::deidentify {

/// Whose a study is that an object is of, as far as all of its objects together say.
struct PatientOfStudy {
    std::string id;
    std::string issuer;
    /// What tells that person from others.
    exam::PersonKeys says = {};
    /// The same of whom the object itself says that it is of.
    exam::PersonKeys object_says = {};
};

/// What stands for a person in a project.
struct Pseudonymous {
    /// Patient ID and name.
    std::string pseudonym;
    /// By how many days all dates move, to the past.
    int shift_days = 0;
};

/// What identifies a person in a data set: Patient ID and its issuer, or its study's where it has
/// none (a study is of one patient, PS3.3 A.1.2.2); without an ID name and birth date; without one
/// of these the study.
[[nodiscard]] std::string patient_key(const dicom::DataSet& data_set,
                                      const PatientOfStudy& study = {});

/// A project that objects are de-identified for. Everything that it invents follows from its secret
/// by HMAC-SHA-256: the same original gives the same replacement, today and next year, and without
/// the secret neither leads to the other, nor to what another project has.
class Project {
  public:
    /// `given` holds who each study was given out as; without, that goes by what is known now.
    Project(std::string name, vault::SecretKey secret, std::unique_ptr<ProjectPlace> given = {})
        : name_(std::move(name)), secret_(std::move(secret)), given_(std::move(given)) {}

    [[nodiscard]] const std::string& name() const { return name_; }
    /// "2.25." and a 128-bit number.
    [[nodiscard]] std::string uid(std::string_view original) const;
    /// Patient ID and name of whoever `patient_key` is: "P" and 16 hexadecimal digits.
    [[nodiscard]] std::string pseudonym(std::string_view patient_key) const;
    /// By how many days all dates of the patient move, to the past: 30 to 3,679 of them.
    [[nodiscard]] int shift_days(std::string_view patient_key) const;
    /// Who the patient of an object is that is given out now: by patient_key, or whoever its study
    /// was given out as before, whatever has been learnt of her since, an issuer say. Unless
    /// anything says that it is of another person by now (exam::disagree), of whom it is noted
    /// then as well. Throws Error: kCorrupt, and what the place throws.
    [[nodiscard]] Pseudonymous give_out(const dicom::DataSet& object,
                                        const PatientOfStudy& study) const;
    /// A text that `give_out` has kept is not as it was written.
    [[nodiscard]] bool is_damaged(const std::string& name, const std::string& text) const;

  private:
    struct Given;
    [[nodiscard]] exam::PersonKeys hidden(const exam::PersonKeys& person) const;
    [[nodiscard]] std::string to_text(const std::string& name, const Given& given) const;
    [[nodiscard]] std::optional<Given> given_in(const std::string& name,
                                                const std::string& text) const;

    std::string name_;
    vault::SecretKey secret_;
    std::unique_ptr<ProjectPlace> given_;
};

}  // namespace lucerna::deidentify
