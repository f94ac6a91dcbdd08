#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "compose/compose.h"
#include "dicom/data_set.h"
#include "exam/reading.h"
#include "infer/model_package.h"
#include "prepare/view.h"
#include "store/facts.h"

namespace lucerna::pipeline {

/// The images of one study, brought when their turn comes; `load` is called once for each, from
/// several threads at a time.
struct ExamImages {
    /// Whose they are, and of which study. One that may be another person's is not read.
    exam::ExamSubject subject;
    std::size_t count = 0;
    prepare::LoadObject load;
    /// There are so many more, which are not looked at.
    std::size_t left_out = 0;
    /// One of those is a patient's (prepare::ExamObjects).
    bool are_beside_a_patients = false;
    /// As exam::ExamReading has it.
    std::map<std::string, std::string> kept_as = {};
};

/// How far a reading is; called from the thread that reads. `done` may skip what other threads did.
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

/// What is needed of an exam's pixels, which are looked at once and not kept.
struct PreparedExam {
    exam::ExamSubject subject;
    /// Any of the images says that a program made it.
    bool synthetic = false;
    exam::Preparation views;
    /// Every gray image that can be drawn, as people see it: what captures are drawn on.
    std::vector<compose::RenderedView> pictures;
    /// As exam::ExamReading has it.
    std::map<std::string, std::string> kept_as;
};

/// It may be of another person than the subject, by what it says of its patient.
[[nodiscard]] bool is_of_another_patient(const dicom::DataSet& data_set,
                                         const exam::ExamSubject& subject);

/// The first part of a reading: `at_once` images at a time (ModelPackage::pictures_at_once). Throws
/// Error(kCancelled) from `progress`.
[[nodiscard]] PreparedExam prepare_exam(const ExamImages& images,
                                        const exam::InputContract& contract, int at_once,
                                        const OnProgress& progress = {});

/// Exam to opinion, and nothing kept. Views that could not be used are refusals in the result, a
/// network that failed on one view as well. Throws as above.
[[nodiscard]] exam::ExamReading read_exam(const PreparedExam& exam,
                                          const infer::ModelPackage& model,
                                          const ReadingRules& rules, const Clock& clock,
                                          const OnProgress& progress = {});

/// Opinion to objects: those of `compose`, with a capture of each of `pictures` of which the
/// reading speaks; the others are let go. Throws as above.
[[nodiscard]] std::vector<compose::Result> compose_exam(
    const exam::ExamReading& reading, std::vector<compose::RenderedView>& pictures, int at_once,
    const OnProgress& progress = {});

/// The person and study as objects give them (store/study_accounts.h).
[[nodiscard]] exam::ExamSubject subject_of(const std::string& study_instance_uid,
                                           const store::Facts& says);

/// True when the header says that the image is of nobody, as those of `lucerna phantom` do:
/// Patient's Name "Synthetic^...", "synthetic phantom" in Image Comments or Series Description, or
/// their Manufacturer's Model Name. "Synthetic" alone is what vendors call the picture that is made
/// of a woman's tomosynthesis.
[[nodiscard]] bool is_synthetic(const dicom::DataSet& data_set);

}  // namespace lucerna::pipeline
