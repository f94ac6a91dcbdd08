// `lucerna export`: objects out of the archive, or files, de-identified.
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "archive_verbs.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "deidentify/deidentifier.h"
#include "deidentify/own_capture.h"
#include "dicom/uids.h"
#include "kept_data.h"
#include "kept_projects.h"
#include "keys_lock.h"
#include "pipeline/whose_object.h"
#include "study_person.h"

namespace lucerna {
namespace {

namespace fs = std::filesystem;

struct ExportArguments {
    ArchiveOptions archive;
    std::string profile;
    std::string project;
    std::vector<std::string> safe_privates;
    std::vector<std::string> studies;
    std::vector<std::string> queries;
    std::vector<fs::path> files;
    fs::path out;
};

/// "StudyDate=20240101-20241231".
store::Key key_from(const std::string& text) {
    const std::size_t equals = text.find('=');
    const auto tag = dicom::tag_from(std::string_view(text).substr(0, equals));
    if (equals == std::string::npos || !tag)
        throw Error(ErrorCode::kInvalidInput,
                    "--query wants KEYWORD=VALUE, not \"" + text.substr(0, equals) + "\"");
    return {*tag, text.substr(equals + 1)};
}

/// The studies of files, by their UIDs.
struct StudiesOfFiles {
    /// Who each is of, as far as its files say.
    std::map<std::string, StudyPerson> people;
    /// Those whose files name two patients.
    std::set<std::string> of_two;

    [[nodiscard]] deidentify::PatientOfStudy patient_of(const dicom::DataSet& object) const {
        const auto found = people.find(object.text_or(dicom::tags::kStudyInstanceUid, ""));
        return pipeline::patient_of_study(
            found == people.end() ? store::Person() : store::person_of(found->second.says()),
            object);
    }
};

StudiesOfFiles studies_of(const std::vector<fs::path>& files) {
    StudiesOfFiles studies;
    for (const fs::path& path : files) {
        if (stop_requested()) throw Error(ErrorCode::kCancelled, "stopped by a signal");
        try {
            const auto head = dicom::DataSet::from_file(path, {}, dicom::PixelData::kSkip);
            const std::string study = head.text_or(dicom::tags::kStudyInstanceUid, "");
            if (!study.empty() && !studies.people[study].takes(head)) studies.of_two.insert(study);
        } catch (const Error&) {
            // It is named when it is to be given out.
        }
    }
    return studies;
}

/// What is to be exported, one object after another.
class Export {
  public:
    /// Of `studies_of_two` nothing is given out: whose they are nobody knows.
    Export(const ExportArguments& asked, const deidentify::Deidentifier& deidentifier,
           const std::set<std::string>& studies_of_two)
        : asked_(asked), deidentifier_(deidentifier), studies_of_two_(studies_of_two) {
        report_.profile = deidentifier.profile().name();
        report_.project = deidentifier.project().name();
        report_.program = deidentifier.program();
    }

