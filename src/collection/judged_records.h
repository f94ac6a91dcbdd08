#pragma once

#include <string>
#include <vector>

#include "collection/image_archive.h"
#include "collection/record.h"

namespace lucerna::collection {

struct JudgedRecords {
    std::vector<ImageRecord> records;
    /// Exams that say nothing certain, and why: "1.2.3: 2 findings are not judged".
    std::vector<std::string> left_out;
};

/// What people decided, as labels. Of an exam in which somebody judged every finding: an accepted
/// finding is a lesion, called malignant because a reader found it suspicious (no pathology is
/// known: subgroup `labelled_by` is `reader`); a dismissed one is none; an image with an accepted
/// finding is malignant. Exams with an open finding, or in which there was nothing to judge, are
/// left out. Patients are numbered in the order in which they come ("patient-1"), exams within them
/// ("patient-1/2"); images are named by their SOP Instance UID.
[[nodiscard]] JudgedRecords records_of(const std::vector<JudgedExam>& exams);

}  // namespace lucerna::collection
