// The stages of `lucerna read`, each timed by itself on one exam: JSON with seconds to standard
// output. `inference_seconds` is the floor that bench/read.py compares the whole with: the session
// is warm and the pictures are prepared already.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "infer/model_package.h"
#include "pipeline/reading.h"

namespace {

using namespace lucerna;

template <typename Work>
double seconds_of(Work work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: bench_inference FOLDER\n");
        return 2;
    }
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[1]))
        if (entry.path().extension() == ".dcm") files.push_back(entry.path());

    std::vector<dicom::DataSet> sets;
    const double parse = seconds_of([&] {
        for (const auto& file : files) sets.push_back(dicom::DataSet::from_file(file));
    });
    std::optional<infer::ModelPackage> model;
    const double open = seconds_of([&] {
        model = infer::ModelPackage::open(std::filesystem::path(LUCERNA_SOURCE_DIR) / "models" /
                                          "cbis-mass");
    });
    exam::Preparation views;
    const double prepare =
        seconds_of([&] { views = prepare::prepare_exam(sets, model->contract()); });
    for (const exam::PreparedView& view : views.accepted) (void)model->read(view);  // warm
    const double inference = seconds_of([&] {
        for (const exam::PreparedView& view : views.accepted) (void)model->read(view);
    });
    const pipeline::ExamImages images{sets.at(0).text_or(dicom::kStudyInstanceUid, ""),
                                      sets.size(), [&](std::size_t i) { return sets[i].clone(); }};
    const exam::ExamReading reading =
        pipeline::read_exam(images, *model, {}, SystemClock());
    const double compose =
        seconds_of([&] { (void)pipeline::compose_exam(images, reading); });
    std::printf(
        "{\"parse_seconds\": %.4f, \"open_model_seconds\": %.4f, \"prepare_seconds\": %.4f, "
        "\"inference_seconds\": %.4f, \"compose_seconds\": %.4f}\n",
        parse, open, prepare, inference, compose);
    return views.accepted.empty() ? 1 : 0;
}