    void add(dicom::DataSet object, const deidentify::PatientOfStudy& study) {
        if (studies_of_two_.contains(object.text_or(dicom::tags::kStudyInstanceUid, "")))
            return refuse(
                {exam::RefusalReason::kUnreadable, "the files of its study name two patients",
                 dicom::describe(dicom::tags::kPatientId),
                 "mend the files, or give out those of one patient",
                 deidentifier_.name_of(object.text_or(dicom::tags::kSopInstanceUid, "")), ""});
        const bool is_left_out = deidentify::is_left_out(object);
        auto outcome = deidentifier_.run(std::move(object), study);
        if (auto* refusal = std::get_if<exam::Refusal>(&outcome)) {
            if (!is_left_out) return refuse(std::move(*refusal));
            report_.left_out.push_back(std::move(*refusal));
            return;
        }
        auto& made = std::get<deidentify::Deidentified>(outcome);
        const Bytes file = made.file.whole();
        const std::string content = sha256(file);
        const auto [given, is_new] = given_.try_emplace(made.report.sop_instance_uid, content);
        // The same file twice.
        if (!is_new && given->second == content) return;
        if (!is_new)
            return refuse({exam::RefusalReason::kUnreadable,
                           "another object of the same UID has been given out",
                           dicom::describe(dicom::tags::kSopInstanceUid),
                           "find out which of the two is the right one",
                           made.report.sop_instance_uid, ""});
        // Named by UIDs of the project, never by what came in.
        const std::string& study_uid = made.study_instance_uid;
        // What is none could be a path.
        const fs::path folder =
            asked_.out / (dicom::is_valid_uid(study_uid) ? study_uid : "no-study");
        fs::create_directories(folder);
        write_file_durably(folder / (made.report.sop_instance_uid + ".dcm"), file);
        report_.objects.push_back(std::move(made.report));
    }
    /// One that could not even be read.
    void refuse(const Error& error) {
        say(stderr, std::string("lucerna: not given out: ") + error.what());
        report_.refused.push_back(
            {exam::RefusalReason::kUnreadable, error.what(), "file", "mend the file", "", ""});
    }

    ExitCode finish() {
        write_file_durably(asked_.out / "report.json", as_byte_view(deidentify::to_json(report_)));
        std::string left_out;
        if (!report_.left_out.empty())
            left_out = ", " + std::to_string(report_.left_out.size()) +
                       " left out (captures of images that were not read, or of earlier versions)";
        std::printf("%zu objects de-identified, %zu not given out%s; what was done: %s\n",
                    report_.objects.size(), report_.refused.size(), left_out.c_str(),
                    (asked_.out / "report.json").c_str());
        if (report_.refused.empty()) return kDone;
        return report_.objects.empty() ? kBadInput : kRefused;
    }

  private:
    void refuse(exam::Refusal refusal) {
        say(stderr, "lucerna: not given out: " + refusal.what + " (" + refusal.where + ")");
        report_.refused.push_back(std::move(refusal));
    }

