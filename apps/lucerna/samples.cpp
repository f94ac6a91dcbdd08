#include "samples.h"

#include <chrono>
#include <cstdio>
#include <thread>

#include "phantom/phantom.h"

namespace lucerna {
namespace {

bool is_settled(store::Store& store, const std::string& study) {
    const auto exam = store.exams().exam(study);
    return exam &&
           (exam->state == store::ExamState::kRead || exam->state == store::ExamState::kRefused ||
            exam->state == store::ExamState::kFailed);
}

}  // namespace

void add_samples(receive::InstanceSink& sink, store::Store& store, int count,
                 const std::function<bool()>& stop) {
    for (int sample = 1; sample <= count && !stop(); ++sample) {
        phantom::PhantomOptions options;
        options.seed = static_cast<std::uint64_t>(sample);
        options.findings = sample % 3;
        const phantom::Exam exam = phantom::make_exam(options);
        const std::string study = exam.views.at(0).text_or(dicom::kStudyInstanceUid, "");
        if (!store.exams().exam(study))
            for (const dicom::DataSet& view : exam.views)
                sink.keep(view.to_part10(), {"file", "samples"});
        std::fprintf(stderr, "sample exam %d of %d\n", sample, count);
        while (!is_settled(store, study) && !stop())
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

}  // namespace lucerna
