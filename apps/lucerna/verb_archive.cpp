#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <utility>

#include "archive_verbs.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "kept_data.h"
#include "kept_projects.h"
#include "pipeline/kept_reports.h"

namespace lucerna {
namespace {

/// Of a folder that holds none, of another program or of a disk that is not mounted, nothing would
/// be said to be damaged, and a store be made in it.
void require_store(const ServeSettings& settings) {
    require_folder(settings.data);
    if (settings.store_index != "sqlite" || settings.store_objects != "folder") return;
    for (const char* part : {"index.sqlite", "objects", "keys", "back-ends"})
        if (std::error_code unknown;
            std::filesystem::exists(settings.data / part, unknown) || unknown)
            return;
    throw Error(ErrorCode::kNotFound,
                settings.data.string() +
                    " is no data folder of a server: neither index.sqlite nor objects, keys or "
                    "back-ends are in it; where it is of a disk, see whether that is mounted");
}

struct Erasure {
    std::string patient_id;
    std::string issuer;
    bool any_issuer = false;
    std::string study;
    std::string workitem;
    bool yes = false;
};

/// `counted` says how many of the damages there are, in the words of what was done.
ExitCode print(const std::vector<store::Damage>& damages, const store::Archive::Totals& totals,
               const std::string& counted) {
    for (const store::Damage& damage : damages)
        say(stdout, "damaged " + damage.object + (damage.sop_instance_uid.empty() ? "" : " ") +
                        damage.sop_instance_uid + ": " + damage.what);
    std::printf("%llu instances in %llu studies, %llu bytes; %s\n",
                static_cast<unsigned long long>(totals.instances),
                static_cast<unsigned long long>(totals.studies),
                static_cast<unsigned long long>(totals.bytes), counted.c_str());
    return damages.empty() ? kDone : kBadInput;
}

ExitCode verify(const ArchiveOptions& options) {
    const ServeSettings settings = settings_of(options);
    require_store(settings);
    const SystemClock clock;
    const auto keys = open_keys(settings);
    store::Store store(store_options(settings), *keys, clock);
    store::Archive& archive = store.archive();
    std::vector<store::Damage> damages = archive.verify();
    for (auto& [file, what] :
         deidentify::damages_of_projects(KeptProjects(settings).place(), *keys))
        damages.push_back({file, {}, std::move(what)});
    store::Archive::Totals totals;
    try {
        totals = archive.totals();
    } catch (const Error&) {
        // The index is among what is damaged.
        if (damages.empty()) throw;
    }
    return print(damages, totals, std::to_string(damages.size()) + " damaged");
}

std::string and_beside(const store::Beside& beside) {
    std::string text;
    if (beside.orders > 0)
        text += " and " + std::to_string(beside.orders) + " orders or performed steps";
    if (beside.workitems > 0) text += " and " + std::to_string(beside.workitems) + " work items";
    if (beside.subscriptions > 0)
        text += " and " + std::to_string(beside.subscriptions) +
                " subscriptions by filters that name the patient";
    return text;
}

std::string in_words(const std::vector<std::string>& issuers) {
    std::string text;
    for (const std::string& issuer : issuers)
        text += (text.empty() ? "" : ", ") +
                (issuer.empty() ? "no issuer" : "issuer " + printable(issuer));
    return text;
}

/// Under which issuers of the Patient ID that was asked for something goes, and what stays.
std::string in_detail(const store::PatientErasure& what) {
    std::string text;
    if (what.issuers.size() > 1)
        text += "of that Patient ID, as one patient's: " + in_words(what.issuers) + "\n";
    for (const std::string& study : what.studies_of_others)
        text += "WITH study " + study +
                ", which is kept as another patient's but holds an object of this one\n";
    if (!what.issuers_left.empty())
        text += "NOT of these, perhaps another patient's of the same Patient ID: " +
                in_words(what.issuers_left) +
                "; --issuer names an issuer, --any-issuer takes whatever has that Patient ID\n";
    if (what.sealed_alike > 0)
        text +=
            "a data key STAYS, by which " + std::to_string(what.sealed_alike) +
            " objects are sealed that are not erased: until they are, copies of what was sealed "
            "by it can be read\n";
    return text;
}

/// What was asked for is not repeated: it identifies somebody.
[[noreturn]] void refuse_nothing(store::Archive& archive, const std::vector<std::string>& left) {
    if (!left.empty())
        throw Error(ErrorCode::kConflict,
                    "nothing in the archive is of that patient, but something is of the same "
                    "Patient ID with " +
                        in_words(left) +
                        ": name an issuer with --issuer, or take all with --any-issuer");
    throw Error(ErrorCode::kNotFound,
                archive.totals().instances == 0
                    ? "nothing that the index knows is of that patient or study, and it knows no "
                      "object at all; if there are some in the data folder, run lucerna reindex "
                      "first"
                    : "nothing in the archive is of that patient or study, but perhaps an order "
                      "that is still to be done; that goes with its patient");
}

store::PatientErasure erasure_of_study(store::Archive& archive, const std::string& study) {
    store::PatientErasure what;
    what.studies = {study};
    what.instances = archive.instances_of(study).size();
    what.beside = archive.beside_study(study);
    return what;
}

store::PatientErasure erasure_of_workitem(store::Archive& archive, const std::string& workitem) {
    store::PatientErasure what;
    what.beside = archive.erasure_of_workitem(workitem);
    if (what.beside.workitems == 0)
        throw Error(ErrorCode::kNotFound, "there is no work item of that SOP Instance UID");
    return what;
}

/// What goes, and how.
struct Erasing {
    store::PatientErasure what;
    std::function<void(const std::string& by)> carry_out;
};

Erasing erasing(store::Archive& archive, const Erasure& asked) {
    if (!asked.workitem.empty())
        return {erasure_of_workitem(archive, asked.workitem),
                [&](const std::string& by) { archive.erase_workitem(asked.workitem, by); }};
    if (!asked.study.empty())
        return {erasure_of_study(archive, asked.study),
                [&](const std::string& by) { archive.erase_study(asked.study, by); }};
    const auto which = asked.any_issuer ? store::Issuers::kAll : store::Issuers::kAlike;
    return {archive.erasure_of_patient(asked.patient_id, asked.issuer, which),
            [&archive, &asked, which](const std::string& by) {
                archive.erase_patient(asked.patient_id, asked.issuer, by, which);
            }};
}

/// Whose the others are nobody knows.
void say_what_is_unknown(store::Archive& archive) {
    try {
        if (const std::size_t unknown = archive.unknown_objects(); unknown > 0)
            std::printf(
                "NOT looked into: %zu objects that the index does not know, and that may be of the "
                "same; run lucerna reindex, and this again\n",
                unknown);
    } catch (const Error& error) {
        // What was to be erased is.
        say(stderr,
            std::string("lucerna: objects that the index does not know were not looked for: ") +
                error.what());
    }
}

/// A report that stays is no reason to say that nothing was erased.
ExitCode forget_erased_reports(store::Archive& archive, const std::filesystem::path& folder) {
    try {
        pipeline::KeptReports(archive, folder).forget_erased();
        return kDone;
    } catch (const Error& error) {
        say(stderr, std::string("lucerna: reports of what was sent de-identified still tell of "
                                "what was erased, until lucerna serve or this runs again: ") +
                        error.what());
        return exit_code_for(error.code());
    }
}

ExitCode erase(store::Archive& archive, Erasure asked, const std::filesystem::path& reports) {
    archive.require_index();
    if (asked.patient_id == "-") std::getline(std::cin, asked.patient_id);
    const auto [what, carry_out] = erasing(archive, asked);
    // Of an erasure that a crash broke off there may be nothing left but these.
    if (asked.yes) (void)forget_erased_reports(archive, reports);
    if (what.instances + what.keys + what.beside.orders + what.beside.workitems +
            what.beside.subscriptions ==
        0)
        refuse_nothing(archive, what.issuers_left);
    if (!asked.yes) {
        std::printf("%zu instances in %zu studies%s would be erased for good; add --yes\n%s",
                    what.instances, what.studies.size(), and_beside(what.beside).c_str(),
                    in_detail(what).c_str());
        return kUsage;
    }
    carry_out(who_runs_this());
    std::printf("erased %zu instances in %zu studies%s\n%s", what.instances, what.studies.size(),
                and_beside(what.beside).c_str(), in_detail(what).c_str());
    say_what_is_unknown(archive);
    return forget_erased_reports(archive, reports);
}

void add_erase(CLI::App& app, Chosen& chosen) {
    auto options = std::make_shared<ArchiveOptions>();
    auto asked = std::make_shared<Erasure>();
    CLI::App* verb = app.add_subcommand(
        "erase", "Destroy the data key of a patient and all that is kept of them");
    add_archive_options(*verb, *options);
    auto* patient = verb->add_option("--patient", asked->patient_id,
                                     "Patient ID; \"-\" reads it from standard input");
    auto* issuer = verb->add_option("--issuer", asked->issuer,
                                    "Issuer of Patient ID; wanted where the ID has several")
                       ->needs(patient);
    verb->add_flag("--any-issuer", asked->any_issuer,
                   "Whatever has that Patient ID, another hospital's patient too")
        ->needs(patient)
        ->excludes(issuer);
    auto* study = verb->add_option("--study", asked->study, "One study, by Study Instance UID");
    study->excludes(patient);
    verb->add_option("--workitem", asked->workitem,
                     "One work item, by SOP Instance UID; those of a patient go with the patient")
        ->excludes(patient)
        ->excludes(study);
    verb->add_flag("--yes", asked->yes, "Do it; without, say what would go");
    verb->callback([options, asked, &chosen] {
        if (asked->patient_id.empty() && asked->study.empty() && asked->workitem.empty())
            throw CLI::RequiredError("--patient, --study or --workitem");
        chosen = [options, asked] {
            return with_archive(*options, [&](store::Archive& archive) {
                return erase(archive, *asked, reports_folder(settings_of(*options)));
            });
        };
    });
}

ExitCode reindex(const ArchiveOptions& options) {
    return with_archive(options, [](store::Archive& archive) {
        const auto before = archive.totals().instances;
        const std::vector<store::Damage> damages = archive.reindex();
        const store::Archive::Totals totals = archive.totals();
        // It looks at what the index did not know: whether the rest is whole, verify says.
        return print(damages, totals,
                     std::to_string(totals.instances - before) + " entered, " +
                         std::to_string(damages.size()) + " could not be");
    });
}

void add_verb(CLI::App& app, Chosen& chosen, const char* name, const char* help,
              ExitCode (*work)(const ArchiveOptions&)) {
    auto options = std::make_shared<ArchiveOptions>();
    CLI::App* verb = app.add_subcommand(name, help);
    add_archive_options(*verb, *options);
    verb->callback(
        [options, work, &chosen] { chosen = [options, work] { return work(*options); }; });
}

}  // namespace

void add_archive_options(CLI::App& verb, ArchiveOptions& options) {
    auto* data =
        verb.add_option("--data", options.data, "Data folder of a server that is not running")
            ->capture_default_str();
    auto* keys = verb.add_option("--keys", options.keys,
                                 "SCHEME:REST of the key-encryption keys (docs/keys.md)");
    auto* key_file = verb.add_option("--key-file", options.key_file, "Short for --keys file:PATH");
    verb.add_option("--config", options.config,
                    "TOML file of the server: folder, keys, and where index and objects are")
        ->excludes(data)
        ->excludes(keys)
        ->excludes(key_file);
}

ServeSettings settings_of(const ArchiveOptions& options) {
    if (!options.config.empty()) return read_settings(options.config);
    ServeSettings settings = default_settings();
    settings.data = options.data;
    settings.keys = options.keys;
    settings.key_file = options.key_file;
    return settings;
}

void require_folder(const std::filesystem::path& data) {
    std::error_code failure;
    const bool is_there = std::filesystem::exists(data, failure);
    if (failure)
        throw Error(ErrorCode::kIo, "cannot look at " + data.string() + ": " + failure.message());
    if (!is_there) throw Error(ErrorCode::kNotFound, "there is no folder " + data.string());
}

ExitCode with_archive(const ArchiveOptions& options,
                      const std::function<ExitCode(store::Archive&)>& work) {
    const ServeSettings settings = settings_of(options);
    require_store(settings);
    const SystemClock clock;
    const auto keys = open_keys(settings);
    store::Store store(store_options(settings), *keys, clock);
    return work(store.archive());
}

std::string who_runs_this() {
    const passwd* entry = ::getpwuid(::getuid());
    return entry != nullptr ? entry->pw_name : std::to_string(::getuid());
}

void add_archive(CLI::App& app, Chosen& chosen) {
    add_verb(app, chosen, "verify",
             "Read every file of the data folder and name what is not what was stored", verify);
    add_verb(app, chosen, "reindex", "Enter into the index what lies among the objects", reindex);
    add_erase(app, chosen);
}

}  // namespace lucerna
