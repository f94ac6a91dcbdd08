// The stages of `lucerna read`, each timed by itself on one exam: JSON with seconds to standard
// output. `inference_seconds` and `one_by_one_seconds` are the floors that bench/read.py compares
// the whole with: the session is warm and the pictures are prepared already.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/memory.h"
#include "infer/model_package.h"
#include "pipeline/parallel.h"
#include "pipeline/reading.h"

namespace {

using namespace lucerna;

template <typename Work>
double seconds_of(Work work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double seconds_one_by_one(const std::filesystem::path& package,
                          const std::vector<exam::PreparedView>& views) {
    const infer::Manifest manifest = infer::read_manifest(package);
    const Bytes network = read_file(package / "model.onnx");
    const infer::Session session(network, manifest,
                                 static_cast<int>(std::thread::hardware_concurrency()),
                                 infer::Scratch::kHeap);
    const auto read_all = [&] {
        for (const exam::PreparedView& view : views) (void)session.run(view.pixels);
    };
    read_all();  // warm
    return seconds_of(read_all);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: bench_inference FOLDER\n");
        return 2;
    }
    keep_freed_memory();
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[1]))
        if (entry.path().extension() == ".dcm") files.push_back(entry.path());

    std::vector<dicom::DataSet> sets;
    const double parse = seconds_of([&] {
        for (const auto& file : files) sets.push_back(dicom::DataSet::from_file(file));
    });
    std::optional<infer::ModelPackage> model;
    const auto package = std::filesystem::path(LUCERNA_SOURCE_DIR) / "models" / "cbis-mass";
    const double open = seconds_of([&] {
        model = infer::ModelPackage::load(package, infer::read_manifest(package), 0,
                                          infer::Scratch::kHeap);
    });
    const int at_once = model->pictures_at_once();
    const pipeline::ExamImages images{
        pipeline::subject_of(sets.at(0).text_or(dicom::kStudyInstanceUid, ""),
                             store::facts_of(sets.at(0), {})),
        sets.size(), [&](std::size_t i) { return prepare::LoadedObject(sets[i].clone()); }};
    pipeline::PreparedExam prepared;
    const double prepare =
        seconds_of([&] { prepared = pipeline::prepare_exam(images, model->contract(), at_once); });
    const std::vector<exam::PreparedView>& views = prepared.views.accepted;
    const auto read_all = [&] {
        pipeline::run_parts(static_cast<std::size_t>(at_once), views.size(),
                            [&](std::size_t i) { (void)model->read(views[i]); });
    };
    read_all();  // warm
    const double inference = seconds_of(read_all);
    // The same network as ONNX Runtime runs it by itself: all cores on one picture after another.
    const double one_by_one = seconds_one_by_one(package, views);
    const exam::ExamReading reading = pipeline::read_exam(prepared, *model, {}, SystemClock());
    const double compose =
        seconds_of([&] { (void)pipeline::compose_exam(reading, prepared.pictures, at_once); });
    std::printf(
        "{\"parse_seconds\": %.4f, \"open_model_seconds\": %.4f, \"prepare_seconds\": %.4f, "
        "\"inference_seconds\": %.4f, \"one_by_one_seconds\": %.4f, \"compose_seconds\": %.4f}\n",
        parse, open, prepare, inference, one_by_one, compose);
    return views.empty() ? 1 : 0;
}
