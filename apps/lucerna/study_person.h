#pragma once

#include <cstddef>

#include "dicom/data_set.h"
#include "store/study_accounts.h"

namespace lucerna {

/// Who the files of a study say that they are of.
class StudyPerson {
  public:
    /// Whether one more may be of the same person as each of those before it. What it says of
    /// patient and study is learnt.
    [[nodiscard]] bool takes(const dicom::DataSet& head);
    /// What the study is reported by.
    [[nodiscard]] store::Facts says() const { return store::whole_of(accounts_).says; }

  private:
    store::Accounts accounts_;
    std::size_t files_ = 0;
};

}  // namespace lucerna
