#include <memory>
#include <optional>

#include "base/clock.h"
#include "collection/collection.h"
#include "kept_data.h"
#include "pipeline/judged_archive.h"
#include "store/store.h"
#include "verbs.h"

namespace lucerna {
namespace {

struct PrepareArguments {
    collection::PrepareOptions options;
    std::string query;
    std::filesystem::path archive;
    std::string keys;
    std::filesystem::path key_file;
};

ExitCode prepare(const PrepareArguments& arguments) {
    if (arguments.archive.empty()) {
        collection::run_prepare(arguments.options, say_progress);
        return kDone;
    }
    if (!std::filesystem::exists(arguments.archive))
        throw Error(ErrorCode::kNotFound, "there is no folder " + arguments.archive.string());
    // An index is not made here: what is elsewhere would be answered for by an empty one.
    if (!std::filesystem::exists(arguments.archive / "index.sqlite"))
        throw Error(ErrorCode::kNotFound,
                    "there is no index.sqlite in " + arguments.archive.string() +
                        ": archives on PostgreSQL or S3 are not prepared from; a lost index is "
                        "made anew by lucerna reindex");
    const SystemClock clock;
    const auto keys = open_keys(arguments.archive, arguments.keys, arguments.key_file);
    store::Store store({arguments.archive, archived_view_of}, *keys, clock);
    pipeline::JudgedArchive archive(store);
    collection::run_prepare(arguments.options, say_progress, &archive);
    return kDone;
}

}  // namespace

void add_learn_prepare(CLI::App& learn, Chosen& chosen) {
    auto arguments = std::make_shared<PrepareArguments>();
    collection::PrepareOptions& options = arguments->options;
    CLI::App* verb = learn.add_subcommand(
        "prepare", "Prepare the pictures of a collection as serving does, into one cache file");
    verb->add_option("--manifest", options.manifests,
                     "CSV of images and lesions; several make one collection");
    auto* archive = verb->add_option("--archive", arguments->archive,
                                     "Data folder of a server that is not running: manifests name "
                                     "its images by SOP Instance UID");
    verb->add_option("--keys", arguments->keys, "SCHEME:REST of its key-encryption keys")
        ->needs(archive);
    verb->add_option("--key-file", arguments->key_file, "Short for --keys file:PATH")
        ->needs(archive);
    verb->add_option("--query", arguments->query,
                     "Exams of the archive whose findings people judged: \"\" for all, or keys as "
                     "of QIDO-RS, StudyDate=20240101-20241231&PatientSex=F")
        ->needs(archive)
        ->expected(1);
    verb->add_option("--cache", options.cache, "Cache file to write")->required();
    verb->add_option("--spacing", options.spacing_mm, "Pixel size in mm")->capture_default_str();
    verb->add_option("--loss", options.loss,
                     "How far a pixel in the cache may be off, in grey levels of 255; 0: exact")
        ->check(CLI::Range(0, 15))
        ->capture_default_str();
    verb->add_option("--row-spacing", options.row_spacing_mm,
                     "Row spacing in mm of images whose row does not state it")
        ->capture_default_str();
    verb->add_option("--column-spacing", options.column_spacing_mm, "The same of columns")
        ->capture_default_str();
    verb->callback([arguments, verb, &chosen] {
        if (verb->count("--query") > 0) arguments->options.query = arguments->query;
        if (arguments->options.manifests.empty() && !arguments->options.query)
            throw CLI::RequiredError("--manifest or --query");
        chosen = [arguments] { return prepare(*arguments); };
    });
}

}  // namespace lucerna
