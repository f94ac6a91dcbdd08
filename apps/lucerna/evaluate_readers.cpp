#include <cstdio>
#include <memory>

#include "base/file.h"
#include "base/hash.h"
#include "report/readers.h"
#include "verbs.h"

namespace lucerna {
namespace {

struct ReadersOptions {
    std::filesystem::path ratings;
    std::filesystem::path out;
};

ExitCode evaluate_readers(const ReadersOptions& options) {
    const Bytes bytes = read_file(options.ratings);
    report::ReaderReport report =
        report::analyse_readers(report::parse_reader_ratings(as_text(bytes)));
    report.manifest_sha256 = sha256(bytes);
    std::error_code failure;
    std::filesystem::create_directories(options.out, failure);
    if (failure)
        throw Error(ErrorCode::kIo,
                    "cannot create " + options.out.string() + ": " + failure.message());
    write_file(options.out / "readers.html", as_byte_view(report::readers_html(report)));
    write_file(options.out / "readers.json", as_byte_view(report::readers_json(report)));
    std::fputs(report::readers_text(report).c_str(), stdout);
    std::printf("%s\n", (options.out / "readers.html").c_str());
    return kDone;
}

}  // namespace

void add_evaluate_readers(CLI::App& evaluate, Chosen& chosen) {
    auto options = std::make_shared<ReadersOptions>();
    CLI::App* verb =
        evaluate.add_subcommand("readers",
                                "Analyse a study of several readers: Obuchowski-Rockette and "
                                "Dorfman-Berbaum-Metz");
    verb->add_option("--ratings", options->ratings,
                     "CSV: reader, treatment, case, truth, rating (docs/formats/"
                     "reader-ratings.md)")
        ->required();
    verb->add_option("--out", options->out, "Folder for readers.json and readers.html")->required();
    verb->callback(
        [options, &chosen] { chosen = [options] { return evaluate_readers(*options); }; });
}

}  // namespace lucerna