    const ExportArguments& asked_;
    const deidentify::Deidentifier& deidentifier_;
    const std::set<std::string>& studies_of_two_;
    /// What has been given out, by its UID: a hash of the file.
    std::map<std::string, std::string> given_;
    deidentify::ExportReport report_;
};

bool is_of_a_study(const std::string& folder) {
    return folder == "no-study" || dicom::is_valid_uid(folder);
}

/// What an export into it that was killed had not finished.
void remove_leftovers_of_exports(const fs::path& out) try {
    remove_leftovers(out, [](std::string_view name) { return name == "report.json"; });
    for (const auto& entry : fs::directory_iterator(out))
        if (is_of_a_study(entry.path().filename().string()) && !entry.is_symlink() &&
            entry.is_directory())
            remove_leftovers(entry.path(), [](std::string_view name) {
                return name.ends_with(".dcm") &&
                       dicom::is_valid_uid(name.substr(0, name.size() - 4));
            });
} catch (const std::exception& error) {
    // Somebody else's folder. What there is to be given out does not depend on it.
    say(stderr, std::string("lucerna: leftovers of an earlier export may stay: ") + error.what());
}

void add_stored(store::Archive& archive, const ExportArguments& asked, Export& out) {
    std::vector<std::string> uids;
    const auto find = [&](std::vector<store::Key> keys) {
        store::Query query;
        query.level = store::Level::kInstance;
        query.keys = std::move(keys);
        archive.find_each(query, [&](const store::Match& match) {
            uids.push_back(match.sop_instance_uid);
            return true;
        });
    };
    for (const std::string& study : asked.studies) find({{dicom::tags::kStudyInstanceUid, study}});
    if (!asked.queries.empty()) {
        std::vector<store::Key> keys;
        for (const std::string& text : asked.queries) keys.push_back(key_from(text));
        find(std::move(keys));
    }
    if (uids.empty())
        throw Error(ErrorCode::kNotFound, "nothing in the archive is what was asked for");
    for (const std::string& uid : uids) {
        if (stop_requested()) throw Error(ErrorCode::kCancelled, "stopped by a signal");
        try {
            dicom::DataSet object = dicom::DataSet::parse(archive.object(uid));
            const auto patient = pipeline::patient_of_study(archive, object);
            out.add(std::move(object), patient);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::kInvalidInput && error.code() != ErrorCode::kCorrupt)
                throw;
            out.refuse(error);
        }
    }
}

ExitCode run_export(const ExportArguments& asked) {
    const auto profile = deidentify::Profile::from(asked.profile);
    std::vector<deidentify::SafePrivate> safe;
    const ServeSettings settings = settings_of(asked.archive);
    for (const auto* texts : {&settings.deidentify_safe_private, &asked.safe_privates})
        for (const std::string& text : *texts) safe.push_back(deidentify::safe_private_from(text));
    if (!asked.files.empty() && !(asked.studies.empty() && asked.queries.empty()))
        throw Error(ErrorCode::kInvalidInput, "files, or --study and --query: not both");
    require_folder(settings.data);
    // For files alone nothing else keeps the keys from being changed before the project is made.
    std::optional<KeysLock> held(std::in_place, settings.data, KeysLock::For::kUse);
    const auto keys = open_keys(settings);
    const SystemClock clock;
    // First: a project that is made where the archive is not would be another one.
    std::optional<store::Store> store;
    if (asked.files.empty()) store.emplace(store_options(settings), *keys, clock);
    const deidentify::Deidentifier deidentifier(
        profile, KeptProjects(settings).open(asked.project, *keys),
        std::string("Lucerna ") + LUCERNA_VERSION, std::move(safe));
    held.reset();
    fs::create_directories(asked.out);
    remove_leftovers_of_exports(asked.out);
    const StudiesOfFiles studies = studies_of(asked.files);
    Export out(asked, deidentifier, studies.of_two);
    if (store) add_stored(store->archive(), asked, out);
    for (const fs::path& path : asked.files) {
        if (stop_requested()) throw Error(ErrorCode::kCancelled, "stopped by a signal");
        try {
            dicom::DataSet object = dicom::DataSet::from_file(path);
            const auto patient = studies.patient_of(object);
            out.add(std::move(object), patient);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::kInvalidInput) throw;
            out.refuse(error);
        }
    }
    return out.finish();
}

}  // namespace

void add_export(CLI::App& app, Chosen& chosen) {
    auto asked = std::make_shared<ExportArguments>();
    CLI::App* verb = app.add_subcommand(
        "export",
        "Write objects of the archive, or files, de-identified (docs/deidentification.md)");
    add_archive_options(*verb, asked->archive);
    verb->add_option("--deidentify", asked->profile, "Profile: screening, or basic+OPTION+...")
        ->required();
    verb->add_option("--project", asked->project,
                     "Whose secret pseudonyms, UIDs and dates follow from; made if there is none")
        ->required();
    verb->add_option("--safe-private", asked->safe_privates,
                     "A private attribute that is safe: \"(gggg,xxee) CREATOR\"; may be repeated");
    verb->add_option("--study", asked->studies, "Study Instance UID; may be repeated");
    verb->add_option("--query", asked->queries,
                     "KEYWORD=VALUE that objects match; may be repeated");
    verb->add_option("--out", asked->out, "Folder to write to")->required();
    verb->add_option("files", asked->files, "DICOM files, instead of the archive's objects")
        ->check(CLI::ExistingFile);
    verb->callback([asked, &chosen] {
        if (asked->files.empty() && asked->studies.empty() && asked->queries.empty())
            throw CLI::RequiredError("--study, --query or files");
        chosen = [asked] { return run_export(*asked); };
    });
}

}  // namespace lucerna
