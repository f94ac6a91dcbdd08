#include <cstdio>
#include <memory>

#include "base/file.h"
#include "phantom/phantom.h"
#include "verbs.h"

namespace lucerna {
namespace {

struct PhantomArguments {
    phantom::PhantomOptions options;
    std::filesystem::path out;
    bool full_size = false;
};

ExitCode make(PhantomArguments arguments) {
    if (arguments.full_size) {
        arguments.options.columns = 2560;
        arguments.options.rows = 3328;
        arguments.options.spacing_mm = 0.07;
    }
    const phantom::Exam exam = phantom::make_exam(arguments.options);
    std::error_code failure;
    std::filesystem::create_directories(arguments.out, failure);
    if (failure)
        throw Error(ErrorCode::kIo,
                    "cannot create " + arguments.out.string() + ": " + failure.message());
    constexpr const char* kNames[] = {"R-CC", "L-CC", "R-MLO", "L-MLO"};
    for (std::size_t i = 0; i < exam.views.size(); ++i)
        write_file(arguments.out / (std::string(kNames[i]) + ".dcm"), exam.views[i].to_part10());
    write_file(arguments.out / "truth.json", as_byte_view(phantom::truth_json(exam)));
    std::printf("%s: synthetic exam of seed %llu, %d findings; for demonstrations and tests only\n",
                arguments.out.c_str(), static_cast<unsigned long long>(arguments.options.seed),
                arguments.options.findings);
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
