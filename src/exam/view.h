#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"

namespace lucerna::exam {

enum class Laterality { kRight, kLeft };

/// View positions of mammography (PS3.16 CID 4014), by their defined terms in (0018,5101).
enum class ViewPosition { kCc, kMlo, kMl, kLm, kLmo, kXccl, kXccm, kFb, kSio, kOther };

/// Laterality and position: what a reader calls "R-CC". Other modalities leave it empty.
struct ViewName {
    Laterality laterality = Laterality::kRight;
    ViewPosition position = ViewPosition::kCc;
    friend bool operator==(const ViewName&, const ViewName&) = default;
};

/// "R-CC", "L-MLO"; and back, empty for another text.
[[nodiscard]] std::string to_string(ViewName name);
[[nodiscard]] std::optional<ViewName> view_name_from(std::string_view text);

/// Which stored image a view is, and its stored geometry.
struct ViewSource {
    std::string sop_instance_uid;
    std::string sop_class_uid;
    std::string series_instance_uid;
    std::optional<ViewName> name;
    int rows = 0;
    int columns = 0;
    /// Size of a stored pixel at the detector, as the header gives it: row (y), then column (x).
    double row_spacing_mm = 0;
    double column_spacing_mm = 0;
};

/// The person and study that results are about. Everything here can identify a person.
struct ExamSubject {
    PatientName patient_name;
    PatientId patient_id;
    /// Issuer of Patient ID (0010,0021); may be empty.
    std::string issuer_of_patient_id;
    BirthDate patient_birth_date;
    std::string patient_sex;
    AccessionNumber accession_number;
    std::string study_instance_uid;
    std::string study_id;
    std::string study_date;
    std::string study_time;
    std::string study_description;
    std::string referring_physician_name;
    /// Timezone Offset From UTC (0008,0201), "+0100": what the dates and times above are told in.
    /// From the images, else of the site; empty is taken as UTC.
    std::string timezone_offset_from_utc{};
};

}  // namespace lucerna::exam
