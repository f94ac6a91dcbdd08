#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "dicom/data_set.h"
#include "dicom/tags.h"
#include "exam/jurisdiction.h"
#include "infer/model_package.h"
#include "pipeline/model_opening.h"
#include "pipeline/reading.h"
#include "result_folder.h"
#include "study_person.h"
#include "verbs.h"

namespace lucerna {
namespace {

namespace fs = std::filesystem;

struct ReadOptions {
    std::vector<fs::path> inputs;
    fs::path out;
    fs::path model = default_model_folder();
    fs::path public_keys;
    std::string jurisdiction;
    int threads = 0;
    bool quiet = false;
};

/// A file of an exam. Those of the first are kept as they were when the files were looked through,
/// up to so many bytes; later ones are read again.
struct ExamFile {
    fs::path path;
    std::optional<dicom::DataSet> data_set;
};
constexpr std::uintmax_t kKeptBytes = 256U << 20;

struct Study {
    /// In the order of their names.
    std::vector<ExamFile> files;
    StudyPerson person = {};
    /// One that is of another person than those before it.
    std::optional<fs::path> of_another = {};
};
/// By Study Instance UID.
using Studies = std::map<std::string, Study>;

/// Whether the file says of itself that it is a DICOM file (PS3.10 7.1).
bool has_dicom_prefix(const fs::path& path) {
    std::array<char, 132> head{};
    std::ifstream file(path, std::ios::binary);
    file.read(head.data(), head.size());
    return std::string_view(head.data() + 128, 4) == "DICM";
}

/// Files that were named, and those in named folders that are DICOM files: what else lies in a
/// folder (a text, a picture) is nobody's mistake.
std::vector<fs::path> files_below(const std::vector<fs::path>& inputs) {
    std::vector<fs::path> files;
    for (const fs::path& input : inputs) {
        if (!fs::exists(input))
            throw Error(ErrorCode::kNotFound, "there is no file or folder " + input.string());
        if (!fs::is_directory(input)) {
            files.push_back(input);
            continue;
        }
        for (const auto& entry : fs::recursive_directory_iterator(input))
            if (entry.is_regular_file() && has_dicom_prefix(entry.path()))
                files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// Groups files by study. A file that can't be read is named on standard error, and counted.
Studies studies_among(const std::vector<fs::path>& files, std::size_t& unreadable) {
    Studies studies;
    std::set<std::string> seen;
    std::uintmax_t kept = 0;
    for (const fs::path& file : files) {
        try {
            std::error_code unknown;
            const std::uintmax_t size = fs::file_size(file, unknown);
            const bool keep = !unknown && kept + size <= kKeptBytes;
            auto head = dicom::DataSet::from_file(
                file, {}, keep ? dicom::PixelData::kKeep : dicom::PixelData::kSkip);
            const std::string study = head.text_or(dicom::kStudyInstanceUid, "");
            const std::string instance = head.text_or(dicom::kSopInstanceUid, "");
            if (!dicom::is_valid_uid(study) || !dicom::is_valid_uid(instance))
                throw Error(ErrorCode::kInvalidInput,
                            "no valid Study Instance UID (0020,000D) or SOP Instance UID "
                            "(0008,0018)");
            if (!seen.insert(instance).second)
                throw Error(ErrorCode::kConflict,
                            "SOP Instance UID " + instance + " came in an earlier file already");
            Study& whole = studies[study];
            if (!whole.person.takes(head) && !whole.of_another) whole.of_another = file;
            ExamFile& exam_file = whole.files.emplace_back(ExamFile{file, {}});
            if (!keep) continue;
            exam_file.data_set = std::move(head);
            kept += size;
        } catch (const Error& error) {
            say(stderr, "skipped " + file.string() + ": " + error.what());
            ++unreadable;
        }
    }
    return studies;
}

pipeline::OnProgress progress_line(bool quiet) {
    const bool terminal = isatty(STDERR_FILENO) == 1;
    return [quiet, terminal](const pipeline::Progress& progress) {
        if (stop_requested()) throw Error(ErrorCode::kCancelled, "stopped by a signal");
        if (quiet) return;
        constexpr const char* kStages[] = {"preparing", "reading", "composing"};
        std::fprintf(stderr, terminal ? "\r\033[K%s %zu of %zu" : "%s %zu of %zu\n",
                     kStages[static_cast<int>(progress.stage)], progress.done + 1, progress.of);
        std::fflush(stderr);
    };
}

void clear_progress(bool quiet) {
    if (!quiet && isatty(STDERR_FILENO) == 1) std::fputs("\r\033[K", stderr);
}

ExitCode refused(const Error& error) {
    say(stderr, std::string("lucerna: ") + error.what());
    return kModelRefused;
}

pipeline::PreparedExam prepare_one(exam::ExamSubject subject, std::vector<ExamFile>& files,
                                   const exam::InputContract& contract,
                                   const ReadOptions& options) {
    const auto load = [&](std::size_t i) {
        ExamFile& file = files.at(i);
        if (!file.data_set) return dicom::DataSet::from_file(file.path);
        dicom::DataSet data_set = *std::move(file.data_set);
        file.data_set.reset();
        return data_set;
    };
    return pipeline::prepare_exam({std::move(subject), files.size(), load}, contract,
                                  infer::thread_use(options.threads).pictures_at_once,
                                  progress_line(options.quiet));
}

/// Of what the files hold, in whatever order and under whatever names.
std::string content_of(const std::vector<ExamFile>& files) {
    std::vector<std::string> each;
    for (const ExamFile& file : files) each.push_back(sha256_of_file(file.path));
    std::sort(each.begin(), each.end());
    Sha256 all;
    for (const std::string& one : each) all.add(as_byte_view(one));
    return all.finish();
}

/// Returns whether any view could be read. The same of the same images has the same UIDs; of one
/// whose header was corrected it is another result, and has others (PS3.5 9.1).
bool read_one(pipeline::PreparedExam prepared, const std::string& content,
              const ResultFolder& folder, const infer::ModelPackage& model,
              const ReadOptions& options) {
    const pipeline::OnProgress progress = progress_line(options.quiet);
    exam::ExamReading reading =
        pipeline::read_exam(prepared, model, {options.jurisdiction}, SystemClock(), progress);
    reading.told_apart_by = content;
    folder.write(reading, pipeline::compose_exam(reading, prepared.pictures,
                                                 model.pictures_at_once(), progress));
    clear_progress(options.quiet);
    say(stdout, folder.path().string() + ": " + compose::summary_line(reading));
    for (const exam::Refusal& refusal : reading.refusals)
        say(stdout, "  refused " +
                        (refusal.view.empty() ? refusal.sop_instance_uid : refusal.view) + ": " +
                        refusal.what + " [" + refusal.where + "]; " + refusal.remedy);
    return !reading.views.empty();
}

ExitCode read_all(const ReadOptions& options, pipeline::ModelOpening& opening) {
    std::size_t unreadable = 0;
    Studies studies = studies_among(files_below(options.inputs), unreadable);
    if (studies.empty())
        throw Error(ErrorCode::kInvalidInput, "no DICOM object among what was given");
    const bool is_one = studies.size() == 1;
    // None of any lies beside theirs.
    if (!is_one) (void)ResultFolder(options.out, "");
    bool all_read = true;
    for (auto& [uid, study] : studies) {
        if (study.of_another) {
            // Which of the two it is, nobody knows.
            say(stderr, "skipped study " + uid + ": " + study.of_another->string() +
                            " is of another patient than the files before it, from " +
                            study.files.front().path.string() + " on");
            ++unreadable;
            continue;
        }
        // Before the time that a reading takes.
        const ResultFolder folder(is_one ? options.out : options.out / uid, uid);
        const std::string content = content_of(study.files);
        pipeline::PreparedExam prepared =
            prepare_one(pipeline::subject_of(uid, study.person.says()), study.files,
                        opening.contract(), options);
        const infer::ModelPackage* model = nullptr;
        try {
            model = &opening.model();
        } catch (const Error& error) {
            return refused(error);
        }
        all_read = read_one(std::move(prepared), content, folder, *model, options) && all_read;
    }
    if (!all_read) return kRefused;
    return unreadable > 0 ? kBadInput : kDone;
}

ExitCode read_all(const ReadOptions& options) {
    std::optional<pipeline::ModelOpening> opening;
    exam::require_jurisdiction(options.jurisdiction, "--jurisdiction");
    try {
        infer::Trust trust;
        if (!options.public_keys.empty())
            trust = {infer::read_public_keys(options.public_keys),
                     infer::Trust::Unsigned::kRefused};
        opening.emplace(options.model, trust, options.threads, infer::Scratch::kHeap);
    } catch (const Error& error) {
        return refused(error);
    }
    return read_all(options, *opening);
}

}  // namespace

void add_read(CLI::App& app, Chosen& chosen) {
    auto options = std::make_shared<ReadOptions>();
    CLI::App* verb = app.add_subcommand(
        "read",
        "Read mammograms and write a second opinion: findings.json, two DICOM reports, "
        "captures");
    verb->add_option("exam", options->inputs, "Folders or files of DICOM mammograms")->required();
    verb->add_option("-o,--out", options->out,
                     "Folder to write to; with several studies, one folder a study in it")
        ->required();
    verb->add_option("--model", options->model, "Folder of the model package")
        ->capture_default_str();
    verb->add_option("--public-keys", options->public_keys,
                     "File of Ed25519 keys; the package must be signed with one of them");
    verb->add_option("--jurisdiction", options->jurisdiction,
                     "Country of the site (ISO 3166-1 alpha-2), for the clearance check");
    verb->add_option("--threads", options->threads, "Threads to read an exam with; 0: all cores")
        ->check(CLI::Range(0, 256));
    verb->add_flag("-q,--quiet", options->quiet, "No progress");
    verb->callback([options, &chosen] {
        chosen = [options] {
            keep_freed_memory();
            return read_all(*options);
        };
    });
}

}  // namespace lucerna
