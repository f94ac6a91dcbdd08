#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "compose/compose.h"
#include "dicom/data_set.h"
#include "exam/reading.h"
#include "infer/model_package.h"
#include "prepare/view.h"

namespace lucerna::pipeline {

/// The images of one study, brought one at a time; `load` may be called from two threads at once.
struct ExamImages {
    std::string study_instance_uid;
    std::size_t count = 0;
    prepare::LoadDataSet load;
};

/// How far a reading is; called from the thread that reads.
struct Progress {
    enum class Stage { kPreparing, kReading, kComposing };
    Stage stage = Stage::kPreparing;
    std::size_t done = 0;
    std::size_t of = 0;
};
using OnProgress = std::function<void(const Progress&)>;

/// What a reading needs beside the pictures.
struct ReadingRules {
    /// ISO 3166-1 alpha-2 of the site, for the clearance check; may be empty.
    std::string jurisdiction;
};

/// Exam to opinion: prepare, infer, and nothing kept. Views that could not be used are refusals in
/// the result, a network that failed on one view as well. Throws Error when an object cannot be
/// fetched at all, or Error(kCancelled) from `progress`.
[[nodiscard]] exam::ExamReading read_exam(const ExamImages& images,
                                          const infer::ModelPackage& model,
                                          const ReadingRules& rules, const Clock& clock,
                                          const OnProgress& progress = {});

/// Opinion to objects: the pictures for the captures are rendered here, the rest is compose's.
/// An image that can't be rendered goes without a capture; its refusal is in the reading.
[[nodiscard]] std::vector<compose::Result> compose_exam(const ExamImages& images,
                                                        const exam::ExamReading& reading,
                                                        const OnProgress& progress = {});

/// The person and study as the header gives them.
[[nodiscard]] exam::ExamSubject subject_of(const dicom::DataSet& data_set);

/// True when the header says that the image was made by a program
/// (Patient's Name "Synthetic^...", or "synthetic" in Image Comments or Series Description).
[[nodiscard]] bool is_synthetic(const dicom::DataSet& data_set);

}  // namespace lucerna::pipeline
