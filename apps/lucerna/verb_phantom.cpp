#include <cstdio>
#include <memory>

#include "base/file.h"
#include "phantom/manifest.h"
#include "phantom/phantom.h"
#include "verbs.h"

namespace lucerna {
namespace {

struct PhantomArguments {
    phantom::PhantomOptions options;
    std::filesystem::path out;
    int exams = 1;
    bool full_size = false;
};

void create_folder(const std::filesystem::path& folder) {
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure)
        throw Error(ErrorCode::kIo, "cannot create " + folder.string() + ": " + failure.message());
}

/// Writes one exam and returns its rows of the manifest, with files in `name` below the manifest.
std::string make_exam(const phantom::PhantomOptions& options, const std::filesystem::path& out,
                      const std::string& name) {
    const phantom::Exam exam = phantom::make_exam(options);
    create_folder(out / name);
    constexpr const char* kNames[] = {"R-CC", "L-CC", "R-MLO", "L-MLO"};
    for (std::size_t i = 0; i < exam.views.size(); ++i)
        write_file(out / name / (std::string(kNames[i]) + ".dcm"), exam.views[i].to_part10());
    write_file(out / name / "truth.json", as_byte_view(phantom::truth_json(exam)));
    std::printf("%s: synthetic exam of seed %llu, %d findings; for demonstrations and tests only\n",
                (out / name).c_str(), static_cast<unsigned long long>(options.seed),
                options.findings);
    return phantom::manifest_rows(exam, name);
}

ExitCode make(PhantomArguments arguments) {
    phantom::PhantomOptions& options = arguments.options;
    if (arguments.full_size) {
        options.columns = 2560;
        options.rows = 3328;
        options.spacing_mm = 0.07;
    }
    std::string manifest(phantom::manifest_header());
    const std::uint64_t first = options.seed;
    for (int i = 0; i < arguments.exams; ++i) {
        if (stop_requested()) throw Error(ErrorCode::kCancelled, "stopped by a signal");
        options.seed = first + static_cast<std::uint64_t>(i);
        const std::string folder = "seed-" + std::to_string(options.seed) + "-findings-" +
                                   std::to_string(options.findings) + "/";
        manifest += make_exam(options, arguments.out, arguments.exams == 1 ? "" : folder);
    }
    write_file(arguments.out / "manifest.csv", as_byte_view(manifest));
    return kDone;
}

}  // namespace

void add_phantom(CLI::App& app, Chosen& chosen) {
    auto arguments = std::make_shared<PhantomArguments>();
    phantom::PhantomOptions& options = arguments->options;
    CLI::App* verb =
        app.add_subcommand("phantom", "Make a synthetic four-view exam whose truth is known");
    verb->add_option("-o,--out", arguments->out, "Folder to write to")->required();
    verb->add_option("--seed", options.seed, "The same seed gives the same bytes")
        ->capture_default_str();
    verb->add_option("--exams", arguments->exams,
                     "How many: of this seed and those after it, a folder each")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    verb->add_option("--findings", options.findings, "Lesions in the exam")
        ->check(CLI::Range(0, 6))
        ->capture_default_str();
    verb->add_option("--columns", options.columns, "Of each view")->capture_default_str();
    verb->add_option("--rows", options.rows, "Of each view")->capture_default_str();
    verb->add_option("--spacing", options.spacing_mm, "Pixel size in mm")->capture_default_str();
    verb->add_flag("--full-size", arguments->full_size, "2560 x 3328 pixels of 0.07 mm");
    verb->callback([arguments, &chosen] { chosen = [arguments] { return make(*arguments); }; });
}

}  // namespace lucerna
