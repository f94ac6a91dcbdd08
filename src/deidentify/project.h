#pragma once

#include <string>
#include <string_view>

#include "dicom/data_set.h"
#include "vault/secret_key.h"

namespace lucerna::deidentify {

/// Whose a study is, as far as all of its objects together say.
struct PatientOfStudy {
    std::string id;
    std::string issuer;
};

/// What identifies a person in a data set: Patient ID and its issuer, or its study's where it has
/// none (a study is of one patient, PS3.3 A.1.2.2); without an ID name and birth date; without a
/// name the study.
[[nodiscard]] std::string patient_key(const dicom::DataSet& data_set,
                                      const PatientOfStudy& study = {});

/// A project that objects are de-identified for. Everything that it invents follows from its secret
/// by HMAC-SHA-256: the same original gives the same replacement, today and next year, and without
/// the secret neither leads to the other, nor to what another project has.
class Project {
  public:
    Project(std::string name, vault::SecretKey secret)
        : name_(std::move(name)), secret_(std::move(secret)) {}

    [[nodiscard]] const std::string& name() const { return name_; }
    /// "2.25." and a 128-bit number.
    [[nodiscard]] std::string uid(std::string_view original) const;
    /// Patient ID and name of whoever `patient_key` is: "P" and 16 hexadecimal digits.
    [[nodiscard]] std::string pseudonym(std::string_view patient_key) const;
    /// By how many days all dates of the patient move, to the past: 30 to 3,679 of them.
    [[nodiscard]] int shift_days(std::string_view patient_key) const;

  private:
    std::string name_;
    vault::SecretKey secret_;
};

}  // namespace lucerna::deidentify
