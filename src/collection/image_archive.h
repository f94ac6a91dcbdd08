#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "exam/geometry.h"
#include "exam/view.h"

namespace lucerna::collection {

/// What a person said of a finding that a model had marked. kOpen: nothing, or took it back.
enum class Judgement { kOpen, kAccepted, kDismissed };

struct JudgedFinding {
    /// In stored pixels.
    exam::Box box;
    Judgement judgement = Judgement::kOpen;
};

/// An image that a model read.
struct JudgedImage {
    std::string sop_instance_uid;
    exam::ViewName view;
    std::vector<JudgedFinding> findings;
};

struct JudgedExam {
    std::string study_instance_uid;
    /// The same for exams of one person; goes no further than this.
    std::string patient;
    /// What may be a subgroup: "sex" -> "F".
    std::map<std::string, std::string> subgroups;
    std::vector<JudgedImage> images;
};

/// An archive as collections see it.
class ImageArchive {
  public:
    virtual ~ImageArchive() = default;

    [[nodiscard]] virtual bool has_image(const std::string& sop_instance_uid) = 0;
    /// The whole DICOM file. Throws Error: kNotFound, kCorrupt, kIo.
    [[nodiscard]] virtual Bytes image(const std::string& sop_instance_uid) = 0;
    /// Exams that a model has read and that match the query, oldest study first. `query` is as of
    /// QIDO-RS: "StudyDate=20240101-20241231&PatientSex=F"; empty matches all. Throws
    /// Error(kInvalidInput) for a key that the archive cannot match by.
    [[nodiscard]] virtual std::vector<JudgedExam> judged_exams(const std::string& query) = 0;
};

}  // namespace lucerna::collection
